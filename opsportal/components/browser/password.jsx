// The password of a system that was just ordered. It came in the answer of one plain HTTP request and lives in this
// module's memory only: not in a state, not in storage. A reload or "I have saved it" ends it.
import { useEffect, useSyncExternalStore } from "react";
import { useIntl } from "$/portal/intl";
import { Copyable } from "$/portal/pieces";

let passwords = new Map(); // job → {user, password}; replaced, never changed
const listeners = new Set();

function replace(next) {
  passwords = next;
  listeners.forEach((notify) => notify());
}

/** Remember the password of a job until it has been saved. */
export function keepPassword(job, user, password) {
  replace(new Map(passwords).set(job, { user, password }));
}

function forgetPassword(job) {
  const rest = new Map(passwords);
  rest.delete(job);
  replace(rest);
}

function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Shows the password of a job to the browser that ordered it; nothing anywhere else. */
export function PasswordOnce({ job }) {
  const intl = useIntl();
  const all = useSyncExternalStore(subscribe, () => passwords, () => passwords);
  const shown = all.get(job);
  useEffect(() => {
    if (!shown) return undefined;
    const warn = (event) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [Boolean(shown)]);
  if (!shown) return null;
  return (
    <section className="card password-once" role="status">
      <h2>{intl.t("Password of {user}", { user: shown.user })}</h2>
      <Copyable value={shown.password} />
      <p className="sub">
        {intl.t("This is the only time it is shown: we keep no copy and send none. Store it now, before you leave this page.")}
      </p>
      <div className="row">
        <button type="button" className="btn" onClick={() => forgetPassword(job)}>
          {intl.t("I have saved it")}
        </button>
      </div>
    </section>
  );
}

// Forms that carry secrets: sent by fetch to a plain HTTP address, so that a password is never in an event or a state.
// The answer is JSON. A refusal names its sentence and, where it can, the field; what was typed stays.
import { createContext, useContext, useId, useRef, useState, useSyncExternalStore } from "react";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";

const FormContext = createContext({ refusal: null, busy: false });

const OFFLINE = {
  code: "offline",
  msgid: N_("The portal cannot be reached. Nothing was changed. Check your connection and try again."),
};
const FAULT = {
  code: "fault",
  msgid: N_("Something went wrong on our side. Nothing was changed. Try again in a minute."),
};

function N_(msgid) {
  return msgid;
}

/** POST JSON to our own origin. Resolves to {ok, ...answer}, never rejects; an ended session leads to the sign-in. */
export async function post(url, body) {
  return answerOf(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body ?? {}),
  });
}

/** The same for what is only read. */
export async function get(url) {
  return answerOf(url, { headers: { Accept: "application/json" } });
}

async function answerOf(url, request) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...request });
  } catch {
    return { ok: false, ...OFFLINE };
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return { ...answer, ok: true };
  if (answer.code === "sign_in_required" && location.pathname !== "/sign-in") signInAgain();
  return { ...FAULT, ...answer, ok: false };
}

export function signInAgain() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** Where a sign-in leads: only ever a path of ours, whatever the address bar said. */
export function ownPath(path) {
  return typeof path === "string" && /^\/(?![/\\])[^\x00-\x1f]*$/.test(path) ? path : "/";
}

// The field a refusal is about, where it is about one.
const FIELD_OF = {
  wrong_password: ["current", "password"],
  weak_password: ["new"],
  same_password: ["new"],
  mail_address_unusable: ["address"],
  wrong_code: ["code"],
};

/**
 * Posts its fields; a refusal stands at its field and nothing typed is lost.
 * `onAnswer` receives the answer of a success; `done` is a msgid shown as a notice then.
 */
export function PostForm({ action, done, onAnswer, className, children }) {
  const [state, setState] = useState({ refusal: null, busy: false });
  const form = useRef(null);
  const submit = async (event) => {
    event.preventDefault();
    if (state.busy) return;
    setState({ refusal: null, busy: true });
    const fields = Object.fromEntries(new FormData(form.current));
    const answer = await post(action, fields);
    if (answer.ok) {
      form.current?.reset();
      setState({ refusal: null, busy: false });
      if (done) notify({ kind: "ok", msgid: done });
      onAnswer?.(answer);
      return;
    }
    const field = (FIELD_OF[answer.code] ?? []).find((name) => name in fields);
    setState({ refusal: { ...answer, field }, busy: false });
    const target = field && form.current?.elements.namedItem(field);
    target?.focus();
    target?.select?.();
  };
  return (
    <FormContext.Provider value={state}>
      <form ref={form} className={className ?? "form"} onSubmit={submit} aria-busy={state.busy}>
        {children}
        <Refused />
      </form>
    </FormContext.Provider>
  );
}

/** A refusal that belongs to no field stands below the form. */
function Refused() {
  const intl = useIntl();
  const { refusal } = useContext(FormContext);
  const isOurs = refusal && !refusal.field;
  return (
    <div role="alert">
      {isOurs ? <p className="refusal">{intl.t(refusal.msgid, refusal.params)}</p> : null}
      {isOurs && refusal.params?.error_id ? (
        <p className="sub">
          {intl.t("Error id")} <code>{refusal.params.error_id}</code>
        </p>
      ) : null}
    </div>
  );
}

/** A labelled input with its own error and hint. */
export function Field({ name, label, hint, type, autoComplete, inputMode, autoFocus, minLength, code, optional, initial, choices }) {
  const intl = useIntl();
  const id = useId();
  const { refusal } = useContext(FormContext);
  const [shown, setShown] = useState(false);
  const [complaint, setComplaint] = useState("");
  const isSecret = type === "password";
  const refused = refusal?.field === name ? intl.t(refusal.msgid, refusal.params) : "";
  const error = complaint || refused;
  const check = (event) => {
    const { length } = event.target.value;
    setComplaint(minLength && length > 0 && length < minLength ? hint : "");
  };
  return (
    <div className={`field ${error ? "wrong" : ""}`}>
      <label htmlFor={id}>{label}</label>
      <span className="input-wrap">
        <input
          id={id}
          name={name}
          className={`input ${code ? "code" : ""}`}
          type={isSecret && shown ? "text" : (type ?? "text")}
          autoComplete={autoComplete}
          inputMode={inputMode}
          defaultValue={initial}
          autoFocus={autoFocus}
          spellCheck={false}
          autoCapitalize="off"
          required={!optional}
          list={choices?.length ? `${id}-choices` : undefined}
          aria-invalid={Boolean(error)}
          aria-describedby={`${id}-note`}
          onBlur={check}
          onChange={() => setComplaint("")}
        />
        {isSecret ? (
          <button type="button" className="btn ghost reveal" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? intl.t("Hide") : intl.t("Show")}
          </button>
        ) : null}
      </span>
      {choices?.length ? (
        <datalist id={`${id}-choices`}>
          {choices.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      ) : null}
      <p id={`${id}-note`} className={error ? "field-error" : "field-hint"} role={error ? "alert" : undefined}>
        {error || [optional ? intl.t("Optional.") : "", hint].filter(Boolean).join(" ")}
      </p>
    </div>
  );
}

const never = () => () => {};

/** The form's button; it cannot be pressed twice, nor before this code has taken the form over from the bare page. */
export function Submit({ children, className }) {
  const { busy } = useContext(FormContext);
  // The browser itself would send the form, and a password with it, in the address of a page.
  const isAlive = useSyncExternalStore(never, () => true, () => false);
  return (
    <button type="submit" className={className ?? "btn primary"} disabled={busy || !isAlive}>
      {children}
    </button>
  );
}

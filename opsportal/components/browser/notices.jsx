// Short messages in a corner. The server sends each once, as a msgid; an error stays until it is closed.
import { useEffect, useSyncExternalStore } from "react";
import { useIntl } from "$/portal/intl";

// Long enough to be read; what is bad stays until it is closed.
const SHOWN_MS = { ok: 5000, info: 7000, warn: 14000 };
const AT_MOST = 4;

// Not in the component: every page brings Notices of its own. One that leads to the next page is read there, and the
// last word of the server is no news there.
let shown = [];
const seen = new Set();
const listeners = new Set();

function replace(next) {
  shown = next;
  listeners.forEach((listener) => listener());
}

function close(id) {
  replace(shown.filter((one) => one.id !== id));
}

function open(one) {
  if (!one?.id || !one.msgid || seen.has(one.id)) return;
  seen.add(one.id);
  replace([...shown, one].slice(-AT_MOST));
  const shownFor = SHOWN_MS[one.kind ?? "info"];
  if (shownFor) setTimeout(() => close(one.id), shownFor);
}

/** Show a notice from the browser's own code. */
export function notify(notice) {
  open({ id: `local-${Math.random()}`, ...notice });
}

function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** How many notices there have been: it grows with each word of the portal. */
export function useNoticed() {
  return useSyncExternalStore(subscribe, () => seen.size, () => 0);
}

const NONE = [];

export function Notices({ notice }) {
  const intl = useIntl();
  const all = useSyncExternalStore(subscribe, () => shown, () => NONE);
  useEffect(() => open(notice), [notice?.id]);
  return (
    <section className="notices" aria-label={intl.t("Messages")} aria-live="polite">
      {all.map((one) => (
        <div key={one.id} className={`notice ${one.kind ?? "info"}`} role={one.kind === "bad" ? "alert" : undefined}>
          <i className="dot" aria-hidden="true" />
          <p>{intl.t(one.msgid, one.params)}</p>
          <button type="button" className="btn ghost icon" aria-label={intl.t("Close")} onClick={() => close(one.id)}>
            ✕
          </button>
        </div>
      ))}
    </section>
  );
}

// Short messages in a corner. The server sends each once, as a msgid; an error stays until it is closed.
import { useEffect, useRef, useState } from "react";
import { useIntl } from "$/portal/intl";

// Long enough to be read; what is bad stays until it is closed.
const SHOWN_MS = { ok: 5000, info: 7000, warn: 14000 };
const AT_MOST = 4;
const listeners = new Set();

/** Show a notice from the browser's own code. */
export function notify(notice) {
  listeners.forEach((listener) => listener({ id: `local-${Math.random()}`, ...notice }));
}

export function Notices({ notice }) {
  const intl = useIntl();
  const [shown, setShown] = useState([]);
  const seen = useRef(new Set());
  const close = (id) => setShown((list) => list.filter((one) => one.id !== id));
  const open = (one) => {
    if (!one?.id || !one.msgid || seen.current.has(one.id)) return;
    seen.current.add(one.id);
    setShown((list) => [...list, one].slice(-AT_MOST));
    const shownFor = SHOWN_MS[one.kind ?? "info"];
    if (shownFor) setTimeout(() => close(one.id), shownFor);
  };
  useEffect(() => open(notice), [notice?.id]);
  useEffect(() => {
    listeners.add(open);
    return () => listeners.delete(open);
  }, []);
  return (
    <section className="notices" aria-label={intl.t("Messages")} aria-live="polite">
      {shown.map((one) => (
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

// Short messages in a corner. The server sends each once, as a msgid; an error stays until it is closed.
import { useEffect, useRef, useState } from "react";
import { useIntl } from "$/portal/intl";

const SHOWN_MS = 6000;
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
    if (one.kind !== "bad") setTimeout(() => close(one.id), SHOWN_MS);
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

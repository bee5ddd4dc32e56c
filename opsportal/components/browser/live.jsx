// What the page can be trusted with: connected, reconnecting, or how long it has been out of date.
import { useContext, useEffect, useState } from "react";
import { EventLoopContext } from "$/utils/context-registry";
import { useIntl } from "$/portal/intl";

const STALE_AFTER = 15_000;

function useLink() {
  const [, errors] = useContext(EventLoopContext) ?? [null, []];
  const [online, setOnline] = useState(true);
  const [since, setSince] = useState(null);
  useEffect(() => {
    const follow = () => setOnline(navigator.onLine);
    follow();
    window.addEventListener("online", follow);
    window.addEventListener("offline", follow);
    return () => {
      window.removeEventListener("online", follow);
      window.removeEventListener("offline", follow);
    };
  }, []);
  const down = !online || (errors?.length ?? 0) > 0;
  useEffect(() => setSince(down ? (before) => before ?? Date.now() : null), [down]);
  const [stale, setStale] = useState(false);
  useEffect(() => {
    if (!down) {
      setStale(false);
      return undefined;
    }
    const timer = setTimeout(() => setStale(true), STALE_AFTER);
    return () => clearTimeout(timer);
  }, [down]);
  return { down, stale, since };
}

/** The indicator in the top bar; while the page is stale a line below the bar says since when. */
export function Live() {
  const intl = useIntl();
  const { down, stale, since } = useLink();
  const state = stale ? "stale" : down ? "reconnecting" : "connected";
  const word = { connected: intl.t("Live"), reconnecting: intl.t("Reconnecting…"), stale: intl.t("Out of date") };
  useEffect(() => {
    document.documentElement.dataset.link = state;
  }, [state]);
  return (
    <>
      <span className={`live ${state}`} role="status">
        <i className="dot" aria-hidden="true" />
        <span className="live-word">{word[state]}</span>
      </span>
      {stale && since ? (
        <p className="stale-line" role="alert">
          {intl.t("No connection since {time}. What you see may be out of date; it renews itself when the connection is back.", {
            time: intl.time(new Date(since).toISOString()),
          })}
        </p>
      ) : null}
    </>
  );
}

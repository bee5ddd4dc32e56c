// Times that tick by themselves: one shared timer, however many are on the page.
import { useSyncExternalStore } from "react";
import { instant, useIntl } from "$/portal/intl";

const listeners = new Set();
let now = 0;
let timer;

function subscribe(listener) {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      listeners.forEach((notify) => notify());
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The current time in ms, renewed every `step` seconds; 0 while rendered on a server. */
export function useNow(step = 1) {
  const rounded = () => {
    if (now === 0) now = Date.now();
    return Math.floor(now / (step * 1000)) * step * 1000;
  };
  return useSyncExternalStore(subscribe, rounded, () => 0);
}

/** "4 minutes ago", kept true; `text` is a msgid with {ago} in it, to say it in a sentence. */
export function Ago({ at, text, className }) {
  const intl = useIntl();
  const when = instant(at);
  const isFresh = Number.isNaN(when) || Date.now() - when < 60_000;
  const seen = useNow(isFresh ? 1 : 15);
  if (Number.isNaN(when)) return <span className={className}>–</span>;
  const ago = seen === 0 ? "" : intl.ago(at, seen);
  return (
    <time dateTime={at} title={intl.exact(at)} className={className}>
      {text ? intl.t(text, { ago }) : ago}
    </time>
  );
}

/** Time gone since `since`, until `until` when that is known, else still counting. */
export function Elapsed({ since, until, className }) {
  const intl = useIntl();
  const seen = useNow(1);
  const start = instant(since);
  const end = until ? instant(until) : seen;
  if (Number.isNaN(start) || seen === 0) return <span className={className} />;
  return <span className={className}>{intl.duration(Math.max(0, end - start) / 1000)}</span>;
}

/** How long something has taken, of how long it usually takes; the bar never claims to be done. */
export function JobProgress({ since, usual }) {
  const intl = useIntl();
  const seen = useNow(1);
  const start = instant(since);
  if (Number.isNaN(start) || seen === 0) return <div className="progress" />;
  const gone = Math.max(0, Math.round((seen - start) / 1000));
  const known = usual > 0;
  const times = { elapsed: intl.duration(gone), usual: intl.duration(usual) };
  const words = gone > usual ? intl.t("{elapsed}; usually about {usual}", times) : intl.t("{elapsed} of about {usual}", times);
  return (
    <div className="progress">
      <progress
        max="100"
        value={known ? Math.min(96, Math.round((gone / usual) * 100)) : undefined}
        aria-label={intl.t("Progress")}
      />
      <p className="sub num">{known ? words : times.elapsed}</p>
    </div>
  );
}

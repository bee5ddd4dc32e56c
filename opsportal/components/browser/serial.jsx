// What a machine prints on its serial port while it is installed. The state says how much there is; the text itself is
// fetched piece by piece, and is only ever text: nothing in it can become markup.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useIntl } from "$/portal/intl";
import { signInAgain } from "$/portal/forms";

const NEAR_END = 32;
// Control characters and those that turn the direction of writing: they would only lie about what was printed.
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const EMPTY = { text: "", position: 0, isCut: false, failed: false };

async function fetchPart(job, after) {
  const response = await fetch(`/jobs/${job}/serial.json?after=${after}`, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  if (response.status === 401) signInAgain();
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/** The text of a job's serial log, growing. `size` says how many pieces there are now. */
function useSerialText(job, size) {
  const [log, setLog] = useState(EMPTY);
  const [attempt, setAttempt] = useState(0);
  const reading = useRef({ job: 0, position: 0, wanted: 0, isBusy: false });
  useEffect(() => {
    const mine = reading.current.job === job ? reading.current : { job, position: 0, wanted: 0, isBusy: false };
    if (mine !== reading.current) {
      reading.current = mine;
      setLog(EMPTY);
    }
    mine.wanted = size;
    const read = async () => {
      if (mine.isBusy || mine.position >= mine.wanted) return;
      mine.isBusy = true;
      try {
        while (mine === reading.current && mine.position < mine.wanted) {
          const part = await fetchPart(job, mine.position);
          if (mine !== reading.current) return;
          if (part.position <= mine.position) break;
          mine.position = part.position;
          setLog((before) => ({ ...before, text: before.text + part.text, position: part.position, isCut: part.is_cut, failed: false }));
        }
      } catch {
        if (mine === reading.current) setLog((before) => ({ ...before, failed: true }));
      } finally {
        mine.isBusy = false;
      }
    };
    if (job > 0) read();
  }, [job, size, attempt]);
  return [log, () => setAttempt((count) => count + 1)];
}

/** The log itself: it follows its end unless somebody has scrolled up. */
export function SerialLog({ job, size, active, label }) {
  const intl = useIntl();
  const [log, again] = useSerialText(job ?? 0, size ?? 0);
  const [isFollowing, setFollowing] = useState(true);
  const pane = useRef(null);
  useLayoutEffect(() => {
    if (isFollowing && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [log.text, isFollowing]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = pane.current;
    setFollowing(scrollHeight - scrollTop - clientHeight < NEAR_END);
  };
  return (
    <div className="serial">
      <pre ref={pane} className="serial-text" tabIndex={0} role="log" aria-live="off" aria-label={label} onScroll={onScroll}>
        {log.text ? (
          log.text.replace(UNPRINTABLE, "")
        ) : (
          <span className="serial-none">
            {active
              ? intl.t("Nothing has come over the serial port yet.")
              : intl.t("Nothing came over the serial port.")}
          </span>
        )}
        {active ? <span className="serial-cursor" aria-hidden="true" /> : null}
      </pre>
      {log.isCut ? <p className="serial-note">{intl.t("The log is full. What came later was not kept.")}</p> : null}
      {log.failed ? (
        <p className="serial-note" role="alert">
          {intl.t("The newest lines could not be fetched.")}{" "}
          <button type="button" className="btn ghost" onClick={again}>
            {intl.t("Try again")}
          </button>
        </p>
      ) : null}
      {isFollowing ? null : (
        <button type="button" className="btn serial-follow" onClick={() => setFollowing(true)}>
          {intl.t("Follow")} ↓
        </button>
      )}
    </div>
  );
}

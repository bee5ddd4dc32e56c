// Scanning a label in the aisle.
import { useEffect, useId, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { openReader } from "$/portal/codes";
import { useIntl } from "$/portal/intl";

/** What a label says: its last part, whether it is an address of ours or only a number. */
function labelOf(text) {
  const last = text.trim().split(/[?#]/)[0].replace(/\/+$/, "").split("/").pop();
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Finds a machine by its label: by camera, or by typing. */
export function ScanBox({ label, hint }) {
  const intl = useIntl();
  const navigate = useNavigate();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [canScan, setCanScan] = useState(null); // not known before the browser was asked
  const [scanning, setScanning] = useState(false);
  const [trouble, setTrouble] = useState("");
  const video = useRef(null);
  useEffect(() => setCanScan(Boolean(navigator.mediaDevices?.getUserMedia)), []);
  const go = (text) => {
    const found = labelOf(text);
    if (found) navigate(`/s/${encodeURIComponent(found)}`);
  };
  useEffect(() => {
    if (!scanning) return undefined;
    let stream;
    let timer;
    let isOver = false;
    const look = async (read) => {
      if (isOver) return;
      const found = video.current?.readyState >= 2 ? await read(video.current) : "";
      if (isOver) return;
      if (found) {
        setScanning(false);
        go(found);
        return;
      }
      timer = setTimeout(() => look(read), 200);
    };
    const begin = async () => {
      setTrouble("");
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        if (isOver) {
          stream.getTracks().forEach((track) => track.stop());
          return;
        }
        video.current.srcObject = stream;
        await video.current.play();
        look(await openReader());
      } catch {
        if (isOver) return;
        setScanning(false);
        setTrouble(intl.t("The camera cannot be used. Allow it for this site, or type what is on the label."));
      }
    };
    begin();
    return () => {
      isOver = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, [scanning]);
  const submit = (event) => {
    event.preventDefault();
    go(typed);
  };
  return (
    <form className="scan" onSubmit={submit}>
      <label htmlFor={id}>{label}</label>
      <span className="scan-row">
        <input
          id={id}
          className="input mono"
          value={typed}
          maxLength={100}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          enterKeyHint="go"
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" className="btn primary" disabled={!typed.trim()}>
          {intl.t("Show")}
        </button>
      </span>
      <p className="field-hint">{hint}</p>
      {canScan ? (
        <button type="button" className="btn wide" aria-pressed={scanning} onClick={() => setScanning(!scanning)}>
          {scanning ? intl.t("Stop the camera") : intl.t("Scan with the camera")}
        </button>
      ) : null}
      {canScan === false ? (
        <p className="field-hint">{intl.t("There is no camera for this page: type what stands below the code.")}</p>
      ) : null}
      {scanning ? <video ref={video} className="scan-video" muted playsInline aria-label={intl.t("What the camera sees")} /> : null}
      <div role="alert">{trouble ? <p className="refusal">{trouble}</p> : null}</div>
    </form>
  );
}

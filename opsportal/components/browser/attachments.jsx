// Files that go with a message: sent to their own address while one writes, so that the message only names them.
import { useEffect, useId, useRef, useState } from "react";
import { useIntl } from "$/portal/intl";
import { signInAgain } from "$/portal/forms";

const OFFLINE = N_("The file could not be sent: the portal cannot be reached. Check your connection and add it again.");
const FAULT = N_("The file could not be stored. Nothing you entered was lost. Add it again.");
// The portal's own sentences: it refuses the same in the same words.
const TOO_LARGE = N_("This file is larger than {limit} MB. It was not added. Compress or split it.");
const EMPTY = N_("This file is empty. It was not added. Choose another.");
const TOO_MANY = N_("A message takes {limit} files. This one was not added. Put more of them into a ZIP file.");

function N_(msgid) {
  return msgid;
}

/** "340 kB", "2.1 MB". */
export function fileSize(intl, bytes) {
  const [unit, size] = bytes < 1_000_000 ? ["kilobyte", 1_000] : ["megabyte", 1_000_000];
  const value = bytes / size;
  return intl.number(Math.max(value, 0.1), { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 });
}

export function FileSize({ bytes, className }) {
  const intl = useIntl();
  return <span className={className}>{fileSize(intl, bytes ?? 0)}</span>;
}

/** POST one file. `onProgress` is told the share that has gone out; resolves to {ok, ...answer}, never rejects. */
function send(file, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve) => {
    request.open("POST", "/attachments");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => resolve({ ok: false, code: "offline", msgid: OFFLINE });
    request.onabort = () => resolve({ ok: false, code: "aborted" });
    request.onload = () => {
      const answer = request.response ?? {};
      if (answer.code === "sign_in_required") signInAgain();
      const ok = request.status === 200 && answer.id > 0;
      resolve(ok ? { ok, ...answer } : { msgid: FAULT, ...answer, ok: false });
    };
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
  return { done, abort: () => request.abort() };
}

const refused = (one, msgid, limit) => ({ ...one, refusal: { msgid, params: { limit } } });
let lastKey = 0;

/**
 * The files of one message. `files` are those the portal has ({id, name, size}), `setFiles` takes a function of them;
 * `limits` is {megabytes, count}. Answers with what is under way and what to do with it.
 */
export function useUploads(files, setFiles, limits) {
  const [moving, setMoving] = useState([]);
  const running = useRef(new Map());
  const update = (key, change) =>
    setMoving((list) => list.map((one) => (one.key === key ? { ...one, ...change } : one)));
  const drop = (key) => setMoving((list) => list.filter((one) => one.key !== key));

  const begin = async (file, key) => {
    const upload = send(file, (share) => update(key, { share }));
    running.current.set(key, upload);
    const { ok, id, name, size, ...refusal } = await upload.done;
    running.current.delete(key);
    if (ok) {
      setFiles((list) => [...list, { id, name, size }]);
      drop(key);
    } else if (refusal.code === "aborted") drop(key);
    else update(key, { refusal });
  };

  const add = (chosen) => {
    const kept = moving.filter((one) => !one.refusal);
    let room = limits.count - files.length - kept.length;
    const fresh = [...chosen].map((file) => {
      const one = { key: (lastKey += 1), name: file.name, size: file.size, share: 0 };
      if (file.size > limits.megabytes * 1024 * 1024) return refused(one, TOO_LARGE, limits.megabytes);
      if (file.size === 0) return refused(one, EMPTY);
      if (room < 1) return refused(one, TOO_MANY, limits.count);
      room -= 1;
      return { ...one, file };
    });
    setMoving([...kept, ...fresh.map(({ file, ...one }) => one)]);
    fresh.forEach((one) => one.file && begin(one.file, one.key));
  };

  const remove = (id) => {
    setFiles((list) => list.filter((one) => one.id !== id));
    // What is not taken back is deleted after a day anyway.
    fetch(`/attachments/${id}`, { method: "DELETE", credentials: "same-origin" }).catch(() => {});
  };
  const cancel = (key) => {
    const upload = running.current.get(key);
    if (upload) upload.abort();
    else drop(key);
  };
  useEffect(() => () => running.current.forEach((upload) => upload.abort()), []);
  const isBusy = moving.some((one) => !one.refusal);
  return { files, moving, isBusy, add, remove, cancel };
}

/** The button that chooses files. */
export function AttachButton({ uploads, disabled }) {
  const intl = useIntl();
  const input = useRef(null);
  return (
    <>
      <button type="button" className="btn ghost" disabled={disabled} onClick={() => input.current?.click()}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="m13.5 7.5-5.6 5.6a3.2 3.2 0 0 1-4.5-4.5l6-6a2.1 2.1 0 0 1 3 3l-5.9 5.9a1 1 0 0 1-1.5-1.5l5.3-5.2" />
        </svg>
        {intl.t("Attach files")}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={intl.t("Attach files")}
        onChange={(event) => {
          uploads.add(event.target.files);
          event.target.value = "";
        }}
      />
    </>
  );
}

/** What goes with the message: sent files, those on their way, and those that were refused with the reason. */
export function AttachmentList({ uploads, disabled }) {
  const intl = useIntl();
  const listId = useId();
  const { files, moving } = uploads;
  if (!files.length && !moving.length) return null;
  return (
    <ul className="files" id={listId} aria-label={intl.t("Attachments")}>
      {files.map((one) => (
        <li key={`file-${one.id}`} className="file">
          <span className="file-name">{one.name}</span>
          <FileSize bytes={one.size} className="sub num" />
          <Remove label={intl.t("Remove {name}", { name: one.name })} disabled={disabled} onClick={() => uploads.remove(one.id)} />
        </li>
      ))}
      {moving.map((one) => (
        <li key={`moving-${one.key}`} className={`file ${one.refusal ? "wrong" : ""}`}>
          <span className="file-name">{one.name}</span>
          {one.refusal ? null : (
            <progress max="1" value={one.share} aria-label={intl.t("Sending {name}", { name: one.name })} />
          )}
          <Remove label={intl.t("Remove {name}", { name: one.name })} onClick={() => uploads.cancel(one.key)} />
          {one.refusal ? (
            <p className="field-error" role="alert">
              {intl.t(one.refusal.msgid, one.refusal.params)}
            </p>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

function Remove({ label, disabled, onClick }) {
  return (
    <button type="button" className="btn ghost icon" aria-label={label} disabled={disabled} onClick={onClick}>
      ✕
    </button>
  );
}

// A message while it is written: its text with a preview, its files, and what is wrong with it.
import { useEffect, useId, useRef, useState } from "react";
import { AttachmentList } from "$/portal/attachments";
import { useIntl } from "$/portal/intl";
import { Markdown } from "$/portal/markdown";

function N_(msgid) {
  return msgid;
}

export const FIELD_OF = {
  subject_missing: "subject",
  subject_too_long: "subject",
  message_missing: "body",
  message_too_long: "body",
  text_unreadable: "body",
  file_gone: "files",
  too_many_files: "files",
  not_found: "service",
};
const MISSING = {
  subject: { code: "subject_missing", msgid: N_("The subject is empty. Nothing was sent. Say in a few words what it is about.") },
  body: { code: "message_missing", msgid: N_("The message is empty. Nothing was sent. Write what you need to say.") },
};
const TOO_LONG = N_("The message is longer than {limit} characters. Nothing was sent. Attach long texts as a file.");

/** Python counts characters, JavaScript halves of some of them. */
const lengthOf = (text) => [...text].length;

/** What is missing or too long, before anything is sent. */
export function complaintAbout(draft, limit) {
  if ("subject" in draft && !draft.subject.trim()) return MISSING.subject;
  if (!draft.body.trim()) return MISSING.body;
  if (lengthOf(draft.body) > limit) return { code: "message_too_long", msgid: TOO_LONG, params: { limit } };
  return null;
}

/** A text that grows with its content, a preview of it, and its files. */
export function MessageField({ label, draft, change, uploads, limit, error, busy, tone, onSend, autoFocus }) {
  const intl = useIntl();
  const id = useId();
  const area = useRef(null);
  const [isPreview, setPreview] = useState(false);
  const [isOver, setOver] = useState(false);
  const used = draft.body.length > limit * 0.75 ? lengthOf(draft.body) : 0;
  useEffect(() => {
    if (error) area.current?.focus();
  }, [error]);
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files.length) uploads.add(event.dataTransfer.files);
  };
  return (
    <div
      className={`field message-field ${error ? "wrong" : ""} ${isOver ? "over" : ""} ${tone ?? ""}`}
      onDragOver={(event) => {
        if ([...event.dataTransfer.types].includes("Files")) {
          event.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className="field-head">
        <label htmlFor={id}>{label}</label>
        <button type="button" className="btn ghost small" aria-pressed={isPreview} onClick={() => setPreview(!isPreview)}>
          {isPreview ? intl.t("Write") : intl.t("Preview")}
        </button>
      </div>
      {isPreview ? (
        <div className="preview">{draft.body.trim() ? <Markdown text={draft.body} /> : <p className="sub">{intl.t("Nothing to show yet.")}</p>}</div>
      ) : (
        <textarea
          id={id}
          ref={area}
          className="input area"
          value={draft.body}
          rows={8}
          autoFocus={autoFocus}
          aria-invalid={Boolean(error)}
          aria-describedby={`${id}-note`}
          onChange={(event) => change({ body: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
              event.preventDefault();
              onSend();
            }
          }}
          onPaste={(event) => {
            if (!event.clipboardData.files.length) return;
            event.preventDefault();
            uploads.add(event.clipboardData.files);
          }}
        />
      )}
      <p id={`${id}-note`} className={error ? "field-error" : "field-hint"} role={error ? "alert" : undefined}>
        {error || intl.t("Markdown works: **bold**, `code`, lists. Drop or paste files into the text.")}
        {used ? <span className="num">{` ${intl.number(used)} / ${intl.number(limit)}`}</span> : null}
      </p>
      <AttachmentList uploads={uploads} disabled={busy} />
    </div>
  );
}

export function Refused({ refusal }) {
  const intl = useIntl();
  return (
    <div role="alert">
      {refusal && !FIELD_OF[refusal.code] ? <p className="refusal">{intl.t(refusal.msgid, refusal.params)}</p> : null}
    </div>
  );
}

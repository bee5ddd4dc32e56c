// Writing in tickets: a message with a preview and files, a new ticket, and saying what was read.
import { useEffect, useId, useRef, useState } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { AttachButton, AttachmentList, useUploads } from "$/portal/attachments";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";
import { Markdown } from "$/portal/markdown";

function N_(msgid) {
  return msgid;
}

const FIELD_OF = {
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
const MAC_KEY = { true: "⌘ Enter", false: "Ctrl Enter" };
const isMac = () => /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform ?? "");

function complaintAbout(draft, limit) {
  if ("subject" in draft && !draft.subject.trim()) return MISSING.subject;
  if (!draft.body.trim()) return MISSING.body;
  if (lengthOf(draft.body) > limit) return { code: "message_too_long", msgid: TOO_LONG, params: { limit } };
  return null;
}

/** A text that grows with its content, a preview of it, and its files. */
function MessageField({ label, draft, change, uploads, limit, error, busy, tone, onSend, autoFocus }) {
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

function Refused({ refusal }) {
  const intl = useIntl();
  return (
    <div role="alert">
      {refusal && !FIELD_OF[refusal.code] ? <p className="refusal">{intl.t(refusal.msgid, refusal.params)}</p> : null}
    </div>
  );
}

function useShortcut() {
  const [mac, setMac] = useState(false);
  useEffect(() => setMac(isMac()), []);
  return MAC_KEY[mac];
}

/** The reply below a conversation. For staff (`withNotes`) it is a reply or a note that only staff can read. */
export function Composer({ ticket, owner, limit, limits, answer, withNotes, reopens, onReply, onNote }) {
  // What becomes of the ticket after a reply of staff: their next word is the client's, unless they say otherwise.
  const [then, setThen] = useState("");
  const intl = useIntl();
  const shortcut = useShortcut();
  const [draft, change, clear] = useDraft(`ticket:${ticket}`, owner, { body: "", files: [], isNote: false });
  const uploads = useUploads(draft.files, (next) => change(({ files }) => ({ files: next(files) })), limits);
  const sending = useSending(draft, answer, (_, sent) => clear(sent ?? draft));
  const isNote = Boolean(withNotes && draft.isNote);
  const { refusal } = sending;
  const busy = sending.isWaiting;
  const send = () => {
    if (busy || uploads.isBusy) return;
    const complaint = complaintAbout(draft, limit);
    if (complaint) return sending.setRefusal(complaint);
    sending.begin();
    const files = draft.files.map((one) => one.id);
    if (isNote) onNote(ticket, draft.id, draft.body, files);
    else onReply(ticket, draft.id, draft.body, files, then);
  };
  const field = refusal && FIELD_OF[refusal.code];
  const words = isNote ? intl.t("Save the note") : reopens ? intl.t("Reply and reopen") : intl.t("Send reply");
  return (
    <form
      className={`composer ${isNote ? "internal" : ""}`}
      aria-busy={busy}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {withNotes ? (
        <div className="segments" role="radiogroup" aria-label={intl.t("Who will read it")}>
          <Segment name="kind" checked={!isNote} onChoose={() => change({ isNote: false })} text={intl.t("Reply to the client")} />
          <Segment name="kind" checked={isNote} onChoose={() => change({ isNote: true })} text={intl.t("Internal note")} tone="internal" />
        </div>
      ) : null}
      <MessageField
        label={isNote ? intl.t("Note that only staff can read") : intl.t("Your reply")}
        draft={draft}
        change={change}
        uploads={uploads}
        limit={limit}
        busy={busy}
        error={field === "body" || field === "files" ? intl.t(refusal.msgid, refusal.params) : ""}
        onSend={send}
      />
      <Refused refusal={refusal} />
      <div className="composer-foot">
        <AttachButton uploads={uploads} disabled={busy} />
        <span className="grow" />
        {withNotes && !isNote ? (
          <select className="pick" value={then} aria-label={intl.t("After the reply")} onChange={(event) => setThen(event.target.value)}>
            <option value="">{intl.t("then wait for the client")}</option>
            <option value="open">{intl.t("and keep working on it")}</option>
            <option value="resolved">{intl.t("and resolve the ticket")}</option>
          </select>
        ) : null}
        <kbd className="on-wide" aria-hidden="true">{shortcut}</kbd>
        <button type="submit" className={`btn primary ${isNote ? "note" : ""}`} disabled={busy || uploads.isBusy}>
          {busy ? intl.t("Sending…") : words}
        </button>
      </div>
    </form>
  );
}

function Segment({ name, checked, onChoose, text, hint, tone }) {
  return (
    <label className={`segment ${checked ? "on" : ""} ${tone ?? ""}`}>
      <input type="radio" name={name} checked={checked} onChange={onChoose} />
      <span>
        {text}
        {hint ? <small>{hint}</small> : null}
      </span>
    </label>
  );
}

const EMPTY_TICKET = { department: "technical", subject: "", importance: "normal", service: null, body: "", files: [] };

/** A new ticket. `service` is the order it was opened from; `orders` are those of the company. */
export function TicketForm({ owner, service, orders, limit, subjectLimit, limits, answer, onAdd }) {
  const intl = useIntl();
  const id = useId();
  const navigate = useNavigate();
  // A ticket from an order is another draft than one from the menu: neither overwrites the other.
  const [draft, change, clear] = useDraft(`new:${service || ""}`, owner, EMPTY_TICKET);
  const uploads = useUploads(draft.files, (next) => change(({ files }) => ({ files: next(files) })), limits);
  const sending = useSending(draft, answer, (sent) => {
    clear();
    navigate(`/tickets/${sent.number}`);
  });
  const { refusal } = sending;
  const busy = sending.isWaiting;
  const chosen = draft.service ?? service ?? 0;
  const order = orders?.find((one) => one.id === chosen);
  const error = (name) => (refusal && FIELD_OF[refusal.code] === name ? intl.t(refusal.msgid, refusal.params) : "");
  const subject = useRef(null);
  useEffect(() => {
    if (refusal && FIELD_OF[refusal.code] === "subject") subject.current?.focus();
  }, [refusal]);
  const send = () => {
    if (busy || uploads.isBusy) return;
    const complaint = complaintAbout(draft, limit);
    if (complaint) return sending.setRefusal(complaint);
    sending.begin();
    const files = draft.files.map((one) => one.id);
    onAdd(draft.id, draft.department, draft.subject, draft.importance, order?.id ?? 0, draft.body, files);
  };
  const field = (name) => ({
    id: `${id}-${name}`,
    className: "input",
    "aria-invalid": Boolean(error(name)),
    "aria-describedby": error(name) ? `${id}-${name}-note` : undefined,
  });
  return (
    <form
      className="form ticket-form"
      aria-busy={busy}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Choice legend={intl.t("Department")}>
        <Segment
          name={`${id}-department`}
          checked={draft.department === "technical"}
          onChoose={() => change({ department: "technical" })}
          text={intl.t("Technical")}
          hint={intl.t("Servers, network, access")}
        />
        <Segment
          name={`${id}-department`}
          checked={draft.department === "finance"}
          onChoose={() => change({ department: "finance" })}
          text={intl.t("Finance")}
          hint={intl.t("Invoices, payments, contracts")}
        />
      </Choice>
      <div className={`field ${error("subject") ? "wrong" : ""}`}>
        <label htmlFor={`${id}-subject`}>{intl.t("Subject")}</label>
        <input
          {...field("subject")}
          ref={subject}
          value={draft.subject}
          maxLength={subjectLimit}
          autoComplete="off"
          onChange={(event) => change({ subject: event.target.value })}
        />
        <Note id={`${id}-subject-note`} text={error("subject")} />
      </div>
      <Choice legend={intl.t("Importance")}>
        <Segment
          name={`${id}-importance`}
          checked={draft.importance === "normal"}
          onChoose={() => change({ importance: "normal" })}
          text={intl.t("Normal")}
        />
        <Segment
          name={`${id}-importance`}
          checked={draft.importance === "high"}
          onChoose={() => change({ importance: "high" })}
          text={intl.t("High")}
          hint={intl.t("Something is down or work stands still")}
        />
      </Choice>
      <div className={`field ${error("service") ? "wrong" : ""}`}>
        <label htmlFor={`${id}-service`}>{intl.t("Order number")}</label>
        <select
          {...field("service")}
          value={order ? chosen : 0}
          onChange={(event) => change({ service: Number(event.target.value) })}
        >
          <option value={0}>{intl.t("Not about an order")}</option>
          {orders?.map((one) => (
            <option key={one.id} value={one.id}>{`#${one.id} · ${one.name}`}</option>
          ))}
        </select>
        <Note id={`${id}-service-note`} text={error("service")} />
      </div>
      <MessageField
        label={intl.t("Message")}
        draft={draft}
        change={change}
        uploads={uploads}
        limit={limit}
        busy={busy}
        error={error("body") || error("files")}
        onSend={send}
      />
      <Refused refusal={refusal} />
      <div className="composer-foot">
        <AttachButton uploads={uploads} disabled={busy} />
        <span className="grow" />
        <button type="submit" className="btn primary" disabled={busy || uploads.isBusy}>
          {busy ? intl.t("Sending…") : intl.t("Add ticket")}
        </button>
      </div>
    </form>
  );
}

function Choice({ legend, children }) {
  return (
    <fieldset className="choice">
      <legend>{legend}</legend>
      <div className="segments">{children}</div>
    </fieldset>
  );
}

function Note({ id, text, hint }) {
  return (
    <p id={id} className={text ? "field-error" : "field-hint"} role={text ? "alert" : undefined}>
      {text || hint || ""}
    </p>
  );
}

/** A choice that takes effect at once: `options` are codes {value, msgid} or people {id, name}, with `none` for 0. */
export function Pick({ label, value, options, none, disabled, onPick }) {
  const intl = useIntl();
  const id = useId();
  const choices = (options ?? []).map((one) => ({ value: one.value ?? one.id, text: one.name ?? intl.t(one.msgid) }));
  if (none) choices.unshift({ value: 0, text: none });
  return (
    <div className="pick-field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="pick"
        value={String(value)}
        disabled={disabled}
        onChange={(event) => onPick(choices.find((one) => String(one.value) === event.target.value).value)}
      >
        {choices.map((one) => (
          <option key={one.value} value={String(one.value)}>
            {one.text}
          </option>
        ))}
      </select>
    </div>
  );
}

// What was new when the page was opened stays marked as long as it is open, though it counts as read at once.
let marked = { ticket: 0, message: 0 };

/** A line above the first message that was not read. */
export function NewLine({ ticket, message, first }) {
  const intl = useIntl();
  if (first > 0 && (marked.ticket !== ticket || !marked.message)) marked = { ticket, message: first };
  if (marked.ticket !== ticket || marked.message !== message) return null;
  return (
    <p className="new-line">
      <span>{intl.t("New messages")}</span>
    </p>
  );
}

/** Tells the portal that what is on the page was read: when it is looked at, and again when something comes. */
export function Seen({ ticket, message, newest, onSeen }) {
  const told = useRef("");
  useEffect(
    () => () => {
      marked = { ticket: 0, message: 0 };
    },
    [],
  );
  useEffect(() => {
    const tell = () => {
      const now = `${ticket}:${newest}`;
      if (!(ticket > 0) || !message || document.visibilityState !== "visible" || told.current === now) return;
      told.current = now;
      onSeen(ticket, message);
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [ticket, message, newest]);
  return null;
}

/** A tab that leads to another address; `set` names the query by which it knows that it is open. */
export function TabLink({ to, children }) {
  const { pathname, search } = useLocation();
  const [path, query] = to.split("?");
  const here = pathname.replace(/(.)\/$/, "$1") === path;
  const tab = (text) => new URLSearchParams(text ?? "").get("tab") ?? "";
  const isOpen = here && tab(search) === tab(query);
  return (
    <Link to={to} className={`tab ${isOpen ? "on" : ""}`} aria-current={isOpen ? "page" : undefined}>
      {children}
    </Link>
  );
}

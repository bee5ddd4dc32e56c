// Writing in tickets: a reply or a note, and a new ticket.
import { useEffect, useId, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { AttachButton, useUploads } from "$/portal/attachments";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";
import { complaintAbout, FIELD_OF, MessageField, Refused } from "$/portal/messages";

const MAC_KEY = { true: "⌘ Enter", false: "Ctrl Enter" };
const isMac = () => /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform ?? "");

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

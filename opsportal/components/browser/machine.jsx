// Cards of a server: a reason before a port goes down, the description, and sign-in data. Passwords come in the answer
// of one plain HTTP request and live in these components only, for a minute.
import { useEffect, useRef, useState } from "react";
import { ConfirmButton, DialogForm } from "$/portal/dialog";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";
import { Copyable } from "$/portal/pieces";
import { Line, RecordForm } from "$/portal/record_form";
import { useStepUp } from "$/portal/stepup";

const SHOWN_MS = 60_000;

function N_(msgid) {
  return msgid;
}

/** A button that asks why before it does something, with an option where there is one. */
export function ReasonButton({ label, title, text, confirm, reasonLabel, option, limit, danger, className, disabled, onConfirm, children }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [chosen, setChosen] = useState(false);
  const submit = () => {
    setOpen(false);
    onConfirm?.(reason.trim(), chosen);
  };
  return (
    <DialogForm
      {...{ label, title, text, confirm, danger, className, disabled, open, setOpen }}
      isReady={reason.trim().length > 0}
      onSubmit={submit}
    >
      {children}
      <label className="field">
        <span>{reasonLabel}</span>
        <input
          className="input"
          value={reason}
          maxLength={limit ?? 200}
          autoFocus
          autoComplete="off"
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {option ? (
        <label className="choice">
          <input type="checkbox" checked={chosen} onChange={(event) => setChosen(event.target.checked)} />
          <span>{option}</span>
        </label>
      ) : null}
    </DialogForm>
  );
}

/** A text that is edited in place; what was typed stays until it is saved. */
export function Description({ text, editable, onSave }) {
  const intl = useIntl();
  const [draft, setDraft] = useState(null);
  const sent = useRef(null);
  useEffect(() => {
    const what = sent.current;
    if (what === null || text !== what.trim()) return;
    sent.current = null;
    setDraft((now) => (now === what ? null : now));
  }, [text]);
  if (draft === null) {
    return (
      <div className="description">
        {text ? <p className="description-text">{text}</p> : <p className="sub">{intl.t("No description yet.")}</p>}
        {editable ? (
          <button type="button" className="btn" onClick={() => setDraft(text ?? "")}>
            {text ? intl.t("Edit description") : intl.t("Write a description")}
          </button>
        ) : null}
      </div>
    );
  }
  const save = (event) => {
    event.preventDefault();
    if (draft.trim() === (text ?? "").trim()) return setDraft(null);
    sent.current = draft; // it closes when the text is there; refused, it stays with what was typed
    onSave?.(draft);
  };
  return (
    <form className="form" onSubmit={save}>
      <label className="field">
        <span>{intl.t("Description")}</span>
        <textarea
          className="input"
          rows={5}
          maxLength={4000}
          value={draft}
          autoFocus
          onChange={(event) => setDraft(event.target.value)}
        />
      </label>
      <div className="row">
        <button type="submit" className="btn primary">
          {intl.t("Save")}
        </button>
        <button type="button" className="btn" onClick={() => setDraft(null)}>
          {intl.t("Cancel")}
        </button>
      </div>
    </form>
  );
}

function Entry({ entry, secret, onReveal, onHide, onEdit, onRemove }) {
  const intl = useIntl();
  useEffect(() => {
    if (secret === undefined) return undefined;
    const timer = setTimeout(onHide, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [secret]);
  return (
    <li className="sign-in">
      <div className="sign-in-name">
        <span className="strong">{entry.label}</span>
        {entry.username ? <Copyable value={entry.username} /> : null}
      </div>
      <div className="sign-in-secret">
        {secret === undefined ? <code aria-label={intl.t("Hidden")}>••••••••</code> : <Copyable value={secret} />}
        <button type="button" className="btn ghost" onClick={secret === undefined ? onReveal : onHide}>
          {secret === undefined ? intl.t("Show") : intl.t("Hide")}
        </button>
        <button type="button" className="btn ghost" onClick={onEdit}>
          {intl.t("Edit")}
        </button>
        <ConfirmButton
          className="btn ghost"
          label={intl.t("Remove")}
          title={intl.t("Remove {name}?", { name: entry.label })}
          text={intl.t("The entry and its password are deleted here. Nothing changes on the server itself.")}
          confirm={intl.t("Remove")}
          onConfirm={onRemove}
          danger
        />
      </div>
    </li>
  );
}

function EntryForm({ entry, serverId, onClose, ask }) {
  const intl = useIntl();
  return (
    <RecordForm
      title={entry?.id ? intl.t("Edit {name}", { name: entry.label }) : intl.t("Add sign-in data")}
      url="/servers/sign-ins/save"
      more={{ server_id: serverId, sign_in_id: entry?.id ?? 0 }}
      {...{ ask, onClose }}
    >
      <Line name="label" label={intl.t("What for")} required maxLength={60} defaultValue={entry?.label ?? ""} autoFocus />
      <Line name="username" label={intl.t("User name")} maxLength={120} defaultValue={entry?.username ?? ""} />
      <Line name="secret" label={intl.t("Password")} type="password" required maxLength={1000} autoComplete="new-password" />
    </RecordForm>
  );
}

/** The entries, masked. Each password is fetched when it is asked for, and forgotten after a minute. */
export function SignIns({ entries, serverId, hasSecondFactor }) {
  const intl = useIntl();
  const [secrets, setSecrets] = useState({});
  const [editing, setEditing] = useState(null);
  const { ask, dialog } = useStepUp(hasSecondFactor);
  useEffect(() => {
    setSecrets({});
    setEditing(null);
  }, [serverId]);
  const tell = (answer) => answer.msgid && notify({ kind: "bad", msgid: answer.msgid, params: answer.params });
  const reveal = async (entry) => {
    const answer = await ask("/servers/sign-ins/reveal", { sign_in_id: entry.id });
    if (answer.ok) setSecrets((all) => ({ ...all, [entry.id]: answer.secret }));
    else tell(answer);
  };
  const hide = (entry) =>
    setSecrets((all) => Object.fromEntries(Object.entries(all).filter(([id]) => id !== String(entry.id))));
  const remove = async (entry) => {
    const answer = await ask("/servers/sign-ins/remove", { sign_in_id: entry.id });
    if (answer.ok) notify({ kind: "ok", msgid: N_("Removed.") });
    else tell(answer);
  };
  const rows = entries ?? [];
  return (
    <div className="sign-ins">
      {rows.length ? (
        <ul>
          {rows.map((entry) => (
            <Entry
              key={entry.id}
              entry={entry}
              secret={secrets[entry.id]}
              onReveal={() => reveal(entry)}
              onHide={() => hide(entry)}
              onEdit={() => setEditing(entry)}
              onRemove={() => remove(entry)}
            />
          ))}
        </ul>
      ) : (
        <p className="sub">{intl.t("No sign-in data is kept here.")}</p>
      )}
      {editing ? (
        <EntryForm
          key={editing.id ?? 0}
          entry={editing}
          serverId={serverId}
          ask={ask}
          onClose={() => {
            hide(editing);
            setEditing(null);
          }}
        />
      ) : (
        <button type="button" className="btn" onClick={() => setEditing({})}>
          {intl.t("Add sign-in data")}
        </button>
      )}
      <p className="field-hint">{intl.t("Each time a password is shown stands in the history, with who saw it.")}</p>
      {dialog}
    </div>
  );
}

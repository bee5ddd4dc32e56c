// Forms by which records with secrets are corrected: sent by plain HTTP, so that a password is in no event and no state.
// They stay, with what was typed, until the portal has accepted it; what is on record is never shown.
import { useId, useState } from "react";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";

/** A labelled input; `hint` is read with it. */
export function Line({ label, hint, ...input }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} className="input" autoComplete="off" spellCheck={false} aria-describedby={hint ? `${id}-note` : undefined} {...input} />
      {hint ? (
        <p id={`${id}-note`} className="field-hint">
          {hint}
        </p>
      ) : null}
    </div>
  );
}

/** A labelled choice; `values` are pairs of code and word. */
export function Choice({ label, values, onChange, ...select }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input" onChange={onChange ? (event) => onChange(event.target.value) : undefined} {...select}>
        {values.map(([code, word]) => (
          <option key={code} value={code}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}

/**
 * Sends its fields, and `more`, by `ask` (see stepup.jsx). `told` gets the answer of a success and returns the msgid of a
 * notice, if there is anything to say. In a dialog `labelId` is what the dialog is named by.
 */
export function RecordForm({ title, text, url, more, ask, told, onClose, labelId, children }) {
  const intl = useIntl();
  const ownId = useId();
  const titleId = labelId ?? ownId;
  const [refusal, setRefusal] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setRefusal("");
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    const answer = await ask(url, { ...fields, ...more });
    setBusy(false);
    if (answer.ok) {
      const msgid = told?.(answer);
      if (msgid) notify({ kind: "ok", msgid });
      onClose();
    } else if (answer.msgid) setRefusal(intl.t(answer.msgid, answer.params));
  };
  const Title = labelId ? "h2" : "h3";
  const cancel = (
    <button type="button" className="btn" onClick={onClose}>
      {intl.t("Cancel")}
    </button>
  );
  return (
    <form className={labelId ? "form" : "form sign-in-form"} onSubmit={submit} aria-labelledby={titleId} aria-busy={isBusy}>
      <Title id={titleId}>{title}</Title>
      {text ? <p className="sub">{text}</p> : null}
      {children}
      <div role="alert">{refusal ? <p className="refusal">{refusal}</p> : null}</div>
      <div className={labelId ? "dialog-actions" : "row"}>
        {labelId ? cancel : null}
        <button type="submit" className="btn primary" disabled={isBusy}>
          {intl.t("Save")}
        </button>
        {labelId ? null : cancel}
      </div>
    </form>
  );
}

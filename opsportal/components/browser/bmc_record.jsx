// Correcting what is on record about a BMC. The password goes to the portal by plain HTTP, so that it is in no event and
// no state; what is on record is never shown.
import { useId, useState } from "react";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";
import { useStepUp } from "$/portal/stepup";

function N_(msgid) {
  return msgid;
}

function Line({ label, hint, ...input }) {
  const noteId = useId();
  return (
    <label className="field">
      <span>{label}</span>
      <input className="input" autoComplete="off" spellCheck={false} aria-describedby={hint ? noteId : undefined} {...input} />
      {hint ? (
        <span id={noteId} className="field-hint">
          {hint}
        </span>
      ) : null}
    </label>
  );
}

function RecordForm({ server, record, ask, onClose }) {
  const intl = useIntl();
  const titleId = useId();
  const [refusal, setRefusal] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setRefusal("");
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    const answer = await ask(`/inventory/machines/${server}/bmc`, fields);
    setBusy(false);
    if (answer.ok) {
      notify({ kind: "ok", msgid: answer.changed.length ? N_("Saved. The BMC is asked with it next time.") : N_("That is what stands on record already.") });
      onClose();
    } else if (answer.msgid) setRefusal(intl.t(answer.msgid, answer.params));
  };
  const isRedfish = record.driver === "redfish";
  return (
    <form className="form sign-in-form" onSubmit={submit} aria-labelledby={titleId} aria-busy={isBusy}>
      <h3 id={titleId}>{intl.t("Correct address and sign-in")}</h3>
      <p className="sub">{intl.t("Enter what the BMC has now. Nothing is sent to it: only the record changes.")}</p>
      <Line name="host" label={intl.t("Address of its BMC")} hint={intl.t("A numeric address inside the BMC network.")} defaultValue={record.host} required maxLength={45} autoFocus />
      <Line name="port" label={intl.t("Port")} defaultValue={String(record.port)} required maxLength={5} inputMode="numeric" pattern="[0-9]*" />
      <Line name="username" label={intl.t("BMC user")} defaultValue={record.username} maxLength={16} />
      <Line name="password" type="password" label={intl.t("BMC password")} hint={intl.t("Left empty, the one on record stays.")} maxLength={20} autoComplete="new-password" />
      {isRedfish ? (
        <>
          <input type="hidden" name="cipher_suite" value={String(record.cipher_suite)} />
          <Line name="certificate" label={intl.t("Fingerprint of its certificate")} hint={intl.t("SHA-256, 64 digits. Left empty, a CA has to vouch for it.")} defaultValue={record.certificate} maxLength={95} />
        </>
      ) : (
        <>
          <input type="hidden" name="certificate" value={record.certificate} />
          <label className="field">
            <span>{intl.t("Cipher suite")}</span>
            <select className="input" name="cipher_suite" defaultValue={String(record.cipher_suite)}>
              <option value="3">3 (SHA-1, AES-128)</option>
              <option value="17">17 (SHA-256, AES-128)</option>
            </select>
          </label>
        </>
      )}
      {refusal ? (
        <p className="refusal" role="alert">
          {refusal}
        </p>
      ) : null}
      <div className="row">
        <button type="submit" className="btn primary" disabled={isBusy}>
          {intl.t("Save")}
        </button>
        <button type="button" className="btn" onClick={onClose}>
          {intl.t("Cancel")}
        </button>
      </div>
    </form>
  );
}

/** A button with the form behind it. It stays open, with what was typed, until the portal has accepted it. */
export function BmcRecord({ server, record, disabled, hasSecondFactor }) {
  const intl = useIntl();
  const [open, setOpen] = useState(false);
  const { ask, dialog } = useStepUp(hasSecondFactor);
  return (
    <div className="sign-ins">
      {open ? (
        <RecordForm server={server} record={record} ask={ask} onClose={() => setOpen(false)} />
      ) : (
        <button type="button" className="btn" disabled={disabled} onClick={() => setOpen(true)}>
          {intl.t("Correct address and sign-in")}
        </button>
      )}
      {dialog}
    </div>
  );
}

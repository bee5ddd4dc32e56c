// Correcting what is on record about a server's BMC and its screen.
import { useState } from "react";
import { useIntl } from "$/portal/intl";
import { Choice, Line, RecordForm } from "$/portal/record_form";
import { useStepUp } from "$/portal/stepup";

function N_(msgid) {
  return msgid;
}

function Opened({ label, disabled, hasSecondFactor, form }) {
  const [open, setOpen] = useState(false);
  const { ask, dialog } = useStepUp(hasSecondFactor);
  return (
    <div className="sign-ins">
      {open ? (
        form(ask, () => setOpen(false))
      ) : (
        <button type="button" className="btn" disabled={disabled} onClick={() => setOpen(true)}>
          {label}
        </button>
      )}
      {dialog}
    </div>
  );
}

function Suite({ record }) {
  const intl = useIntl();
  if (record.driver === "redfish") {
    return (
      <>
        <input type="hidden" name="cipher_suite" value={String(record.cipher_suite)} />
        <Line name="certificate" label={intl.t("Fingerprint of its certificate")} hint={intl.t("SHA-256, 64 digits. Left empty, a CA has to vouch for it.")} defaultValue={record.certificate} maxLength={95} />
      </>
    );
  }
  const suites = [
    ["3", "3 (SHA-1, AES-128)"],
    ["17", "17 (SHA-256, AES-128)"],
  ];
  return (
    <>
      <input type="hidden" name="certificate" value={record.certificate} />
      <Choice name="cipher_suite" label={intl.t("Cipher suite")} values={suites} defaultValue={String(record.cipher_suite)} />
    </>
  );
}

/** A button with the form behind it. It stays open, with what was typed, until the portal has accepted it. */
export function BmcRecord({ server, record, disabled, hasSecondFactor }) {
  const intl = useIntl();
  const title = intl.t("Correct address and sign-in");
  const told = (answer) => (answer.changed.length ? N_("Saved. The BMC is asked with it next time.") : N_("That is what stands on record already."));
  const form = (ask, onClose) => (
    <RecordForm
      title={title}
      text={intl.t("Enter what the BMC has now. Nothing is sent to it: only the record changes.")}
      url={`/inventory/machines/${server}/bmc`}
      {...{ ask, told, onClose }}
    >
      <Line name="host" label={intl.t("Address of its BMC")} hint={intl.t("A numeric address inside the BMC network.")} defaultValue={record.host} required maxLength={45} autoFocus />
      <Line name="port" label={intl.t("Port")} defaultValue={String(record.port)} required maxLength={5} inputMode="numeric" pattern="[0-9]*" />
      <Line name="username" label={intl.t("BMC user")} defaultValue={record.username} maxLength={16} />
      <Line name="password" type="password" label={intl.t("BMC password")} hint={intl.t("Left empty, the one on record stays.")} maxLength={20} autoComplete="new-password" />
      <Suite record={record} />
    </RecordForm>
  );
  return <Opened label={title} {...{ disabled, hasSecondFactor, form }} />;
}

/** The same for where the server's screen is. */
export function ScreenRecord({ server, record, hasSecondFactor }) {
  const intl = useIntl();
  const [asks, setAsks] = useState(record.port && !record.is_locked ? "nothing" : "password");
  const title = record.port ? intl.t("Correct the screen") : intl.t("Enter where its screen is");
  const told = (answer) => (answer.changed.length ? N_("Saved. The screen opens in the browser from now on.") : N_("That is what stands on record already."));
  const ways = [
    ["password", intl.t("Asks for a password")],
    ["nothing", intl.t("Asks for none")],
  ];
  const form = (ask, onClose) => (
    <RecordForm
      title={title}
      text={intl.t("Where the machine's screen is served by VNC (RFB): by its BMC, or by a KVM switch.")}
      url={`/inventory/machines/${server}/screen`}
      {...{ ask, told, onClose }}
    >
      <Line name="host" label={intl.t("Address of the screen")} hint={intl.t("A numeric address inside the BMC network.")} defaultValue={record.host} required maxLength={45} autoFocus />
      <Line name="port" label={intl.t("Port")} defaultValue={String(record.port || 5901)} required maxLength={5} inputMode="numeric" pattern="[0-9]*" />
      <Choice name="asks" label={intl.t("Sign-in")} values={ways} value={asks} onChange={setAsks} />
      {asks === "password" ? (
        <Line
          name="password"
          type="password"
          label={intl.t("Password of the screen")}
          hint={record.is_locked ? intl.t("Left empty, the one on record stays.") : undefined}
          required={!record.is_locked}
          maxLength={64}
          autoComplete="new-password"
        />
      ) : null}
    </RecordForm>
  );
  return <Opened label={title} {...{ hasSecondFactor, form }} />;
}

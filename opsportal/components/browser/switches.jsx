// What may write to a switch. Its secrets go to the portal by plain HTTP, so that they are in no event and no state.
import { useId, useState } from "react";
import { Dialog } from "$/portal/dialog";
import { Field, PostForm, Submit } from "$/portal/forms";
import { useIntl } from "$/portal/intl";

function N_(msgid) {
  return msgid;
}

function Choice({ name, label, values, none, value, onChange }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} name={name} className="input" value={value} onChange={onChange && ((event) => onChange(event.target.value))}>
        {none ? <option value="">{none}</option> : null}
        {values.map(([code, word]) => (
          <option key={code} value={code}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A button that asks for a write community or an SNMPv3 user. What is on record is replaced and never shown. */
export function WriteAccess({ label, title, text, switchId, authProtocols, privProtocols, className }) {
  const intl = useIntl();
  const titleId = useId();
  const [open, setOpen] = useState(false);
  const [kind, setKind] = useState("user");
  const [priv, setPriv] = useState("aes128");
  const protocols = (codes) => codes.map((code) => [code, code.toUpperCase()]);
  const kinds = [
    ["user", intl.t("User (SNMPv3)")],
    ["community", intl.t("Write community (SNMPv2c)")],
  ];
  return (
    <>
      <button type="button" className={className ?? "btn"} onClick={() => setOpen(true)}>
        {label}
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} labelledBy={titleId}>
        <h2 id={titleId}>{title}</h2>
        <p className="sub">{text}</p>
        <Choice label={intl.t("What may set ports")} values={kinds} value={kind} onChange={setKind} />
        <PostForm
          action={`/switches/${switchId}/write-access`}
          done={N_("Saved. Whether the switch agrees shows when a port is set.")}
          onAnswer={() => setOpen(false)}
        >
          {kind === "community" ? (
            <Field name="community" type="password" label={intl.t("Write community")} autoComplete="off" hint={intl.t("It travels unencrypted. Prefer a user where the switch can.")} />
          ) : (
            <>
              <Field name="username" label={intl.t("User name")} autoComplete="off" />
              <Choice name="auth_protocol" label={intl.t("Authentication")} values={protocols(authProtocols)} />
              <Field name="auth_password" type="password" label={intl.t("Authentication password")} autoComplete="off" minLength={8} hint={intl.t("At least 8 characters")} />
              <Choice name="priv_protocol" label={intl.t("Encryption")} values={protocols(privProtocols)} none={intl.t("None")} value={priv} onChange={setPriv} />
              {priv ? (
                <Field name="priv_password" type="password" label={intl.t("Encryption password")} autoComplete="off" minLength={8} hint={intl.t("At least 8 characters")} />
              ) : null}
            </>
          )}
          <div className="dialog-actions">
            <button type="button" className="btn" onClick={() => setOpen(false)}>
              {intl.t("Cancel")}
            </button>
            <Submit>{intl.t("Save")}</Submit>
          </div>
        </PostForm>
      </Dialog>
    </>
  );
}

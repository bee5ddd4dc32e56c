// What is on record about a switch: where it is, what may read it, and what may set its ports.
import { useId, useState } from "react";
import { useNavigate } from "react-router";
import { Dialog } from "$/portal/dialog";
import { useIntl } from "$/portal/intl";
import { Choice, Line, RecordForm } from "$/portal/record_form";
import { useStepUp } from "$/portal/stepup";

function N_(msgid) {
  return msgid;
}

function Asked({ label, title, text, url, told, hasSecondFactor, disabled, className, children }) {
  const titleId = useId();
  const [open, setOpen] = useState(false);
  const { ask, dialog } = useStepUp(hasSecondFactor);
  const close = () => setOpen(false);
  return (
    <>
      <button type="button" className={className ?? "btn"} disabled={disabled} onClick={() => setOpen(true)}>
        {label}
      </button>
      <Dialog open={open} onClose={close} labelledBy={titleId}>
        <RecordForm {...{ title, text, url, ask, told }} labelId={titleId} onClose={close}>
          {children}
        </RecordForm>
      </Dialog>
      {dialog}
    </>
  );
}

const protocols = (codes) => codes.map((code) => [code, code.toUpperCase()]);

/** A community, or an SNMPv3 user. With a `record`, its secrets stay when their fields are left empty. */
function Access({ label, communityLabel, communityHint, record, authProtocols, privProtocols }) {
  const intl = useIntl();
  const [kind, setKind] = useState(record && !record.username ? "community" : "user");
  const [priv, setPriv] = useState(record?.username ? record.priv_protocol : "aes128");
  const kinds = [
    ["user", intl.t("User (SNMPv3)")],
    ["community", communityLabel],
  ];
  const stays = intl.t("Left empty, the one on record stays.");
  const long = intl.t("At least 8 characters");
  const hasUser = Boolean(record?.username);
  const secret = (isKept) => ({ type: "password", required: !isKept, minLength: 8, maxLength: 200, hint: isKept ? stays : long, autoComplete: "new-password" });
  const hasCommunity = Boolean(record) && !hasUser;
  return (
    <>
      <Choice label={label} values={kinds} value={kind} onChange={setKind} />
      {kind === "community" ? (
        <Line
          name="community"
          type="password"
          label={communityLabel}
          required={!hasCommunity}
          maxLength={64}
          hint={hasCommunity ? stays : communityHint}
          autoComplete="new-password"
        />
      ) : (
        <>
          <Line name="username" label={intl.t("User name")} required maxLength={32} defaultValue={record?.username ?? ""} />
          <Choice name="auth_protocol" label={intl.t("Authentication")} values={protocols(authProtocols)} defaultValue={record?.auth_protocol || authProtocols[0]} />
          <Line name="auth_password" label={intl.t("Authentication password")} {...secret(hasUser)} />
          <Choice name="priv_protocol" label={intl.t("Encryption")} values={[["", intl.t("None")], ...protocols(privProtocols)]} value={priv} onChange={setPriv} />
          {priv ? <Line name="priv_password" label={intl.t("Encryption password")} {...secret(hasUser && Boolean(record.priv_protocol))} /> : null}
        </>
      )}
    </>
  );
}

/** Adds a switch, or corrects one when `record` is on record. It is asked at once with what was entered. */
export function SwitchRecord({ record, label, authProtocols, privProtocols, hasSecondFactor, className }) {
  const intl = useIntl();
  const navigate = useNavigate();
  const known = record?.id ? record : null;
  const told = (answer) => {
    if (!known) navigate(`/pollers?switch=${answer.switch_id}`);
    if (known && !answer.changed.length) return N_("That is what stands on record already.");
    return N_("Saved. The switch is being asked with it.");
  };
  return (
    <Asked
      label={label}
      title={label}
      text={intl.t("What is entered for reading is sealed and not shown again. Only the record changes: nothing is set on the switch.")}
      url={known ? `/switches/${known.id}` : "/switches"}
      {...{ told, hasSecondFactor, className }}
    >
      <Line name="name" label={intl.t("Name")} defaultValue={known?.name ?? ""} required maxLength={60} autoFocus />
      <Line name="site" label={intl.t("Site")} defaultValue={known?.site ?? ""} required maxLength={60} />
      <Line name="host" label={intl.t("Address")} hint={intl.t("A numeric address inside the networks in which switches are asked.")} defaultValue={known?.host ?? ""} required maxLength={45} />
      <Line name="port" label={intl.t("Port")} defaultValue={String(known?.port ?? 161)} required maxLength={5} inputMode="numeric" pattern="[0-9]*" />
      <Access
        label={intl.t("What may read it")}
        communityLabel={intl.t("Community (SNMPv2c)")}
        communityHint={intl.t("It travels unencrypted. Prefer a user where the switch can.")}
        record={known}
        {...{ authProtocols, privProtocols }}
      />
    </Asked>
  );
}

/** Asks for a write community or an SNMPv3 user. What is on record is replaced and never shown. */
export function WriteAccess({ label, title, text, switchId, authProtocols, privProtocols, hasSecondFactor, className }) {
  const intl = useIntl();
  return (
    <Asked
      url={`/switches/${switchId}/write-access`}
      told={() => N_("Saved. Ask the switch whether it agrees.")}
      {...{ label, title, text, hasSecondFactor, className }}
    >
      <Access
        label={intl.t("What may set ports")}
        communityLabel={intl.t("Write community (SNMPv2c)")}
        communityHint={intl.t("It travels unencrypted. Prefer a user where the switch can.")}
        {...{ authProtocols, privProtocols }}
      />
    </Asked>
  );
}

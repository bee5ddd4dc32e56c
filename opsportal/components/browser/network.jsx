// Reverse DNS: a name that becomes a field where it stands. What was typed stays until the portal has taken it.
import { useEffect, useId, useRef, useState } from "react";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";

// What can be said while one types; the portal decides. Letters of every script, digits, inner hyphens, a dot at least.
const LOOKS_FULL = /^[\p{L}\p{M}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?(\.[\p{L}\p{M}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?)+\.?$/u;

function Editor({ owner, address, ip, name, network, hint, answer, onSave, onClose }) {
  const intl = useIntl();
  const id = useId();
  const [draft, change, clear] = useDraft(`reverse:${address}:${ip || "new"}`, owner, { ip: ip ?? "", name: name ?? "" });
  const [left, setLeft] = useState(false);
  const first = useRef(null);
  const sending = useSending(draft, answer, (_, sent) => {
    clear();
    if (sent) onClose();
  });
  useEffect(() => first.current?.focus(), []);
  const typed = draft.name.trim();
  const isNew = !ip;
  const odd = left && typed !== "" && !LOOKS_FULL.test(typed);
  const refusal = sending.refusal && intl.t(sending.refusal.msgid, sending.refusal.params);
  const error = refusal || (odd ? intl.t("Write the full name, like server.example.com.") : "");
  const aboutIp = isNew && ["ip_outside_network", "address_unreadable"].includes(sending.refusal?.code);
  const submit = (event) => {
    event.preventDefault();
    if (sending.isWaiting || (isNew && !draft.ip.trim())) return;
    sending.begin();
    onSave(draft.id, address, draft.ip.trim(), typed);
  };
  const close = () => {
    clear();
    onClose();
  };
  return (
    <form
      className="reverse-form"
      onSubmit={submit}
      aria-busy={sending.isWaiting}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      {isNew ? (
        <div className={`field ${aboutIp ? "wrong" : ""}`}>
          <label htmlFor={`${id}-ip`}>{intl.t("IPv6 address")}</label>
          <input
            ref={first}
            id={`${id}-ip`}
            className="input mono"
            value={draft.ip}
            placeholder={network}
            maxLength={60}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            aria-invalid={aboutIp}
            onChange={(event) => change({ ip: event.target.value })}
          />
        </div>
      ) : null}
      <div className={`field ${error && !aboutIp ? "wrong" : ""}`}>
        <label htmlFor={`${id}-name`} className={isNew ? undefined : "visually-hidden"}>
          {isNew ? intl.t("Name") : intl.t("Reverse DNS of {ip}", { ip })}
        </label>
        <input
          ref={isNew ? undefined : first}
          id={`${id}-name`}
          className="input mono"
          value={draft.name}
          placeholder="server.example.com"
          maxLength={300}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          aria-invalid={Boolean(error) && !aboutIp}
          aria-describedby={`${id}-note`}
          onBlur={() => setLeft(true)}
          onChange={(event) => {
            setLeft(false);
            sending.setRefusal(null);
            change({ name: event.target.value });
          }}
        />
      </div>
      <div className="row">
        <button type="submit" className="btn primary" disabled={sending.isWaiting || (isNew && !typed)}>
          {!isNew && !typed && name ? intl.t("Remove") : intl.t("Save")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {intl.t("Cancel")}
        </button>
      </div>
      <p id={`${id}-note`} className={error ? "field-error" : "field-hint"} role={error ? "alert" : undefined}>
        {error || hint || ""}
      </p>
    </form>
  );
}

/** With `ip`: its name, and a button that makes it a field. Without: a button that asks for both. */
export function ReverseName(props) {
  const { ip, name, address, isFailed, disabled, onSave } = props;
  const intl = useIntl();
  const [open, setOpen] = useState(false);
  const button = useRef(null);
  const close = () => {
    setOpen(false);
    // Unless somebody is elsewhere by now: the word on a name comes late.
    setTimeout(() => document.activeElement === document.body && button.current?.focus());
  };
  if (open) return <Editor {...props} onClose={close} />;
  const isNew = !ip;
  return (
    <span className="reverse-name">
      {isNew ? null : name ? <code>{name}</code> : <span className="faint">{intl.t("None")}</span>}
      <button ref={button} type="button" className={isNew ? "btn" : "btn ghost small"} disabled={disabled} onClick={() => setOpen(true)}>
        {isNew ? intl.t("Add a name") : name ? intl.t("Change") : intl.t("Set")}
        {isNew ? null : <span className="visually-hidden">{` ${intl.t("Reverse DNS of {ip}", { ip })}`}</span>}
      </button>
      {isFailed ? (
        <button type="button" className="btn ghost small" disabled={disabled} onClick={() => onSave(clickId(), address, ip, name ?? "")}>
          {intl.t("Try again")}
        </button>
      ) : null}
    </span>
  );
}

/** A click of its own each time: nothing was typed that could be lost. */
function clickId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Orders of one press: another way to start a machine, and a reinstall for somebody in the aisle.
import { useId, useState } from "react";
import { DialogForm } from "$/portal/dialog";
import { post } from "$/portal/forms";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";
import { Confirm, Lost, order, titleOf } from "$/portal/reinstall_asking";

/** Another way to start the machine, or with `job` the end of what it is at. With `phrase` the host name has to be
    typed: something is lost. */
export function BootButton({ server, job, kind, label, title, confirm, phrase, disabled, danger, children }) {
  const [open, setOpen] = useState(false);
  const [isSending, setSending] = useState(false);
  const close = () => setOpen(false);
  const boot = async (confirmation) => {
    close();
    setSending(true);
    const answer = job
      ? await post(`/jobs/${job}/stop`, { then: kind, confirmation })
      : await order(`/servers/${server}/boot`, { kind, confirmation });
    setSending(false);
    if (!answer.ok) notify({ kind: "warn", msgid: answer.msgid, params: answer.params });
  };
  const button = { label, className: `btn ${danger ? "danger" : ""}`, disabled: disabled || isSending };
  if (!phrase) {
    return (
      <DialogForm {...button} {...{ title, confirm, open, setOpen }} text={children} onSubmit={() => boot("")} isReady autoFocus />
    );
  }
  return (
    <>
      <button type="button" className={button.className} disabled={button.disabled} onClick={() => setOpen(true)}>
        {label}
      </button>
      <Confirm open={open} onClose={close} onConfirm={boot} title={title} confirm={confirm} phrase={phrase}>
        <p className="sub">{children}</p>
      </Confirm>
    </>
  );
}

/** A reinstall with nothing to choose but the system: the first layout that fits, the server's name, no keys. */
export function QuickReinstall({ server, name, systems, disks, layouts, disabled }) {
  const intl = useIntl();
  const id = useId();
  const [asked, setAsked] = useState(null); // what the dialog is about, as it was read
  const [wanted, setWanted] = useState("");
  const [isSending, setSending] = useState(false);
  const offer = asked ?? { server, name, systems, disks };
  const able = offer.systems.filter((one) => one.layouts.some(({ fits }) => fits));
  const system = able.find((one) => String(one.id) === wanted) ?? able[0];
  const layout = system?.layouts.find(({ fits }) => fits);
  const taken = offer.disks.slice(0, layout?.disks ?? 0);
  const close = () => setAsked(null);
  const install = async (confirmation) => {
    close();
    setSending(true);
    const answer = await order(`/servers/${offer.server}/reinstall`, {
      system: system.id,
      hostname: offer.name,
      layout: layout.id,
      disks: taken.map((one) => one.id),
      ssh_keys: [],
      time_zone: "UTC",
      post_install: "",
      confirmation,
    });
    setSending(false);
    if (!answer.ok) notify({ kind: "warn", msgid: answer.msgid, params: answer.params });
  };
  return (
    <>
      <button type="button" className="btn danger" disabled={disabled || isSending || !system} onClick={() => setAsked(offer)}>
        {intl.t("Reinstall…")}
      </button>
      <Confirm
        open={Boolean(asked)}
        onClose={close}
        onConfirm={install}
        title={intl.t("Reinstall {name}?", { name: offer.name })}
        confirm={intl.t("Erase and reinstall")}
        phrase={offer.name}
      >
        <div className="field">
          <label htmlFor={`${id}-system`}>{intl.t("Operating system")}</label>
          <select id={`${id}-system`} className="input" value={String(system?.id ?? "")} onChange={(event) => setWanted(event.target.value)}>
            {able.map((one) => (
              <option key={one.id} value={String(one.id)}>
                {titleOf(one)}
              </option>
            ))}
          </select>
          <p className="field-hint">{layout ? intl.t(layouts[layout.id] ?? layout.id) : ""}</p>
        </div>
        <Lost
          intl={intl}
          server={offer.name}
          disks={taken}
          words={intl.t("Everything on these disks is erased and cannot be brought back. {system} is installed instead.", {
            system: system ? titleOf(system) : "",
          })}
        />
      </Confirm>
    </>
  );
}

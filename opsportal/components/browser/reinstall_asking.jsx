// What every order that loses something needs: what is lost in words, a name to be typed, and the sending.
import { useId, useLayoutEffect, useState } from "react";
import { Dialog, DialogActions } from "$/portal/dialog";
import { post } from "$/portal/forms";
import { useIntl } from "$/portal/intl";
import { keepPassword } from "$/portal/password";
import { diskName, diskText } from "$/portal/reinstall_fields";

/** A system's name, which mostly holds its version already. */
export const titleOf = (system) => (system.name.includes(system.version) ? system.name : `${system.name} ${system.version}`);

/** What is lost, and what else changes. */
export function Lost({ intl, server, disks, words }) {
  return (
    <>
      <p className="sub">{words}</p>
      <ul className="lost">
        {disks.map((disk) => (
          <li key={disk.id}>
            <b>{diskName(intl, disk)}</b> {diskText(intl, disk)}
          </li>
        ))}
        <li>{intl.t("{name} is away until the new system answers.", { name: server })}</li>
        <li>{intl.t("The new system has other SSH host keys: your programs will warn about them once.")}</li>
      </ul>
    </>
  );
}

/** The typed confirmation: says what is lost, and asks for the host name. */
export function Confirm({ open, onClose, onConfirm, title, confirm, phrase, children }) {
  const intl = useIntl();
  const titleId = useId();
  const [typed, setTyped] = useState("");
  useLayoutEffect(() => setTyped(""), [open]); // before it is drawn: what was typed for one order confirms no other
  const ready = typed.trim() === phrase;
  return (
    <Dialog open={open} onClose={onClose} labelledBy={titleId}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm(typed.trim());
        }}
      >
        <h2 id={titleId}>{title}</h2>
        {children}
        <label className="field">
          <span>{intl.t("Type {name} to confirm", { name: phrase })}</span>
          <input
            className="input mono"
            value={typed}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            autoFocus
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <DialogActions onClose={onClose} confirm={confirm} disabled={!ready} danger />
      </form>
    </Dialog>
  );
}

/** Sends an order. The password in its answer goes to where it is shown once, and nowhere else. */
export async function order(url, body) {
  const { password, user, ...answer } = await post(url, body);
  if (answer.ok && password) keepPassword(answer.job_id, user, password);
  return answer;
}

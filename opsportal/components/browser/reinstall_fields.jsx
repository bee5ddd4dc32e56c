// The fields of an order, and what can be said about one before it is sent.
import { useIntl } from "$/portal/intl";

const HOST_NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const PUBLIC_KEY = /^(ssh-(rsa|ed25519)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/=]+( .*)?$/;
const BAD_NAME = N_("A host name has letters, digits, hyphens and dots, such as web-02.example.org.");
const TOO_FEW = N_("This layout needs {needed} disks. Choose as many, or another layout.");
const BAD_KEY = N_("Line {line} is not a public key. Paste it as it stands in the .pub file, one a line.");

function N_(msgid) {
  return msgid;
}

/** A disk by what is on record of it. */
export const diskName = (intl, disk) => (disk.is_by_place ? intl.t("Disk {number}", { number: disk.id }) : disk.id);
/** What is on record about a disk; its size is often in the text already. */
export const diskText = (intl, disk) => {
  const size = disk.size_gb > 0 ? intl.volume(String(disk.size_gb * 1e9)) : "";
  return /\d ?[GT]B/i.test(disk.text) ? disk.text : [disk.text, size].filter(Boolean).join(" · ");
};
/** The lines of a text that hold something. */
export const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** What is wrong with an order, by field. */
export function complaints(order) {
  const found = {};
  if (order.disks.length !== order.needed) found.disks = { msgid: TOO_FEW, params: { needed: order.needed } };
  if (!HOST_NAME.test(order.hostname)) found.hostname = { msgid: BAD_NAME };
  const wrong = order.keys.split("\n").findIndex((line) => line.trim() && !PUBLIC_KEY.test(line.trim()));
  if (wrong >= 0) found.keys = { msgid: BAD_KEY, params: { line: wrong + 1 } };
  return found;
}

export function Note({ id, text, hint }) {
  return (
    <p id={id} className={text ? "field-error" : "field-hint"} role={text ? "alert" : undefined}>
      {text || hint || ""}
    </p>
  );
}

/** One of several, as cards; what does not fit is shown with the reason and cannot be chosen. */
export function Options({ legend, options, chosen, onChoose, error, name }) {
  return (
    <fieldset className="choice">
      <legend>{legend}</legend>
      <div className="segments">
        {options.map((one) => (
          <label key={one.id} className={`segment ${chosen === one.id ? "on" : ""} ${one.off ? "off" : ""}`}>
            <input
              type="radio"
              name={name}
              checked={chosen === one.id}
              disabled={one.off}
              onChange={() => onChoose(one.id)}
            />
            <span>
              {one.text}
              {one.hint ? <small>{one.hint}</small> : null}
            </span>
          </label>
        ))}
      </div>
      <Note text={error} />
    </fieldset>
  );
}

/** The disks that the layout uses; those of a new order are the first that it needs. */
export function Disks({ disks, needed, chosen, onChoose, error, name }) {
  const intl = useIntl();
  if (disks.length < 2) return null;
  const isTurned = (one, id) => (one === id ? !chosen.includes(id) : chosen.includes(one));
  const toggle = (id) => onChoose(needed === 1 ? [id] : disks.map((one) => one.id).filter((one) => isTurned(one, id)));
  return (
    <fieldset className="choice">
      <legend>{intl.t("Disks")}</legend>
      <div className="segments">
        {disks.map((one) => (
          <label key={one.id} className={`segment ${chosen.includes(one.id) ? "on" : ""}`}>
            <input
              type={needed === 1 ? "radio" : "checkbox"}
              name={name}
              checked={chosen.includes(one.id)}
              onChange={() => toggle(one.id)}
            />
            <span>
              {diskName(intl, one)}
              <small>{diskText(intl, one)}</small>
            </span>
          </label>
        ))}
      </div>
      <Note text={error} />
    </fieldset>
  );
}

// Ordering a new system for a server. The portal decides what fits this hardware and checks everything again; here is
// only what can be said at once. Nothing is sent before the host name has been typed. Orders go by plain HTTP, not as
// events: the answer may carry a password, and a post-install script is nobody else's business.
import { useEffect, useId, useRef, useState } from "react";
import { Dialog } from "$/portal/dialog";
import { useDraft } from "$/portal/drafts";
import { post } from "$/portal/forms";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";
import { keepPassword } from "$/portal/password";

const EMPTY = { system: 0, layout: "", disks: null, hostname: null, keys: "", zone: null, script: "" };
const HOST_NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const PUBLIC_KEY = /^(ssh-(rsa|ed25519)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/=]+( .*)?$/;
const BAD_NAME = N_("A host name has letters, digits, hyphens and dots, such as web-02.example.org.");
const TOO_FEW = N_("This layout needs {needed} disks. Choose as many, or another layout.");
const BAD_KEY = N_("Line {line} is not a public key. Paste it as it stands in the .pub file, one a line.");

function N_(msgid) {
  return msgid;
}

/** Which field a refusal of the portal is about. */
const FIELD_OF = {
  hostname_unusable: "hostname",
  ssh_key_unusable: "keys",
  too_many_ssh_keys: "keys",
  time_zone_unknown: "zone",
  script_unusable: "script",
  system_not_offered: "system",
  layout_unknown: "layout",
  disk_unknown: "disks",
  too_few_disks: "disks",
  disk_too_small: "disks",
};

function zones() {
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  return known.includes("UTC") ? known : ["UTC", ...known];
}

/** A system's name, which mostly holds its version already. */
const titleOf = (system) => (system.name.includes(system.version) ? system.name : `${system.name} ${system.version}`);
const diskName = (intl, disk) => (disk.is_by_place ? intl.t("Disk {number}", { number: disk.id }) : disk.id);
/** What is on record about a disk; its size is often in the text already. */
const diskText = (intl, disk) => {
  const size = disk.size_gb > 0 ? intl.volume(String(disk.size_gb * 1e9)) : "";
  return /\d ?[GT]B/i.test(disk.text) ? disk.text : [disk.text, size].filter(Boolean).join(" · ");
};
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

function complaints(order) {
  const found = {};
  if (order.disks.length !== order.needed) found.disks = { msgid: TOO_FEW, params: { needed: order.needed } };
  if (!HOST_NAME.test(order.hostname)) found.hostname = { msgid: BAD_NAME };
  const wrong = order.keys.split("\n").findIndex((line) => line.trim() && !PUBLIC_KEY.test(line.trim()));
  if (wrong >= 0) found.keys = { msgid: BAD_KEY, params: { line: wrong + 1 } };
  return found;
}

function Note({ id, text, hint }) {
  return (
    <p id={id} className={text ? "field-error" : "field-hint"} role={text ? "alert" : undefined}>
      {text || hint || ""}
    </p>
  );
}

/** One of several, as cards; what does not fit is shown with the reason and cannot be chosen. */
function Options({ legend, options, chosen, onChoose, error, name }) {
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
function Disks({ disks, needed, chosen, onChoose, error, name }) {
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

function Lost({ intl, server, disks, words }) {
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
function Confirm({ open, onClose, onConfirm, title, confirm, phrase, children }) {
  const intl = useIntl();
  const titleId = useId();
  const [typed, setTyped] = useState("");
  useEffect(() => setTyped(""), [open]);
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
        <div className="dialog-actions">
          <button type="button" className="btn" onClick={onClose}>
            {intl.t("Cancel")}
          </button>
          <button type="submit" className="btn primary danger" disabled={!ready}>
            {confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Sends an order. The password in its answer goes to where it is shown once, and nowhere else. */
async function order(url, body) {
  const { password, user, ...answer } = await post(url, body);
  if (answer.ok && password) keepPassword(answer.job_id, user, password);
  return answer;
}

/** The whole order: `systems` with the layouts that these `disks` allow, and why not the others. */
export function ReinstallForm({ owner, server, name, systems, disks, layouts, obstacles, blocked }) {
  const intl = useIntl();
  const id = useId();
  const [draft, change, clear] = useDraft(`reinstall:${server}`, owner, EMPTY);
  const [isAsking, setAsking] = useState(false);
  const [shown, setShown] = useState({});
  const [isSending, setSending] = useState(false);
  const [refusal, setRefusal] = useState(null);
  const form = useRef(null);

  const system = systems.find((one) => one.id === draft.system) ?? systems[0];
  const fitting = system?.layouts.filter((one) => one.fits) ?? [];
  const layout = fitting.find((one) => one.id === draft.layout) ?? fitting[0];
  const needed = layout?.disks ?? 0;
  const isStill = draft.disks?.every((one) => disks.some(({ id: known }) => known === one));
  const taken = draft.disks && isStill ? draft.disks : disks.slice(0, needed).map((one) => one.id);
  const wish = {
    needed,
    disks: taken,
    hostname: (draft.hostname ?? name).trim().toLowerCase(),
    zone: draft.zone || "UTC",
    keys: draft.keys,
    script: draft.script,
  };
  const said = (field) => {
    if (shown[field]) return intl.t(shown[field].msgid, shown[field].params);
    return refusal && FIELD_OF[refusal.code] === field ? intl.t(refusal.msgid, refusal.params) : "";
  };
  const check = (field) => setShown((before) => ({ ...before, [field]: complaints(wish)[field] }));
  const ask = (event) => {
    event.preventDefault();
    if (blocked || isSending || !layout) return;
    const found = complaints(wish);
    setShown(found);
    setRefusal(null);
    const first = Object.keys(found)[0];
    if (first) form.current?.elements.namedItem(first)?.focus?.();
    else setAsking(true);
  };
  const install = async (confirmation) => {
    setAsking(false);
    setSending(true);
    const answer = await order(`/servers/${server}/reinstall`, {
      system: system.id,
      hostname: wish.hostname,
      layout: layout.id,
      disks: taken,
      ssh_keys: lines(wish.keys),
      time_zone: wish.zone,
      post_install: wish.script,
      confirmation,
    });
    setSending(false);
    if (answer.ok) clear();
    else setRefusal(answer);
  };
  const field = (key) => ({
    id: `${id}-${key}`,
    name: key,
    "aria-invalid": Boolean(said(key)),
    "aria-describedby": `${id}-${key}-note`,
  });
  if (!system) return <p className="sub">{intl.t("No system on the list fits this hardware.")}</p>;
  return (
    <>
      <form ref={form} className="form reinstall-form" noValidate aria-busy={isSending} onSubmit={ask}>
        <Options
          legend={intl.t("Operating system")}
          name={`${id}-system`}
          options={systems.map((one) => ({ id: one.id, text: titleOf(one) }))}
          chosen={system.id}
          onChoose={(value) => change({ system: value })}
          error={said("system")}
        />
        <Options
          legend={intl.t("Disk layout")}
          name={`${id}-layout`}
          options={system.layouts.map((one) => ({
            id: one.id,
            text: intl.t(layouts[one.id] ?? one.id),
            hint: one.fits ? "" : intl.t(obstacles[one.code] ?? one.code, one.params),
            off: !one.fits,
          }))}
          chosen={layout?.id}
          onChoose={(value) => change({ layout: value, disks: null })}
          error={said("layout")}
        />
        <Disks
          name={`${id}-disks`}
          disks={disks}
          needed={needed}
          chosen={taken}
          onChoose={(value) => change({ disks: value })}
          error={said("disks")}
        />
        <div className="halves grid">
          <div className={`field ${said("hostname") ? "wrong" : ""}`}>
            <label htmlFor={`${id}-hostname`}>{intl.t("Host name")}</label>
            <input
              {...field("hostname")}
              className="input mono"
              value={draft.hostname ?? name}
              maxLength={253}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              onBlur={() => check("hostname")}
              onChange={(event) => change({ hostname: event.target.value })}
            />
            <Note id={`${id}-hostname-note`} text={said("hostname")} />
          </div>
          <div className={`field ${said("zone") ? "wrong" : ""}`}>
            <label htmlFor={`${id}-zone`}>{intl.t("Time zone")}</label>
            <select {...field("zone")} className="input" value={wish.zone} onChange={(event) => change({ zone: event.target.value })}>
              {[...new Set([wish.zone, ...zones()])].map((one) => (
                <option key={one} value={one}>
                  {one.replaceAll("_", " ")}
                </option>
              ))}
            </select>
            <Note id={`${id}-zone-note`} text={said("zone")} />
          </div>
        </div>
        <div className={`field ${said("keys") ? "wrong" : ""}`}>
          <label htmlFor={`${id}-keys`}>{intl.t("SSH keys")}</label>
          <textarea
            {...field("keys")}
            className="input area keys mono"
            rows={3}
            value={draft.keys}
            maxLength={16_000}
            placeholder="ssh-ed25519 AAAA… olena@laptop"
            autoComplete="off"
            spellCheck={false}
            onBlur={() => check("keys")}
            onChange={(event) => change({ keys: event.target.value })}
          />
          <Note
            id={`${id}-keys-note`}
            text={said("keys")}
            hint={intl.t("One a line. The password of root is shown to you once, after you have confirmed.")}
          />
        </div>
        <details className="more" open={Boolean(draft.script) || undefined}>
          <summary>{intl.t("Post-install script")}</summary>
          <div className={`field ${said("script") ? "wrong" : ""}`}>
            <label htmlFor={`${id}-script`} className="visually-hidden">
              {intl.t("Post-install script")}
            </label>
            <textarea
              {...field("script")}
              className="input area mono"
              rows={6}
              value={draft.script}
              maxLength={16_000}
              placeholder={"#!/bin/sh\napt-get install -y nginx"}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => change({ script: event.target.value })}
            />
            <Note
              id={`${id}-script-note`}
              text={said("script")}
              hint={intl.t("Runs as root when the new system starts for the first time. Keep passwords out of it.")}
            />
          </div>
        </details>
        <div role="alert">
          {refusal && !FIELD_OF[refusal.code] ? <p className="refusal">{intl.t(refusal.msgid, refusal.params)}</p> : null}
        </div>
        <div className="row">
          <button type="submit" className="btn primary danger" disabled={Boolean(blocked) || isSending || !layout}>
            {isSending ? intl.t("Sending…") : intl.t("Reinstall…")}
          </button>
          {blocked ? <span className="sub">{blocked}</span> : null}
        </div>
      </form>
      <Confirm
        open={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={install}
        title={intl.t("Reinstall {name}?", { name })}
        confirm={intl.t("Erase and reinstall")}
        phrase={name}
      >
        <Lost
          intl={intl}
          server={name}
          disks={disks.filter((one) => taken.includes(one.id))}
          words={intl.t("Everything on these disks is erased and cannot be brought back. {system} is installed instead.", {
            system: titleOf(system),
          })}
        />
      </Confirm>
    </>
  );
}

/** Another way to start the machine, or with `job` the end of what it is at. With `phrase` the host name has to be
    typed: something is lost. */
export function BootButton({ server, job, kind, label, title, confirm, phrase, disabled, danger, children }) {
  const intl = useIntl();
  const titleId = useId();
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
  return (
    <>
      <button
        type="button"
        className={`btn ${danger ? "danger" : ""}`}
        disabled={disabled || isSending}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {phrase ? (
        <Confirm open={open} onClose={close} onConfirm={boot} title={title} confirm={confirm} phrase={phrase}>
          <p className="sub">{children}</p>
        </Confirm>
      ) : (
        <Dialog open={open} onClose={close} labelledBy={titleId}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              boot("");
            }}
          >
            <h2 id={titleId}>{title}</h2>
            <p className="sub">{children}</p>
            <div className="dialog-actions">
              <button type="button" className="btn" onClick={close}>
                {intl.t("Cancel")}
              </button>
              <button type="submit" className="btn primary" autoFocus>
                {confirm}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}

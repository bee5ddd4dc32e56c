// Ordering a new system for a server. The portal decides what fits this hardware and checks everything again; here is
// only what can be said at once. Nothing is sent before the host name has been typed. Orders go by plain HTTP, not as
// events: the answer may carry a password, and a post-install script is nobody else's business.
import { useId, useRef, useState } from "react";
import { useDraft } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";
import { useEarlierOrder } from "$/portal/reinstall_again";
import { Confirm, Lost, order, titleOf } from "$/portal/reinstall_asking";
import { complaints, Disks, lines, Note, Options } from "$/portal/reinstall_fields";

const EMPTY = { system: 0, layout: "", disks: null, hostname: null, keys: "", zone: null, script: "" };
const NOT_OFFERED = N_("The system of that installation is not on the list any more. Choose another.");

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

/** The whole order: `systems` with the layouts that these `disks` allow, and why not the others. */
export function ReinstallForm({ owner, server, name, systems, disks, layouts, obstacles, blocked }) {
  const intl = useIntl();
  const id = useId();
  const [draft, change, clear] = useDraft(`reinstall:${server}`, owner, EMPTY);
  const [asked, setAsked] = useState(null); // the order that is being confirmed, as it was read
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
    else setAsked({ ...wish, system, layout, erased: disks.filter((one) => taken.includes(one.id)) });
  };
  const install = async (confirmation) => {
    setAsked(null);
    setSending(true);
    const answer = await order(`/servers/${server}/reinstall`, {
      system: asked.system.id,
      hostname: asked.hostname,
      layout: asked.layout.id,
      disks: asked.disks,
      ssh_keys: lines(asked.keys),
      time_zone: asked.zone,
      post_install: asked.script,
      confirmation,
    });
    setSending(false);
    if (answer.ok) {
      clear();
      window.scrollTo({ top: 0 }); // the timeline takes the form's place, above what was just read
    } else setRefusal(answer);
  };
  useEarlierOrder(server, (earlier) => {
    const isOffered = systems.some((one) => one.id === earlier.system_id);
    change({
      system: isOffered ? earlier.system_id : 0,
      layout: earlier.layout,
      disks: earlier.disks.length ? earlier.disks : null,
      hostname: earlier.hostname,
      keys: earlier.ssh_keys.join("\n"),
      zone: earlier.time_zone,
      script: earlier.post_install,
    });
    setShown({});
    setRefusal(isOffered ? null : { code: "system_not_offered", msgid: NOT_OFFERED });
    form.current?.scrollIntoView({ block: "start" });
    form.current?.querySelector("input:checked")?.focus({ preventScroll: true });
  });
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
        open={Boolean(asked)}
        onClose={() => setAsked(null)}
        onConfirm={install}
        title={intl.t("Reinstall {name}?", { name })}
        confirm={intl.t("Erase and reinstall")}
        phrase={name}
      >
        {asked ? (
          <Lost
            intl={intl}
            server={name}
            disks={asked.erased}
            words={intl.t("Everything on these disks is erased and cannot be brought back. {system} is installed instead.", {
              system: titleOf(asked.system),
            })}
          />
        ) : null}
      </Confirm>
    </>
  );
}

// The inventory: forms that keep what was typed, choosing many servers, and scanning a label in the aisle.
import { useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import { useLocation, useNavigate } from "react-router";
import { Dialog } from "$/portal/dialog";
import { FindInput } from "$/portal/finding";
import { Field, PostForm, Submit } from "$/portal/forms";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";

function N_(msgid) {
  return msgid;
}

const numeric = (field) => field.type === "number" || field.type === "choice";
const value = (field, typed) => (numeric(field) ? Number.parseInt(typed, 10) : typed.trim());

function Input({ field, id, typed, onChange, autoFocus }) {
  const common = { id, className: "input", value: typed, autoFocus, onChange: (event) => onChange(event.target.value) };
  if (field.type === "choice" || field.type === "words") {
    return (
      <select {...common}>
        <option value="" disabled hidden />
        {(field.options ?? []).map((option) => (
          <option key={option.value} value={String(option.value)}>
            {option.label}
          </option>
        ))}
      </select>
    );
  }
  if (field.type === "server" || field.type === "port") return <FindInput {...common} kind={field.type} />;
  if (field.type === "area") return <textarea {...common} rows={4} maxLength={field.max ?? 500} />;
  return (
    <input
      {...common}
      type="text"
      inputMode={numeric(field) ? "numeric" : undefined}
      maxLength={field.max ?? 200}
      autoComplete="off"
      spellCheck={false}
    />
  );
}

/**
 * A button that asks for its `fields` and sends them in their order. The form stays open, with what was typed, until the
 * portal has accepted it. Field: {name, label, type: text | area | number | choice (of numbers) | words (of texts) | server | port,
 * options, initial, hint, max, optional}.
 */
export function AskForm({ label, title, text, confirm, fields, about, subject, owner, danger, disabled, answer, className, onDone }) {
  const intl = useIntl();
  const titleId = useId();
  const base = useId();
  const [open, setOpen] = useState(false);
  // Only what was typed: a field that nobody has touched shows what is on record now.
  const [draft, change, clear] = useDraft(`form:${about}:${subject ?? ""}`, open ? owner : 0, {});
  const sending = useSending(draft, answer, (_, sent) => {
    clear();
    if (sent) setOpen(false);
  });
  const typed = (field) => draft[field.name] ?? String(field.initial ?? "");
  const isReady = fields.every((field) => {
    const one = typed(field).trim();
    return one === "" ? Boolean(field.optional) : !numeric(field) || /^\d{1,15}$/.test(one);
  });
  const submit = (event) => {
    event.preventDefault();
    if (sending.isWaiting || !isReady) return;
    sending.begin();
    onDone(draft.id, ...(subject ? [subject] : []), ...fields.map((field) => value(field, typed(field))));
  };
  return (
    <>
      <button type="button" className={className ?? "btn"} disabled={disabled} onClick={() => setOpen(true)}>
        {label}
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} labelledBy={titleId}>
        <form onSubmit={submit} aria-busy={sending.isWaiting}>
          <h2 id={titleId}>{title}</h2>
          {text ? <p className="sub">{text}</p> : null}
          {fields.map((field, index) => (
            <div className="field" key={field.name}>
              <label htmlFor={`${base}-${field.name}`}>{field.label}</label>
              <Input
                field={field}
                id={`${base}-${field.name}`}
                typed={typed(field)}
                autoFocus={index === 0}
                onChange={(next) => change({ [field.name]: next })}
              />
              <p className="field-hint">{field.hint ?? ""}</p>
            </div>
          ))}
          <div role="alert">
            {sending.refusal ? <p className="refusal">{intl.t(sending.refusal.msgid, sending.refusal.params)}</p> : null}
          </div>
          <div className="dialog-actions">
            <button type="button" className="btn" onClick={() => setOpen(false)}>
              {intl.t("Cancel")}
            </button>
            <button type="submit" className={`btn primary ${danger ? "danger" : ""}`} disabled={sending.isWaiting || !isReady}>
              {confirm}
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}

// The chosen servers of this page: in the browser only, gone with the page.
let chosen = new Map();
const listeners = new Set();
const choose = (next) => {
  chosen = next;
  listeners.forEach((listener) => listener());
};
const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const useChosen = () => useSyncExternalStore(subscribe, () => chosen, () => chosen);

/** The box that chooses one server. */
export function SelectBox({ id, name }) {
  const intl = useIntl();
  const now = useChosen();
  const toggle = () => {
    const next = new Map(now);
    if (!next.delete(id)) next.set(id, name);
    choose(next);
  };
  return (
    <label className="select-box">
      <input type="checkbox" checked={now.has(id)} onChange={toggle} />
      <span className="visually-hidden">{intl.t("Choose {name}", { name })}</span>
    </label>
  );
}

/** Chooses every server of the list, or none. */
export function SelectAll({ rows }) {
  const intl = useIntl();
  const now = useChosen();
  const all = rows.length > 0 && rows.every((row) => now.has(row.id));
  const toggle = () => {
    const next = new Map(now);
    rows.forEach((row) => (all ? next.delete(row.id) : next.set(row.id, row.name)));
    choose(next);
  };
  return (
    <label className="select-box">
      <input type="checkbox" checked={all} disabled={rows.length === 0} onChange={toggle} />
      <span className="select-all-word">{intl.t("Choose all of this page")}</span>
    </label>
  );
}

function newDraft() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What can be done with the chosen servers: first what would happen to each, then it is done. */
export function BulkBar({ actions, words, jobs, bulk, onDryRun, onCarryOut }) {
  const intl = useIntl();
  const titleId = useId();
  const now = useChosen();
  const { pathname } = useLocation();
  const [asked, setAsked] = useState(null);
  useEffect(() => () => choose(new Map()), [pathname]);
  const ask = (kind) => {
    const question = { draft: newDraft(), kind, ids: [...now.keys()] };
    setAsked(question);
    onDryRun(question.draft, kind, question.ids);
  };
  const is = asked && bulk?.asked === asked.draft;
  const close = () => {
    if (is && bulk.is_done) choose(new Map());
    setAsked(null);
  };
  const run = () => onCarryOut(asked.draft, asked.kind, asked.ids);
  const action = actions.find((one) => one.kind === asked?.kind);
  const sentence = (plan) => intl.t(words[plan.code] ?? plan.code, { name: plan.server, actor: plan.holder });
  return (
    <>
      {now.size > 0 ? (
        <div className="bulk-bar" role="region" aria-label={intl.t("Chosen servers")}>
          <b>{intl.tn("{n} server chosen", "{n} servers chosen", now.size)}</b>
          {actions.map((one) => (
            <button type="button" key={one.kind} className={`btn ${one.danger ? "danger" : ""}`} onClick={() => ask(one.kind)}>
              {one.label}
            </button>
          ))}
          <button type="button" className="btn ghost" onClick={() => choose(new Map())}>
            {intl.t("Choose none")}
          </button>
        </div>
      ) : (
        <div className="bulk-room" aria-hidden="true" />
      )}
      <Dialog open={Boolean(asked)} onClose={close} labelledBy={titleId} className="wide">
        <h2 id={titleId}>{action?.label}</h2>
        {is && bulk.msgid ? (
          <p className="refusal" role="alert">
            {intl.t(bulk.msgid, bulk.params)}
          </p>
        ) : is ? (
          <>
            <p className="sub">
              {bulk.is_done
                ? intl.tn("Asked for on {n} server, which shows how it goes.", "Asked for on {n} servers, each of which shows how it goes.", bulk.happens)
                : intl.t("Nothing has happened yet. This is what will happen to each server now.")}
            </p>
            <ul className="bulk-list">
              {bulk.plans.map((plan) => (
                <li key={plan.server_id} className={plan.happens ? "" : "left-out"}>
                  <span>
                    <b>{plan.server}</b>
                    {plan.company ? <small>{intl.t("rented by {company}", { company: plan.company })}</small> : null}
                  </span>
                  <span>
                    {sentence(plan)}
                    {plan.job_id ? <small className="num">{`#${plan.job_id}`}</small> : null}
                  </span>
                  <span className={`tag ${plan.happens ? (bulk.is_done ? "ok" : "info") : "mute"}`}>
                    {plan.happens ? (bulk.is_done ? intl.t("Asked") : intl.t("Will happen")) : intl.t("Left out")}
                  </span>
                </li>
              ))}
            </ul>
          </>
        ) : (
          <p className="sub" aria-busy="true">{intl.t("Looking at each server …")}</p>
        )}
        <div className="dialog-actions">
          <button type="button" className="btn" onClick={close}>
            {is && bulk.is_done ? intl.t("Close") : intl.t("Cancel")}
          </button>
          {is && !bulk.is_done ? (
            <button type="button" className={`btn primary ${action?.danger ? "danger" : ""}`} disabled={!bulk.happens} onClick={run}>
              {intl.tn("Do it on {n} server", "Do it on {n} servers", bulk.happens)}
            </button>
          ) : null}
        </div>
      </Dialog>
    </>
  );
}

/** What a label says: its last part, whether it is an address of ours or only a number. */
function labelOf(text) {
  const last = text.trim().split(/[?#]/)[0].replace(/\/+$/, "").split("/").pop();
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Finds a machine by its label: by camera where the browser can read codes, else by typing. */
export function ScanBox({ label, hint }) {
  const intl = useIntl();
  const navigate = useNavigate();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [canScan, setCanScan] = useState(null); // not known before the browser was asked
  const [scanning, setScanning] = useState(false);
  const [trouble, setTrouble] = useState("");
  const video = useRef(null);
  useEffect(() => setCanScan("BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia)), []);
  const go = (text) => {
    const found = labelOf(text);
    if (found) navigate(`/s/${encodeURIComponent(found)}`);
  };
  useEffect(() => {
    if (!scanning) return undefined;
    let stream;
    let timer;
    let isOver = false;
    const look = async (detector) => {
      if (isOver) return;
      const codes = video.current?.readyState >= 2 ? await detector.detect(video.current).catch(() => []) : [];
      if (isOver) return;
      if (codes.length) {
        setScanning(false);
        go(codes[0].rawValue);
        return;
      }
      timer = setTimeout(() => look(detector), 200);
    };
    const begin = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        if (isOver) {
          stream.getTracks().forEach((track) => track.stop());
          return;
        }
        video.current.srcObject = stream;
        await video.current.play();
        look(new window.BarcodeDetector({ formats: ["qr_code", "code_128", "code_39"] }));
      } catch {
        setScanning(false);
        setTrouble(intl.t("The camera cannot be used. Allow it for this site, or type what is on the label."));
      }
    };
    begin();
    return () => {
      isOver = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, [scanning]);
  const submit = (event) => {
    event.preventDefault();
    go(typed);
  };
  return (
    <form className="scan" onSubmit={submit}>
      <label htmlFor={id}>{label}</label>
      <span className="scan-row">
        <input
          id={id}
          className="input mono"
          value={typed}
          maxLength={100}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          enterKeyHint="go"
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" className="btn primary" disabled={!typed.trim()}>
          {intl.t("Show")}
        </button>
      </span>
      <p className="field-hint">{hint}</p>
      {canScan ? (
        <button type="button" className="btn wide" aria-pressed={scanning} onClick={() => setScanning(!scanning)}>
          {scanning ? intl.t("Stop the camera") : intl.t("Scan with the camera")}
        </button>
      ) : null}
      {canScan === false ? (
        <p className="field-hint">{intl.t("This browser cannot read codes with its camera: type what stands below the code.")}</p>
      ) : null}
      {scanning ? <video ref={video} className="scan-video" muted playsInline aria-label={intl.t("What the camera sees")} /> : null}
      <div role="alert">{trouble ? <p className="refusal">{trouble}</p> : null}</div>
    </form>
  );
}

/** Prints this page. */
export function PrintButton({ children, className }) {
  return (
    <button type="button" className={className ?? "btn"} onClick={() => window.print()}>
      {children}
    </button>
  );
}

/** Takes a machine in. Its BMC's password goes to the portal by plain HTTP, so that it is in no event and no state. */
export function Intake({ racks }) {
  const intl = useIntl();
  const navigate = useNavigate();
  const rackId = useId();
  const expectedId = useId();
  const [rack, setRack] = useState("");
  return (
    <PostForm
      action="/inventory/arrivals"
      done={N_("The machine is on record. It is being asked what it is made of.")}
      onAnswer={(answer) => navigate(`/stock/${answer.server_id}`)}
    >
      <Field name="name" label={intl.t("Name")} hint={intl.t("Lower case, as it will be known: stock-101.")} autoFocus />
      <Field name="mac" label={intl.t("MAC address of the first network port")} hint={intl.t("From the label or the delivery note.")} />
      <Field name="bmc_host" label={intl.t("Address of its BMC")} hint={intl.t("A numeric address inside the BMC network.")} />
      <Field name="bmc_user" label={intl.t("BMC user")} hint={intl.t("As it came from the factory. It has to be replaced before release.")} />
      <Field name="bmc_password" type="password" label={intl.t("BMC password")} autoComplete="off" />
      <Field name="certificate" label={intl.t("Fingerprint of its certificate")} optional hint={intl.t("For a BMC that speaks Redfish: SHA-256, 64 digits. Without it the machine is managed by IPMI.")} />
      <Field name="model" label={intl.t("Model")} optional />
      <Field name="order_ref" label={intl.t("Number of the order")} optional />
      <div className="field">
        <label htmlFor={expectedId}>{intl.t("Expected parts")}</label>
        <textarea id={expectedId} name="expected" className="input" rows={5} maxLength={2000} spellCheck={false} />
        <p className="field-hint">{intl.t("Optional. One line for each kind: 8 dimm 32 GB. Kinds: cpu, dimm, disk, nic, psu, controller.")}</p>
      </div>
      <div className="field">
        <label htmlFor={rackId}>{intl.t("Rack")}</label>
        <select id={rackId} name="rack_id" className="input" value={rack} onChange={(event) => setRack(event.target.value)}>
          <option value="">{intl.t("Not placed yet")}</option>
          {(racks ?? []).map((one) => (
            <option key={one.value} value={String(one.value)}>
              {one.label}
            </option>
          ))}
        </select>
      </div>
      {rack ? <Field name="bottom_u" label={intl.t("Lowest unit")} inputMode="numeric" hint={intl.t("Unit 1 is at the bottom of the rack.")} /> : null}
      {rack ? <Field name="units" label={intl.t("Height in units")} inputMode="numeric" hint="1" /> : null}
      <Submit>{intl.t("Take in")}</Submit>
    </PostForm>
  );
}

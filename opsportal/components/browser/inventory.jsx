// The inventory: forms that keep what was typed, and choosing many servers.
import { useEffect, useId, useState, useSyncExternalStore } from "react";
import { useLocation } from "react-router";
import { Dialog, DialogForm } from "$/portal/dialog";
import { FindInput } from "$/portal/finding";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";

const numeric = (field) => field.type === "number" || field.type === "choice";
const value = (field, typed) => (numeric(field) ? Number.parseInt(typed, 10) : typed.trim());

/** Text that is typed, or read from a file on this computer. */
function FromFile({ common, max }) {
  const intl = useIntl();
  const read = async (event) => {
    const file = event.target.files?.[0];
    if (file) common.onChange({ target: { value: (await file.slice(0, 4 * max).text()).slice(0, max) } });
    event.target.value = "";
  };
  return (
    <>
      <textarea {...common} rows={6} maxLength={max} spellCheck={false} />
      <label className="btn from-file">
        {intl.t("From a file …")}
        <input type="file" className="visually-hidden" accept=".csv,.txt,text/csv,text/plain" onChange={read} />
      </label>
    </>
  );
}

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
  if (field.type === "file") return <FromFile common={common} max={field.max ?? 500} />;
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
 * portal has accepted it. Field: {name, label, type: text | area | file (a text, or read from one) | number | choice (of numbers) | words (of texts) | server | port,
 * options, initial, hint, max, optional}.
 */
export function AskForm({ label, title, text, confirm, fields, about, subject, owner, danger, disabled, answer, className, onDone }) {
  const intl = useIntl();
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
  const submit = () => {
    sending.begin();
    onDone(draft.id, ...(subject ? [subject] : []), ...fields.map((field) => value(field, typed(field))));
  };
  const { refusal } = sending;
  return (
    <DialogForm
      {...{ label, title, text, confirm, danger, className, disabled, open, setOpen, isReady }}
      isBusy={sending.isWaiting}
      refusal={refusal ? intl.t(refusal.msgid, refusal.params) : ""}
      onSubmit={submit}
    >
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
    </DialogForm>
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

/** Prints this page. */
export function PrintButton({ children, className }) {
  return (
    <button type="button" className={className ?? "btn"} onClick={() => window.print()}>
      {children}
    </button>
  );
}

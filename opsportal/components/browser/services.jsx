// Changing the price or the plan of a running service. The portal reads the amount and decides.
import { useId, useState } from "react";
import { AmountField, sentence, typed } from "$/portal/billing";
import { Dialog } from "$/portal/dialog";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";

const ABOUT_PRICE = new Set(["bad_amount", "same_terms"]);

/** A button that asks for a plan, a price and a reason. */
export function TermsButton({ contract, owner, label, title, text, answer, className, onDone }) {
  const intl = useIntl();
  const titleId = useId();
  const planId = useId();
  const reasonId = useId();
  const [open, setOpen] = useState(false);
  const { service_id: about, currency, plans } = contract;
  const [draft, change, clear] = useDraft(`terms:${about}`, open ? owner : 0, { plan: 0, amount: null, reason: "" });
  const sending = useSending(draft, answer, (_, sent) => {
    clear();
    if (sent) setOpen(false);
  });
  const { refusal } = sending;
  const value = draft.amount ?? (currency ? typed(contract.price_minor, currency) : "");
  const plan = draft.plan || contract.plan_id;
  const priceError = ABOUT_PRICE.has(refusal?.code) ? refusal : null;
  const edit = (part) => {
    sending.setRefusal(null);
    change(part);
  };
  const submit = (event) => {
    event.preventDefault();
    if (sending.isWaiting) return;
    sending.begin();
    onDone(draft.id, about, plan, value.trim(), draft.reason.trim());
  };
  return (
    <>
      <button type="button" className={className ?? "btn"} onClick={() => setOpen(true)}>
        {label}
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} labelledBy={titleId}>
        <form onSubmit={submit} aria-busy={sending.isWaiting}>
          <h2 id={titleId}>{title}</h2>
          <p className="sub">{text}</p>
          <div className="field">
            <label htmlFor={planId}>{intl.t("Plan")}</label>
            <select id={planId} className="input" value={plan} onChange={(event) => edit({ plan: Number(event.target.value) })}>
              {plans.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </div>
          <AmountField
            label={intl.t("Price")}
            value={value}
            currency={currency}
            error={sentence(intl, priceError, currency)}
            onChange={(next) => edit({ amount: next })}
          />
          <div className="field">
            <label htmlFor={reasonId}>{intl.t("Reason")}</label>
            <input
              id={reasonId}
              className="input"
              maxLength={200}
              value={draft.reason}
              autoComplete="off"
              onChange={(event) => edit({ reason: event.target.value })}
            />
            <p className="field-hint">{intl.t("The client reads it.")}</p>
          </div>
          <div role="alert">{refusal && !priceError ? <p className="refusal">{sentence(intl, refusal, currency)}</p> : null}</div>
          <div className="dialog-actions">
            <button type="button" className="btn" onClick={() => setOpen(false)}>
              {intl.t("Cancel")}
            </button>
            <button type="submit" className="btn primary" disabled={sending.isWaiting || !draft.reason.trim()}>
              {label}
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}

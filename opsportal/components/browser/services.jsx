// Changing the price or the plan of a running service. The portal reads the amount and decides.
import { useId, useState } from "react";
import { AmountField, ReasonField, sentence, typed } from "$/portal/billing";
import { DialogForm } from "$/portal/dialog";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";

const ABOUT_PRICE = new Set(["bad_amount", "same_terms"]);

/** A button that asks for a plan, a price and a reason. */
export function TermsButton({ contract, owner, label, title, text, answer, className, onDone }) {
  const intl = useIntl();
  const planId = useId();
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
  const submit = () => {
    sending.begin();
    onDone(draft.id, about, plan, value.trim(), draft.reason.trim());
  };
  return (
    <DialogForm
      {...{ label, title, text, className, open, setOpen }}
      confirm={label}
      isBusy={sending.isWaiting}
      isReady={Boolean(draft.reason.trim())}
      refusal={refusal && !priceError ? sentence(intl, refusal, currency) : ""}
      onSubmit={submit}
    >
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
      <ReasonField value={draft.reason} onChange={(reason) => edit({ reason })} />
    </DialogForm>
  );
}

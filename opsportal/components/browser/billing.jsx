// Forms of money: adding funds, paying an invoice by card, and small questions for an amount and a reason.
// The portal reads and decides every amount; what is shown here of tax and balance is its answer, never computed here.
import { useEffect, useId, useRef, useState } from "react";
import { useLocation } from "react-router";
import { DialogForm } from "$/portal/dialog";
import { useDraft, useSending } from "$/portal/drafts";
import { useIntl } from "$/portal/intl";

const ASK_AFTER_MS = 200;
const SEEN_AFTER_MS = 4000;
const ABOUT_AMOUNT = new Set([
  "bad_amount",
  "amount_too_small",
  "amount_too_large",
  "amount_not_chargeable",
  "wrong_currency",
  "refund_too_high",
]);

function N_(msgid) {
  return msgid;
}

/** Minor units as somebody would type them: 44000 EUR is "440.00". */
export function typed(minor, currency) {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency: currency || "EUR" }).resolvedOptions().maximumFractionDigits;
  const text = String(Math.max(0, minor)).padStart(digits + 1, "0");
  return digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
}

export function sentence(intl, refusal, currency) {
  if (!refusal) return "";
  const words = intl.t(refusal.msgid, refusal.params);
  const limit = refusal.limit_minor || refusal.params?.minimum || refusal.params?.maximum || refusal.params?.left;
  if (!limit) return words;
  const shown = intl.money(limit, refusal.params?.currency ?? currency);
  const bound = refusal.code === "amount_too_small" || refusal.problem_code === "amount_too_small"
    ? intl.t("At least {amount}.", { amount: shown })
    : intl.t("At most {amount}.", { amount: shown });
  return `${words} ${bound}`;
}

/** An amount field with its currency and what is wrong with it. */
export function AmountField({ label, value, currency, error, hint, onChange, autoFocus }) {
  const id = useId();
  const field = useRef(null);
  // The bare page was there before this code: what was typed into it counts.
  useEffect(() => {
    if (field.current.value !== value) onChange(field.current.value);
  }, []);
  return (
    <div className={`field amount ${error ? "wrong" : ""}`}>
      <label htmlFor={id}>{label}</label>
      <span className="amount-wrap">
        <input
          ref={field}
          id={id}
          className="input num"
          inputMode="decimal"
          autoComplete="off"
          maxLength={40}
          value={value}
          autoFocus={autoFocus}
          aria-invalid={Boolean(error)}
          aria-describedby={`${id}-note`}
          onChange={(event) => onChange(event.target.value)}
        />
        <span className="amount-currency">{currency}</span>
      </span>
      <p id={`${id}-note`} className={error ? "field-error" : "field-hint"} role={error ? "alert" : undefined}>
        {error || hint || ""}
      </p>
    </div>
  );
}

const BRANDS = { visa: "Visa", mastercard: "Mastercard", amex: "American Express", discover: "Discover", diners: "Diners Club", jcb: "JCB", unionpay: "UnionPay", maestro: "Maestro" };
const brandOf = (brand) => BRANDS[brand?.toLowerCase()] ?? (brand ? brand[0].toUpperCase() + brand.slice(1) : "");

/** Saved cards to choose from. */
function CardChoice({ cards, chosen, onChoose, onRemove }) {
  const intl = useIntl();
  const name = useId();
  if (!cards.length) return <p className="sub">{intl.t("No card is saved yet. Add one below.")}</p>;
  return (
    <fieldset className="card-choice">
      <legend className="visually-hidden">{intl.t("Pay with")}</legend>
      {cards.map((card) => (
        <div key={card.id} className={`card-option ${card.id === chosen ? "on" : ""} ${card.is_usable ? "" : "off"}`}>
          <label>
            <input
              type="radio"
              name={name}
              checked={card.id === chosen}
              disabled={!card.is_usable}
              onChange={() => onChoose(card.id)}
            />
            <span className="strong">{brandOf(card.brand)}</span>
            <span className="num">{`···· ${card.last4}`}</span>
            <span className="sub">
              {card.is_usable ? intl.t("valid until {date}", { date: card.expires }) : intl.t("expired {date}", { date: card.expires })}
            </span>
          </label>
          {onRemove ? (
            <button type="button" className="btn ghost small" onClick={() => onRemove(card.id)}>
              {intl.t("Remove")}
              <span className="visually-hidden">{` ${brandOf(card.brand)} ···· ${card.last4}`}</span>
            </button>
          ) : null}
        </div>
      ))}
    </fieldset>
  );
}

/** The chosen card, or the newest that can be used. */
function useChoice(cards, wanted) {
  const usable = cards.filter((card) => card.is_usable);
  return usable.find((card) => card.id === wanted)?.id ?? usable[0]?.id ?? 0;
}

const percent = (intl, basisPoints) => intl.number(basisPoints / 10000, { style: "percent", maximumFractionDigits: 2 });

/** What a card is charged and what is left in the balance: the portal's figures. */
function Breakdown({ quote, afterLabel }) {
  const intl = useIntl();
  const { currency } = quote;
  return (
    <dl className="sums">
      <div>
        <dt>{intl.t("Net amount")}</dt>
        <dd className="num">{intl.money(quote.net_minor, currency)}</dd>
      </div>
      <div>
        <dt>
          {quote.rate_bp > 0 ? intl.t("VAT {rate}", { rate: percent(intl, quote.rate_bp) }) : intl.t("Tax")}
          {quote.reason_msgid ? <small>{intl.t(quote.reason_msgid)}</small> : null}
          {!quote.scheme ? <small>{intl.t("Tax is charged on the invoices that you pay from the balance.")}</small> : null}
        </dt>
        <dd className="num">{intl.money(quote.tax_minor, currency)}</dd>
      </div>
      <div className="total">
        <dt>{intl.t("Charged to the card")}</dt>
        <dd className="num">{intl.money(quote.gross_minor, currency)}</dd>
      </div>
      <div className="after">
        <dt>{afterLabel}</dt>
        <dd className="num">{intl.money(quote.balance_after_minor, currency)}</dd>
      </div>
    </dl>
  );
}

/** Adding funds: the amount, what it costs, the card, and the one button. */
export function FundsForm({ owner, currency, recommended, balance, cards, quote, answer, children, onAsk, onPay, onRemove }) {
  const intl = useIntl();
  const formId = useId();
  const { search } = useLocation();
  const [draft, change, clear] = useDraft("funds", owner, { amount: "", card: 0 });
  const sending = useSending(draft, answer, () => clear());
  const chosen = useChoice(cards ?? [], draft.card);
  const prefilled = useRef(false);
  useEffect(() => {
    const add = Number(new URLSearchParams(search).get("add"));
    if (prefilled.current || !currency || !draft.id || !Number.isSafeInteger(add) || add <= 0) return;
    prefilled.current = true;
    change({ amount: typed(add, currency) });
  }, [search, currency, draft.id]);
  const amount = draft.amount.trim();
  useEffect(() => {
    if (!currency || !amount) return undefined;
    const timer = setTimeout(() => onAsk(amount, currency), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [amount, currency, balance]);
  const isFor = amount && quote?.text === amount;
  const isQuoted = isFor && quote.is_ready;
  const { refusal } = sending;
  const amountError = isFor && quote.problem_code ? quote : ABOUT_AMOUNT.has(refusal?.code) ? refusal : null;
  const other = refusal && !ABOUT_AMOUNT.has(refusal.code) ? refusal : null;
  const submit = (event) => {
    event.preventDefault();
    if (sending.isWaiting || !isQuoted || !chosen) return;
    sending.begin();
    onPay(draft.id, amount, quote.gross_minor, quote.currency, chosen);
  };
  const suggestion = recommended > 0 ? typed(recommended, currency) : "";
  return (
    <div className="funds">
      <form id={formId} className="form" onSubmit={submit} aria-busy={sending.isWaiting}>
        <AmountField
          label={intl.t("Net amount to add")}
          value={draft.amount}
          currency={currency}
          error={sentence(intl, amountError, currency)}
          hint={intl.t("Your balance grows by exactly this amount.")}
          onChange={(value) => {
            prefilled.current = true; // whoever types has said what it shall be
            sending.setRefusal(null);
            change({ amount: value });
          }}
        />
        {suggestion && amount !== suggestion ? (
          <button type="button" className="btn small start" onClick={() => change({ amount: suggestion })}>
            {intl.t("Use the recommended {amount}", { amount: intl.money(recommended, currency) })}
          </button>
        ) : null}
        {isQuoted ? <Breakdown quote={quote} afterLabel={intl.t("Balance after it")} /> : null}
        <CardChoice cards={cards ?? []} chosen={chosen} onChoose={(card) => change({ card })} onRemove={onRemove} />
      </form>
      {children}
      <div role="alert">{other ? <p className="refusal">{sentence(intl, other, currency)}</p> : null}</div>
      <button type="submit" form={formId} className="btn primary wide" disabled={!isQuoted || !chosen || sending.isWaiting}>
        {isQuoted ? intl.t("Top up now: {amount}", { amount: intl.money(quote.gross_minor, currency) }) : intl.t("Top up now")}
      </button>
    </div>
  );
}

/** Paying exactly what the balance lacks for an invoice with a saved card. */
export function CardPayment({ owner, invoice, quote, cards, answer, disabled, children, onPay }) {
  const intl = useIntl();
  const formId = useId();
  const [draft, change, clear] = useDraft(`pay:${invoice}`, owner, { card: 0 });
  const sending = useSending(draft, answer, () => clear());
  const chosen = useChoice(cards ?? [], draft.card);
  const submit = (event) => {
    event.preventDefault();
    if (sending.isWaiting || !chosen || disabled) return;
    sending.begin();
    onPay(draft.id, invoice, quote.gross_minor, quote.currency, chosen);
  };
  if (quote?.problem_code) return <p className="refusal">{sentence(intl, quote, quote.currency)}</p>;
  return (
    <div className="funds">
      <form id={formId} className="form" onSubmit={submit} aria-busy={sending.isWaiting}>
        <Breakdown quote={quote} afterLabel={intl.t("Balance after paying")} />
        <CardChoice cards={cards ?? []} chosen={chosen} onChoose={(card) => change({ card })} />
      </form>
      {children}
      <div role="alert">{sending.refusal ? <p className="refusal">{sentence(intl, sending.refusal, quote.currency)}</p> : null}</div>
      <button type="submit" form={formId} className="btn primary wide" disabled={!chosen || disabled || sending.isWaiting}>
        {intl.t("Pay {amount} by card", { amount: intl.money(quote.gross_minor, quote.currency) })}
      </button>
    </div>
  );
}

/** Why something is done to a client's money or service. */
export function ReasonField({ value, onChange }) {
  const intl = useIntl();
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{intl.t("Reason")}</label>
      <input
        id={id}
        className="input"
        maxLength={200}
        value={value}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
      <p className="field-hint">{intl.t("The client reads it.")}</p>
    </div>
  );
}

/** A button that asks for an amount, a reason or both, and says at the form what came of it. */
export function AskButton({ label, title, text, confirm, about, owner, currency, amount, asks, danger, answer, className, onDone }) {
  const intl = useIntl();
  const [open, setOpen] = useState(false);
  const asksAmount = (asks ?? "").includes("amount");
  const asksReason = (asks ?? "").includes("reason");
  const suggested = asksAmount && amount >= 0 && currency ? typed(amount, currency) : "";
  const [draft, change, clear] = useDraft(`ask:${label}:${about}`, open ? owner : 0, { amount: null, reason: "" });
  const sending = useSending(draft, answer, (_, sent) => {
    clear();
    if (sent) setOpen(false);
  });
  const { refusal } = sending;
  const value = draft.amount ?? suggested;
  const amountError = ABOUT_AMOUNT.has(refusal?.code) ? refusal : null;
  const submit = () => {
    sending.begin();
    onDone(draft.id, about, value.trim(), draft.reason.trim());
  };
  return (
    <DialogForm
      {...{ label, title, text, confirm, danger, className, open, setOpen }}
      isBusy={sending.isWaiting}
      isReady={!asksReason || Boolean(draft.reason.trim())}
      refusal={refusal && !amountError ? sentence(intl, refusal, currency) : ""}
      onSubmit={submit}
    >
      {asksAmount ? (
        <AmountField
          label={intl.t("Amount")}
          value={value}
          currency={currency}
          error={sentence(intl, amountError, currency)}
          autoFocus
          onChange={(next) => {
            sending.setRefusal(null);
            change({ amount: next });
          }}
        />
      ) : null}
      {asksReason ? <ReasonField value={draft.reason} onChange={(reason) => change({ reason })} /> : null}
    </DialogForm>
  );
}

/** After a list was looked at for some seconds, what is in it is no longer new. */
export function SeenAfter({ newest, hasNew, onSeen }) {
  useEffect(() => {
    if (!hasNew || !(newest > 0)) return undefined;
    let timer = null;
    const follow = () => {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(() => onSeen(newest), SEEN_AFTER_MS);
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", follow);
    };
  }, [newest, hasNew]);
  return null;
}

/** How a figure has moved since yesterday. More is spent: amber; less: green. */
export function Delta({ now, before, currency }) {
  const intl = useIntl();
  const by = now - before;
  if (!by) return <span className="delta sub">{intl.t("as yesterday")}</span>;
  return (
    <span className={`delta num ${by > 0 ? "warn-text" : "ok-text"}`}>
      <span aria-hidden="true">{by > 0 ? "▲ " : "▼ "}</span>
      <span className="visually-hidden">{by > 0 ? intl.t("more than yesterday:") : intl.t("less than yesterday:")}</span>
      {intl.money(Math.abs(by), currency)}
    </span>
  );
}

/** Basis points as a percentage in the viewer's language. */
export function Rate({ bp }) {
  return <span className="num">{percent(useIntl(), bp)}</span>;
}

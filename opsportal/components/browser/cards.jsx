// Cards: typed into the gateway's own fields (Stripe.js), so that a number never reaches us; and the bank's questions.
// The client secrets come by plain HTTP and stay in these components.
import { useEffect, useRef, useState } from "react";
import { tidyUp } from "$/portal/faults";
import { post } from "$/portal/forms";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";

const N_ = (msgid) => msgid;
const NOT_LOADED = {
  msgid: N_("The card processor's form could not be loaded. Nothing was charged. Check your connection or content blocker, and try again."),
};
const NOT_ACCEPTED = {
  msgid: N_("The card was not accepted. It was not saved and nothing was charged. Check its data, or use another card."),
};
const INCOMPLETE = { msgid: N_("The card's data is not complete. Check number, expiry and CVC.") };
const NOT_CONFIRMED = {
  msgid: N_("The bank did not confirm. No money was taken. Try again, or use another card."),
};
const WORDS = {
  card_declined: N_("The card's bank declined it. Nothing was charged. Use another card, or ask the bank."),
  expired_card: N_("The card has expired. Use another one."),
  setup_intent_authentication_failure: NOT_CONFIRMED.msgid,
  incomplete_number: INCOMPLETE.msgid,
  incomplete_expiry: INCOMPLETE.msgid,
  incomplete_cvc: INCOMPLETE.msgid,
  invalid_number: INCOMPLETE.msgid,
};

const scripts = new Map();

/** Stripe.js from the address that the server named. Stripe wants it from there, not from a bundle of ours. */
function loadStripe(address) {
  if (!scripts.has(address)) {
    scripts.set(
      address,
      new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.async = true;
        script.onload = () => (window.Stripe ? resolve(window.Stripe) : reject(new Error("no Stripe")));
        script.onerror = () => {
          scripts.delete(address);
          script.remove();
          reject(new Error("not loaded"));
        };
        document.head.appendChild(script);
      }),
    );
  }
  return scripts.get(address);
}

/** Ask our server for what Stripe.js needs, and load it. Resolves to {stripe, secret} or {refusal}. */
async function prepare(url) {
  const answer = await post(url);
  if (!answer.ok) return { refusal: answer };
  try {
    const Stripe = await loadStripe(answer.script);
    return { stripe: Stripe(answer.publishable_key), secret: answer.client_secret };
  } catch {
    return { refusal: NOT_LOADED };
  }
}

/** The gateway's fields in the colours of the page. */
function look() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    base: { color: colour("--text"), fontSize: "14px", "::placeholder": { color: colour("--muted") } },
    invalid: { color: colour("--bad") },
  };
}

function Refusal({ refusal }) {
  const intl = useIntl();
  return <div role="alert">{refusal ? <p className="refusal">{intl.t(refusal.msgid, refusal.params)}</p> : null}</div>;
}

function Fields({ gateway, onSaved, onCancel, onUsed }) {
  const intl = useIntl();
  const place = useRef(null);
  const element = useRef(null);
  const [state, setState] = useState({ busy: false, refusal: null });
  useEffect(() => {
    const elements = gateway.stripe.elements({ locale: intl.locale });
    element.current = elements.create("card", { style: look(), hidePostalCode: true });
    element.current.mount(place.current);
    return () => tidyUp(() => element.current.destroy());
  }, [gateway.stripe]);

  const submit = async (event) => {
    event.preventDefault();
    if (state.busy) return;
    setState({ busy: true, refusal: null });
    const secret = await onUsed();
    if (secret.refusal) return setState({ busy: false, refusal: secret.refusal });
    const result = await gateway.stripe.confirmCardSetup(secret.secret, { payment_method: { card: element.current } });
    if (result.error || !result.setupIntent) {
      const msgid = WORDS[result.error?.code];
      return setState({ busy: false, refusal: msgid ? { msgid } : NOT_ACCEPTED });
    }
    const answer = await post("/payments/cards/done", { setup: result.setupIntent.id });
    if (!answer.ok) return setState({ busy: false, refusal: answer });
    notify({ kind: "ok", msgid: N_("The card was saved.") });
    onSaved(answer.card.id);
  };

  return (
    <form className="form card-form" onSubmit={submit} aria-busy={state.busy}>
      <div className="field">
        <span>{intl.t("Card")}</span>
        <div ref={place} className="card-fields" />
        <p className="field-hint">{intl.t("The number goes to the card processor only. We keep brand, last digits and expiry.")}</p>
      </div>
      <div className="row">
        <button type="submit" className="btn primary" disabled={state.busy}>
          {state.busy ? intl.t("Saving…") : intl.t("Save this card")}
        </button>
        <button type="button" className="btn" disabled={state.busy} onClick={onCancel}>
          {intl.t("Cancel")}
        </button>
      </div>
      <Refusal refusal={state.refusal} />
    </form>
  );
}

/** A button that opens the form for a new card. `onDone` receives the id of the saved card. */
export function CardForm({ configured = true, className, onDone }) {
  const intl = useIntl();
  const [gateway, setGateway] = useState(null);
  const [state, setState] = useState({ busy: false, refusal: null });
  const spare = useRef(null);

  const open = async () => {
    setState({ busy: true, refusal: null });
    const prepared = await prepare("/payments/cards/setup");
    setState({ busy: false, refusal: prepared.refusal ?? null });
    if (prepared.refusal) return;
    spare.current = prepared.secret;
    setGateway(prepared);
  };

  // Each attempt has a secret of its own: a refused one cannot be tried again.
  const use = async () => {
    const secret = spare.current ?? (await prepare("/payments/cards/setup"));
    spare.current = null;
    return typeof secret === "string" ? { secret } : secret;
  };

  if (!configured) {
    return <p className="sub">{intl.t("Card payments are not set up here. Please open a ticket, and we will tell you how to pay.")}</p>;
  }
  if (gateway) {
    return (
      <Fields
        gateway={gateway}
        onUsed={use}
        onCancel={() => setGateway(null)}
        onSaved={(id) => {
          setGateway(null);
          onDone?.(id);
        }}
      />
    );
  }
  return (
    <div className="stack">
      <button type="button" className={className ?? "btn"} disabled={state.busy} aria-busy={state.busy} onClick={open}>
        {state.busy ? intl.t("Opening…") : intl.t("Add a card")}
      </button>
      <Refusal refusal={state.refusal} />
    </div>
  );
}

/** The bank's question about one payment (3-D Secure). With `auto` it is asked at once, else by a button. */
export function PaymentAction({ paymentId, auto = false, onDone }) {
  const intl = useIntl();
  const [state, setState] = useState({ busy: false, refusal: null });
  const asked = useRef(0);

  const ask = async () => {
    setState({ busy: true, refusal: null });
    const prepared = await prepare(`/payments/${paymentId}/action`);
    if (prepared.refusal) {
      // Confirmed elsewhere meanwhile: its new status is on its way to this page.
      const isOver = prepared.refusal.code === "nothing_to_confirm";
      return setState({ busy: false, refusal: isOver ? null : prepared.refusal });
    }
    const result = await prepared.stripe.confirmCardPayment(prepared.secret);
    // Whatever the bank said: our server asks the gateway itself.
    await post(`/payments/${paymentId}/continue`);
    setState({ busy: false, refusal: result.error ? NOT_CONFIRMED : null });
    onDone?.(paymentId);
  };
  useEffect(() => {
    if (!auto || !paymentId || asked.current === paymentId) return;
    asked.current = paymentId;
    ask();
  }, [auto, paymentId]);

  return (
    <div className="stack">
      <p>{intl.t("Your bank wants you to confirm this payment.")}</p>
      <div className="row">
        <button type="button" className="btn primary" disabled={state.busy} aria-busy={state.busy} onClick={ask}>
          {state.busy ? intl.t("Waiting for your bank…") : intl.t("Confirm with your bank")}
        </button>
      </div>
      <Refusal refusal={state.refusal} />
    </div>
  );
}

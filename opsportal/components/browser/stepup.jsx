// Step-up: what is refused until the person has proved who they are is asked again after password and code.
import { useId, useRef, useState } from "react";
import { Dialog } from "$/portal/dialog";
import { Field, PostForm, Submit, post } from "$/portal/forms";
import { useIntl } from "$/portal/intl";

/** Asks for password and code, then does what was wanted. */
function ConfirmIdentity({ open, onClose, onConfirmed, hasSecondFactor }) {
  const intl = useIntl();
  const titleId = useId();
  return (
    <Dialog open={open} onClose={onClose} labelledBy={titleId}>
      <h2 id={titleId}>{intl.t("Confirm that it is you")}</h2>
      {hasSecondFactor ? (
        <>
          <p className="sub">{intl.t("Sign-in data is shown for five minutes after your password and a code from your app.")}</p>
          <PostForm action="/auth/confirm-identity" onAnswer={onConfirmed}>
            <Field name="password" type="password" label={intl.t("Password")} autoComplete="current-password" autoFocus />
            <Field
              name="code"
              label={intl.t("Code from the app")}
              hint={intl.t("Six digits")}
              autoComplete="one-time-code"
              inputMode="numeric"
              code
            />
            <div className="dialog-actions">
              <button type="button" className="btn" onClick={onClose}>
                {intl.t("Cancel")}
              </button>
              <Submit>{intl.t("Confirm")}</Submit>
            </div>
          </PostForm>
        </>
      ) : (
        <>
          <p className="sub">
            {intl.t("Sign-in data is shown only to people with two-factor authentication. Turn it on in My account, then come back.")}
          </p>
          <div className="dialog-actions">
            <button type="button" className="btn" onClick={onClose}>
              {intl.t("Close")}
            </button>
            <a className="btn primary" href="/account/two-factor">
              {intl.t("Two-factor authentication")}
            </a>
          </div>
        </>
      )}
    </Dialog>
  );
}

/** `ask` posts and, where that needs it, waits for the proof first; `dialog` is what the page must show for it. */
export function useStepUp(hasSecondFactor) {
  const [pending, setPending] = useState(null); // what waits for the person to prove who they are
  const waiting = useRef(null); // the same, known at once
  const wait = (next) => {
    waiting.current = next;
    setPending(next);
  };
  const givenUp = () => {
    waiting.current?.resolve({ ok: false });
    wait(null);
  };
  const ask = async (url, body) => {
    const answer = await post(url, body);
    if (answer.code !== "elevation_required") return answer;
    givenUp(); // one thing is asked for at a time: the last
    return new Promise((resolve) => wait({ url, body, resolve }));
  };
  const confirmed = async () => {
    if (!waiting.current) return; // given up while the proof was on its way: then it is not done either
    const { url, body, resolve } = waiting.current;
    wait(null);
    resolve(await post(url, body));
  };
  const dialog = (
    <ConfirmIdentity
      open={pending !== null}
      onClose={givenUp}
      onConfirmed={confirmed}
      hasSecondFactor={hasSecondFactor}
    />
  );
  return { ask, dialog };
}

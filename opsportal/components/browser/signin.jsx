// Signing in: the password, then the second factor. Only plain HTTP sees either.
import { useEffect, useState } from "react";
import { Field, PostForm, Submit, ownPath, post } from "$/portal/forms";
import { useIntl } from "$/portal/intl";

function enter() {
  location.assign(ownPath(new URLSearchParams(location.search).get("next")));
}

function Password({ onAnswer }) {
  const intl = useIntl();
  return (
    <>
      <h1>{intl.t("Sign in")}</h1>
      <PostForm key="password" action="/auth/sign-in" onAnswer={onAnswer}>
        <Field name="email" type="email" label={intl.t("E-mail")} autoComplete="username" inputMode="email" autoFocus />
        <Field name="password" type="password" label={intl.t("Password")} autoComplete="current-password" />
        <Submit className="btn primary wide">{intl.t("Sign in")}</Submit>
      </PostForm>
    </>
  );
}

function SecondFactor({ onAnswer, onBack }) {
  const intl = useIntl();
  const [lost, setLost] = useState(false);
  return (
    <>
      <h1>{intl.t("Two-factor authentication")}</h1>
      <p className="sub">
        {lost
          ? intl.t("Enter one of the recovery codes you saved. Each works once.")
          : intl.t("Enter the six digits your authenticator app shows now.")}
      </p>
      <PostForm key={lost ? "recovery" : "code"} action="/auth/second-factor" onAnswer={onAnswer}>
        <Field
          name="code"
          label={lost ? intl.t("Recovery code") : intl.t("Code")}
          autoComplete="one-time-code"
          inputMode={lost ? "text" : "numeric"}
          autoFocus
          code
        />
        <Submit className="btn primary wide">{intl.t("Continue")}</Submit>
      </PostForm>
      <div className="row spread">
        <button type="button" className="btn ghost" onClick={onBack}>
          {intl.t("Back")}
        </button>
        <button type="button" className="btn ghost" onClick={() => setLost(!lost)}>
          {lost ? intl.t("Use the app instead") : intl.t("Use a recovery code")}
        </button>
      </div>
    </>
  );
}

export function SignIn() {
  const [stage, setStage] = useState("none");
  const follow = (answer) => (answer.stage === "signed_in" ? enter() : setStage(answer.stage ?? "none"));
  useEffect(() => {
    // A reload in the middle of signing in goes on where it was.
    fetch("/auth/state", { credentials: "same-origin" })
      .then((response) => response.json())
      .then((answer) => answer.stage === "none" || follow(answer))
      .catch(() => {});
  }, []);
  const back = async () => {
    await post("/auth/cancel");
    setStage("none");
  };
  return (
    <section className="panel">
      {stage === "password" ? <SecondFactor onAnswer={follow} onBack={back} /> : <Password onAnswer={follow} />}
    </section>
  );
}

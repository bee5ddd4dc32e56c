// The second factor and the password of the signed-in person. The secrets live in these components only.
import { useState } from "react";
import { Field, PostForm, Submit, post } from "$/portal/forms";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";
import { Copyable } from "$/portal/pieces";

function N_(msgid) {
  return msgid;
}

function CodeField({ label }) {
  const intl = useIntl();
  return (
    <Field
      name="code"
      label={label ?? intl.t("Code from the app")}
      hint={intl.t("Six digits")}
      autoComplete="one-time-code"
      inputMode="numeric"
      code
    />
  );
}

function RecoveryCodes({ codes, onKept }) {
  const intl = useIntl();
  const text = codes.join("\n");
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    notify({ kind: "ok", msgid: N_("Copied") });
  };
  const download = () => {
    const file = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    const anchor = Object.assign(document.createElement("a"), { href: file, download: "recovery-codes.txt" });
    anchor.click();
    URL.revokeObjectURL(file);
  };
  return (
    <section className="card" role="alert">
      <h2>{intl.t("Your recovery codes")}</h2>
      <p className="sub">
        {intl.t("They are shown this once. Keep them where you will find them without your phone. Each works one time.")}
      </p>
      <ol className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className="row">
        <button type="button" className="btn" onClick={copy}>
          {intl.t("Copy all")}
        </button>
        <button type="button" className="btn" onClick={download}>
          {intl.t("Download")}
        </button>
        <span className="grow" />
        <button type="button" className="btn primary" onClick={onKept}>
          {intl.t("I have saved them")}
        </button>
      </div>
    </section>
  );
}

function Setup({ onEnabled }) {
  const intl = useIntl();
  const [secret, setSecret] = useState(null);
  const [busy, setBusy] = useState(false);
  const start = async () => {
    setBusy(true);
    const answer = await post("/auth/two-factor/start");
    setBusy(false);
    if (answer.ok) setSecret(answer);
    else notify({ kind: "bad", msgid: answer.msgid, params: answer.params });
  };
  if (!secret) {
    return (
      <section className="card">
        <h2>{intl.t("Two-factor authentication is off")}</h2>
        <p className="sub">
          {intl.t("With it, a stolen password is not enough: signing in also asks for a code from an app on your phone.")}
        </p>
        <div className="row">
          <button type="button" className="btn primary" onClick={start} disabled={busy}>
            {intl.t("Set it up")}
          </button>
        </div>
      </section>
    );
  }
  return (
    <section className="card setup">
      <div className="setup-step">
        <h2>{intl.t("1. Scan this code with your authenticator app")}</h2>
        <img className="qr" src={secret.qr} width="184" height="184" alt={intl.t("QR code with the secret of this account")} />
        <p className="sub">{intl.t("No camera? Enter this key by hand:")}</p>
        <Copyable value={secret.secret} shown={secret.secret.replace(/(.{4})(?=.)/g, "$1 ")} />
      </div>
      <div className="setup-step">
        <h2>{intl.t("2. Enter the six digits it shows")}</h2>
        <PostForm action="/auth/two-factor/enable" onAnswer={(answer) => onEnabled(answer.recovery_codes)}>
          <CodeField />
          <Submit>{intl.t("Switch it on")}</Submit>
        </PostForm>
      </div>
    </section>
  );
}

function Managing({ codesLeft, onCodes }) {
  const intl = useIntl();
  const [wish, setWish] = useState("");
  return (
    <>
      <section className="card">
        <h2>{intl.t("Recovery codes")}</h2>
        <p className="sub">{intl.tn("{n} code is left.", "{n} codes are left.", codesLeft)}</p>
        {wish === "renew" ? (
          <PostForm
            action="/auth/two-factor/recovery-codes"
            onAnswer={(answer) => {
              setWish("");
              onCodes(answer.recovery_codes);
            }}
          >
            <p className="sub">{intl.t("The old codes stop working at once.")}</p>
            <CodeField />
            <Submit>{intl.t("Make new codes")}</Submit>
          </PostForm>
        ) : (
          <div className="row">
            <button type="button" className="btn" onClick={() => setWish("renew")}>
              {intl.t("Make new codes")}
            </button>
          </div>
        )}
      </section>
      <section className="card">
        <h2>{intl.t("Switch it off")}</h2>
        <p className="sub">{intl.t("Signing in will ask for the password only. We advise against it.")}</p>
        {wish === "disable" ? (
          <PostForm action="/auth/two-factor/disable" done={N_("Two-factor authentication is off.")}>
            <Field name="password" type="password" label={intl.t("Password")} autoComplete="current-password" />
            <CodeField />
            <Submit className="btn primary danger">{intl.t("Switch it off")}</Submit>
          </PostForm>
        ) : (
          <div className="row">
            <button type="button" className="btn danger" onClick={() => setWish("disable")}>
              {intl.t("Switch it off")}
            </button>
          </div>
        )}
      </section>
    </>
  );
}

export function TwoFactor({ enabled, codesLeft, children }) {
  const [codes, setCodes] = useState(null);
  if (codes) return <RecoveryCodes codes={codes} onKept={() => setCodes(null)} />;
  if (!enabled) return <Setup onEnabled={setCodes} />;
  return (
    <>
      {children}
      <Managing codesLeft={codesLeft} onCodes={setCodes} />
    </>
  );
}

export function ChangePassword() {
  const intl = useIntl();
  return (
    <section className="card">
      <PostForm action="/auth/password" done={N_("Your password was changed. Your other sessions were signed out.")}>
        <Field name="current" type="password" label={intl.t("Current password")} autoComplete="current-password" />
        <Field
          name="new"
          type="password"
          label={intl.t("New password")}
          hint={intl.t("At least 12 characters. A sentence is easier to remember than signs.")}
          autoComplete="new-password"
          minLength={12}
        />
        <Submit>{intl.t("Change password")}</Submit>
      </PostForm>
    </section>
  );
}

/** Where mails go: the sign-in's address, or another one. */
export function MailAddress() {
  const intl = useIntl();
  return (
    <section className="card">
      <PostForm action="/auth/mail-address" done={N_("Saved. Your mails go to the address shown above.")}>
        <Field
          name="address"
          type="email"
          label={intl.t("Send my mails to")}
          hint={intl.t("Leave it empty for the address you sign in with.")}
          autoComplete="email"
          optional
        />
        <Field name="password" type="password" label={intl.t("Current password")} autoComplete="current-password" />
        <Submit>{intl.t("Save")}</Submit>
      </PostForm>
    </section>
  );
}

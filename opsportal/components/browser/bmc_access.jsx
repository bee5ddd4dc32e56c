// Temporary access to a server's management controller. Address and password come in the answer of one plain HTTP
// request, once, and live in this component only.
import { useEffect, useState } from "react";
import { ConfirmButton } from "$/portal/dialog";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";
import { Copyable } from "$/portal/pieces";
import { useStepUp } from "$/portal/stepup";

const SHOWN_MS = 300_000;

function N_(msgid) {
  return msgid;
}

const STATES = {
  asked: [N_("Being made…"), "info"],
  ready: [N_("Ready"), "ok"],
  ending: [N_("Being removed…"), "warn"],
  stuck: [N_("Not removed yet"), "bad"],
};
const WHY_NOT = {
  bmc_unreachable: N_("The management controller does not answer, so no access could be made. Try again in a minute."),
  bmc_busy: N_("The management controller has no room for another user now. Try again in a minute."),
  bmc_refused_command: N_("The management controller takes no more users. Support has to look at it."),
  bmc_unsupported: N_("This management controller cannot make users. Use the serial console."),
  bmc_credentials_refused: N_("The management controller refused our password. Support has to correct it."),
  bmc_user_unknown: N_("The management controller does not know our user. Support has to correct it."),
};
const NOT_MADE = N_("The access could not be made, and nothing of it is left. Try again, or use the serial console.");

function Credentials({ shown }) {
  const intl = useIntl();
  return (
    <dl className="kv">
      <div>
        <dt>{intl.t("Address")}</dt>
        <dd><a href={shown.url} target="_blank" rel="noopener noreferrer">{shown.url}</a></dd>
      </div>
      <div>
        <dt>{intl.t("User name")}</dt>
        <dd><Copyable value={shown.username} /></dd>
      </div>
      <div>
        <dt>{intl.t("Password")}</dt>
        <dd><Copyable value={shown.password} /></dd>
      </div>
    </dl>
  );
}

function Mine({ row, shown, isBusy, onShow, onLeave }) {
  const intl = useIntl();
  if (row.status !== "ready") return null;
  return (
    <>
      {shown ? <Credentials shown={shown} /> : null}
      <p className="sub">
        {shown
          ? intl.t("This is shown once: it disappears after five minutes, or when you leave this page.")
          : row.is_shown
            ? intl.t("Its password was shown. If you have lost it, end this access and ask for a new one.")
            : intl.t("Address and password are shown once.")}{" "}
        {intl.t("It ends at {time}.", { time: intl.moment(row.expires_at) })}
      </p>
      <div className="row">
        {row.is_shown ? null : (
          <button type="button" className="btn primary" disabled={isBusy} onClick={onShow}>{intl.t("Show address and password")}</button>
        )}
        <button type="button" className="btn" disabled={isBusy} onClick={onLeave}>{intl.t("End access")}</button>
      </div>
    </>
  );
}

function Row({ row, maySettle, mayEnd, onLeave, onSettle }) {
  const intl = useIntl();
  const [words, tone] = STATES[row.status] ?? [row.status, "mute"];
  return (
    <li className="sign-in">
      <div className="sign-in-name">
        <span className="strong">{row.is_mine ? intl.t("You") : row.person}</span>{" "}
        <span className={`tag ${tone}`} role="status">{intl.t(words)}</span>
      </div>
      {row.status === "stuck" ? (
        <p className="sub">
          {intl.t("The management controller may still have the user {name}. Staff were told, and it is tried again.", { name: row.username })}
        </p>
      ) : null}
      <div className="row">
        {mayEnd && !row.is_mine && (row.status === "asked" || row.status === "ready") ? (
          <button type="button" className="btn ghost" onClick={onLeave}>{intl.t("End access")}</button>
        ) : null}
        {maySettle && row.status === "stuck" ? (
          <ConfirmButton
            className="btn ghost"
            label={intl.t("Removed by hand")}
            title={intl.t("Is user {name} gone?", { name: row.username })}
            text={intl.t("Say so only when you have seen the list of users without it. It stands in the history with your name.")}
            confirm={intl.t("It is gone")}
            onConfirm={onSettle}
          />
        ) : null}
      </div>
    </li>
  );
}

/** What this session has of temporary access, what others have, and the way in. */
export function TemporaryAccess({ server, rows, problem, isStaff, hasSecondFactor }) {
  const intl = useIntl();
  const { ask, dialog } = useStepUp(hasSecondFactor);
  const [shown, setShown] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const all = rows ?? [];
  const left = all.filter((row) => row.status !== "gone");
  const mine = left.find((row) => row.is_mine);
  const failed = mine ? null : all.find((row) => row.is_mine && row.end_reason === "not_made");
  const isOpen = mine?.status === "ready";
  useEffect(() => setShown(null), [server, mine?.id, isOpen]);
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setTimeout(() => setShown(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  const send = async (what, body) => {
    setBusy(true);
    const answer = await ask(`/servers/bmc-access/${what}`, body);
    setBusy(false);
    if (!answer.ok && answer.msgid) notify({ kind: "bad", msgid: answer.msgid, params: answer.params });
    return answer;
  };
  const show = async (row) => {
    const answer = await send("show", { access_id: row.id });
    if (answer.ok) setShown(answer);
  };
  const leave = (row) => send("leave", { access_id: row.id });
  const settle = (row) => send("settle", { access_id: row.id });
  return (
    <div className="sign-ins">
      <p className="sub">
        {intl.t("This server's screen is to be seen only on the page of its management controller. A user is made there for you alone, and removed when you end it, when you sign out, or after some hours.")}
      </p>
      {failed ? <p className="banner warn">{intl.t(WHY_NOT[failed.outcome_code] ?? NOT_MADE)}</p> : null}
      {left.length ? (
        <ul aria-label={intl.t("Temporary access")}>
          {left.map((row) => (
            <Row
              key={row.id}
              row={row}
              mayEnd={isStaff || row.is_own}
              maySettle={isStaff}
              onLeave={() => leave(row)}
              onSettle={() => settle(row)}
            />
          ))}
        </ul>
      ) : null}
      {mine ? (
        <Mine row={mine} shown={shown} isBusy={isBusy} onShow={() => show(mine)} onLeave={() => leave(mine)} />
      ) : (
        <button type="button" className="btn" disabled={Boolean(problem) || isBusy} onClick={() => send("ask", { server_id: server })}>
          {intl.t("Ask for temporary access")}
        </button>
      )}
      <p className="field-hint">{intl.t("Who had access, and when it was shown and removed, stands in the history.")}</p>
      {dialog}
    </div>
  );
}

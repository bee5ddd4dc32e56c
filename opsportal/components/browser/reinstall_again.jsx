// Ordering again what was ordered before: the order comes by plain HTTP and fills the form on this page. It is looked
// over and confirmed as any other. A password is never in it.
import { useEffect, useState } from "react";
import { get } from "$/portal/forms";
import { useIntl } from "$/portal/intl";
import { notify } from "$/portal/notices";

const FILLED = N_("The form holds what was ordered in #{job}. Look it over, then reinstall. The password will be a new one.");
const forms = new Map(); // server → what takes an earlier order over

function N_(msgid) {
  return msgid;
}

/** The form of this server takes earlier orders over by `take`. */
export function useEarlierOrder(server, take) {
  useEffect(() => {
    forms.set(server, take);
    return () => {
      if (forms.get(server) === take) forms.delete(server);
    };
  });
}

/** Fills the form with what this job has installed. */
export function InstallAgain({ server, job, disabled }) {
  const intl = useIntl();
  const [isAsking, setAsking] = useState(false);
  const fill = async () => {
    setAsking(true);
    const { ok, ...answer } = await get(`/jobs/${job}/order.json`);
    setAsking(false);
    if (!ok) {
      notify({ kind: "warn", msgid: answer.msgid, params: answer.params });
      return;
    }
    forms.get(server)?.(answer);
    notify({ kind: "info", msgid: FILLED, params: { job } });
  };
  return (
    <button
      type="button"
      className="btn"
      disabled={disabled || isAsking}
      aria-label={intl.t("Install again as in #{job}", { job })}
      onClick={fill}
    >
      {intl.t("Install again")}
    </button>
  );
}

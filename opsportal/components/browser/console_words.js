// Why a console ended or cannot be reached, in words. The codes are the gateway's and the domain's.

function N_(msgid) {
  return msgid;
}

const ENDS = {
  idle: N_("Closed, because nobody typed for a while. Nothing was changed on the server."),
  limit: N_("Closed after the longest time that a console stays open. Open it again if you still need it."),
  signed_out: N_("Closed, because this session was signed out."),
  service_suspended: N_("Closed, because the service was suspended. Open the service to see why."),
  service_terminated: N_("Closed, because the service has ended."),
  server_transferred: N_("Closed, because the server was handed over."),
  server_taken_back: N_("Closed, because the server was taken back."),
  gateway_lost: N_("The connection to the console was lost. The server itself is not affected."),
  network: N_("The portal cannot be reached. Check your connection and connect again."),
  too_slow: N_("Your connection is too slow for what this server prints. Connect again to see the present."),
  ticket_unusable: N_("This console could not be opened: its ticket was used or has expired. Open it again."),
  screen_unreachable: N_("The server's screen does not answer. Some servers have one only while they are on: switch it on, or try again in a minute."),
  screen_refused: N_("The server's screen refused our password. Support has to correct it; use the serial console meanwhile."),
  screen_busy: N_("The server's screen takes no more viewers. Try again when somebody has left."),
  screen_closed: N_("The server's screen closed the connection."),
  screen_protocol: N_("Something answers at the screen's address, but not as a screen. Support has to look at it."),
};
const ENDED = N_("The console was closed. Nothing was changed on the server.");

const LINKS = {
  bmc_unreachable: N_("The management controller does not answer: trying again"),
  bmc_busy: N_("The management controller is busy: trying again"),
  bmc_session_lost: N_("The serial port was lost: trying again"),
  bmc_credentials_refused: N_("The management controller refused our password: support has to correct it"),
  bmc_user_unknown: N_("The management controller does not know our user: support has to correct it"),
  sol_disabled: N_("The serial port is switched off in the management controller"),
  sol_taken: N_("Somebody else took the serial port, outside of the portal"),
  bmc_unsupported: N_("This server's management controller carries no serial port"),
};
const FAILED = N_("The serial port cannot be reached");

/** Why a console has ended. */
export function endWords(intl, reason) {
  return intl.t(ENDS[reason] ?? ENDED);
}

/** Why the serial port is not there. */
export function linkWords(intl, code) {
  return intl.t(LINKS[code] ?? FAILED);
}

"""Words for consoles."""

from __future__ import annotations

from opsportal.locale import N_

CONSOLE_KIND = {
    "serial": N_("Serial console"),
    "screen": N_("Screen"),
}
CONSOLE_END = {
    "left": N_("Left"),
    "idle": N_("Nobody typed"),
    "limit": N_("Time limit"),
    "signed_out": N_("Signed out"),
    "service_suspended": N_("Service suspended"),
    "service_terminated": N_("Service ended"),
    "server_transferred": N_("Server handed over"),
    "server_taken_back": N_("Server taken back"),
    "gateway_lost": N_("Connection lost"),
    "too_slow": N_("Connection too slow"),
    "screen_unreachable": N_("Screen did not answer"),
    "screen_refused": N_("Screen refused our password"),
    "screen_busy": N_("Screen busy"),
    "screen_closed": N_("Screen closed the connection"),
    "screen_protocol": N_("No screen there"),
    "bad_message": N_("Closed by us"),
}
CONSOLE_AUDIT = {
    "console:opened": N_("Console opened"),
    "console:closed": N_("Console closed"),
    "console:taken_over": N_("Keyboard of a console taken over"),
    "console:screen_put": N_("Screen put on record"),
    "console:screen_remove": N_("Screen taken off the record"),
    "console:access_requested": N_("Temporary access to the management controller requested"),
    "console:access_made": N_("Temporary access made"),
    "console:access_shown": N_("Address and password of a temporary access shown"),
    "console:access_removed": N_("Temporary access removed"),
    "console:access_settled": N_("Temporary access removed by hand"),
    "bmc:access_left_behind": N_("A temporary user could not be removed from the management controller"),
}

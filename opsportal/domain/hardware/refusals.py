"""What is declined about a server's switch port, its health, its sign-in data and jobs in somebody's hands, and what to do instead."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal, ServerBusy


class ServerWithoutPort(Refusal):
    code = "server_without_port"
    msgid = "No switch port is on record for this server, so it cannot be cut off. Nothing was changed. Ask support."


class SwitchReadOnly(Refusal):
    code = "switch_read_only"
    msgid = "The portal may not set ports of switch {switch}. Nothing was changed. Support has to store credentials that may."


class PortIsUplink(Refusal):
    code = "port_is_uplink"
    msgid = (
        "Port {port} is an uplink: others depend on it. Nothing was changed; uplinks are never switched here."
    )


class PortNotCabled(Refusal):
    code = "port_not_cabled"
    msgid = (
        "No server is on record behind port {port}, so nobody knows who depends on it. Nothing was changed."
    )


class PortBusy(Refusal):
    code = "port_busy"
    msgid = "Port {port} is being switched right now. Nothing was changed. Wait a moment."


class PortMissing(Refusal):
    code = "port_missing"
    msgid = (
        "The switch shows no port {port} at present. Nothing was changed. Check the switch, then try again."
    )


class PortOfBlockedServer(Refusal):
    code = "port_of_blocked_server"
    msgid = "Server {server} behind this port is blocked. Nothing was changed. Unblock the server instead."


class PortUnderOrders(Refusal):
    code = "port_under_orders"
    msgid = (
        "Port {port} is being switched or blocked, so it cannot become an uplink now. Nothing was changed."
    )


class AlreadyBlocked(Refusal):
    code = "already_blocked"
    msgid = "This server is blocked already. Nothing was changed."


class NotBlocked(Refusal):
    code = "not_blocked"
    msgid = "This server is not blocked. Nothing was changed."


class BlockedByStaff(Refusal):
    code = "blocked_by_staff"
    msgid = "This server was blocked by our staff: {reason}. Nothing was changed. Open a ticket to have it lifted."


class ReasonMissing(Refusal):
    code = "reason_missing"
    msgid = "Nothing was changed. Say in a few words why, so that whoever sees it later understands."


class SignInsFull(Refusal):
    code = "sign_ins_full"
    msgid = "There is room for {limit} entries. Nothing was saved. Remove one that is not needed any more."


class DetailsTooLong(Refusal):
    code = "details_too_long"
    msgid = "The description has room for {limit} characters. Nothing was saved. Shorten it; your text is still here."


class HealthJustAsked(Refusal):
    code = "health_just_asked"
    msgid = (
        "This machine was asked just now. Nothing was changed. Ask again when {seconds} seconds have passed."
    )


class OtherHealthAsked(Refusal):
    code = "other_health_asked"
    msgid = (
        "{server} is being asked about its health, and your machines are asked one after another. Nothing was "
        "changed. Try again when it has answered."
    )


class ServerTakenOver(ServerBusy):
    code = "server_taken_over"
    msgid = (
        "{actor} has taken over a job on {server}, and nothing else may be started on it meanwhile. "
        "Nothing was changed. Try again when that is settled."
    )


class JobNotTakeable(Refusal):
    code = "job_not_takeable"
    msgid = (
        "Only a job that is late, unknown or failed can be taken over, and this one is not. "
        "Nothing was changed. Look at how it stands now."
    )


class JobTakenMeanwhile(Refusal):
    code = "job_taken_meanwhile"
    msgid = "{actor} has this job now. Nothing was changed. You can take it from there if you have to."


class JobNotYours(Refusal):
    code = "job_not_yours"
    msgid = "You do not have this job, or not any more. Nothing was changed. Take it over first."


class JobNotEndable(Refusal):
    code = "job_not_endable"
    msgid = "No worker has begun this job, so there is nothing to end. Nothing was changed. Cancel it, or hand it back."


class TruthNotAsked(Refusal):
    code = "truth_not_asked"
    msgid = (
        "The machine has not said yet how it is since this job was taken over, and a command may still be on its way. "
        "Nothing was changed. Wait for the answer."
    )


class TruthNotTold(Refusal):
    code = "truth_not_told"
    msgid = (
        "The machine has not said how it is, so nobody can say that this job is done. "
        "Nothing was changed. Ask the machine again, or end the job as failed."
    )

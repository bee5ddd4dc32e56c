"""What is declined about plans' traffic, limits set by hand and write access to switches, and what to do instead."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class NothingIncluded(Refusal):
    code = "nothing_included"
    msgid = (
        "Nothing was saved. Say how many gigabytes the plan includes: 1 to 1,000,000,000. A unit has as many."
    )


class LimitMissing(Refusal):
    code = "limit_missing"
    msgid = "Nothing was saved. Say to how many Mbit/s the port is limited: 1 to 1,000,000."


class TrafficPriceMissing(Refusal):
    code = "traffic_price_missing"
    msgid = "Nothing was saved. A plan that bills what goes beyond it needs a price: enter one."


class CurrencyUnusable(Refusal):
    code = "currency_unusable"
    msgid = "Nothing was saved. Write the currency as three capital letters, such as EUR."


class CyclesBeingBilled(Refusal):
    code = "cycles_being_billed"
    msgid = (
        "A billing cycle of this plan has just ended and is billed by what is on record now. Nothing was changed. "
        "Try again after {until}."
    )


class LimitNotOpen(Refusal):
    code = "limit_not_open"
    msgid = (
        "Somebody else was faster, or the cycle has ended. Nothing was changed. The list shows what is left."
    )


class CommunityUnusable(Refusal):
    code = "community_unusable"
    msgid = "Nothing was saved. A community is 1 to 64 characters, without spaces at its ends."


class SnmpUserUnusable(Refusal):
    code = "snmp_user_unusable"
    msgid = (
        "Nothing was saved. A user that may write needs a name, authentication with a password of at least 8 "
        "characters, and a password as long where the traffic is encrypted."
    )


class SwitchAddressUnusable(Refusal):
    code = "switch_address_unusable"
    msgid = (
        "Workers may not ask this address. Nothing was changed. Enter a numeric address inside SWITCH_NETWORKS, and a "
        "port from 1 to 65535."
    )


class SwitchSecretsNeeded(Refusal):
    """What is on record is for the switch on record: another address is not told it."""

    code = "switch_secrets_needed"
    msgid = (
        "Another address or another kind of access needs its community or passwords anew. Nothing was changed. "
        "Enter them, too."
    )


class SwitchInUse(Refusal):
    code = "switch_in_use"
    msgid = "Servers are still on {n} of its ports. Nothing was changed. Unplug or move their cables first."


class SwitchOutOfService(Refusal):
    code = "switch_out_of_service"
    msgid = "Switch {switch} is out of service. Nothing was changed. Put it back into service first."


class PortTaken(Refusal):
    code = "port_taken"
    msgid = "Server {server} is on port {port} already. Nothing was changed. Choose another port, or unplug that one."


class PortUnknown(Refusal):
    code = "port_unknown"
    msgid = (
        'There is no port "{port}" on record. Nothing was changed. Write the switch and the port, such as '
        "sw-01 ge-0/0/7."
    )


class ServerUnknown(Refusal):
    code = "server_unknown"
    msgid = 'There is no server "{server}" on record. Nothing was changed. Search by its name, label or MAC address.'


class CableOfUplink(Refusal):
    code = "cable_of_uplink"
    msgid = "Port {port} is an uplink: no server hangs on it. Nothing was changed. Choose another port."


class CableOfBlockedServer(Refusal):
    code = "cable_of_blocked_server"
    msgid = "Server {server} is blocked at this port, which would stay down. Nothing was changed. Unblock the server first."


class CableUnderOrders(Refusal):
    code = "cable_under_orders"
    msgid = "Port {port} is being switched right now. Nothing was changed. Wait a moment, then try again."

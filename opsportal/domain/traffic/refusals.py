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

"""What is declined about prefixes, addresses and reverse DNS, and what to do instead."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class PrefixUnreadable(Refusal):
    code = "prefix_unreadable"
    msgid = "This is no prefix. Nothing was saved. Write it like 192.0.2.0/24 or 2001:db8:40::/48, without host bits."


class PrefixTooLong(Refusal):
    code = "prefix_too_long"
    msgid = "IPv6 is handed out by networks of 64 bits, so a prefix has at most 64. Nothing was saved."


class PrefixOverlaps(Refusal):
    code = "prefix_overlaps"
    msgid = "This prefix overlaps with {other}, which is on record. Nothing was saved. Check both."


class NetworkOfManagement(Refusal):
    code = "network_of_management"
    msgid = (
        "{network} is where BMCs and switches are reached (BMC_NETWORKS, SWITCH_NETWORKS): no server gets an address "
        "there. Nothing was saved. Take another network, or narrow the setting."
    )


class PrefixInUse(Refusal):
    code = "prefix_in_use"
    msgid = (
        "{prefix} has addresses in use, at rest or still named in reverse DNS: {count}. Nothing was changed. "
        "Release them, or wait until they have rested."
    )


class GatewayUnreadable(Refusal):
    code = "gateway_unreadable"
    msgid = (
        "The gateway must be an address inside the prefix, or a link-local one with IPv6. Nothing was saved."
    )


class SiteMissing(Refusal):
    code = "site_missing"
    msgid = "Nothing was saved. Say at which site this prefix is routed."


class PrefixFull(Refusal):
    code = "prefix_full"
    msgid = "{prefix} has no free address: all are assigned or at rest. Nothing was assigned. Choose another prefix."


class WrongSite(Refusal):
    code = "wrong_site"
    msgid = (
        "{prefix} is routed at {site}, where this server is not. Nothing was assigned. Choose another prefix."
    )


class AddressUnreadable(Refusal):
    code = "address_unreadable"
    msgid = "This is no IP address. Nothing was changed. Check how it is written."


class AddressOutsidePrefix(Refusal):
    code = "address_outside_prefix"
    msgid = "This address is not in {prefix}. Nothing was assigned. Leave the field empty to take the next free one."


class AddressReserved(Refusal):
    code = "address_reserved"
    msgid = "This address belongs to the prefix itself: network, broadcast or gateway. Nothing was assigned."


class AddressTaken(Refusal):
    code = "address_taken"
    msgid = "This address is in use by {server}. Nothing was assigned. Choose another one."


class AddressAtRest(Refusal):
    code = "address_at_rest"
    msgid = "This address was given back lately and rests until {until}. Nothing was assigned. Choose another one."


class NameUnusable(Refusal):
    code = "name_unusable"
    msgid = "This is no full host name. Nothing was changed. Write it like server.example.com."


class NameIsAddress(Refusal):
    code = "name_is_address"
    msgid = "This is an IP address. Nothing was changed. Write a host name like server.example.com."


class NameTooLong(Refusal):
    code = "name_too_long"
    msgid = "This name is too long for DNS: 63 characters between dots and 253 in all. Nothing was changed."


class IpOutsideNetwork(Refusal):
    code = "ip_outside_network"
    msgid = "This address is not in your network {network}. Nothing was changed. Write one that is."


class NoReverseZone(Refusal):
    code = "no_reverse_zone"
    msgid = "The reverse zone of this address is not in our hands. Nothing was changed. Please open a ticket."


class ReverseWhileInactive(Refusal):
    code = "reverse_while_inactive"
    msgid = "This service is not active, so its DNS cannot be changed. Nothing was changed. Open the service to see why."


class TooManyReverseChanges(Refusal):
    code = "too_many_reverse_changes"
    msgid = "Your company has changed {limit} reverse records within ten minutes. Nothing was changed. Wait a little."


class TooManyReverseRecords(Refusal):
    code = "too_many_reverse_records"
    msgid = "This network has {limit} reverse records already. Nothing was changed. Remove those you no longer need."


class ServerUnknown(Refusal):
    code = "server_unknown"
    msgid = "No server has this name. Nothing was assigned. Copy the name from its page."

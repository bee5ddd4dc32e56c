"""Zones that change: questions answered from them, updates applied as RFC 2136, 3 has it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.update
import dns.zone

START = "@ 3600 SOA ns.lab. admin.lab. 1 3600 600 86400 60\n@ 3600 NS ns.lab.\n"
Names = Mapping[str, Iterable[str]]


class Zones:
    """All zones of the server, kept in memory. One update at a time, whole or not at all."""

    def __init__(self, origins: Iterable[str], hosts: Names | None = None) -> None:
        self._lock = threading.Lock()
        self._zones = {
            dns.name.from_text(origin): dns.zone.from_text(START, origin, relativize=False)
            for origin in origins
        }
        for host, addresses in (hosts or {}).items():
            self._add_host(host, addresses)

    def _add_host(self, host: str, addresses: Iterable[str]) -> None:
        name = dns.name.from_text(host)
        zone = self._zone_of(name)
        assert zone is not None, host
        for address in addresses:
            kind = "AAAA" if ":" in address else "A"
            _add(zone, name, dns.rdataset.from_text("IN", kind, 300, address))

    def pointers(self) -> dict[str, list[str]]:
        """Every PTR record, to be kept over a restart."""
        with self._lock:
            return {
                name.to_text(): [one.target.to_text() for one in rdataset]
                for zone in self._zones.values()
                for name, rdataset in zone.iterate_rdatasets("PTR")
            }

    def restore(self, pointers: Names) -> None:
        """PTR records of an earlier run, as far as their zones are still here."""
        for owner, targets in pointers.items():
            name = dns.name.from_text(owner)
            zone = self._zone_of(name)
            if zone is not None:
                _add(zone, name, dns.rdataset.from_text("IN", "PTR", 3_600, *targets))

    def answer(self, question: dns.message.Message) -> dns.message.Message:
        """The answer to a question or an update, not yet signed."""
        reply = dns.message.make_response(question)
        if isinstance(question, dns.update.UpdateMessage):
            reply.set_rcode(self._update(question))
        elif len(question.question) != 1:
            reply.set_rcode(dns.rcode.FORMERR)
        else:
            self._look_up(question.question[0], reply)
        return reply

    def _zone_of(self, name: dns.name.Name) -> dns.zone.Zone | None:
        around = [origin for origin in self._zones if name.is_subdomain(origin)]
        return self._zones[max(around, key=len)] if around else None

    def _look_up(self, asked: dns.rrset.RRset, reply: dns.message.Message) -> None:
        zone = self._zone_of(asked.name)
        if zone is None:
            reply.set_rcode(dns.rcode.REFUSED)
            return
        reply.flags |= dns.flags.AA
        with self._lock:
            node = zone.get_node(asked.name)
            found = node.get_rdataset(asked.rdclass, asked.rdtype) if node else None
            if found:
                reply.answer.append(dns.rrset.from_rdata_list(asked.name, found.ttl, list(found)))
                return
            if node is None and not any(name.is_subdomain(asked.name) for name in zone):
                reply.set_rcode(dns.rcode.NXDOMAIN)
            assert zone.origin is not None
            soa = zone.find_rdataset(zone.origin, "SOA")
            reply.authority.append(dns.rrset.from_rdata_list(zone.origin, 60, list(soa)))

    def _update(self, update: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        zone = self._zones.get(update.zone[0].name) if update.zone else None
        if zone is None or zone.origin is None:
            return dns.rcode.NOTAUTH
        with self._lock:
            for one in (*update.prerequisite, *update.update):
                if not one.name.is_subdomain(zone.origin):
                    return dns.rcode.NOTZONE
            if wrong := _unmet(zone, update.prerequisite):
                return wrong
            for one in update.update:
                _apply(zone, one)
        return dns.rcode.NOERROR


def _found(zone: dns.zone.Zone, one: dns.rrset.RRset) -> dns.rdataset.Rdataset | None:
    return zone.get_rdataset(one.name, one.rdtype)


def _unmet(zone: dns.zone.Zone, wanted: Iterable[dns.rrset.RRset]) -> dns.rcode.Rcode | None:
    """Why a prerequisite (RFC 2136, 3.2) does not hold; None when all do."""
    for one in wanted:
        found = _found(zone, one)
        if one.deleting == dns.rdataclass.NONE and found:
            return dns.rcode.YXRRSET
        if one.deleting == dns.rdataclass.ANY and not found:
            return dns.rcode.NXRRSET
        if one.deleting is None and (found is None or set(found) != set(one)):
            return dns.rcode.NXRRSET
    return None


def _apply(zone: dns.zone.Zone, one: dns.rrset.RRset) -> None:
    if one.deleting == dns.rdataclass.ANY:
        zone.delete_rdataset(one.name, one.rdtype)
    elif one.deleting == dns.rdataclass.NONE:
        left = [rdata for rdata in _found(zone, one) or () if rdata not in set(one)]
        zone.delete_rdataset(one.name, one.rdtype)
        if left:
            zone.replace_rdataset(one.name, dns.rdataset.from_rdata_list(3_600, left))
    else:
        _add(zone, one.name, one)


def _add(zone: dns.zone.Zone, name: dns.name.Name, more: dns.rdataset.Rdataset) -> None:
    there = zone.find_rdataset(name, more.rdtype, create=True)
    for one in more:
        there.add(one, more.ttl)

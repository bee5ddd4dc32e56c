"""Reverse records: written to the name server, read back until they are visible, and their names looked up.

One that is silent must not hold up what else waits on this queue: the first record that finds it away puts all
others off, and a shift is short.
"""

from __future__ import annotations

import time

import structlog

from opsportal.db import unit_of_work
from opsportal.domain.network import addresses, reverse_work
from opsportal.domain.network.reverse_work import Claim
from opsportal.integrations import dns
from opsportal.integrations.dns import DnsError, NameServer
from opsportal.settings import settings

log = structlog.get_logger("dns")
SHIFT_S = 4.0
LOOK_UPS_S = 2.0


def run(_: int = 0) -> None:
    """A wake-up call: somebody wants a record, or the clock knocks. All that is due is done, as far as a shift goes."""
    until = time.monotonic() + SHIFT_S
    while time.monotonic() < until:
        with unit_of_work() as unit:
            claim = reverse_work.claim_due(unit)
        if claim is None:
            break
        _carry_out(claim)
    _look_up_names()


def _carry_out(claim: Claim) -> None:
    try:
        server = dns.configured(settings())
        _write_and_read(server, claim)
    except Exception as failed:
        error = failed if isinstance(failed, DnsError) else DnsError()
        log.warning(
            "reverse_not_written",
            record=claim.record_id,
            ip=str(claim.ip),
            code=error.code,
            exc_info=None if error is failed else failed,
        )
        with unit_of_work() as unit:
            reverse_work.put_off(unit, claim, error.code, is_final=error.is_final)
        if error.is_away:
            with unit_of_work() as unit:
                reverse_work.put_off_others(unit, claim)


def _write_and_read(server: NameServer, claim: Claim) -> None:
    wanted = frozenset({claim.name}) if claim.name else frozenset()
    names: frozenset[str] | None = dns.read_names(server, claim.ip)
    if not claim.is_written and names != wanted:
        assert names is not None
        if claim.zone is None:
            raise dns.DnsZoneMissing
        dns.write_name(
            server, claim.zone, claim.ip, name=claim.name, ttl=settings().dns_ttl, instead_of=names
        )
        names = None
    with unit_of_work() as unit:
        is_wanted = reverse_work.wrote(unit, claim)
    if is_wanted:
        now = dns.read_names(server, claim.ip) if names is None else names
        with unit_of_work() as unit:
            reverse_work.seen(unit, claim, now)


def _look_up_names() -> None:
    """Where names lead. Only a warning depends on it, so it comes last."""
    until = time.monotonic() + LOOK_UPS_S
    while time.monotonic() < until:
        with unit_of_work() as unit:
            claim = reverse_work.claim_forward(unit)
        if claim is None:
            return
        found = dns.look_up(claim.name, version=claim.ip.version, resolver=settings().dns_resolver)
        with unit_of_work() as unit:
            reverse_work.looked_up(unit, claim, found)


def follow_services() -> None:
    """Addresses of servers that have gone to somebody else."""
    with unit_of_work() as unit:
        addresses.follow_services(unit)

"""Polls switches and stores what went through their ports. Runs in a work horse of the `poll` queue."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import ipaddress
from collections.abc import Mapping, Sequence

import structlog

import switches
from opsportal.db import Unit, unit_of_work
from opsportal.domain.traffic import compaction, days, hot, inventory, links, port_errors, recording, rounds
from opsportal.domain.traffic.inventory import FoundPort
from opsportal.domain.traffic.recording import PolledPort, SwitchReadings
from opsportal.domain.traffic.rounds import DueSwitch, LastPoll, Place
from opsportal.domain.traffic.snmp_access import reading_access
from opsportal.domain.vault import VaultError
from opsportal.models import Switch
from opsportal.models.base import utcnow
from opsportal.settings import settings

log = structlog.get_logger("traffic_poll")
PORTS_AT_ONCE = 500
"""Ports that one transaction of compaction takes."""


class OutsideSwitchNetworks(switches.SwitchError):
    """The address is not in SWITCH_NETWORKS: credentials are never sent there."""

    code = "switch_outside_networks"
    advice = "The address is outside the networks that workers may poll. Correct it, or SWITCH_NETWORKS."


class SwitchMisconfigured(switches.SwitchError):
    """What is on record about a switch can never work: no numeric address, no credentials, a lost key."""

    code = "switch_misconfigured"
    advice = "What is on record about this switch cannot be used. Enter its address and credentials anew."


def agent(row: Switch) -> switches.Agent:
    """A switch as the library wants it, if workers may poll it at all. Raises SwitchError."""
    try:
        host = ipaddress.ip_address(row.host)
        if not any(host in network for network in settings().switch_networks):
            raise OutsideSwitchNetworks
        return switches.Agent(row.host, row.port, **dataclasses.asdict(reading_access(row)))
    except (ValueError, VaultError) as unusable:
        raise SwitchMisconfigured from unusable


def _places(agents: Mapping[int, switches.Agent]) -> dict[int, Place]:
    return {key: Place(one.host, one.port) for key, one in agents.items()}


def run() -> None:
    """One round: every switch that is due. Those that failed last time go last, so that nobody waits for them."""
    now = utcnow()
    with unit_of_work() as unit:
        links.follow_services(unit, at=now)
        hot.ensure_days(unit, [now.date(), now.date() + hot.DAY])
        due = rounds.claim_due(unit, now=now, every_s=settings().poll_every_s)
    # Tens of thousands of tuples, none of them in a cycle: looking for cycles would take longer than they do.
    gc.disable()
    try:
        for is_failing in (False, True):
            if chosen := [one for one in due if one.is_failing == is_failing]:
                _round(chosen)
    finally:
        gc.enable()


def _round(due: Sequence[DueSwitch]) -> None:
    failures: dict[int, switches.SwitchError] = {}
    agents: dict[int, switches.Agent] = {}
    unknown: dict[int, switches.Agent] = {}
    for switch, _, must_discover in due:
        assert switch.id is not None
        try:
            agents[switch.id] = agent(switch)
        except switches.SwitchError as error:
            failures[switch.id] = error
        else:
            if must_discover:
                unknown[switch.id] = agents[switch.id]
    failures |= _discover(unknown)
    answers = _ask({key: agents[key] for key in agents if key not in failures}, failures)
    asked = {switch.id or 0: Place(switch.host, switch.port) for switch, _, _ in due}
    _keep(answers, failures, asked)


def _discover(agents: Mapping[int, switches.Agent]) -> dict[int, switches.SwitchError]:
    """Look up the ports of switches and put them on record; returns those that failed."""
    failures: dict[int, switches.SwitchError] = {}
    asked = _places(agents)
    for key, found in _discovered(agents).items():
        if isinstance(found, switches.SwitchError):
            failures[key] = found
            continue
        with unit_of_work() as unit:
            if rounds.lock_where_asked(unit, {key: asked[key]}):
                apply_found(unit, key, found)
    return failures


def apply_found(unit: Unit, switch_id: int, found: switches.Discovery) -> None:
    """Put the ports that a switch shows on record."""
    ports = [FoundPort(p.if_index, p.if_name, p.speed_mbps, p.counter_bits) for p in found.ports]
    inventory.apply_discovery(unit, switch_id, ports, table_changed_cs=found.table_changed_cs, at=utcnow())


def _discovered(agents: Mapping[int, switches.Agent]) -> dict[int, switches.Discovery | switches.SwitchError]:
    return switches.discover_switches(agents, timeout_s=settings().switch_timeout_s) if agents else {}


def _ask(
    agents: Mapping[int, switches.Agent], failures: dict[int, switches.SwitchError]
) -> list[tuple[SwitchReadings, list[PolledPort]]]:
    """Poll switches; where ports may have moved, look them up and ask once more."""
    with unit_of_work() as unit:
        known = rounds.read_last_polls(unit, list(agents))
    answers, doubtful = _poll_once(agents, known, failures)
    if doubtful:
        again = {key: agents[key] for key in doubtful}
        failures |= _discover(again)
        second, _ = _poll_once({key: again[key] for key in again if key not in failures}, None, failures)
        answers += second
    return answers


def _poll_once(
    agents: Mapping[int, switches.Agent],
    known: Mapping[int, LastPoll] | None,
    failures: dict[int, switches.SwitchError],
) -> tuple[list[tuple[SwitchReadings, list[PolledPort]]], list[int]]:
    with unit_of_work() as unit:
        ports = rounds.list_ports(unit, list(agents))
    requests = {
        key: switches.PollRequest(
            one, [switches.Wanted(p.port_id, p.if_index, p.counter_bits) for p in ports[key]]
        )
        for key, one in agents.items()
    }
    good: list[tuple[SwitchReadings, list[PolledPort]]] = []
    doubtful: list[int] = []
    answers = switches.poll_switches(requests, timeout_s=settings().switch_timeout_s) if requests else {}
    for key, answer in answers.items():
        if isinstance(answer, switches.SwitchError):
            failures[key] = answer
        elif known is not None and _is_doubtful(known[key], answer):
            doubtful.append(key)
        else:
            good.append((_readings(key, answer), ports[key]))
    return good, doubtful


def _is_doubtful(last: LastPoll, answer: switches.PollAnswer) -> bool:
    if not answer.readings:
        return bool(answer.missing)
    first = answer.readings[0]
    return rounds.must_look_again(
        last,
        table_changed_cs=answer.table_changed_cs,
        missing=answer.missing,
        at_ms=first.at_ms,
        uptime_cs=first.uptime_cs,
    )


def _readings(key: int, answer: switches.PollAnswer) -> SwitchReadings:
    return SwitchReadings(key, answer.readings, round(answer.seconds * 1_000))


def _keep(
    answers: Sequence[tuple[SwitchReadings, list[PolledPort]]],
    failures: Mapping[int, switches.SwitchError],
    asked: Mapping[int, Place],
) -> None:
    """Into the tables, except what came from where a switch is on record no longer."""
    at = utcnow()
    ports = {port.port_id: port for _, some in answers for port in some}
    with unit_of_work() as unit:
        here = rounds.lock_where_asked(unit, {one.switch_id: asked[one.switch_id] for one, _ in answers})
        done = recording.record_round(
            unit, [one for one, _ in answers if one.switch_id in here], ports, at=at
        )
    if failures:
        with unit_of_work() as unit:
            here = rounds.lock_where_asked(unit, {key: asked[key] for key in failures})
            recording.record_failures(unit, {key: failures[key].code for key in here}, at=at)
    log.info("polled", switches=len(answers), samples=done.samples, failed=len(failures))


def compact() -> None:
    """Put new samples into their days and forget what is old."""
    now = utcnow()
    with unit_of_work() as unit:
        last = inventory.last_port_id(unit)
    touched = 0
    for first in range(1, last + 1, PORTS_AT_ONCE):
        with unit_of_work() as unit:
            touched += compaction.compact(unit, first_port=first, last_port=first + PORTS_AT_ONCE - 1)
    with unit_of_work() as unit:
        dropped = hot.drop_old_days(unit, now)
        days.drop_old_days(unit, now)
    log.info("compacted", slots=touched, dropped_days=dropped)


def read_errors() -> None:
    """How many errors each port has counted, of every switch that answers; the others are asked with the next knock."""
    with unit_of_work() as unit:
        polled = port_errors.list_polled(unit)
    agents: dict[int, switches.Agent] = {}
    for row in polled:
        with contextlib.suppress(switches.SwitchError):  # polling says what is wrong with it
            agents[row.id or 0] = agent(row)
    answers = switches.read_port_errors(agents, timeout_s=settings().switch_timeout_s) if agents else {}
    asked = _places(agents)
    for key, answer in answers.items():
        if not isinstance(answer, switches.SwitchError):
            counted = {port.if_name: (port.in_errors, port.out_errors) for port in answer}
            with unit_of_work() as unit:
                if rounds.lock_where_asked(unit, {key: asked[key]}):
                    port_errors.record(unit, key, counted, at=utcnow())

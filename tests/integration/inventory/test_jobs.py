"""Inspection and cleaning, carried out for real against BMCs: what they prove and what they refuse to prove."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlmodel import col, select

import bmc
from bmc.memory import MemoryBmc, MemoryPower, MemoryUser
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.inventory import parts, stock, work
from opsportal.domain.inventory.refusals import StockStepNotPossible
from opsportal.domain.network import reverse_work
from opsportal.models import Bmc, CleaningEvidence, HardwareJob, JobLog, Mail, Role, Server
from opsportal.settings import settings
from opsportal.state.consoles.tab import read_consoles
from tests.bmc.ipmi_sim import StartBmc
from tests.builders import make_actor, make_server
from tests.conftest import _forget_process_caches
from tests.integration.inventory.machines import (
    NO_BMC_NEEDED,
    PARTS,
    begin_cleaning,
    evidence,
    run,
    stock_status,
    stocked,
)
from tests.integration.network import networks
from workers import hardware
from workers.hardware import cleaning, factory_settings
from workers.hardware.running import Running

pytestmark = pytest.mark.usefixtures("portal")


def test_first_inspection_makes_the_record_and_the_next_one_misses_a_dimm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DESK_MAIL", "desk@test.example")
    _forget_process_caches()
    machine = MemoryBmc(inventory=PARTS)
    with stocked(machine) as (server, actor):
        assert run(work.inspect, actor, server).status == "succeeded"
        with unit_of_work() as unit:
            assert [(p.kind, p.serial) for p in parts.parts_of(unit, server.id or 0)] == [
                ("chassis", "CH1"),
                ("dimm", "D1"),
                ("dimm", "D2"),
                ("disk", "K1"),
            ]
        machine.inventory = bmc.BmcInventory((*PARTS.parts[:2], PARTS.parts[3]), firmware="2.87")
        assert run(work.inspect, actor, server).status == "succeeded"
        with unit_of_work() as unit:
            newest = parts.newest_inspections(unit, [server.id or 0])[server.id or 0]
            assert [(d["what"], d["kind"], d["slot"]) for d in newest.differences] == [
                ("missing", "dimm", "DIMM A2")
            ]
            assert {p.status for p in parts.parts_of(unit, server.id or 0)} == {"installed"}
            [mail] = unit.exec(select(Mail)).all()
            assert mail.subject == f"{server.name}: parts are missing"
            assert newest.differences[0]["name"] in mail.body_text
            parts.accept(unit, actor, newest.id or 0)
        with unit_of_work() as unit:
            found = {p.serial: p.status for p in parts.parts_of(unit, server.id or 0)}
        assert found == {"CH1": "installed", "D1": "installed", "D2": "missing", "K1": "installed"}
    assert machine.commands == []
    assert machine.other_commands == []


def test_cleaning_gathers_what_a_program_can_and_leaves_the_rest() -> None:
    machine = MemoryBmc(
        username="opsportal", inventory=PARTS, users={"tenant": MemoryUser("x", bmc.Privilege.ADMINISTRATOR)}
    )
    with stocked(machine) as (server, actor):
        run(work.inspect, actor, server)
        begin_cleaning(actor, server)
        assert run(work.clean, actor, server).status == "succeeded"
        assert evidence(server) == {
            "addresses": ("good", "released"),
            "reverse_dns": ("good", "asked_name_server"),
            "bmc_users": ("good", "removed_by_bmc"),
            "firmware": ("open", "compared"),  # nobody has approved a version
            "inventory": ("good", "read_by_bmc"),
            "settings": ("open", "not_by_bmc"),
        }
        assert machine.users == {}
        assert stock_status(server) == "cleaning"
        with unit_of_work() as unit:
            assert unit.get_one(Server, server.id).ip is None


@pytest.mark.parametrize(("speaks_17", "suite"), [(True, 17), (False, 3)])
def test_inspection_learns_what_the_family_of_the_bmc_can(
    monkeypatch: pytest.MonkeyPatch, speaks_17: bool, suite: int
) -> None:
    """A better cipher suite is kept when signing in with it has worked, and only then."""
    machine = MemoryBmc(inventory=dataclasses.replace(PARTS, manufacturer_id=674))
    real = MemoryPower.__init__

    def dial(self: MemoryPower, endpoint: bmc.Endpoint) -> None:
        if endpoint.cipher_suite == 17 and not speaks_17:
            raise bmc.BmcProtocolError
        real(self, endpoint)

    monkeypatch.setattr(MemoryPower, "__init__", dial)
    with stocked(machine) as (server, actor):
        assert run(work.inspect, actor, server).status == "succeeded"
        with unit_of_work() as unit:
            row = unit.get_one(Bmc, server.id)
            assert (row.console_kind, row.cipher_suite) == ("vnc", suite)
        with unit_of_work() as unit:
            assert read_consoles(unit, actor, server.id or 0).could_have_screen


def test_what_a_bmc_cannot_tell_is_no_evidence() -> None:
    machine = MemoryBmc(username="opsportal", unsupported={bmc.Users, bmc.Inventory})
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.clean, actor, server).status == "succeeded"
        assert evidence(server) == NO_BMC_NEEDED | dict.fromkeys(
            ("bmc_users", "firmware", "inventory", "settings"), ("open", "not_by_bmc")
        )
        assert stock_status(server) == "cleaning"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Actor]]:
    """A machine in quarantine whose address has a name in reverse DNS."""
    monkeypatch.setenv("DNS_ZONES", "100.51.198.in-addr.arpa")
    settings.cache_clear()
    with stocked(MemoryBmc(username="opsportal")) as (server, actor):
        networks.set_reverse(
            actor, networks.assign(server, networks.make_prefix("198.51.100.0/24")), "x.example.net"
        )
        shift(frozenset({"x.example.net"}))
        begin_cleaning(actor, server)
        yield server, actor


def shift(seen: frozenset[str] | None) -> None:
    """What the worker of reverse DNS does: the name server takes what is due and shows `seen`; None: it refuses."""
    with unit_of_work() as unit:
        claim = reverse_work.claim_due(unit)
        assert claim is not None
        if seen is None:
            reverse_work.put_off(unit, claim, "dns_refused", is_final=True)
            return
        reverse_work.wrote(unit, claim)
        reverse_work.seen(unit, claim, seen)


def test_cleaning_awaits_that_the_names_are_gone(
    named: tuple[Server, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            shift(frozenset())

    monkeypatch.setattr(cleaning, "pause", wait)
    assert run(work.clean, named[1], named[0]).status == "succeeded"
    assert len(waits) == 2
    assert {name: evidence(named[0]).get(name) for name in NO_BMC_NEEDED} == NO_BMC_NEEDED


@pytest.mark.parametrize("is_refused", [True, False])
def test_a_name_that_stays_is_left_to_a_person(
    named: tuple[Server, Actor], monkeypatch: pytest.MonkeyPatch, is_refused: bool
) -> None:
    """The name server refuses, or does not come to it in time: no evidence, and the machine is not verified."""
    monkeypatch.setattr(cleaning, "pause", lambda _: shift(None))
    if not is_refused:
        monkeypatch.setattr(cleaning, "NAMES_S", -1.0)
    server, actor = named
    job = run(work.clean, actor, server)
    assert (job.status, "reverse_dns" in evidence(server), stock_status(server)) == (
        "succeeded", False, "cleaning",
    )  # fmt: skip
    with unit_of_work() as unit:
        lines = [line.line for line in unit.exec(select(JobLog).where(col(JobLog.job_id) == job.id))]
    assert [line for line in lines if "still in reverse DNS" in line]
    if not is_refused:
        shift(frozenset())
        assert run(work.clean, actor, server).status == "succeeded"  # asked again, later
        assert evidence(server)["reverse_dns"] == ("good", "asked_name_server")


def _long_exchanges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Exchanges that may take more of a lease than may pass without renewing it, and whether it was kept."""
    kept: list[Running] = []
    found: list[tuple[str, bool]] = []
    really_kept = Running.kept

    @contextmanager
    def keeping(running: Running) -> Iterator[None]:
        with really_kept(running):
            kept.append(running)
            try:
                yield
            finally:
                kept.pop()

    def watched(name: str) -> Callable[..., object]:
        real = getattr(MemoryPower, name)

        def exchange(control: MemoryPower, *args: object, timeout_s: float, **more: object) -> object:
            if timeout_s > settings().lease_s / 3:
                found.append((name, bool(kept)))
            return real(control, *args, timeout_s=timeout_s, **more)

        return exchange

    monkeypatch.setattr(Running, "kept", keeping)
    for name in ("power_state", "list_users", "create_user", "delete_user", "set_password", "read_inventory"):
        monkeypatch.setattr(MemoryPower, name, watched(name))
    return found


def test_lease_is_kept_in_every_exchange_that_may_outlast_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow BMC with many users would lose the job its server again and again."""
    machine = MemoryBmc(username="hands", inventory=PARTS, users={"tenant": MemoryUser("x")})
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        exchanges = _long_exchanges(monkeypatch)
        assert run(work.rotate_credentials, actor, server).status == "succeeded"
        assert run(work.clean, actor, server).status == "succeeded"
    assert [name for name, is_kept in exchanges if not is_kept] == []
    assert {"power_state", "list_users", "set_password", "delete_user"} <= {name for name, _ in exchanges}


def test_users_prove_nothing_while_we_come_in_by_a_factory_user() -> None:
    machine = MemoryBmc(username="ADMIN", inventory=PARTS)
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.clean, actor, server).status == "succeeded"
        assert "bmc_users" not in evidence(server)


def test_missing_part_makes_the_machine_faulty() -> None:
    machine = MemoryBmc(username="opsportal", inventory=PARTS)
    with stocked(machine) as (server, actor):
        run(work.inspect, actor, server)
        begin_cleaning(actor, server)
        machine.inventory = bmc.BmcInventory((*PARTS.parts[:2], PARTS.parts[3]), firmware="2.87")
        run(work.clean, actor, server)
        assert evidence(server)["inventory"] == ("bad", "read_by_bmc")
        assert stock_status(server) == "faulty"


@pytest.mark.parametrize(
    ("shows", "firmware_s", "told"),
    [
        (True, 0.0, factory_settings.DONE),
        (True, 60.0, factory_settings.NOT_DONE),
        (False, 0.0, factory_settings.NOT_SHOWN),
    ],
    ids=["seen", "not yet", "not shown"],
)
def test_settings_are_set_back_at_a_start_of_their_own(
    monkeypatch: pytest.MonkeyPatch, shows: bool, firmware_s: float, told: str
) -> None:
    """Left to a later start the wish could be lost. What is not seen to be carried out proves nothing."""
    monkeypatch.setattr(factory_settings, "pause", lambda _: None)
    monkeypatch.setattr(factory_settings, "LEFT_S", 1e6)  # no time is left to wait
    everything = bmc.SettingsReset(
        bmc.SettingsMeans.REDFISH_RESET_BIOS, bmc.SettingsMeans.REDFISH_RESET_MANAGER, ejected=0
    )
    machine = MemoryBmc(
        username="opsportal", settings_reset=everything, shows_reset=shows, firmware_s=firmware_s
    )
    monkeypatch.setattr(factory_settings, "_is_back", lambda _: True)
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.clean, actor, server).status == "succeeded"
        assert evidence(server)["settings"] == (
            "good" if told == factory_settings.DONE else "open", "reset_by_bmc",
        )  # fmt: skip
        with unit_of_work() as unit:
            facts = unit.exec(
                select(CleaningEvidence.facts).order_by(col(CleaningEvidence.id).desc())
            ).first()
    assert (facts or {})["BIOS"] == f"Redfish Bios.ResetBios; {told}"
    assert machine.commands == ["off", "on"]


def test_a_cleaning_that_has_ended_is_carried_on_by_nobody() -> None:
    """A worker was lost after bad evidence, or a person has said so meanwhile: the machine is theirs from then on."""
    machine = MemoryBmc(username="opsportal", inventory=PARTS, users={"tenant": MemoryUser("x")})
    machine.settings_reset = bmc.SettingsReset(bios=bmc.SettingsMeans.IPMI_CMOS_CLEAR)
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        with unit_of_work() as unit:
            job = work.clean(unit, actor, server.id or 0)
            stock.mark_faulty(unit, actor, server.id or 0, reason="burnt")
        hardware.run_job(job.id or 0)
        assert (machine.users.keys(), machine.commands, machine.other_commands) == ({"tenant"}, [], [])
        assert evidence(server) == {}
        assert stock_status(server) == "faulty"


def test_bmc_with_cipher_suite_zero_is_refused(start_bmc: StartBmc) -> None:
    """`ipmi_sim` lets anybody in by suite 0, and nothing closes it."""
    server, actor = make_server(endpoint=start_bmc().endpoint), make_actor(role=Role.TECHNICIAN)
    begin_cleaning(actor, server)
    assert run(work.clean, actor, server).status == "succeeded"
    assert evidence(server) == NO_BMC_NEEDED | {"bmc_access": ("bad", "tried")}
    assert stock_status(server) == "faulty"
    with unit_of_work() as unit:
        facts = unit.exec(select(CleaningEvidence.facts).order_by(col(CleaningEvidence.id).desc())).first()
    assert facts == {"reason": "cipher suite 0 lets anybody in without a password"}


def test_jobs_of_cleaning_are_for_machines_that_are_being_cleaned() -> None:
    server, actor = make_server(), make_actor(role=Role.TECHNICIAN)
    for ask in (work.clean, work.burn_in):
        with unit_of_work() as unit, pytest.raises(StockStepNotPossible):
            ask(unit, actor, server.id or 0)
    with unit_of_work() as unit:
        assert unit.exec(select(HardwareJob)).all() == []

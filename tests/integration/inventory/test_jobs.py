"""Jobs of the inventory, carried out for real against BMCs: what they prove, what they refuse to prove, and deaths."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlmodel import col, select

import bmc
from bmc.memory import MemoryBmc, MemoryPower, MemoryUser, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.inventory import cleanings, parts, rotation, work
from opsportal.domain.inventory.refusals import StockStepNotPossible
from opsportal.domain.network import reverse_work
from opsportal.domain.vault import unseal
from opsportal.models import (
    Bmc,
    BmcRotation,
    CleaningEvidence,
    CleaningStep,
    HardwareJob,
    JobLog,
    Role,
    Server,
)
from opsportal.settings import settings
from opsportal.state.consoles.tab import read_consoles
from tests.bmc.ipmi_sim import StartBmc
from tests.builders import make_actor, make_server
from tests.integration.network import networks
from workers import hardware
from workers.hardware import cleaning
from workers.hardware.running import Running

pytestmark = pytest.mark.usefixtures("portal")
HOST = "127.0.0.78"
PARTS = bmc.BmcInventory(
    (
        bmc.BmcPart("Builtin FRU Device", "Acme", "Rack 1", serial="CH1"),
        bmc.BmcPart("DIMM A1", "Ram Co", "32 GB", serial="D1", version="1.0"),
        bmc.BmcPart("DIMM A2", "Ram Co", "32 GB", serial="D2"),
        bmc.BmcPart("Disk Bay 0", "Disk Co", "SSD 960", serial="K1", version="F1"),
    ),
    firmware="2.87",
)

NO_BMC_NEEDED = {"addresses": ("good", "released"), "reverse_dns": ("good", "asked_name_server")}


@contextmanager
def stocked(machine: MemoryBmc) -> Iterator[tuple[Server, Actor]]:
    """A machine in quarantine with this BMC, and a technician."""
    with plugged_in(HOST, machine) as endpoint:
        yield make_server(endpoint=endpoint, ip="198.51.100.7"), make_actor(role=Role.TECHNICIAN)


def run(ask: object, actor: Actor, server: Server) -> HardwareJob:
    """Ask for a job and carry it out, as a worker does."""
    with unit_of_work() as unit:
        job = ask(unit, actor, server.id or 0)  # type: ignore[operator]
    hardware.run_job(job.id or 0)
    with unit_of_work() as unit:
        return unit.get_one(HardwareJob, job.id)


def begin_cleaning(actor: Actor, server: Server) -> None:
    with unit_of_work() as unit:
        cleanings.start_cleaning(unit, actor, server.id or 0)


def evidence(server: Server) -> dict[str, tuple[str, str]]:
    """By step: result and method of each, in the order of time."""
    with unit_of_work() as unit:
        query = (
            select(CleaningStep.name, CleaningEvidence.result, CleaningEvidence.method)
            .join(CleaningEvidence, col(CleaningEvidence.step_id) == col(CleaningStep.id))
            .order_by(col(CleaningEvidence.id))
        )
        return {name: (result, method) for name, result, method in unit.exec(query)}


def stock_status(server: Server) -> str:
    with unit_of_work() as unit:
        return unit.get_one(Server, server.id).stock_status


def password_on_record(server: Server) -> tuple[str, str]:
    with unit_of_work() as unit:
        row = unit.get_one(Bmc, server.id)
        return row.username, unseal(row.password)


def test_first_inspection_makes_the_record_and_the_next_one_misses_a_dimm() -> None:
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
            parts.accept(unit, actor, newest.id or 0)
        with unit_of_work() as unit:
            found = {p.serial: p.status for p in parts.parts_of(unit, server.id or 0)}
        assert found == {"CH1": "installed", "D1": "installed", "D2": "missing", "K1": "installed"}
    assert machine.commands == []
    assert machine.other_commands == []


def test_new_password_is_kept_before_it_is_sent_and_proved_before_the_old_one_goes() -> None:
    class Watched(MemoryBmc):
        kept: str = ""

        def tell(self, command: str) -> None:
            with unit_of_work() as unit:
                row = unit.exec(select(BmcRotation)).one()
                assert row.sent_at is not None
                Watched.kept = unseal(row.password)
                assert unseal(unit.get_one(Bmc, row.server_id).password) == "s3cret"
            super().tell(command)

    machine = Watched(username="hands")
    with stocked(machine) as (server, actor):
        job = run(work.rotate_credentials, actor, server)
        assert (job.status, job.commands_sent) == ("succeeded", 1)
        name, password = password_on_record(server)
        assert (name, password) == ("hands", machine.password) == ("hands", Watched.kept)
        assert len(password) == 20
        assert rotation.is_usable_password(password)
        with unit_of_work() as unit:
            assert unit.exec(select(BmcRotation)).all() == []
            assert not any(password in line.line for line in unit.exec(select(JobLog)))


def test_factory_user_is_replaced_by_one_of_ours() -> None:
    machine = MemoryBmc(username="ADMIN")
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.rotate_credentials, actor, server).status == "succeeded"
        name, password = password_on_record(server)
        assert (name, machine.users["opsportal"].password) == ("opsportal", password)
        assert evidence(server) == {"bmc_password": ("good", "signed_in")}


class LosesAnswers(MemoryBmc):
    """The command takes effect, and nobody hears that it did."""

    def tell(self, command: str) -> None:
        with unit_of_work() as unit:
            self.password = unseal(unit.exec(select(BmcRotation)).one().password)
        super().tell(command)


@pytest.mark.parametrize(
    ("kind", "end", "kept"),
    [
        (LosesAnswers, ("succeeded", "reconciled"), 0),
        (MemoryBmc, ("failed", "not_carried_out"), 1),  # the question was lost as well
    ],
)
def test_lost_answer_is_unknown_until_the_new_password_is_tried(
    kind: type[MemoryBmc], end: tuple[str, str], kept: int
) -> None:
    machine = kind(username="hands", lost_answers=1)
    with stocked(machine) as (server, actor):
        job = run(work.rotate_credentials, actor, server)
        assert job.status == "unknown"
        assert password_on_record(server) == ("hands", "s3cret")
        hardware.reconcile_job(job.id or 0)
        with unit_of_work() as unit:
            after = unit.get_one(HardwareJob, job.id)
            assert len(unit.exec(select(BmcRotation)).all()) == kept
        assert (after.status, after.outcome_code) == end
        assert password_on_record(server) == ("hands", machine.password)


def test_refused_password_keeps_the_old_one_and_is_used_again() -> None:
    machine = MemoryBmc(username="hands", refuses_commands=True)
    with stocked(machine) as (server, actor):
        assert run(work.rotate_credentials, actor, server).status == "failed"
        assert password_on_record(server) == ("hands", "s3cret") == ("hands", machine.password)
        with unit_of_work() as unit:
            kept = unseal(unit.exec(select(BmcRotation)).one().password)
        machine.refuses_commands = False
        assert run(work.rotate_credentials, actor, server).status == "succeeded"
        assert password_on_record(server) == ("hands", kept) == ("hands", machine.password)


def test_worker_lost_between_sending_and_proving() -> None:
    """The BMC has the new password, the record the old one: the next rotation finds the kept one working."""
    machine = MemoryBmc(username="hands")
    with stocked(machine) as (server, actor):
        with unit_of_work() as unit:
            lost = work.rotate_credentials(unit, actor, server.id or 0)
            new = rotation.begin(unit, lost.id or 0, server.id or 0)
            rotation.sent(unit, server.id or 0)
        machine.password = new.password
        hardware.run_job(lost.id or 0)
        with unit_of_work() as unit:
            assert unit.get_one(HardwareJob, lost.id).status == "succeeded"
        assert password_on_record(server) == ("hands", new.password)
        assert machine.other_commands == []  # nothing was sent a second time


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


def _hot(health: bmc.Health) -> bmc.SensorAnswer:
    kind = bmc.SensorKind.TEMPERATURE
    return bmc.SensorAnswer((bmc.SensorReading("CPU", kind, 60.0, "°C", health, number=1),))


def _log(*records: int) -> bmc.EventAnswer:
    """An event log with one critical event a record."""
    events = [
        bmc.BmcEvent(
            record_id=number,
            at=None,
            code="power_unit_failed",
            kind="power",
            severity=bmc.Severity.CRITICAL,
            is_over=False,
        )
        for number in records
    ]
    return bmc.EventAnswer(tuple(events), total=len(events))


ON_AND_OFF = [bmc.PowerGoal.ON, bmc.PowerGoal.OFF]


def burn_in_facts() -> dict[str, object]:
    with unit_of_work() as unit:
        return (
            unit.exec(select(CleaningEvidence.facts).order_by(col(CleaningEvidence.id).desc())).first() or {}
        )


@pytest.mark.parametrize("state", [bmc.PowerState.OFF, bmc.PowerState.ON])
def test_burn_in_is_three_power_cycles_with_health_read_in_each(state: bmc.PowerState) -> None:
    machine = MemoryBmc(state=state, sensors=_hot(bmc.Health.OK), events=_log(7))
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        job = run(work.burn_in, actor, server)
        assert job.status == "succeeded"
        first = [bmc.PowerGoal.OFF] if state is bmc.PowerState.ON else []
        assert machine.commands == first + ON_AND_OFF * 3
        assert evidence(server) == {
            "burn_in": ("open", "switched")
        }  # nothing has loaded it: a person decides
        assert stock_status(server) == "cleaning"
        assert burn_in_facts() == {
            "run under load": "not done", "power cycles": "3 of 3", "sensors read": 3, "event log compared": 3,
            "new critical events": 0,
        }  # fmt: skip
        with unit_of_work() as unit:
            lines = [line.line for line in unit.exec(select(JobLog).where(col(JobLog.job_id) == job.id))]
        assert [line for line in lines if line.startswith("power cycle")] == [
            f"power cycle {number} of 3" for number in (1, 2, 3)
        ]


def test_burn_in_ends_with_the_first_bad_cycle_and_the_machine_is_off() -> None:
    machine = MemoryBmc(state=bmc.PowerState.OFF, sensors=_hot(bmc.Health.CRITICAL))
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.burn_in, actor, server).status == "succeeded"
        assert machine.commands == ON_AND_OFF
        assert evidence(server) == {"burn_in": ("bad", "switched")}
        assert burn_in_facts()["critical"] == "temperature sensor"
        assert stock_status(server) == "faulty"


class FailsInItsSecondStart(MemoryBmc):
    """The second time it is switched on, its event log has a new critical event."""

    def obey(self, goal: bmc.PowerGoal) -> None:
        super().obey(goal)
        if self.commands.count(bmc.PowerGoal.ON) == 2:
            self.events = _log(7, 8)


def test_burn_in_compares_the_event_log_after_each_cycle() -> None:
    machine = FailsInItsSecondStart(state=bmc.PowerState.OFF, sensors=_hot(bmc.Health.OK), events=_log(7))
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.burn_in, actor, server).status == "succeeded"
        assert machine.commands == ON_AND_OFF * 2
        assert burn_in_facts() == {
            "run under load": "not done", "power cycles": "2 of 3", "sensors read": 2, "event log compared": 2,
            "critical": "power_unit_failed",
        }  # fmt: skip
        assert stock_status(server) == "faulty"


def test_burn_in_without_sensors_and_log_is_left_to_a_person() -> None:
    machine = MemoryBmc(state=bmc.PowerState.OFF, unsupported={bmc.Sensors, bmc.EventLog})
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.burn_in, actor, server).status == "succeeded"
        assert machine.commands == ON_AND_OFF * 3
        assert (evidence(server), stock_status(server)) == ({}, "cleaning")


def test_jobs_of_cleaning_are_for_machines_that_are_being_cleaned() -> None:
    server, actor = make_server(), make_actor(role=Role.TECHNICIAN)
    for ask in (work.clean, work.burn_in):
        with unit_of_work() as unit, pytest.raises(StockStepNotPossible):
            ask(unit, actor, server.id or 0)
    with unit_of_work() as unit:
        assert unit.exec(select(HardwareJob)).all() == []

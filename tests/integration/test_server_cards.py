"""Shutdown, identify light, health, description with sign-in data: asked for, carried out, kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
import pytest
from sqlmodel import col, select

import bmc
from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts import elevation, sessions
from opsportal.domain.accounts.elevation import ElevationRequired, SecondFactorMissing
from opsportal.domain.audit import trail
from opsportal.domain.hardware import claims, details, health, identify, power
from opsportal.domain.hardware.refusals import HealthJustAsked, OtherHealthAsked, SignInsFull
from opsportal.domain.refusals import Forbidden, NotFound, WrongCode, WrongPassword
from opsportal.models import (
    AuditEvent,
    HardwareJob,
    HealthSample,
    JobKind,
    JobStep,
    LoginSession,
    Outbox,
    Role,
    Server,
    ServerHealth,
    ServerLight,
    ServerSignIn,
)
from opsportal.models.base import utcnow
from opsportal.state.machine import cards
from tests.builders import (
    PASSWORD,
    TOTP_SECRET,
    make_actor,
    make_company,
    make_person,
    make_server,
    make_service,
)
from tests.conftest import _forget_process_caches
from tests.stock import hand_over
from workers import hardware
from workers import health as asking
from workers import identify as blinking

pytestmark = pytest.mark.usefixtures("portal")
HOST = "127.0.0.77"


def talkative() -> MemoryBmc:
    """A BMC with a sensor that is too hot, a meter and a log."""
    reading = bmc.SensorReading(
        "CPU 1", bmc.SensorKind.TEMPERATURE, 91.5, "°C", bmc.Health.CRITICAL, number=1
    )
    event = bmc.BmcEvent(
        1,
        None,
        "threshold.upper_critical_rising",
        "temperature",
        bmc.Severity.CRITICAL,
        False,
        sensor_number=1,
    )
    return MemoryBmc(
        sensors=bmc.SensorAnswer((reading,), bmc.Partial.UNREADABLE),
        power_draw=bmc.PowerDrawAnswer(212, average_watts=190),
        events=bmc.EventAnswer((event,), total=7),
    )


@contextmanager
def rented(machine: MemoryBmc) -> Iterator[tuple[Server, Actor]]:
    """A server with this BMC, and the client who rents it."""
    company = make_company()
    with plugged_in(HOST, machine) as endpoint:
        yield make_server(make_service(company), endpoint=endpoint), make_actor(company=company)


def _outcome(job: HardwareJob) -> tuple[str, str | None, dict[str, str]]:
    with unit_of_work() as unit:
        row = unit.get_one(HardwareJob, job.id)
        steps = unit.exec(select(JobStep).where(col(JobStep.job_id) == job.id))
        return row.status, row.outcome_code, {step.name: step.status for step in steps}


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SHUTDOWN_GRACE_S", "0.3")
    _forget_process_caches()
    yield
    monkeypatch.undo()
    _forget_process_caches()


def _shut_down(machine: MemoryBmc) -> tuple[str, str | None, dict[str, str]]:
    with rented(machine) as (server, actor):
        with unit_of_work() as unit:
            job = power.request_power(unit, actor, server.id or 0, kind=JobKind.SHUTDOWN)
        hardware.run_job(job.id or 0)
        return _outcome(job)


def test_a_server_that_listens_keeps_its_power_until_it_is_off(short_grace: None) -> None:
    machine = MemoryBmc()
    status, code, steps = _shut_down(machine)
    assert (status, code) == ("succeeded", "verified")
    assert steps == {
        "ask_off": "done", "wait_off": "done", "read": "skipped", "switch_off": "skipped", "verify_off": "skipped",
    }  # fmt: skip
    assert machine.power() is bmc.PowerState.OFF
    assert machine.commands == []  # the power was never taken away


def test_a_server_that_does_not_listen_loses_its_power_after_the_grace(short_grace: None) -> None:
    class Deaf(MemoryBmc):
        def follow(self, state: bmc.PowerState) -> None:
            if self.commands:
                super().follow(state)

    machine = Deaf()
    status, code, steps = _shut_down(machine)
    assert (status, code) == ("succeeded", "verified")
    assert (steps["wait_off"], steps["switch_off"], steps["verify_off"]) == ("done", "done", "done")
    assert machine.commands == [bmc.PowerGoal.OFF]


def test_a_shutdown_whose_worker_was_lost_ends_by_what_the_bmc_says() -> None:
    machine = MemoryBmc()
    with rented(machine) as (server, actor):
        with unit_of_work() as unit:
            job = power.request_power(unit, actor, server.id or 0, kind=JobKind.SHUTDOWN)
        with unit_of_work() as unit:
            claim = claims.claim(unit, job.id or 0, worker="lost")
            assert claim is not None
            claims.announce_command(unit, claim, command="chassis power soft")
            claims.leave_unknown(unit, claim, line="lost")
        machine.state = bmc.PowerState.OFF
        hardware.reconcile_job(job.id or 0)
        assert _outcome(job)[:2] == ("succeeded", "reconciled")
    assert machine.commands == []


def test_the_light_blinks_while_a_job_is_at_work_and_leaves_it_alone() -> None:
    machine, technician = MemoryBmc(), make_actor(role=Role.TECHNICIAN)
    with rented(machine) as (server, client):
        number = server.id or 0
        with unit_of_work() as unit:
            job = power.request_power(unit, client, number, kind=JobKind.REBOOT)
        with unit_of_work() as unit:
            claim = claims.claim(unit, job.id or 0, worker="at work")
            assert claim is not None
        with pytest.raises(Forbidden), unit_of_work() as unit:
            identify.ask(unit, client, number)
        for _ in range(2):
            with unit_of_work() as unit:
                identify.ask(unit, technician, number)
        with unit_of_work() as unit:
            calls = unit.exec(select(Outbox).where(col(Outbox.task) == identify.TASK)).all()
            assert [call.ref for call in calls] == [number]
            assert cards.read_health(unit, technician, number).light == "asking"
        blinking.run(number)
        assert (machine.blinks_s, machine.other_commands) == (240, ["identify 240"])
        with unit_of_work() as unit:
            seen, told = (cards.read_health(unit, who, number) for who in (technician, client))
            assert (seen.light, bool(seen.light_until), told.light) == ("lit", True, "")
            claims.announce_command(unit, claim, command="chassis power off")  # the lease is still the job's
    assert machine.commands == []


def test_a_light_that_is_refused_says_why_and_one_that_is_late_is_left_off() -> None:
    machine, technician = MemoryBmc(refuses_commands=True), make_actor(role=Role.TECHNICIAN)
    with rented(machine) as (server, _):
        number = server.id or 0
        with unit_of_work() as unit:
            identify.ask(unit, technician, number)
        blinking.run(number)
        with unit_of_work() as unit:
            seen = cards.read_health(unit, technician, number)
            assert (seen.light, seen.light_code) == ("failed", bmc.BmcRefusedCommand.code)
            identify.ask(unit, technician, number)
            unit.flush()
            unit.get_one(ServerLight, number).asking_since = utcnow() - 2 * identify.ASKING_LIMIT
        machine.refuses_commands = False
        blinking.run(number)
        with unit_of_work() as unit:
            seen = cards.read_health(unit, technician, number)
    assert (seen.light, seen.light_code, machine.other_commands) == ("failed", "waited_too_long", [])


def test_health_is_asked_once_kept_and_shown_with_its_time() -> None:
    with rented(talkative()) as (server, actor):
        for _ in range(2):
            with unit_of_work() as unit:
                health.ask(unit, actor, server.id or 0)
        with unit_of_work() as unit:
            calls = unit.exec(select(Outbox).where(col(Outbox.task) == health.TASK)).all()
            assert [call.ref for call in calls] == [server.id]
            assert cards.read_health(unit, actor, server.id or 0).is_asking
        asking.run(server.id or 0)
        with unit_of_work() as unit:
            view = cards.read_health(unit, actor, server.id or 0)
            told = cards.read_health(unit, make_actor(role=Role.TECHNICIAN), server.id or 0)
    assert (view.is_asking, view.error_code, bool(view.asked_at)) == (False, "", True)
    [sensor], [event] = view.sensors, told.events
    assert (sensor.name, sensor.value, sensor.health) == ("CPU 1", "91.5 °C", "critical")
    assert (event.code, event.sensor, event.at) == ("threshold.upper_critical_rising", "CPU 1", "")
    assert (view.worst, view.sensors_code, view.watts, view.hottest) == (
        "critical", "unreadable", 212, "91.5 °C",
    )  # fmt: skip
    # An event without a time may be of the time before: it is for staff.
    assert (told.events_total, view.events, view.events_total) == (7, [], 0)


def test_a_company_asks_one_machine_at_a_time_and_none_again_at_once() -> None:
    company = make_company()
    client, staff = make_actor(company=company), make_actor(role=Role.TECHNICIAN)
    with plugged_in(HOST, talkative()) as endpoint:
        first = make_server(make_service(company), endpoint=endpoint)
        other = make_server(make_service(company))

        def questions() -> int:
            with unit_of_work() as unit:
                return len(unit.exec(select(Outbox).where(col(Outbox.task) == health.TASK)).all())

        def ask(who: Actor, server: Server) -> None:
            with unit_of_work() as unit:
                health.ask(unit, who, server.id or 0)

        ask(client, first)
        with pytest.raises(OtherHealthAsked):
            ask(client, other)
        assert questions() == 1
        ask(staff, other)
        asking.run(first.id or 0)
        with unit_of_work() as unit:
            unit.get_one(ServerHealth, other.id).asking_since = None
        with pytest.raises(HealthJustAsked):
            ask(client, first)
        assert questions() == 2
        ask(client, other)
        ask(staff, first)
        assert questions() == 4


def test_a_silent_bmc_leaves_what_was_known_and_says_why() -> None:
    machine = talkative()
    with rented(machine) as (server, actor):
        asking.run(server.id or 0)
        machine.is_silent, machine.sleep = True, lambda _: None
        asking.run(server.id or 0)
        with unit_of_work() as unit:
            view = cards.read_health(unit, actor, server.id or 0)
    assert view.error_code == "bmc_unreachable"
    assert [sensor.name for sensor in view.sensors] == ["CPU 1"]
    assert view.asked_at != ""


def test_samples_of_health_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEEP_SAMPLES", 3)
    server = make_server()
    for watts in (100, 110, 120, 130, 140):
        with unit_of_work() as unit:
            health.record(unit, server.id or 0, health.HealthReport(watts=watts))
    with unit_of_work() as unit:
        kept = unit.exec(select(HealthSample.watts).order_by(col(HealthSample.id))).all()
    assert kept == [120, 130, 140]


def test_a_light_without_a_duration_is_put_out_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine, technician = MemoryBmc(), make_actor(role=Role.TECHNICIAN)

    def calls() -> int:
        blinking.wake_overdue()
        with unit_of_work() as unit:
            return len(unit.exec(select(Outbox).where(col(Outbox.task) == identify.TASK)).all())

    with rented(machine) as (server, _):
        number = server.id or 0
        with unit_of_work() as unit:
            identify.ask(unit, technician, number)
        blinking.run(number)
        with unit_of_work() as unit:
            unit.get_one(ServerLight, number).lit_until = utcnow() - dt.timedelta(seconds=1)
        assert calls() == 1  # this driver's goes out by itself
        monkeypatch.setattr(identify, "WITHOUT_DURATION", ("memory",))
        assert calls() == 2
        machine.refuses_commands = True
        blinking.run(number)
        assert calls() == 3  # not out yet
        machine.refuses_commands = False
        for _ in range(2):
            blinking.run(number)
        assert calls() == 3
    assert machine.other_commands == ["identify 240", "identify 0"]


# -- description and sign-in data


def _code() -> str:
    return pyotp.TOTP(TOTP_SECRET).now()


def _elevated(actor: Actor) -> Actor:
    """The actor, as if it had proved who it is a minute ago."""
    with unit_of_work() as unit:
        row = unit.get_one(LoginSession, actor.session_id)
        row.elevated_until = utcnow() + dt.timedelta(minutes=4)
    return actor


def _save(actor: Actor, server: Server, label: str = "root", secret: str = "correct horse") -> int:
    with unit_of_work() as unit:
        saved = details.save_sign_in(unit, actor, server.id or 0, label=label, username="root", secret=secret)
    return saved.id or 0


def test_a_password_is_shown_only_after_proof_and_each_time_stands_in_the_trail() -> None:
    company = make_company()
    server, actor = make_server(make_service(company)), make_actor(company=company)
    with pytest.raises(ElevationRequired):
        _save(actor, server)
    number = _save(_elevated(actor), server)
    with unit_of_work() as unit:
        assert b"correct horse" not in unit.get_one(ServerSignIn, number).secret
        assert details.reveal(unit, actor, number) == "correct horse"
        view = cards.read_details(unit, actor, server.id or 0)
        assert [(entry.label, entry.username) for entry in view.sign_ins] == [("root", "root")]
        assert "correct horse" not in repr(view)
    operator = _elevated(make_actor(role=Role.OPERATOR))
    with unit_of_work() as unit:
        details.reveal(unit, operator, number)
    with unit_of_work() as unit:  # what staff has looked at, the owner sees
        seen = trail.list_object_events(operator, unit, "server", server.id or 0)
        shown = [
            (event.actor_name, event.company_id) for event in seen if event.tag == "server:sign_in_revealed"
        ]
    assert shown == [(operator.name, company.id), (actor.name, company.id)]


def test_what_was_raised_ends_by_itself_and_with_the_session() -> None:
    company = make_company()
    server, actor = make_server(make_service(company)), _elevated(make_actor(company=company))
    number = _save(actor, server)
    other = make_actor(company=company)  # another session of the same company
    with pytest.raises(ElevationRequired), unit_of_work() as unit:
        details.reveal(unit, other, number)
    with unit_of_work() as unit:
        unit.get_one(LoginSession, actor.session_id).elevated_until = utcnow() - dt.timedelta(seconds=1)
    with pytest.raises(ElevationRequired), unit_of_work() as unit:
        details.reveal(unit, actor, number)
    with unit_of_work() as unit:
        assert unit.exec(select(AuditEvent).where(AuditEvent.tag == "server:sign_in_revealed")).all() == []


def test_proof_needs_password_and_a_code_that_was_not_used() -> None:
    actor = make_actor(make_person(totp=True))
    for password, code, refusal in (
        ("wrong password", _code(), WrongPassword),
        (PASSWORD, "000000", WrongCode),
    ):
        with pytest.raises(refusal), unit_of_work() as unit:
            elevation.elevate(unit, actor, password=password, code=code)
    with unit_of_work() as unit:
        assert elevation.elevated_until(unit, actor) is None
    code = _code()
    with unit_of_work() as unit:
        elevation.elevate(unit, actor, password=PASSWORD, code=code)
    with unit_of_work() as unit:
        assert elevation.elevated_until(unit, actor) is not None
    with pytest.raises(WrongCode), unit_of_work() as unit:
        elevation.elevate(unit, actor, password=PASSWORD, code=code)
    with unit_of_work() as unit:
        sessions.end_session(unit, actor, actor.session_id)
    with unit_of_work() as unit:
        assert sessions.find_actor(unit, actor.session_id) is None
    with pytest.raises(SecondFactorMissing), unit_of_work() as unit:
        elevation.elevate(unit, make_actor(), password=PASSWORD, code=code)


def test_nobody_inherits_a_former_tenants_description_or_passwords() -> None:
    company = make_company()
    server, actor = make_server(make_service(company)), _elevated(make_actor(company=company))
    number = _save(actor, server)
    with unit_of_work() as unit:
        details.describe(unit, actor, server.id or 0, text="our mail server")
    newcomer = make_company()
    service = make_service(newcomer)
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, service.id or 0)
    next_tenant = _elevated(make_actor(company=newcomer))
    with unit_of_work() as unit:
        assert details.read(unit, next_tenant, server.id or 0) == (None, [])
    for whoever in (next_tenant, actor, _elevated(make_actor(role=Role.OPERATOR))):
        with pytest.raises(NotFound), unit_of_work() as unit:
            details.reveal(unit, whoever, number)


def test_nobody_hears_of_a_former_tenants_machine() -> None:
    def event(at: dt.datetime) -> dict[str, object]:
        said = {"code": "power.on", "kind": "power", "sensor": "", "severity": "info", "detail": ""}
        return {"at": at.isoformat(), "is_over": False, **said}

    def seen(who: Actor) -> tuple[bool, int, list[int | None], list[str]]:
        with unit_of_work() as unit:
            view = cards.read_health(unit, who, number)
        return bool(view.asked_at), view.watts, view.watts_line, [one.at for one in view.events]

    def hear(watts: int, *events: dict[str, object]) -> None:
        with unit_of_work() as unit:
            report = health.HealthReport(watts=watts, events=[*events], events_total=len(events))
            health.record(unit, number, report)

    server, staff = make_server(make_service(make_company())), make_actor(role=Role.TECHNICIAN)
    number = server.id or 0
    earlier = event(utcnow())
    hear(150, earlier)
    newcomer = make_company()
    service = make_service(newcomer)
    with unit_of_work() as unit:
        hand_over(unit, number, service.id or 0)
    tenant = make_actor(company=newcomer)
    assert seen(tenant) == (False, 0, [], [])
    assert seen(staff)[:3] == (True, 150, [150])
    later = event(utcnow() + dt.timedelta(seconds=1))
    hear(90, earlier, later)
    [mine] = seen(tenant)[3]
    assert dt.datetime.fromisoformat(mine).isoformat() == later["at"]
    assert seen(tenant)[:3] == (True, 90, [90])
    assert (seen(staff)[2], len(seen(staff)[3])) == ([150, 90], 2)


def test_entries_have_a_limit_and_can_be_replaced_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(details, "MAX_SIGN_INS", 2)
    company = make_company()
    server, actor = make_server(make_service(company)), _elevated(make_actor(company=company))
    first = _save(actor, server)
    _save(actor, server, label="panel")
    with pytest.raises(SignInsFull):
        _save(actor, server, label="one too many")
    with unit_of_work() as unit:
        details.save_sign_in(
            unit, actor, server.id or 0, label="root", username="admin", secret="new", sign_in_id=first
        )
        assert details.reveal(unit, actor, first) == "new"
    with unit_of_work() as unit:
        details.remove_sign_in(unit, actor, first)
        _, left = details.read(unit, actor, server.id or 0)
        assert [entry.label for entry in left] == ["panel"]

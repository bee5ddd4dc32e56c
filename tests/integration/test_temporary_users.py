"""A temporary user of a real BMC: made, signed in with, run out, gone. What is around it: test_bmc_access."""

from __future__ import annotations

import dataclasses

import pytest
from sqlmodel import col, select

import bmc
from bmc.ipmi.control import IpmiPower
from opsportal.db import unit_of_work
from opsportal.domain.consoles import access_work
from opsportal.models import AuditEvent
from tests.bmc.ipmi_sim import SimulatedBmc, StartBmc
from tests.builders import make_actor, make_company, make_server, make_service
from tests.integration.accesses import ask, page, put, raised, row, show, tags
from tests.integration.test_protections import Died
from workers import bmc_access as worker

__all__ = ["page"]
pytestmark = [pytest.mark.usefixtures("portal", "page"), pytest.mark.xdist_group("protections")]
_S = 30.0


def users(machine: SimulatedBmc) -> list[tuple[str, bmc.Privilege]]:
    with bmc.connect(machine.endpoint) as control:
        found = bmc.capability(control, bmc.Users).list_users(timeout_s=_S)
    return [(one.name, one.privilege) for one in found if one.name != machine.endpoint.username]


def power_by(machine: SimulatedBmc, username: str, password: str) -> bmc.PowerState:
    endpoint = dataclasses.replace(machine.endpoint, username=username, password=password)
    with bmc.connect(endpoint) as control:
        return control.power_state(timeout_s=_S)


def test_made_used_run_out_and_gone(start_bmc: StartBmc) -> None:
    machine, company = start_bmc(), make_company()
    server = make_server(make_service(company), endpoint=machine.endpoint)
    actor = raised(make_actor(company=company))
    number = ask(server, actor)
    worker.run(number)
    shown = show(actor, number)
    assert users(machine) == [(shown.username, bmc.Privilege.OPERATOR)]
    assert power_by(machine, shown.username, shown.password) is bmc.PowerState.ON
    put(number, "expires_at = now()")
    worker.wake_due()
    worker.run(number)
    assert (row(number).status, row(number).end_reason) == ("gone", "limit")
    assert users(machine) == []
    with pytest.raises((bmc.BmcUserUnknown, bmc.BmcCredentialsRefused)):
        power_by(machine, shown.username, shown.password)
    assert tags(server) == ["access_requested", "access_made", "access_shown", "access_removed"]
    with unit_of_work() as unit:
        written = [str(event.data) for event in unit.exec(select(AuditEvent).order_by(col(AuditEvent.id)))]
    assert not any(shown.password in one for one in written)
    assert machine.commands() == []


@pytest.mark.parametrize("is_sent", [False, True], ids=["before the BMC has it", "after"])
def test_worker_that_dies_while_it_makes_or_removes_one_leaves_none(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    """Once while it is made, once while it is removed: in the end the BMC has no user that nobody knows of."""
    machine, company = start_bmc(), make_company()
    server = make_server(make_service(company), endpoint=machine.endpoint)
    actor = raised(make_actor(company=company))
    number = ask(server, actor)
    _dies_in(monkeypatch, "create_user", number, is_sent=is_sent)
    assert len(users(machine)) == int(is_sent)
    _lease_runs_out(number)
    worker.run(number)
    shown = show(actor, number)
    assert users(machine) == [(shown.username, bmc.Privilege.OPERATOR)]
    put(number, "expires_at = now()")
    worker.wake_due()
    _dies_in(monkeypatch, "delete_user", number, is_sent=is_sent)
    assert len(users(machine)) == int(not is_sent)
    assert row(number).status == "ending"  # whatever the BMC has: it was not seen
    _lease_runs_out(number)
    worker.run(number)
    assert (row(number).status, users(machine)) == ("gone", [])


def _dies_in(monkeypatch: pytest.MonkeyPatch, command: str, number: int, *, is_sent: bool) -> None:
    real = getattr(IpmiPower, command)

    def dies(*args: object, **how: object) -> None:
        if is_sent:
            real(*args, **how)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(IpmiPower, command, dies)
        with pytest.raises(Died):
            worker.run(number)


def _lease_runs_out(number: int) -> None:
    put(number, "held_until = now(), woken_at = now() - interval '1 hour', due_at = NULL")
    worker.wake_due()
    with unit_of_work() as unit:
        assert not access_work.is_held(unit, row(number).server_id)

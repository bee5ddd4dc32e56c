"""Correcting the record of a BMC: all of it or nothing, never the password anywhere, and one attempt at once."""

from __future__ import annotations

import dataclasses
import json

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts.elevation import ElevationRequired
from opsportal.domain.hardware import refusals_of_bmcs
from opsportal.domain.inventory import bmc_records, rotation
from opsportal.domain.inventory.bmc_records import Correction
from opsportal.domain.inventory.refusals import (
    AddressUnusable,
    BmcAlreadyKnown,
    CipherSuiteUnusable,
    CredentialsTooLong,
    FingerprintUnusable,
    PasswordNeeded,
    ServerAtWork,
)
from opsportal.domain.refusals import Forbidden, NotFound, Refusal, ServerWithoutBmc
from opsportal.domain.vault import unseal
from opsportal.models import AuditEvent, Bmc, BmcRefusal, JobStatus, Role, Server
from tests.builders import make_company, make_raised, make_server, make_service, make_session
from tests.doors import world
from tests.doors.world import make_job

pytestmark = pytest.mark.usefixtures("portal")
NEW = Correction("127.0.0.77", 6230, "fresh", "n3w-Passw0rd", 17)


def refuse(server: Server) -> None:
    """The BMC has refused what is on record."""
    with unit_of_work() as unit:
        mark = refusals_of_bmcs.credentials_mark(unit.get_one(Bmc, server.id))
        refusals_of_bmcs.note_refusal(unit, server.id or 0, "bmc_credentials_refused", mark=mark)


def correct(actor: Actor, server: Server, new: Correction = NEW) -> list[str]:
    with unit_of_work() as unit:
        return bmc_records.correct(unit, actor, server.id or 0, new)


def test_what_is_corrected_is_tried_at_once_and_its_password_is_nowhere() -> None:
    server, actor = make_server(), make_raised()
    refuse(server)
    with unit_of_work() as unit:
        assert list(refusals_of_bmcs.list_held_back(unit)) == [server.id]
    assert correct(actor, server) == ["host", "port", "username", "cipher_suite", "password"]
    with unit_of_work() as unit:
        row = unit.get_one(Bmc, server.id)
        assert (row.host, row.port, row.username, row.cipher_suite) == ("127.0.0.77", 6230, "fresh", 17)
        assert unseal(row.password) == NEW.password
        assert NEW.password.encode() not in row.password
        assert refusals_of_bmcs.list_held_back(unit) == {}
        event = unit.exec(select(AuditEvent).where(AuditEvent.tag == "bmc:record_corrected")).one()
        assert (event.actor_id, event.object_id, event.company_id) == (actor.person_id, server.id, None)
        assert event.data == {"fields": ["host", "port", "username", "cipher_suite", "password"]}
    assert NEW.password not in repr(NEW) + json.dumps(world.everything(), default=str)


def test_an_empty_password_keeps_the_one_on_record_and_a_changed_suite_alone_is_tried_at_once() -> None:
    server, actor = make_server(), make_raised(Role.OPERATOR)
    refuse(server)
    with unit_of_work() as unit:
        before = unit.get_one(Bmc, server.id)
    same = Correction(before.host, before.port, before.username, "", before.cipher_suite)
    assert correct(actor, server, same) == []
    with unit_of_work() as unit:  # nothing new: the pause goes on
        assert list(refusals_of_bmcs.list_held_back(unit)) == [server.id]
    assert correct(actor, server, dataclasses.replace(same, cipher_suite=17)) == ["cipher_suite"]
    with unit_of_work() as unit:
        assert unit.get_one(Bmc, server.id).password == before.password
        assert refusals_of_bmcs.list_held_back(unit) == {}
    refuse(server)  # refused again: staff are told again, and it is left alone again
    with unit_of_work() as unit:
        assert unit.get_one(BmcRefusal, server.id).times == 1
        assert list(refusals_of_bmcs.list_held_back(unit)) == [server.id]
        about = select(AuditEvent.tag).where(AuditEvent.object_kind == "server")
        told = about.order_by(col(AuditEvent.id))
        assert list(unit.exec(told)) == ["bmc:access_refused", "bmc:record_corrected", "bmc:access_refused"]


def test_a_new_fingerprint_is_kept_as_workers_compare_it() -> None:
    server, actor = make_server(), make_raised()
    with unit_of_work() as unit:
        unit.get_one(Bmc, server.id).driver = "redfish"
    digits = "AB:" * 31 + "CD"
    assert "certificate" in correct(actor, server, dataclasses.replace(NEW, certificate=digits))
    with unit_of_work() as unit:
        assert unit.get_one(Bmc, server.id).certificate == "ab" * 31 + "cd"


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({}, False),
        ({"port": 623, "host": "127.0.0.5", "certificate": "ab" * 32}, False),
        ({"port": 623, "host": "127.0.0.5"}, True),
    ],
    ids=["another address", "another certificate", "the same machine"],
)
def test_a_new_sign_in_on_its_way_is_tried_at_no_other_machine(
    changes: dict[str, object], is_kept: bool
) -> None:
    server, actor = make_server(), make_raised()
    job = make_job(server, status=JobStatus.FAILED, company_id=None)
    with unit_of_work() as unit:
        known = unit.get_one(Bmc, server.id)
        known.host, known.port = "127.0.0.5", 623
        rotation.begin(unit, job.id or 0, server.id or 0)
        unit.flush()
        assert rotation.sent(unit, server.id or 0)
    correct(actor, server, dataclasses.replace(NEW, **changes))  # type: ignore[arg-type]
    with unit_of_work() as unit:
        assert (rotation.find_begun(unit, server.id or 0) is not None) is is_kept


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"password": ""}, PasswordNeeded),
        ({"host": "8.8.8.8"}, AddressUnusable),
        ({"host": "bmc.example"}, AddressUnusable),
        ({"port": 0}, AddressUnusable),
        ({"port": 65_536}, AddressUnusable),
        ({"username": "u" * 17}, CredentialsTooLong),
        ({"password": "x" * 21}, CredentialsTooLong),
        ({"cipher_suite": 0}, CipherSuiteUnusable),
        ({"certificate": "ab:cd"}, FingerprintUnusable),
        ({"host": "127.0.0.5", "port": 623}, BmcAlreadyKnown),
    ],
)
def test_what_is_refused_changes_nothing(changes: dict[str, object], refusal: type[Refusal]) -> None:
    server, other, actor = make_server(), make_server(), make_raised()
    with unit_of_work() as unit:
        known = unit.get_one(Bmc, other.id)
        known.host, known.port = "127.0.0.5", 623
    before = world.everything()
    with pytest.raises(refusal):
        correct(actor, server, dataclasses.replace(NEW, **changes))  # type: ignore[arg-type]
    assert world.everything() == before


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.UNKNOWN])
def test_not_while_a_job_is_under_way(status: JobStatus) -> None:
    server, actor = make_server(), make_raised()
    make_job(server, status=status, company_id=None)
    before = world.everything()
    with pytest.raises(ServerAtWork):
        correct(actor, server)
    assert world.everything() == before


def test_only_staff_who_have_proved_who_they_are() -> None:
    company = make_company()
    server, bare = make_server(make_service(company)), make_server(has_bmc=False)
    tenant, technician = make_raised(Role.CLIENT, company=company), make_raised()
    not_raised, _ = make_session(role=Role.OPERATOR)
    before = world.everything()
    with pytest.raises(Forbidden):
        correct(tenant, server)
    with pytest.raises(ElevationRequired):
        correct(not_raised, server)
    with pytest.raises(ServerWithoutBmc):
        correct(technician, bare)
    with pytest.raises(NotFound):
        correct(technician, Server(id=world.MISSING))  # type: ignore[call-arg]
    assert world.everything() == before

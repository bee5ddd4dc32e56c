"""What the boot network's DHCP server tells: why a machine is late, and who may not ask in another's name."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.hardware import reconciliation
from opsportal.domain.provisioning import dhcp, leases, machines
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import Asker, BootLease, Diagnosis, InstallEvent, Milestone, MilestoneName, Server
from opsportal.models.base import utcnow
from opsportal.settings import settings
from tests.builders import make_server
from tests.integration.provisioning.rack import Place
from tests.integration.test_protections import IS_TAKEN_OUT, take_out
from workers import provisioning

FREE = "203.0.113.9"


def _given(server: Server, asker: Asker, address: str = "", seconds: int = 3_600, age_s: int = 0) -> None:
    at, address = utcnow() - dt.timedelta(seconds=age_s), address or str(server.ip)
    with unit_of_work() as unit:
        dhcp.given(unit, mac=server.mac, address=address, seconds=seconds, asker=asker, at=at)


def _taken_back(server: Server, address: str, age_s: int = 0) -> None:
    with unit_of_work() as unit:
        dhcp.taken_back(unit, mac=server.mac, address=address, at=utcnow() - dt.timedelta(seconds=age_s))


def _run(statement: str) -> None:
    with unit_of_work() as unit:
        unit.connection().exec_driver_sql(statement)


def _late(place: Place) -> Milestone:
    """The boot script is waited for, for longer than usual."""
    _run("UPDATE milestone SET reached_at = reached_at - interval '1000 seconds'")
    provisioning.run()
    with unit_of_work() as unit:
        row = unit.exec(
            select(Milestone).where(
                Milestone.job_id == place.job_id, Milestone.name == MilestoneName.NETWORK_BOOT
            )
        ).one()
    assert row.late_at is not None
    return row


def _began(place: Place) -> None:
    place.reinstall()
    place.work()


def test_no_dhcp_server_of_ours(place: Place) -> None:
    """Then nothing follows from having heard nothing."""
    _began(place)
    assert _late(place).diagnosis == Diagnosis.NO_NETWORK_BOOT


def test_dhcp_server_elsewhere_says_nothing_about_this_place(place: Place) -> None:
    _given(make_server(site="Brno"), Asker.IPXE)
    _began(place)
    assert _late(place).diagnosis == Diagnosis.NO_NETWORK_BOOT


def test_asked_for_no_address(place: Place) -> None:
    """The DHCP server is heard of, also of this machine: by its old system, and before it was switched off."""
    _given(make_server(), Asker.SYSTEM)
    place.reinstall()
    _given(place.server, Asker.FIRMWARE)
    place.work()
    _given(place.server, Asker.SYSTEM)
    assert _late(place).diagnosis == Diagnosis.NO_DHCP_REQUEST


@pytest.mark.parametrize("asker", [Asker.FIRMWARE, Asker.IPXE])
def test_given_an_address_and_never_fetched_its_script(place: Place, asker: Asker) -> None:
    _began(place)
    _given(place.server, asker)
    _given(place.server, asker)
    with unit_of_work() as unit:
        events = [(one.kind, one.detail, one.address) for one in unit.exec(select(InstallEvent))]
    assert events == [("dhcp", asker, place.address)]
    assert _late(place).diagnosis == Diagnosis.NO_BOOT_SCRIPT


def test_asks_when_it_is_late_already(place: Place) -> None:
    """What was said to be likely is put right; what comes after the boot script says nothing any more."""
    _given(make_server(), Asker.SYSTEM)
    _began(place)
    assert _late(place).diagnosis == Diagnosis.NO_DHCP_REQUEST
    _given(place.server, Asker.IPXE)
    with unit_of_work() as unit:
        diagnoses = {one.diagnosis for one in unit.exec(select(Milestone))}
    assert diagnoses == {None, Diagnosis.NO_BOOT_SCRIPT}
    assert "/kernel" in place.script()


def test_too_late_is_failed_with_the_same_reason(place: Place) -> None:
    _began(place)
    _given(place.server, Asker.IPXE)
    _run("UPDATE milestone SET reached_at = reached_at - interval '10000 seconds'")
    _run("UPDATE hardware_job SET deadline_at = now() - interval '1 second'")
    with unit_of_work() as unit:
        assert reconciliation.end_overdue(unit) == 1
    assert place.end == ("failed", "no_boot_script")


def test_machines_that_are_on_no_record_leave_nothing(place: Place) -> None:
    with unit_of_work() as unit:
        dhcp.given(unit, mac="52:54:00:ff:ff:ff", address=FREE, seconds=60, asker=Asker.IPXE, at=utcnow())
        assert unit.exec(select(BootLease)).all() == []


@pytest.fixture
def _open_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOT_NETWORKS", "203.0.113.0/24")
    settings.cache_clear()


def _forget_leases(patch: pytest.MonkeyPatch) -> None:
    check = "leases.is_anothers(unit, str(caller), clean_mac(server.mac), is_own=is_own)"
    take_out(patch, machines, "is_own_address", check, "False")


@pytest.mark.usefixtures("_open_network")
@IS_TAKEN_OUT
def test_neighbour_that_asks_in_the_machines_name(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """In a network where any machine may ask, one that is known to be another one may not."""
    _began(place)
    _given(make_server(), Asker.SYSTEM, FREE)
    if is_taken_out:
        _forget_leases(monkeypatch)
    script = place.script(FREE)
    assert ("/kernel" in script, script == LOCAL_DISK) == (is_taken_out, not is_taken_out)


@pytest.mark.usefixtures("_open_network")
def test_neighbours_address_is_given_on(place: Place) -> None:
    _began(place)
    _given(make_server(), Asker.SYSTEM, FREE)
    assert place.script(FREE) == LOCAL_DISK
    assert "/kernel" in place.script("203.0.113.10")  # nobody knows who that is
    _given(place.server, Asker.IPXE, FREE)  # the address was given on
    assert "/kernel" in place.script(FREE)


@pytest.mark.usefixtures("_open_network")
@pytest.mark.parametrize("has_run_out", [False, True])
@IS_TAKEN_OUT
def test_neighbour_that_goes_on_using_an_address_that_was_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch, has_run_out: bool, is_taken_out: bool
) -> None:
    """It gave the address back, or its lease ran out: it stays the last that had it, until it is given on."""
    neighbour = make_server()
    _began(place)
    _given(neighbour, Asker.SYSTEM, FREE, seconds=0 if has_run_out else 3_600)
    if not has_run_out:
        _taken_back(neighbour, FREE)
    with monkeypatch.context() as patch:
        if is_taken_out:
            take_out(patch, leases, "is_anothers", " or not is_own", "")
        script = place.script(FREE)
    assert ("/kernel" in script, script == LOCAL_DISK) == (is_taken_out, not is_taken_out)
    _given(place.server, Asker.IPXE, FREE)
    assert "/kernel" in place.script(FREE)


@pytest.mark.usefixtures("_open_network")
def test_what_was_told_before_changes_nothing_when_it_is_sent_again(place: Place) -> None:
    neighbour, third = make_server(), make_server()
    _began(place)
    _given(place.server, Asker.SYSTEM, FREE, age_s=120)
    _given(neighbour, Asker.SYSTEM, FREE, age_s=60)
    with unit_of_work() as unit:
        before = unit.get_one(BootLease, FREE).model_dump()
    _given(place.server, Asker.IPXE, FREE, age_s=120)
    _taken_back(neighbour, FREE, age_s=90)
    _taken_back(third, FREE)  # another one's word changes nothing, either
    with unit_of_work() as unit:
        assert unit.get_one(BootLease, FREE).model_dump() == before
        assert unit.exec(select(InstallEvent)).all() == []
    assert place.script(FREE) == LOCAL_DISK
    _taken_back(neighbour, FREE, age_s=30)
    _given(neighbour, Asker.SYSTEM, FREE, age_s=60)
    with unit_of_work() as unit:
        assert unit.get_one(BootLease, FREE).expires_at < utcnow()
    _given(place.server, Asker.SYSTEM, FREE, age_s=20)
    assert "/kernel" in place.script(FREE)


@pytest.mark.usefixtures("_open_network")
def test_what_was_told_counts_only_while_somebody_may_tell(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key nobody says any more to whom an address was given on."""
    _began(place)
    _given(make_server(), Asker.SYSTEM, FREE)
    monkeypatch.delenv("BOOT_NETWORK_KEY")
    settings.cache_clear()
    assert "/kernel" in place.script(FREE)


def test_own_address_that_was_anothers_before(place: Place) -> None:
    """Who had a server's address before the server is of no matter."""
    neighbour = make_server()
    _began(place)
    _given(neighbour, Asker.SYSTEM, place.address)
    _taken_back(neighbour, place.address)
    assert "/kernel" in place.script()


@IS_TAKEN_OUT
def test_own_address_while_another_machine_has_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    _began(place)
    _given(make_server(), Asker.SYSTEM, place.address)
    if is_taken_out:
        _forget_leases(monkeypatch)
    script = place.script()
    assert ("/kernel" in script, script == LOCAL_DISK) == (is_taken_out, not is_taken_out)

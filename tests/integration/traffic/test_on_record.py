"""Switches and cables by the command line: what is entered is sealed, audited, or not there at all."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.vault import unseal
from opsportal.models import AuditEvent, PortLink, Switch, SwitchPoll
from opsportal.switches_on_record import main
from tests.builders import make_server
from tests.conftest import _forget_process_caches
from tests.doors.world import everything

pytestmark = pytest.mark.usefixtures("portal", "reachable")
V2C = ["add", "prg-sw-01", "--site", "Prague 1", "--host", "10.0.0.7"]


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SWITCH_NETWORKS", "10.0.0.0/24")
    _forget_process_caches()
    yield
    monkeypatch.undo()
    _forget_process_caches()


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str], typed: str = "") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(arguments)


def test_a_switch_is_put_on_record_with_its_community_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, V2C, "open sesame\n") == 0
    with unit_of_work() as unit:
        switch = unit.exec(select(Switch)).one()
        assert switch.community
        assert b"sesame" not in switch.community
        assert unseal(switch.community) == "open sesame"
        assert unit.get(SwitchPoll, switch.id)
        event = unit.exec(select(AuditEvent).where(col(AuditEvent.tag) == "switch:added")).one()
    assert (event.object_name, event.data) == ("prg-sw-01", {})


def test_v3_takes_two_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [*V2C, "--user", "portal", "--auth", "sha256", "--priv", "aes128"]
    assert run(monkeypatch, arguments, "first secret\nsecond secret\n") == 0
    with unit_of_work() as unit:
        switch = unit.exec(select(Switch)).one()
    assert (switch.snmp_version, switch.username, switch.community) == ("3", "portal", None)
    assert unseal(switch.auth_password or b"") == "first secret"
    assert unseal(switch.priv_password or b"") == "second secret"


def test_cables_are_made_and_taken_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server()
    run(monkeypatch, V2C, "x\n")
    assert run(monkeypatch, ["connect", "prg-sw-01", "ge-0/0/7", server.name]) == 0
    assert run(monkeypatch, ["disconnect", "prg-sw-01", "ge-0/0/7"]) == 0
    with unit_of_work() as unit:
        link = unit.exec(select(PortLink)).one()
    assert link.server_id == server.id
    assert link.valid_until is not None
    assert "hangs on ge-0/0/7" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["add", "new", "--site", "x", "--host", "switch.example"], "c\n", "not ask this address"),
        (["add", "new", "--site", "x", "--host", "10.0.0.8"], "", "community is missing"),
        (["add", "new", "--site", "x", "--host", "192.0.2.1"], "c\n", "inside SWITCH_NETWORKS"),
        (["add", "new", "--site", "x", "--host", "10.0.0.8", "--user", "u"], "", "needs a name"),
        (
            ["add", "new", "--site", "x", "--host", "10.0.0.8", "--user", "u", "--priv", "des"],
            "p\n",
            "give --auth",
        ),
        (V2C, "c\n", "one of this name already"),
        (["add", "new", "--site", "x", "--host", "10.0.0.8", "--port", "0"], "c\n", "a port from 1 to 65535"),
        (["connect", "nowhere", "ge-0/0/1", "server"], "", "no switch"),
        (["connect", "prg-sw-01", "ge-0/0/1", "nobody"], "", "no server"),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    typed: str,
    said: str,
) -> None:
    run(monkeypatch, V2C, "x\n")
    before = everything()
    assert run(monkeypatch, arguments, typed) == 1
    assert everything() == before
    shown = capsys.readouterr().err
    assert said in shown
    assert "Nothing was" in shown

"""Ordering systems and reading serial logs over plain HTTP, as browsers and as attackers do it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.consoles import serial_logs
from opsportal.domain.inventory import labels
from opsportal.models import Company, HardwareJob, Installation, JobStatus, OperatingSystem, Role
from opsportal.models import Server as Machine
from opsportal.state.inventory.aisle import read_aisle
from tests.builders import make_company, make_server, make_service
from tests.doors import world
from tests.doors.matrix.paths import ORDER
from tests.doors.server import Browser, Server
from tests.integration.provisioning.rack import BASE_URL, KEY, make_system

pytestmark = pytest.mark.xdist_group("doors-provisioning")
SCRIPT = "#!/bin/sh\necho marker-of-a-script\n"


@pytest.fixture(scope="module")
def server(portal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A portal with a boot service."""
    log = Path(tmp_path_factory.mktemp("server")) / "log"
    running = Server(environment=dict(os.environ) | {"BOOT_URL": BASE_URL}, log=log)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def system(portal: str) -> OperatingSystem:
    return make_system(version="12")


@pytest.fixture
def home() -> Company:
    return make_company()


@pytest.fixture
def machine(home: Company) -> Machine:
    return make_server(make_service(home))


def browser_of(server: Server, role: Role, company: Company | None = None) -> Browser:
    browser = Browser(server)
    browser.cookie = world.make_someone(role, company=company).cookie
    return browser


def order(machine: Machine, installed: OperatingSystem, /, **changes: Any) -> dict[str, Any]:
    wishes = {"system": installed.id, "ssh_keys": [KEY], "post_install": SCRIPT, "confirmation": machine.name}
    return ORDER | wishes | changes


def answer_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def everything_stored() -> str:
    """The text of every row of every table."""
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    with unit_of_work() as unit:
        names = unit.execute(text(tables)).scalars().all()
        rows = [unit.execute(text(f'SELECT t::text FROM "{name}" t')).scalars() for name in names]
        return "\n".join(row for found in rows for row in found)


def test_password_is_in_one_answer_and_nowhere_else(
    server: Server, system: OperatingSystem, machine: Machine, home: Company
) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    answer = browser.post(f"/servers/{machine.id}/reinstall", order(machine, system))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) == {"job_id", "user", "password"}
    assert (told["user"], len(told["password"])) == ("root", 20)
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, told["job_id"])
        assert (job.kind, job.status, job.server_id) == ("reinstall", "queued", machine.id)
        assert (unit.get_one(Installation, job.id).password_hash or "").startswith("$6$")
    assert told["password"] not in everything_stored()
    assert told["password"] not in server.log()
    assert "marker-of-a-script" not in server.log()

    before = world.everything()
    again = browser.post(f"/servers/{machine.id}/reinstall", order(machine, system))
    assert answer_of(again) == (400, "server_busy")
    assert "password" not in again.json()
    assert world.everything() == before


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.OPERATOR])
def test_staff_orders_for_any_server(
    server: Server, system: OperatingSystem, machine: Machine, role: Role
) -> None:
    answer = browser_of(server, role).post(f"/servers/{machine.id}/reinstall", order(machine, system))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"confirmation": ""}, "confirmation_wrong"),
        ({"confirmation": "another-server"}, "confirmation_wrong"),
        ({"system": 2**62}, "system_not_offered"),
        ({"layout": "raid99"}, "layout_unknown"),
        ({"disks": ["7"]}, "disk_unknown"),
        ({"hostname": "-"}, "hostname_unusable"),
        ({"hostname": "x; reboot"}, "hostname_unusable"),
        ({"ssh_keys": ["ssh-rsa nonsense"]}, "ssh_key_unusable"),
        ({"time_zone": "../../etc/passwd"}, "time_zone_unknown"),
        ({"post_install": "x" * 20_000}, "script_unusable"),
    ],
)
def test_refused_order_changes_nothing(
    server: Server,
    system: OperatingSystem,
    machine: Machine,
    home: Company,
    changes: dict[str, Any],
    code: str,
) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    before = world.everything()
    answer = browser.post(f"/servers/{machine.id}/reinstall", order(machine, system, **changes))
    assert answer_of(answer) == (400, code)
    assert world.everything() == before


@pytest.mark.parametrize(
    "body", [{"kind": "wipe", "confirmation": ""}, {"kind": "wipe", "confirmation": "x"}]
)
def test_wiping_wants_the_name_typed(
    server: Server, machine: Machine, home: Company, body: dict[str, str]
) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    before = world.everything()
    assert answer_of(browser.post(f"/servers/{machine.id}/boot", body)) == (400, "confirmation_wrong")
    assert world.everything() == before


def pressed_in_the_aisle(actor: Actor, machine: Machine) -> dict[str, Any]:
    """What the quick reinstall of the aisle sends, by what its page was told (reinstall_boot.jsx)."""
    with unit_of_work() as unit:
        view = read_aisle(unit, actor, labels.label_of(machine.id or 0))
    chosen = next(one for one in view.systems if any(layout.fits for layout in one.layouts))
    layout = next(one for one in chosen.layouts if one.fits)
    disks = [disk.id for disk in view.disks[: layout.disks]]
    wishes = {"system": chosen.id, "hostname": view.name, "layout": layout.id, "disks": disks}
    return wishes | {"ssh_keys": [], "time_zone": "UTC", "post_install": "", "confirmation": view.name}


STRANGE: tuple[bytes, ...] = (
    *(b"", b"null", b"[]", b"\xff\xfe", b'{"system": NaN}', b"[" * 50_000),
    *(b'{"system": 1}', b'{"__proto__": {"confirmation": "x"}}'),
)


def test_pressed_in_the_aisle_only_what_is_exactly_asked_is_done(
    server: Server, system: OperatingSystem, machine: Machine
) -> None:
    marek = world.make_someone(Role.TECHNICIAN)
    browser, path = Browser(server), f"/servers/{machine.id}/reinstall"
    body = pressed_in_the_aisle(marek.actor, machine)
    stranger = browser_of(server, Role.CLIENT, make_company())
    other = make_server()
    before = world.everything()
    assert answer_of(browser.post(path, body)) == (401, "sign_in_required")
    browser.cookie = marek.cookie
    for name in ("", machine.name.upper(), f"{machine.name}.", other.name):
        assert answer_of(browser.post(path, body | {"confirmation": name})) == (400, "confirmation_wrong")
    assert answer_of(browser.post(f"/servers/{other.id}/reinstall", body)) == (400, "confirmation_wrong")
    assert answer_of(browser.post("/servers/999999999/reinstall", body)) == (404, "not_found")
    assert answer_of(stranger.post(path, body)) == (404, "not_found")
    json_type = {"content-type": "application/json"}
    for content in STRANGE:
        answer = browser.http.post(path, content=content, headers=json_type)
        assert answer_of(answer) == (400, "bad_request"), content[:40]
    assert answer_of(browser.http.post(path, data=body)) == (
        400,
        "bad_request",
    )  # as a form of another page would
    assert Browser(server, origin="https://evil.example").post(path, body).status_code == 403
    assert world.everything() == before
    told = browser.post(path, body)
    assert told.status_code == 200, told.text
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, told.json()["job_id"])
        assert (job.server_id, job.kind, job.actor_name) == (machine.id, "reinstall", marek.actor.name)


def test_boot_from_disk_needs_no_password(server: Server, machine: Machine, home: Company) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    answer = browser.post(f"/servers/{machine.id}/boot", {"kind": "boot_disk", "confirmation": ""})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["user"], answer.json()["password"]) == ("root", "")


def test_foreign_server_is_not_there(server: Server, system: OperatingSystem, machine: Machine) -> None:
    browser = browser_of(server, Role.CLIENT, make_company())
    before = world.everything()
    for path, body in (
        (f"/servers/{machine.id}/reinstall", order(machine, system)),
        (f"/servers/{machine.id}/boot", {"kind": "boot_disk", "confirmation": ""}),
        (f"/servers/{2**63}/boot", {"kind": "boot_disk", "confirmation": ""}),
    ):
        assert answer_of(browser.post(path, body)) == (404, "not_found")
    assert world.everything() == before


@pytest.mark.parametrize(
    "change",
    [
        {"system": "1"},
        {"system": True},
        {"disks": "1"},
        {"disks": [1]},
        {"ssh_keys": ["x"] * 1_000},
        {"hostname": "x" * 1_000},
        {"post_install": "x" * 300_000},
        {"actor": 1},
        {"hostname": None},
    ],
)
def test_order_must_be_exactly_what_is_asked(
    server: Server, system: OperatingSystem, machine: Machine, home: Company, change: dict[str, Any]
) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    before = world.everything()
    answer = browser.post(f"/servers/{machine.id}/reinstall", order(machine, system, **change))
    assert answer_of(answer) == (400, "bad_request")
    assert world.everything() == before


@pytest.mark.parametrize("kind", ["reinstall", "power_off", "clean", ""])
def test_boot_offers_its_own_kinds_only(server: Server, machine: Machine, home: Company, kind: str) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    before = world.everything()
    answer = browser.post(f"/servers/{machine.id}/boot", {"kind": kind, "confirmation": machine.name})
    assert answer_of(answer) == (400, "bad_request")
    assert world.everything() == before


def test_a_machine_at_work_is_stopped_by_its_own_client(
    server: Server, system: OperatingSystem, machine: Machine, home: Company
) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    number = browser.post(f"/servers/{machine.id}/reinstall", order(machine, system)).json()["job_id"]
    stop = {"then": "boot_disk", "confirmation": machine.name}
    with unit_of_work() as unit:
        unit.get_one(HardwareJob, number).status = JobStatus.WAITING
    stranger = browser_of(server, Role.CLIENT, make_company())
    before = world.everything()
    assert answer_of(stranger.post(f"/jobs/{number}/stop", stop)) == (404, "not_found")
    for change, code in (
        ({"confirmation": "another"}, "confirmation_wrong"),
        ({"then": "reinstall"}, "bad_request"),
        ({"then": "power_on"}, "bad_request"),
        ({"actor": 1}, "bad_request"),
    ):
        assert answer_of(browser.post(f"/jobs/{number}/stop", stop | change)) == (400, code)
    assert answer_of(browser.post(f"/jobs/{2**63}/stop", stop)) == (404, "not_found")
    assert world.everything() == before
    answer = browser.post(f"/jobs/{number}/stop", stop)
    assert answer.status_code == 200, answer.text
    with unit_of_work() as unit:
        stopped, follower = (unit.get_one(HardwareJob, one) for one in (number, answer.json()["job_id"]))
        assert (stopped.status, stopped.outcome_code) == ("cancelled", "stopped")
        assert (follower.kind, follower.status) == ("boot_disk", "queued")
    assert answer_of(browser.post(f"/jobs/{number}/stop", stop)) == (400, "job_not_waiting")


def test_an_earlier_order_comes_back_without_its_password(
    server: Server, system: OperatingSystem, machine: Machine, home: Company
) -> None:
    browser = browser_of(server, Role.CLIENT, home)
    told = browser.post(f"/servers/{machine.id}/reinstall", order(machine, system)).json()
    answer = browser.http.get(f"/jobs/{told['job_id']}/order.json")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {
        "system_id": system.id,
        "layout": ORDER["layout"],
        "disks": ["1"],
        "hostname": ORDER["hostname"],
        "ssh_keys": [KEY],
        "time_zone": ORDER["time_zone"],
        "post_install": SCRIPT,
    }
    # A colleague and staff may order the same; the script is its writer's.
    for other in (browser_of(server, Role.CLIENT, home), browser_of(server, Role.TECHNICIAN)):
        assert other.http.get(f"/jobs/{told['job_id']}/order.json").json() == answer.json() | {
            "post_install": ""
        }
    stranger = browser_of(server, Role.CLIENT, make_company())
    power = world.make_job(machine, status=JobStatus.SUCCEEDED, company_id=home.id)
    for who, number in ((stranger, told["job_id"]), (browser, power.id), (browser, 0), (browser, 2**63)):
        assert answer_of(who.http.get(f"/jobs/{number}/order.json")) == (404, "not_found")
    assert answer_of(Browser(server).http.get(f"/jobs/{told['job_id']}/order.json")) == (
        401,
        "sign_in_required",
    )


def test_serial_log_is_text_for_its_owner(server: Server, machine: Machine, home: Company) -> None:
    job = world.make_job(machine, status=JobStatus.RUNNING, company_id=home.id)
    lines = ["<script>alert(1)</script>\n", "\x1b[2Jsecond\n", "third\n"]
    for line in lines:
        with unit_of_work() as unit:
            serial_logs.append(unit, job.id or 0, line.encode())
    browser = browser_of(server, Role.CLIENT, home)
    answer = browser.http.get(f"/jobs/{job.id}/serial.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {
        "text": "<script>alert(1)</script>\nsecond\nthird\n",
        "position": 3,
        "is_cut": False,
        "has_more": False,
    }
    assert browser.http.get(f"/jobs/{job.id}/serial.json?after=2").json()["text"] == "third\n"
    assert browser.http.get(f"/jobs/{job.id}/serial.json?after=3").json()["text"] == ""
    for after in ("-1", "x", "1e3", "", "9" * 10, "\u0663"):
        assert answer_of(browser.http.get(f"/jobs/{job.id}/serial.json", params={"after": after})) == (
            400,
            "bad_request",
        )
    stranger = browser_of(server, Role.CLIENT, make_company())
    assert answer_of(stranger.http.get(f"/jobs/{job.id}/serial.json")) == (404, "not_found")
    assert answer_of(Browser(server).http.get(f"/jobs/{job.id}/serial.json")) == (401, "sign_in_required")

"""The boot service over real HTTP: what a machine's firmware and installer see, and what anybody else sees."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from opsportal import boot_network
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.provisioning.boot_files import copy_of
from opsportal.domain.provisioning.orders import InstallOrder
from opsportal.domain.provisioning.reinstall import request_reinstall
from opsportal.domain.refusals import TooManyAttempts
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import BootLease, HardwareJob, InstallerKind, OperatingSystem, Role, Server
from opsportal.settings import settings
from opsportal.web import limits
from opsportal.web.boot import NO_ANSWERS
from tests.builders import make_actor, make_server
from tests.doors import world
from tests.doors.server import Server as Portal

pytestmark = pytest.mark.xdist_group("doors-boot")
ADDRESS, STRANGER = "127.0.0.31", "127.0.0.32"
BOOT_HOST, BUSY_HOST = "127.0.0.33", "127.0.0.34"
KEY = "a" * 16 + "B" * 16
LEASE = {"event": "add", "mac": "", "address": "10.77.0.9", "seconds": 3_600, "asker": "ipxe"}
KERNEL = b"\x7fkernel" * 1_000


@pytest.fixture(scope="module", autouse=True)
def _boot_service(portal: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Settings of the boot service, for the portal that the module starts and for this process."""
    directory: Path = tmp_path_factory.mktemp("boot")
    (directory / "kernel").write_bytes(KERNEL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOT_URL", "http://127.0.0.1:1")
        patch.setenv("BOOT_FILES", str(directory))
        patch.setenv("BOOT_NETWORK_KEY", KEY)
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.fixture
def technician() -> Actor:
    return make_actor(role=Role.TECHNICIAN)


def _installation(technician: Actor, installer: InstallerKind, **changes: Any) -> tuple[Server, int]:
    """A server whose installation a worker has armed."""
    server = make_server(ip=ADDRESS)
    sha256 = hashlib.sha256(KERNEL).hexdigest()
    system = OperatingSystem(
        code=server.name, name="S", family="x", installer=installer, kernel_sha256=sha256,
        image="http://203.0.113.1/image" if installer is InstallerKind.RAW else "http://203.0.113.1/tree",
        **({"kernel": "kernel"} | changes),
    )  # fmt: skip
    with unit_of_work() as unit:
        unit.add(system)
        unit.flush()
        order = InstallOrder(system.id or 0, "web1", "single", server.name)
        job = request_reinstall(unit, technician, server.id or 0, order).job
        run = unit.connection().exec_driver_sql
        run("UPDATE installation SET stage = 'armed', armed_at = now() WHERE job_id = %s", (job.id,))
        run(
            "UPDATE hardware_job SET status = 'waiting', deadline_at = now() + '1 h' WHERE id = %s", (job.id,)
        )
    return server, job.id or 0


def _machine(portal: Portal, address: str = ADDRESS) -> httpx.Client:
    return httpx.Client(
        base_url=portal.origin, timeout=60, transport=httpx.HTTPTransport(local_address=address)
    )


def _status(job_id: int) -> str:
    with unit_of_work() as unit:
        return unit.get_one(HardwareJob, job_id).status


def _base(script: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:1(/boot/i/[A-Za-z0-9_-]{43})/kernel", script)
    assert found, script
    return found[1]


def test_machine_from_firmware_to_login(server: Portal, technician: Actor) -> None:
    row, job_id = _installation(technician, InstallerKind.RAW)
    with _machine(server) as http:
        answer = http.get(f"/boot/ipxe/{row.mac}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        base = _base(answer.text)
        assert http.get(f"{base}/kernel").content == KERNEL
        assert http.head(f"{base}/image").status_code == 404  # asking is not fetching
        image = http.get(f"{base}/image")
        assert (image.status_code, image.headers["location"]) == (302, "http://203.0.113.1/image")
        assert http.get(f"{base}/image").status_code == 404
        assert http.get(f"{base}/hostname").text == "web1\n"
        assert re.fullmatch(r"root:\$6\$[^:]+:19000:0:99999:7:::\n", http.get(f"{base}/shadow").text)
        assert http.get(f"/boot/ipxe/{row.mac}").text == LOCAL_DISK
        for milestone in ("installer_started", "disk_prepared", "system_written", "first_boot", "answers"):
            told = http.post(f"{base}/report", json={"milestone": milestone, "detail": "web1"})
            assert (told.status_code, told.json()) == (200, {})
        assert _status(job_id) == "succeeded"
        assert http.post(f"{base}/report", json={"milestone": "answers"}).status_code == 404


def test_kernel_of_elsewhere_comes_from_here_once_it_is_verified(server: Portal, technician: Actor) -> None:
    row, _ = _installation(technician, InstallerKind.RAW, kernel="http://203.0.113.1/kernel")
    with _machine(server) as http:
        base = _base(http.get(f"/boot/ipxe/{row.mac}").text)
        assert http.get(f"{base}/kernel").status_code == 404
        copy = copy_of(hashlib.sha256(KERNEL).hexdigest())
        copy.parent.mkdir()
        copy.write_bytes(KERNEL)
        answer = http.get(f"{base}/kernel")
        assert (answer.status_code, answer.content) == (200, KERNEL)


@pytest.mark.parametrize(
    ("installer", "name", "begins"),
    [
        (InstallerKind.PRESEED, "preseed.cfg", "d-i debian-installer/locale"),
        (InstallerKind.AUTOINSTALL, "user-data", "#cloud-config\n"),
        (InstallerKind.KICKSTART, "ks.cfg", "text\n"),
        (InstallerKind.RAW, "install.sh", "#!/bin/sh\n"),
    ],
)
def test_configurations(
    server: Portal, technician: Actor, installer: InstallerKind, name: str, begins: str
) -> None:
    row, _ = _installation(technician, installer)
    with _machine(server) as http:
        base = _base(http.get(f"/boot/ipxe/{row.mac}").text)
        assert http.get(f"{base}/{name}").text.startswith(begins)
        assert http.get(f"{base}/{name}").status_code == 404
        assert http.get(f"{base}/finish.sh").text.startswith("#!/bin/sh\n")


def test_debian_s_installer_is_told_nothing_where_its_firmware_was_told_to_boot(
    server: Portal, technician: Actor
) -> None:
    """It reads what DHCP names as the boot file for answers, before its own; a boot script would be an error."""
    row, _ = _installation(technician, InstallerKind.PRESEED)
    with _machine(server) as http:
        asked = http.get(f"/boot/ipxe/{row.mac}", headers={"User-Agent": "debian-installer"})
        assert (asked.status_code, asked.text) == (200, NO_ANSWERS)
        assert all(line.startswith("#") for line in asked.text.splitlines())
        assert "kernel" in http.get(f"/boot/ipxe/{row.mac}").text


BODIES: tuple[tuple[bytes, str], ...] = (
    (b"", "application/json"), (b"null", "application/json"), (b"[]", "application/json"),
    (b"{}", "application/json"), (b"{" * 3_000, "application/json"), (b"x" * 100_000, "application/json"),
    (b'{"milestone":"answers"}', "text/plain"), (b"milestone=answers", "application/x-www-form-urlencoded"),
    (b'{"milestone":"answers","detail":"<script>"}', "application/json"),
    (b'{"milestone":"answers","detail":"' + b"x" * 65 + b'"}', "application/json"),
    (b'{"milestone":"answers","root":true}', "application/json"), (b'{"milestone":7}', "application/json"),
    (b'{"milestone":["answers"]}', "application/json"), (b'{"milestone":"answers\\u0000"}', "application/json"),
    (b'{"milestone":"power_cycled"}', "application/json"), (b'{"milestone":"\\ud800"}', "application/json"),
    (b"\xff\xfe", "application/json"),
)  # fmt: skip


def test_hostile_reports_change_nothing(server: Portal, technician: Actor) -> None:
    row, job_id = _installation(technician, InstallerKind.RAW)
    with _machine(server) as http:
        base = _base(http.get(f"/boot/ipxe/{row.mac}").text)
        before = world.everything()
        for body, kind in BODIES:
            answer = http.post(f"{base}/report", content=body, headers={"content-type": kind})
            assert answer.status_code in (400, 404), (body[:40], answer.status_code)
        assert world.everything() == before
    assert _status(job_id) == "waiting"


def test_hostile_addresses_change_nothing(server: Portal, technician: Actor) -> None:
    row, _ = _installation(technician, InstallerKind.RAW)
    with _machine(server) as http:
        base = _base(http.get(f"/boot/ipxe/{row.mac}").text)
    before = world.everything()
    with _machine(server, STRANGER) as http:
        assert http.get(f"/boot/ipxe/{row.mac}").text == LOCAL_DISK
        forwarded = {"x-forwarded-for": ADDRESS, "x-real-ip": ADDRESS, "forwarded": f"for={ADDRESS}"}
        for headers in ({}, forwarded):
            assert http.get(f"{base}/kernel", headers=headers).status_code == 404
            assert http.get(f"{base}/image", headers=headers).status_code == 404
            told = http.post(f"{base}/report", json={"milestone": "answers"}, headers=headers)
            assert told.status_code == 404
    with _machine(server) as http:
        for path in ("/boot/i/x/kernel", "/boot/i/" + "A" * 43 + "/kernel", f"{base}/%2e%2e%2fkernel",
                     f"{base}/..%2f..%2fetc%2fpasswd", f"{base}/preseed.cfg", f"{base}/%00", f"{base}/" + "a" * 4_000,
                     "/boot/i/%ff%fe/kernel"):  # fmt: skip
            assert http.get(path).status_code == 404, path
        for mac in ("x", "%00", "a" * 4_000, "52-54-00-ff-ff-ff", "%ff", "..%2f..", "$%7Bnet0%7D"):
            answer = http.get(f"/boot/ipxe/{mac}")
            assert (answer.status_code, answer.text) in ((200, LOCAL_DISK), (404, "Not Found")), mac
        for method in ("PUT", "DELETE", "PATCH"):
            assert http.request(method, f"{base}/image").status_code in (403, 404, 405), method
    assert world.everything() == before
    assert base.rsplit("/", 1)[1] not in server.log()


def test_flood_gets_the_disk(server: Portal, technician: Actor) -> None:
    """A machine that asks without end is told to start from its disk, and others are served."""
    row, _ = _installation(technician, InstallerKind.RAW)
    with contextlib.suppress(TooManyAttempts):
        limits.count(*[(limits.MACHINES, f"boot:{ADDRESS}")] * 601)
    with _machine(server) as http:
        assert http.get(f"/boot/ipxe/{row.mac}").text == LOCAL_DISK
        refused = http.get("/boot/i/" + "A" * 43 + "/kernel")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    with _machine(server, STRANGER) as http:
        assert http.get("/boot/i/" + "A" * 43 + "/kernel").status_code == 404


def _say(
    portal: Portal, raw: bytes, *, key: str = KEY, age_s: int = 0, mark: str = "", address: str = BOOT_HOST
) -> int:
    at = int(time.time()) - age_s
    digest = hmac.new(key.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"x-opsportal-signature": mark or f"t={at},v1={digest}"}
    with _machine(portal, address) as http:
        return http.post("/boot/network", content=raw, headers=headers).status_code


def _body(mac: str, **changes: Any) -> bytes:
    return json.dumps(LEASE | {"mac": mac} | changes).encode()


def _lease(mac: str) -> BootLease | None:
    with unit_of_work() as unit:
        return unit.exec(select(BootLease).where(col(BootLease.mac) == mac)).first()


def test_script_tells_what_dnsmasq_does(
    server: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script as it is written for the boot host, called as dnsmasq calls it."""
    row = make_server(ip="10.77.0.5")
    with monkeypatch.context() as patch:
        patch.setenv("BOOT_URL", server.origin)
        settings.cache_clear()
        words = ["--into", str(tmp_path / "boot"), "--tftp-root", "/srv/tftp", "--network", "10.77.0.0/24"]
        written = {file.name: file for file in boot_network.main(words)}
    settings.cache_clear()
    assert set(written) == {"dnsmasq.conf", "boot.ipxe", "tell-portal", "tell-portal.json"}
    assert stat.S_IMODE(written["tell-portal.json"].stat().st_mode) == 0o600
    assert f"dhcp-host={row.mac},10.77.0.5,1h" in written["dnsmasq.conf"].read_text().splitlines()
    assert KEY not in "".join(
        written[name].read_text() for name in ("dnsmasq.conf", "boot.ipxe", "tell-portal")
    )

    def call(*told: str, **environment: str) -> int:
        command, path = [str(written["tell-portal"]), *told], {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        return subprocess.run(command, env=path | environment, check=False, timeout=60).returncode

    assert call("tftp", "157", "10.77.0.5", "/srv/tftp/boot.ipxe") == 0
    assert _lease(row.mac) is None
    left = {"DNSMASQ_TIME_REMAINING": "600", "DNSMASQ_TAGS": "n0 known ipxe br0"}
    assert call("add", row.mac.upper(), "10.77.0.5", "$(reboot)", **left) == 0
    lease = _lease(row.mac)
    assert lease is not None
    assert (lease.address, (lease.expires_at - lease.told_at).total_seconds()) == ("10.77.0.5", 600)
    assert call("del", row.mac, "10.77.0.5") == 0
    after = _lease(row.mac)
    assert after is not None
    assert after.expires_at < lease.expires_at
    written["tell-portal.json"].write_text(
        json.dumps({"url": f"{server.origin}/boot/network", "key": "x" * 32})
    )
    assert call("add", row.mac, "10.77.0.5") == 1


def test_what_is_not_signed_or_no_word_of_a_dhcp_server_changes_nothing(server: Portal) -> None:
    mac = make_server().mac
    good = _body(mac)
    digest = hmac.new(KEY.encode(), b"." + good, hashlib.sha256).hexdigest()
    before = world.everything()
    assert _say(server, good, key="b" * 32) == 400
    assert _say(server, good, age_s=400) == 400
    assert _say(server, good, age_s=-400) == 400
    for mark in ("x", "t=1", f"t=,v1={digest}", f"v1={digest}", f"t=1,v1={digest}"):
        assert _say(server, good, mark=mark) == 400
    bodies = [
        *(b"", b"null", b"[]", b"{}", b"\xff", b"x" * 100_000, good[:-1] + b',"root":true}'),
        *(_body(mac, event=event) for event in ("tftp", "", 1, None)),
        *(_body(mac, address=address) for address in ("", "::1", "10.0.0.256", "10.0.0.1 ", "' OR 1=1", 7)),
        *(_body(mac, seconds=seconds) for seconds in (-1, 10**9, "60", 1.5, True)),
        *(_body(mac, asker=asker) for asker in ("", "root", 3)),
        *(_body(other) for other in ("", "x", "52-54-00-00-00-01", "525400000001", mac + "\n", mac * 9)),
    ]
    for body in bodies:
        assert _say(server, body) == 400, body[:60]
    assert _say(server, _body("52:54:00:ff:ff:ff")) == 200  # signed, and on no record
    assert world.everything() == before
    assert _say(server, good) == 200
    lease = _lease(mac)
    assert lease is not None
    assert _say(server, _body(mac, event="del"), age_s=200) == 200  # of before that: sent again, perhaps
    after = _lease(mac)
    assert after is not None
    assert after.model_dump() == lease.model_dump()


def test_flood_of_leases_is_refused(server: Portal) -> None:
    mac = make_server().mac
    with contextlib.suppress(TooManyAttempts):
        limits.count(*[(limits.MACHINES, f"boot:{BUSY_HOST}")] * 601)
    assert _say(server, _body(mac), address=BUSY_HOST) == 429
    assert _lease(mac) is None

"""Before anything is lost, everything is looked at: what is wrong leaves the server as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.provisioning.readiness import list_checks
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import InstallStage, Power, Server, SwitchPort
from opsportal.settings import settings
from tests.cabling import make_block, make_port
from tests.integration.provisioning.rack import IMAGE, Place, make_files, make_system
from workers.hardware import preflight


def _fails(place: Place, code: str) -> None:
    place.reinstall()
    place.work()
    assert (place.end, place.bmc.commands, place.bmc.other_commands) == (("failed", code), [], [])
    assert (place.script(), place.installation().stage) == (LOCAL_DISK, InstallStage.ENDED)


def test_files(place: Place, tmp_path: Path) -> None:
    boot = tmp_path / "boot"
    (boot / "image.gz").write_bytes(IMAGE + b"x")
    _fails(place, "boot_file_wrong")
    (boot / "image.gz").unlink()
    _fails(place, "boot_file_missing")
    make_files(boot)
    (tmp_path / "outside").write_bytes(IMAGE)
    place.system = make_system(image="../outside")
    _fails(place, "boot_file_missing")
    place.system = make_system(image_sha256="")
    _fails(place, "boot_file_wrong")
    place.system = make_system(image="ftp://198.51.100.1/image.gz")
    _fails(place, "boot_file_missing")
    place.system = make_system(image="http://127.0.0.1:1/image.gz")
    _fails(place, "boot_file_missing")


@contextmanager
def elsewhere(content: bytes) -> Iterator[str]:
    """Another web server. The address of its only file."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/kernel"
        finally:
            server.shutdown()
            thread.join()


def test_what_firmware_starts_is_fetched_and_compared_by_us(place: Place, tmp_path: Path) -> None:
    """A kernel of another server reaches no machine before it has its checksum, and then from here."""
    kept = tmp_path / "boot" / ".verified"
    sums = {"kernel_sha256": hashlib.sha256(b"their kernel").hexdigest()}
    with elsewhere(b"another kernel") as url:
        place.system = make_system(kernel=url, **sums)
        _fails(place, "boot_file_wrong")
        place.system = make_system(kernel=url, kernel_sha256="")
        _fails(place, "boot_file_wrong")
        assert list(kept.iterdir()) == []
    place.system = make_system(kernel=url, **sums)
    _fails(place, "boot_file_missing")
    with elsewhere(b"their kernel") as url:
        place.system = make_system(kernel=url, **sums)
        place.reinstall()
        place.work()
    assert place.end == ("waiting", None)
    assert [(one.name, one.read_bytes()) for one in kept.iterdir()] == [
        (sums["kernel_sha256"], b"their kernel")
    ]
    place.boot_installer()
    place.install()
    assert place.end == ("succeeded", "verified")
    # That server is gone: what was verified once is as good today, and what was changed since is not.
    place.reinstall()
    place.work()
    assert place.end == ("waiting", None)
    place.boot_installer()
    place.install()
    (kept / sums["kernel_sha256"]).write_bytes(b"changed")
    place.bmc.commands.clear()
    place.bmc.other_commands.clear()
    _fails(place, "boot_file_missing")


def test_bmc_that_refuses_us(place: Place) -> None:
    place.bmc.password = "another"
    _fails(place, "bmc_credentials_refused")


def test_boot_url_was_taken_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.reinstall()
    monkeypatch.setenv("BOOT_URL", "")
    settings.cache_clear()
    place.work()
    assert (place.end, place.bmc.commands) == (("failed", preflight.BootUrlMissing.code), [])


def _known(place: Place) -> str:
    with unit_of_work() as unit:
        checks = list_checks(place.actor, unit, place.server.id or 0)
    return next(check.known.value for check in checks if check.name == "port_up")


def _look(port: SwitchPort, *, is_enabled: bool | None, is_up: bool) -> None:
    with unit_of_work() as unit:
        row = unit.get_one(SwitchPort, port.id)
        row.is_enabled, row.is_up = is_enabled, is_up


def test_switch_port(place: Place) -> None:
    """Without a link under a server that is on, it says something; under one that is off it does not."""
    port = make_port(place.server, is_up=False)
    with unit_of_work() as unit:
        unit.get_one(Server, place.server.id).power = Power.ON
    _fails(place, "switch_port_down")
    with unit_of_work() as unit:
        unit.get_one(Server, place.server.id).power = Power.OFF
    # Taken down by us it comes to nothing, whatever the power; somebody at the switch may have taken it up.
    _look(port, is_enabled=False, is_up=False)
    assert _known(place) == "bad"
    _fails(place, "switch_port_down")
    _look(port, is_enabled=False, is_up=True)
    assert _known(place) == "ok"
    _look(port, is_enabled=True, is_up=False)
    assert _known(place) == "unknown"
    place.reinstall()
    place.work()
    assert place.end == ("waiting", None)


def test_a_server_that_was_blocked_meanwhile_is_not_touched(place: Place) -> None:
    port = make_port(place.server, is_up=True)
    place.reinstall()
    make_block(place.server, port)
    place.work()
    assert (place.end, place.bmc.commands) == (("failed", "switch_port_down"), [])
    assert _known(place) == "bad"

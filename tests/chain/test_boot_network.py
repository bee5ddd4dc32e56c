"""The boot network that we write the configuration for: dnsmasq, firmware, iPXE, TFTP and HTTP, all of them real."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.provisioning import milestones
from opsportal.integrations.installers import ipxe
from opsportal.models import Asker, BootLease, InstallEvent
from opsportal.settings import settings
from tests.builders import make_server
from tests.chain.boot_networks import BOOT_URL, offers, running_boot_network
from tests.chain.disks import STARTED
from tests.integration.provisioning.rack import make_files, running_place
from tests.workers.site import until

# One after the other with what needs every core.
pytestmark = [pytest.mark.xdist_group("power-chaos"), pytest.mark.slow]
STRANGER = "52:54:00:ff:ff:ff"
SILENCE_MS = 15_000


def _leases() -> dict[str, str]:
    with unit_of_work() as unit:
        return {lease.mac: lease.address for lease in unit.exec(select(BootLease))}


def _askers(job_id: int) -> list[str]:
    with unit_of_work() as unit:
        events = unit.exec(select(InstallEvent).order_by(InstallEvent.id)).all()  # type: ignore[arg-type]
        return [event.detail for event in events if (event.job_id, event.kind) == (job_id, "dhcp")]


@pytest.mark.usefixtures("portal")
def test_network_first_and_the_disk_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(tmp_path / "boot")
    monkeypatch.setenv("BOOT_URL", BOOT_URL)
    monkeypatch.setenv("BOOT_FILES", str(tmp_path / "boot"))
    monkeypatch.setenv("BOOT_NETWORK_KEY", "k" * 40)
    monkeypatch.setattr(ipxe, "ASK_TIMEOUT_MS", SILENCE_MS)
    settings.cache_clear()
    bios, uefi, bare = (make_server(ip=f"10.77.0.{number}") for number in (10, 11, 13))
    with running_place(ip="10.77.0.12") as place:
        place.reinstall()
        place.work()
        with running_boot_network(tmp_path) as network:
            network.door.silent_for.add(place.server.mac.replace(":", "%3A"))
            by_uefi = network.start_uefi(uefi.mac)
            answered, unanswered = network.start_bios(bios.mac), network.start_bios(place.server.mac)
            # A card that is on no record gets nothing; firmware without iPXE is given it by TFTP.
            assert offers(network, STRANGER, bare.mac) == {bare.mac: (bare.ip, "undionly.kpxe")}
            # The portal says "your disk" to the one, listens to the other and never answers.
            answered.wait_for(STARTED)
            assert "Booting from SAN device" in answered.said
            answered.end()
            unanswered.wait_for(STARTED)
            assert "Connection timed out" in unanswered.said
            unanswered.end()
            # Firmware's own client got iPXE by TFTP; told "your disk", it ends as failed, and firmware goes on.
            by_uefi.wait_for("BdsDxe: failed to start")
            assert "NBP filename is snponly.efi" in by_uefi.said
            by_uefi.end()
            asked = [(f"/boot/ipxe/{one.mac}", one.ip) for one in (bios, uefi, place.server)]
            assert sorted(network.door.asked) == sorted(asked)
            until(lambda: len(_leases()) == 3, what="what dnsmasq tells")
            assert _leases() == {bios.mac: bios.ip, uefi.mac: uefi.ip, place.server.mac: place.server.ip}
            until(lambda: _askers(place.job_id) == [Asker.IPXE], what="that the machine was seen")
            with unit_of_work() as unit:
                row = milestones.waited_for(unit, place.job_id)
                assert row is not None
                assert milestones.diagnosis_of(unit, row) == "no_boot_script"
            network.close_door()
            alone = network.start_bios(bios.mac)
            alone.wait_for(STARTED)
            assert "Connection reset" in alone.said

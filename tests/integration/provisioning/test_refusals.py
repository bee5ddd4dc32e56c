"""What cannot be ordered is refused with a sentence, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.provisioning.orders import BootOrder
from opsportal.domain.provisioning.reinstall import request_boot, request_reinstall
from opsportal.domain.provisioning.systems import list_disks, offered_boots, offered_systems
from opsportal.domain.refusals import Refusal
from opsportal.models import (
    InstallerKind,
    JobKind,
    Part,
    PartKind,
    PartStatus,
    Role,
    Server,
    SystemPurpose,
)
from opsportal.settings import settings
from tests.builders import make_actor, make_server, make_service, suspend
from tests.cabling import make_block, make_port
from tests.doors import world
from tests.integration.provisioning.rack import KEY, Place, make_system

WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "no such system": ("system_not_offered", {"system_id": 4711}),
    "another name typed": ("confirmation_wrong", {"confirmation": "server"}),
    "nothing typed": ("confirmation_wrong", {"confirmation": ""}),
    "layout of no system": ("layout_unknown", {"layout": "raid5"}),
    "layout the image cannot have": ("layout_unknown", {"layout": "mirror"}),
    "foreign disk": ("disk_unknown", {"disks": ["S4711"]}),
    "two disks for one": ("too_few_disks", {"disks": ["1", "2"]}),
    "host name with a shell in it": ("hostname_unusable", {"hostname": "web1;reboot"}),
    "host name with a line in it": ("hostname_unusable", {"hostname": "web1\nroot"}),
    "host name of digits": ("hostname_unusable", {"hostname": "10.0.0.1"}),
    "long host name": ("hostname_unusable", {"hostname": "a" * 65}),
    "private key": ("ssh_key_unusable", {"ssh_keys": ["-----BEGIN OPENSSH PRIVATE KEY-----"]}),
    "key with options": ("ssh_key_unusable", {"ssh_keys": [f'command="reboot" {KEY}']}),
    "key of another kind": ("ssh_key_unusable", {"ssh_keys": [KEY.replace("ed25519", "dss", 1)]}),
    "kind that is not inside": ("ssh_key_unusable", {"ssh_keys": [KEY.replace("ssh-ed25519", "ssh-rsa")]}),
    "many keys": ("too_many_ssh_keys", {"ssh_keys": [KEY] * 21}),
    "zone of nowhere": ("time_zone_unknown", {"time_zone": "Mars/Olympus"}),
    "zone that is a path": ("time_zone_unknown", {"time_zone": "../../etc/passwd"}),
    "long script": ("script_unusable", {"post_install": "x" * 16_385}),
    "script with a NUL": ("script_unusable", {"post_install": "echo \0"}),
    "script with half a letter": ("script_unusable", {"post_install": "\ud800"}),
}


def refused(call: Callable[[], Any]) -> str:
    before = world.everything()
    with pytest.raises(Refusal) as refusal:
        call()
    assert world.everything() == before
    return refusal.value.code


def test_orders_that_cannot_be_carried_out(place: Place) -> None:
    came = {what: refused(partial(place.reinstall, **changes)) for what, (_, changes) in WRONG.items()}
    assert came == {what: code for what, (code, _) in WRONG.items()}


def test_a_blocked_server_boots_from_its_disk_only(place: Place) -> None:
    make_system(purpose=SystemPurpose.RESCUE)
    make_system(purpose=SystemPurpose.WIPE)
    make_block(place.server, make_port(place.server))

    def boot(kind: JobKind) -> None:
        with unit_of_work() as unit:
            order = BootOrder(confirmation=place.server.name)
            request_boot(unit, place.actor, place.server.id or 0, kind=kind, order=order)

    calls = [place.reinstall, partial(boot, JobKind.RESCUE), partial(boot, JobKind.WIPE)]
    assert [refused(call) for call in calls] == ["server_cut_off"] * 3
    boot(JobKind.BOOT_DISK)


def test_second_order_while_the_first_is_under_way(place: Place) -> None:
    place.reinstall()
    assert refused(place.reinstall) == "server_busy"
    place.work()
    assert refused(place.reinstall) == "server_busy"  # the machine is at work, and no worker


def test_only_whoever_rents_the_server(place: Place) -> None:
    def order(actor: Actor) -> None:
        with unit_of_work() as unit:
            request_reinstall(unit, actor, place.server.id or 0, place.order())

    stranger = make_actor()
    assert refused(lambda: order(stranger)) == "not_found"
    suspend(place.server.service_id or 0)
    assert refused(lambda: order(place.actor)) == "service_not_active"


def test_portal_without_a_boot_service(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOT_URL", "")
    settings.cache_clear()
    assert refused(place.reinstall) == "boot_service_missing"


def test_server_whose_mac_nobody_knows(place: Place) -> None:
    with unit_of_work() as unit:
        unit.get_one(Server, place.server.id).mac = "unknown"
    assert refused(place.reinstall) == "mac_unknown"


def test_wiping_wants_the_name(place: Place) -> None:
    make_system(InstallerKind.RAW, SystemPurpose.WIPE)

    def wipe(typed: str) -> None:
        with unit_of_work() as unit:
            order = BootOrder(confirmation=typed)
            request_boot(unit, place.actor, place.server.id or 0, kind=JobKind.WIPE, order=order)

    assert refused(lambda: wipe("")) == "confirmation_wrong"
    wipe(place.server.name)


def test_boot_that_nobody_offers(place: Place) -> None:
    def boot() -> None:
        with unit_of_work() as unit:
            request_boot(unit, place.actor, place.server.id or 0, kind=JobKind.RESCUE)

    assert refused(boot) == "system_not_offered"


def test_list_holds_what_fits_the_hardware(place: Place) -> None:
    fitting = make_system(InstallerKind.PRESEED, models=["Test 1U"], min_memory_gb=32, min_disk_gb=960)
    make_system(models=["Other"])
    make_system(min_memory_gb=33)
    make_system(is_offered=False)
    large = make_system(min_disk_gb=961)
    make_system(InstallerKind.NONE, SystemPurpose.MEMORY_TEST)
    with unit_of_work() as unit:
        offered = offered_systems(place.actor, unit, place.server.id or 0)
        boots = offered_boots(place.actor, unit, place.server.id or 0)
    assert [one.system.id for one in offered] == [place.system.id, fitting.id, large.id]
    found = [[(one.layout.code, one.refusal and one.refusal.code) for one in x.layouts] for x in offered]
    assert found == [
        [("single", None)],
        [("single", None), ("mirror", None)],
        [("single", "too_few_disks")],
    ]
    assert boots == [SystemPurpose.MEMORY_TEST]


def test_disks_are_those_of_the_inventory(place: Place) -> None:
    def disk(name: str, gb: int) -> Part:
        return Part(
            kind=PartKind.DISK, serial=name, size_bytes=gb * 10**9, server_id=place.server.id,
            status=PartStatus.INSTALLED, slot=name,
        )  # fmt: skip

    with unit_of_work() as unit:
        assert [d.name for d in list_disks(place.actor, unit, place.server.id or 0)] == ["1", "2"]
        unit.add(disk("S1A", 480))
        unit.add(disk("S2B", 960))
        unit.add(disk("$(reboot)", 960))
    with unit_of_work() as unit:
        present = list_disks(place.actor, unit, place.server.id or 0)
    assert [(d.name, d.size_gb) for d in present] == [("S1A", 480), ("S2B", 960)]
    place.system = make_system(min_disk_gb=900)
    assert refused(lambda: place.reinstall(disks=["S1A"])) == "disk_too_small"
    place.reinstall()
    assert place.installation().disks == ["S2B"]  # nothing chosen: the first that is large enough


def test_technician_may(place: Place) -> None:
    server = make_server(make_service())
    technician = make_actor(role=Role.TECHNICIAN)
    with unit_of_work() as unit:
        order = place.order(confirmation=server.name)
        assert request_reinstall(unit, technician, server.id or 0, order).job.actor_name == technician.name

"""Quirks are data, chosen by Get Device ID, and change what is sent."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import bmc
from bmc.endpoints import SAFE_CIPHER_SUITES
from bmc.ipmi import boot
from bmc.quirks import QUIRKS, STANDARD, BootMethod, quirks_of
from tests.bmc.ipmi_sim import StartBmc

_S = 20.0


def test_the_product_goes_before_the_vendor_and_the_vendor_before_the_standard() -> None:
    assert quirks_of(4753, 0x0F02).name == "OpenIPMI ipmi_sim"
    assert quirks_of(4753, 1) is STANDARD
    assert quirks_of(10876, 7).boot is BootMethod.REMOTE_DISK_IN_UEFI
    assert quirks_of(674).console == "vnc"
    assert quirks_of(None) is quirks_of(999_999) is STANDARD


def test_no_quirk_weakens_a_session() -> None:
    assert {one.cipher_suite for one in QUIRKS.values()} <= set(SAFE_CIPHER_SUITES)


def test_the_simulator_is_known_by_what_it_says(start_bmc: StartBmc, tmp_path: Path) -> None:
    with bmc.connect(start_bmc().endpoint) as control:
        inventory = bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=_S)
    quirks = quirks_of(inventory.manufacturer_id, inventory.product_id)
    assert (quirks.name, quirks.reads_boot) == ("OpenIPMI ipmi_sim", False)


def _sent(script: Generator[Any, Any, Any], manufacturer: int) -> list[tuple[int, int, tuple[int, ...]]]:
    """The commands of a script to a UEFI machine of that vendor."""
    device = bytes([0x20, 1, 9, 8, 2, 0x9F, manufacturer & 0xFF, manufacturer >> 8, 0, 1, 0, 0, 0, 0, 0])
    sent: list[tuple[int, int, tuple[int, ...]]] = []
    answer: Any = None
    while True:
        try:
            netfn, command, data, _ = script.send(answer)
        except StopIteration:
            return sent
        sent.append((netfn, command, data))
        body = device if (netfn, command) == (6, 1) else bytes([1, 5, 0xA0, 0, 0, 0, 0])
        answer = {"code": 0, "data": bytearray(body)}


@pytest.mark.parametrize(("manufacturer", "selector"), [(674, 2), (10876, 9)])
def test_a_uefi_machine_is_told_disk_in_the_way_its_vendor_understands(
    manufacturer: int, selector: int
) -> None:
    *_, (netfn, command, data) = _sent(boot.set_boot("disk", once=True, uefi=None), manufacturer)
    assert (netfn, command, data) == (0, 0x08, (5, 0xA0, selector << 2, 0, 0, 0))

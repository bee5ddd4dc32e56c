"""Racks, stock, arrivals, firmware, records, cables."""

from __future__ import annotations

import itertools

from tests.doors import machine, stock
from tests.doors.matrix.door import CLICK, STAFF, Door, click, of, page
from tests.doors.server import PORTAL

INVENTORY = f"{PORTAL}inventory___"
PLACES = f"{INVENTORY}work____places_work_state"
STOCK = f"{INVENTORY}work____stock_work_state"
BULK = f"{INVENTORY}work____bulk_state"
ARRIVALS = f"{INVENTORY}arrivals____arrivals_state"
WIRING = f"{INVENTORY}wiring____wiring_state"
_NAMES = itertools.count(1)


def _name() -> str:
    return f"name-{next(_NAMES)}"


def _stock_step(name: str, target: str) -> Door:
    return Door(f"{STOCK}.{name}", STAFF, target, click("server_id", reason="a reason"))


INVENTORY_DOORS = (
    page("inventory___racks____racks_state", STAFF, "/racks"),
    page("inventory___racks____rack_state", STAFF, "/racks/{id}", "rack", "rack_id"),
    page("inventory___parts____parts_state", STAFF, "/parts"),
    page("inventory___firmware____firmware_state", STAFF, "/firmware"),
    page("inventory___stock____stock_state", STAFF, "/stock"),
    page("inventory___arrivals____arrivals_state", STAFF, "/arrivals"),
    Door(
        f"{ARRIVALS}.search", STAFF,
        payload=lambda _: {**CLICK, "where": stock.free_place(), "ipmi_ports": "623", "redfish_ports": ""},
    ),
    Door(
        f"{ARRIVALS}.enter_order", STAFF,
        payload=lambda _: {**CLICK, "ref": _name(), "machines": 2, "parts": "1 dimm"},
    ),
    Door(f"{ARRIVALS}.accept", STAFF, "differing delivery", click("inspection_id", reason="a reason")),
    Door(f"{ARRIVALS}.send_back", STAFF, "differing delivery", click("inspection_id", reason="a reason")),
    page("inventory___machine____machine_state", STAFF, "/stock/{id}", "server", "server_id"),
    page("inventory___aisle____aisle_state", STAFF, "/s/{id}", "server", "label"),
    page("inventory___aisle____scan_state", STAFF, "/scan"),
    page("inventory___aisle____labels_state", STAFF, "/labels"),
    Door(
        f"{INVENTORY}firmware____firmware_state.approve", STAFF,
        payload=lambda _: {**CLICK, "model": _name(), "component": "BMC", "version": "1.2"},
    ),
    Door(f"{INVENTORY}firmware____firmware_state.withdraw", STAFF, "approved firmware", of("firmware_id")),
    Door(f"{PLACES}.add_site", STAFF, payload=lambda _: {**CLICK, "name": _name(), "address": ""}),
    Door(
        f"{PLACES}.add_rack", STAFF, "site",
        lambda number: {**CLICK, "site_id": number, "name": _name(), "height_u": 42},
    ),
    Door(
        f"{PLACES}.place", STAFF, "rack",
        lambda number: {
            **CLICK, "rack_id": number, "server_id": stock.newest_server(), "bottom_u": 1, "units": 1
        },
    ),
    Door(f"{PLACES}.fill", STAFF, "rack", click("rack_id", label="panel", bottom_u=9, units=1)),
    Door(f"{PLACES}.clear", STAFF, "rack position", of("position_id")),
    Door(
        f"{PLACES}.add_part", STAFF,
        payload=lambda _: {**CLICK, "kind": "disk", "serial": _name(), "model": "SSD", "note": ""},
    ),
    Door(
        f"{PLACES}.install", STAFF, "spare part",
        lambda number: {**CLICK, "part_id": number, "server": f"S{stock.newest_server()}", "slot": "1"},
    ),
    Door(f"{PLACES}.take_out", STAFF, "spare part", click("part_id", status="broken", note="")),
    Door(f"{PLACES}.accept", STAFF, "inspection", of("inspection_id")),
    Door(
        f"{STOCK}.let", STAFF, "available server",
        lambda number: {**CLICK, "server_id": number, "service_id": stock.waiting_service()},
    ),
    _stock_step("take_back", "returned server"),
    _stock_step("mark_faulty", "quarantined server"),
    _stock_step("take_over", "faulty server"),
    _stock_step("quarantine", "available server"),
    Door(f"{STOCK}.start_cleaning", STAFF, "quarantined server", of("server_id")),
    Door(
        f"{STOCK}.confirm", STAFF, "cleaning step",
        click("step_id", result="good", method="confirmed", note="seen"),
    ),
    Door(f"{STOCK}.release", STAFF, "verified server", of("server_id")),
    Door(f"{STOCK}.clean", STAFF, "cleaning server", of("server_id")),
    Door(f"{STOCK}.burn_in", STAFF, "cleaning server", of("server_id")),
    Door(f"{STOCK}.inspect", STAFF, "server", of("server_id")),
    Door(f"{STOCK}.rotate", STAFF, "server", of("server_id")),
    Door(f"{STOCK}.identify", STAFF, "server", of("server_id")),
    Door(
        f"{BULK}.dry_run", STAFF, "server",
        lambda number: {**CLICK, "kind": "power_off", "server_ids": [number]},
    ),
    Door(
        f"{BULK}.carry_out", STAFF, "server",
        lambda number: {**CLICK, "kind": "power_off", "server_ids": [number]},
    ),
)  # fmt: skip

RECORDS = (
    Door(
        f"{PLACES}.change_site", STAFF, "site",
        lambda number: {**CLICK, "site_id": number, "name": _name(), "address": ""},
    ),
    Door(
        f"{PLACES}.change_rack", STAFF, "rack",
        lambda number: {**CLICK, "rack_id": number, "name": _name(), "height_u": 40},
    ),
    Door(
        f"{PLACES}.place_switch", STAFF, "rack beside a switch",
        lambda number: {
            **CLICK, "rack_id": number, "switch_id": machine.newest_switch(), "bottom_u": 1, "units": 1
        },
    ),
    Door(
        f"{PLACES}.change_part", STAFF, "spare part",
        lambda number: {**CLICK, "part_id": number, "serial": _name(), "model": "SSD", "note": ""},
    ),
    Door(f"{WIRING}.ask", STAFF, "idle switch", of("switch_id")),
    Door(f"{WIRING}.take_out_of_service", STAFF, "idle switch", of("switch_id")),
    Door(f"{WIRING}.put_back_into_service", STAFF, "retired switch", of("switch_id")),
    Door(
        f"{WIRING}.connect", STAFF, "free port",
        lambda number: {**CLICK, "port_id": number, "server": f"S{stock.newest_server()}", "nic": "eno1"},
    ),
    Door(
        f"{WIRING}.plug_in", STAFF, "server beside a free port",
        lambda number: {**CLICK, "server_id": number, "port": machine.free_port(), "nic": ""},
    ),
    Door(
        f"{WIRING}.move", STAFF, "cabled port",
        lambda number: {**CLICK, "port_id": number, "port": machine.free_port()},
    ),
    Door(f"{WIRING}.unplug", STAFF, "port", of("port_id")),
    Door(f"{WIRING}.remove_screen", STAFF, "server with screen", of("server_id")),
)  # fmt: skip

"""Prefixes, reverse DNS, cards of a server, switch ports."""

from __future__ import annotations

import itertools

from tests.doors.matrix.door import CLICK, SIGNED_IN, STAFF, Door, click, of, page
from tests.doors.server import PORTAL

NETWORK = f"{PORTAL}network___"
_NUMBERS = itertools.count(1)

NETWORK_DOORS = (
    page("network___prefixes____prefixes_state", STAFF, "/network"),
    Door(
        f"{NETWORK}prefixes____prefixes_state.add_prefix",
        STAFF,
        payload=lambda _: {
            **CLICK,
            "cidr": f"2001:db8:{next(_NUMBERS):x}::/48",
            "gateway": "",
            "site": "Prague 1",
            "hours": 24,
        },
    ),
    Door(
        f"{NETWORK}prefixes____prefixes_state.change_prefix",
        STAFF,
        "prefix",
        click("prefix_id", gateway="", site="Prague 1", hours=48),
    ),
    Door(f"{NETWORK}prefixes____prefixes_state.remove_prefix", STAFF, "prefix", of("prefix_id")),
    Door(
        f"{NETWORK}prefixes____prefixes_state.assign",
        STAFF,
        "prefix",
        lambda number: {**CLICK, "prefix_id": number, "server": f"beside-{number}", "ip": ""},
    ),
    Door(f"{NETWORK}prefixes____prefixes_state.release", STAFF, "address", of("address_id")),
    Door(f"{NETWORK}prefixes____prefixes_state.retry", STAFF, "reverse record", of("record_id")),
    Door(
        f"{NETWORK}tab____network_state.set_reverse",
        SIGNED_IN,
        "address",
        lambda number: {**CLICK, "address_id": number, "ip": "", "name": ""},
    ),
)

_CARDS = f"{PORTAL}machine___cards____"
_PORTS = f"{PORTAL}traffic___pollers____pollers_state"

MACHINE = (
    Door(f"{_CARDS}health_state.ask", SIGNED_IN, "server", lambda number: {"server_id": number}),
    Door(f"{_CARDS}health_state.blink", STAFF, "server", lambda number: {"server_id": number}),
    Door(
        f"{_CARDS}block_state.cut_off",
        SIGNED_IN,
        "cabled server",
        lambda number: {"server_id": number, "reason": "moving out", "with_power": False},
    ),
    Door(f"{_CARDS}block_state.let_back", SIGNED_IN, "blocked server", lambda number: {"server_id": number}),
    Door(
        f"{_CARDS}details_state.describe",
        SIGNED_IN,
        "server",
        lambda number: {"server_id": number, "text": "the web server"},
    ),
    Door(f"{_PORTS}.take_down", STAFF, "port", lambda number: {"port_id": number, "reason": "a loop"}),
    Door(f"{_PORTS}.take_up", STAFF, "port", lambda number: {"port_id": number}),
    Door(f"{_PORTS}.forget_write_access", STAFF, "writable switch", of("switch_id")),
    Door(f"{_PORTS}.limit_set", STAFF, "limit to set", of("alert_id")),
    Door(f"{_PORTS}.limit_lifted", STAFF, "limit to lift", of("alert_id")),
    Door(f"{_PORTS}.mark_uplink", STAFF, "port", lambda number: {"port_id": number, "is_uplink": True}),
)

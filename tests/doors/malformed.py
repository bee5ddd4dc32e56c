"""What hostile browsers send instead of what was asked for: payloads, events, frames."""

from __future__ import annotations

import json
from typing import Any

from opsportal.domain.refusals import BadRequest
from tests.doors import abuses, world
from tests.doors.abuses import MARK, SET_LOCALE, SWITCH, seen, signed_in
from tests.doors.matrix import DOORS
from tests.doors.server import PORTAL, SHELL, STATE, Server, Tab

DEEP = "[" * 10_000 + "]" * 10_000


SWITCHES: tuple[Any, ...] = (
    {"server_id": MARK, "kind": "power_off"},
    {"server_id": True, "kind": "power_off"},
    {"server_id": 1.0, "kind": "power_off"},
    {"server_id": "1", "kind": "power_off"},
    {"server_id": 10**40, "kind": "power_off"},
    {"server_id": -1, "kind": "power_off"},
    {"server_id": float("nan"), "kind": "power_off"},
    {"server_id": None, "kind": "power_off"},
    {"server_id": {"$gt": MARK}, "kind": "power_off"},
    {"server_id": 1, "kind": MARK},
    {"server_id": 1, "kind": ["power_off"]},
    {"server_id": 1},
    {},
    {"server_id": 1, "kind": "power_off", "extra": MARK},
    {"self": MARK, "server_id": 1, "kind": "power_off"},
)
LOCALES = (MARK, 7, None, ["en"], "en\x00", "EN")
SEARCHES = (MARK * 100, 7, "a\x00" + MARK, "\ud800" + MARK)


def _malformed(role: str) -> list[tuple[str, Any]]:
    """What somebody of this role may send, malformed; an operator also the rest."""
    mine = [
        door.name for door in DOORS if role in door.who and (role == "operator" or "operator" not in door.who)
    ]
    if role != "operator":
        return [(name, {MARK: MARK}) for name in mine]
    made: list[tuple[str, Any]] = [(SWITCH, payload) for payload in SWITCHES]
    made += [(SET_LOCALE, {"locale": locale}) for locale in LOCALES]
    made += [(f"{PORTAL}shell____palette_state.search", {"query": query}) for query in SEARCHES]
    made += [(name, {MARK: MARK}) for name in mine]
    made.append((f"{STATE}.hydrate_and_load", {"vars": {f"{SHELL}.me": MARK}}))
    update = f"{STATE}.reflex___state____update_vars_internal_state.update_vars_internal"
    made.append((update, {"vars": {f"{SHELL}.me": {"role": MARK}}}))
    made.append((update, {"vars": MARK}))
    made.append((f"{STATE}.set_is_hydrated", {"value": MARK}))
    return made


async def malformed_payloads(server: Server) -> None:
    """Each is refused as not understood, and changes nothing."""
    parts = [(role, part) for role in ("operator", "client") for part in _in_parts(_malformed(role), 25)]
    for role, part in parts:
        browser, _ = signed_in(server, role)
        async with browser.tab() as tab:
            await tab.barrier()
            before = world.everything()
            for name, payload in part:
                tab.notices.clear()
                await tab.send(name, payload)
                await seen(
                    tab.until(lambda tab=tab: tab.notices, within=abuses.PATIENCE_S),
                    ("not refused", name, payload),
                )
                assert tab.notices == [BadRequest.msgid], (name, payload)
            assert world.everything() == before
    assert MARK not in server.log()


def _in_parts(things: list[Any], size: int) -> list[list[Any]]:
    return [things[start : start + size] for start in range(0, len(things), size)]


ENVELOPES: tuple[Any, ...] = (
    MARK,
    json.dumps({"name": SET_LOCALE, "payload": {"locale": "es"}, "mark": MARK}),
    7,
    None,
    [MARK],
    {},
    {"name": MARK, "payload": {}},
    {"name": 7, "payload": {"a": MARK}},
    {"name": f"{SHELL}._tell", "payload": {"notice": MARK}},
    {"name": f"{STATE}.{MARK}____state.open", "payload": {}},
    {"name": SET_LOCALE, "payload": MARK},
    {"name": SET_LOCALE, "payload": [["locale", "es"]]},
    {"name": SET_LOCALE, "payload": {"locale": "es"}, "router_data": MARK},
    {"name": SET_LOCALE, "payload": {"locale": "es"}, "router_data": {"query": [MARK]}},
    {"name": SET_LOCALE, "payload": {"locale": "es"}, "router_data": {"query": {"a": {"b": MARK}}}},
    {"name": SET_LOCALE, "payload": {"locale": "es"}, "router_data": {"pathname": 7, "asPath": MARK}},
    {"name": SET_LOCALE, "payload": {str(n): MARK for n in range(41)}},
)


async def malformed_events(server: Server) -> None:
    """Not even the shape of an event: refused before Reflex, which would log it."""
    browser, _ = signed_in(server)
    async with browser.tab() as tab:
        await tab.barrier()
        before = world.everything()
        for event in ENVELOPES:
            tab.notices.clear()
            await tab.say("event", event)
            await seen(tab.until(lambda: tab.notices, within=abuses.PATIENCE_S), ("not refused", event))
            assert tab.notices == [BadRequest.msgid], event
        assert world.everything() == before
    assert MARK not in server.log()


async def malformed_frames(server: Server) -> None:
    """Whatever is sent instead of Socket.IO, the next event is answered or the socket is closed."""
    browser, _ = signed_in(server)
    before = None
    for frame in (
        "", "9", "4", "49", "42", "42/_event,", "42/_event,{", f'42/_event,["{MARK}"]', f'42/_event,["on_event","{MARK}"]',
        f'42/_event,["disconnect","{MARK}"]', f'42/_event,["client_error","{MARK}"]', f'42/nowhere,["event","{MARK}"]',
        f"42/_event,{DEEP}", f'42/_event,["event",{DEEP}]', f'42/_event,["event",{{"name":"{SET_LOCALE}","payload":{DEEP}}}]',
        '42/_event,9999999999999["ping"]', '44/_event,{"message":"x"}', "43/_event,1[]", "41/nowhere,", "40/nowhere,",
        f'42/_event,["event","{MARK}","{MARK}"]', "450-/_event,[\"ping\"]", f'459999-/_event,["event","{MARK}"]',
        "\x00", "4\x00", "é" * 1000,
    ):  # fmt: skip
        async with browser.tab() as tab:
            await tab.barrier()
            before = before or world.everything()
            count = tab.deltas_of("is_hydrated")
            await tab.send_frame(frame)
            await tab.send(f"{STATE}.hydrate")
            await seen(_answered_or_closed(tab, count), ("no answer after", frame[:60]))
    assert MARK not in server.log()


async def _answered_or_closed(tab: Tab, count: int) -> None:
    await tab.until(
        lambda: tab.closed.is_set() or tab.deltas_of("is_hydrated") > count, within=abuses.PATIENCE_S
    )


ABUSES = (malformed_payloads, malformed_events, malformed_frames)

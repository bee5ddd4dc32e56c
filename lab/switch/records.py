"""A switch as snmpsim wants it: one line an instance, `OID|type|value`, sorted by OID."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from lab.switch.cabling import SPEED_MBPS, UPLINK, UPLINK_MBPS, DemoSwitch
from lab.switch.profiles import SLOT_S, SLOTS, UNIT, day_of, profile_of

SYSTEM = (1, 3, 6, 1, 2, 1, 1)
IF = (1, 3, 6, 1, 2, 1, 2, 2, 1)
IFX = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
LAST_CHANGE = (1, 3, 6, 1, 2, 1, 31, 1, 5, 0)
INTEGER, TEXT, COUNTER32, GAUGE, TICKS, COUNTER64 = 2, 4, 65, 66, 67, 70
ETHERNET = 6

Instance = tuple[tuple[int, ...], str, object]


def records(switch: DemoSwitch, now: dt.datetime) -> str:
    """The switch's whole MIB. Counters run from now on as fast as the servers' habits have it at this hour."""
    instances = [*_system(switch), *_ports(switch, now)]
    lines = (f"{'.'.join(map(str, oid))}|{kind}|{value}" for oid, kind, value in sorted(instances))
    return "\n".join(lines) + "\n"


def _system(switch: DemoSwitch) -> Iterator[Instance]:
    yield (*SYSTEM, 1, 0), f"{TEXT}", "Simulated switch of the demo"
    yield (*SYSTEM, 3, 0), f"{TICKS}:numeric", "rate=100,initial=0,wrap=1"
    yield (*SYSTEM, 5, 0), f"{TEXT}", switch.name
    yield LAST_CHANGE, f"{TICKS}", 0


def _ports(switch: DemoSwitch, now: dt.datetime) -> Iterator[Instance]:
    total_in = total_out = 0
    for cable in switch.cables:
        received, sent = _bytes_a_second(cable.server, now)
        total_in, total_out = total_in + received, total_out + sent
        # The switch's in is what the server sends.
        yield from _port(cable.if_index, cable.if_name, SPEED_MBPS, sent, received)
    yield from _port(1, UPLINK, UPLINK_MBPS, total_in, total_out)


def _port(index: int, name: str, mbps: int, octets_in: int, octets_out: int) -> Iterator[Instance]:
    yield (*IF, 2, index), f"{TEXT}", name
    yield (*IF, 3, index), f"{INTEGER}", ETHERNET
    yield (*IF, 7, index), f"{INTEGER}:link", ""  # ifAdminStatus may be set
    yield (*IF, 8, index), f"{INTEGER}:link", ""  # and ifOperStatus follows
    yield (*IF, 14, index), f"{COUNTER32}", index % 3
    yield (*IF, 20, index), f"{COUNTER32}", 0
    yield (*IFX, 1, index), f"{TEXT}", name
    yield (*IFX, 6, index), f"{COUNTER64}:numeric", _running(octets_in)
    yield (*IFX, 10, index), f"{COUNTER64}:numeric", _running(octets_out)
    yield (*IFX, 15, index), f"{GAUGE}", mbps
    yield (*IFX, 19, index), f"{TICKS}", 0


def _running(rate: int) -> str:
    """A counter that grows by `rate` a second, give or take two seconds' worth at each look at it."""
    return f"initial=1000000000000,cumulative=1,function=sin,rate={rate},offset=1,scale={rate * 2},wrap=1"


def _bytes_a_second(server: int, now: dt.datetime) -> tuple[int, int]:
    calm = [UNIT] * 8_192
    received, sent = day_of(profile_of(server), now.date(), now.date(), calm)
    slot = (now.hour * 60 + now.minute) // (SLOT_S // 60) % SLOTS
    return max(1, received[slot] // SLOT_S), max(1, sent[slot] // SLOT_S)

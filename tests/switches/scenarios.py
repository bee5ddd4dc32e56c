"""The switches that tests meet, by community. snmpsim reads its directory once: all are made before it starts."""

from __future__ import annotations

from tests.switches.simulated import (
    COUNTER32,
    COUNTER64,
    GAUGE,
    IF,
    IFX,
    INTEGER,
    TABLE_CHANGED,
    TEXT,
    TICKS,
    UPTIME,
    Mib,
    mib,
)

PORTS = {513: "ge-0/0/0", 516: "ge-0/0/1", 519: "ge-0/0/2"}
FORTY_EIGHT = {500 + n: f"xe-0/0/{n}" for n in range(48)}


def changed(base: Mib, **instances: tuple[int | str, object] | None) -> Mib:
    """A switch with some instances another way; None takes one away. Names are OIDs with `_` for dots."""
    made = dict(base)
    for name, value in instances.items():
        oid = name.removeprefix("o").replace("_", ".")
        if value is None:
            made.pop(oid)
        else:
            made[oid] = value
    return made


def o(oid: str) -> str:
    return "o" + oid.replace(".", "_")


def _narrow() -> Mib:
    """An old switch without ifXTable: 32-bit counters, names in ifDescr."""
    made: Mib = {UPTIME: (TICKS, 5_000_000)}
    for index, name in ((1, "FastEthernet1"), (2, "FastEthernet2")):
        made |= {
            f"{IF}.2.{index}": (TEXT, name),
            f"{IF}.5.{index}": (GAUGE, 100_000_000),
            f"{IF}.8.{index}": (INTEGER, 1),
            f"{IF}.10.{index}": (COUNTER32, 4_294_967_290),
            f"{IF}.16.{index}": (COUNTER32, 77),
        }
    return made


PLAIN = mib(PORTS, octets={"ge-0/0/0": (10**13, 2 * 10**13)})

MIBS: dict[str, Mib] = {
    "plain": PLAIN,
    "many": mib(FORTY_EIGHT),
    # A reboot: the clock began anew, counters too, and the ports lie elsewhere.
    "rebooted": mib(
        {1: "ge-0/0/2", 2: "ge-0/0/1", 3: "ge-0/0/0"}, octets={"ge-0/0/0": (50, 60)}, uptime_cs=100
    ),
    # The table changed and ports moved, but the counters ran on.
    "moved": mib(
        {7: "ge-0/0/2", 8: "ge-0/0/1", 9: "ge-0/0/0"},
        octets={"ge-0/0/0": (10**13 + 500, 2 * 10**13 + 600)},
        changed_cs=4_900_000,
    ),
    # Each port lies where another was, so that nothing is missing: only ifTableLastChange tells.
    "swapped": mib(
        {513: "ge-0/0/2", 516: "ge-0/0/1", 519: "ge-0/0/0"},
        octets={"ge-0/0/0": (10**13 + 500, 2 * 10**13 + 600), "ge-0/0/2": (519_007, 1_038_008)},
        changed_cs=4_900_000,
    ),
    # One port's counters began anew, by another ifCounterDiscontinuityTime; switch and other ports ran on.
    "discontinued": changed(
        PLAIN,
        **{
            o(f"{IFX}.19.513"): (TICKS, 4_900_000),
            o(f"{IFX}.6.513"): (COUNTER64, 10**13 + 5),
            o(f"{IFX}.6.516"): (COUNTER64, 516_000 + 9),
        },
    ),
    "near_wrap": mib(PORTS, octets={"ge-0/0/0": (2**64 - 1_000, 5)}),
    "after_wrap": mib(PORTS, octets={"ge-0/0/0": (2_000, 905)}),
    "narrow": _narrow(),
    "without_a_port": mib({513: "ge-0/0/0", 516: "ge-0/0/1"}),
    "without_columns": changed(PLAIN, **{o(f"{IFX}.{c}.{i}"): None for c in (6, 10) for i in PORTS}),
    "without_discontinuity": changed(
        PLAIN, **{o(f"{IFX}.19.{i}"): None for i in PORTS}, **{o(TABLE_CHANGED): None}
    ),
    "text_counter": changed(PLAIN, **{o(f"{IFX}.6.516"): (TEXT, "12345")}),
    "empty_counter": changed(PLAIN, **{o(f"{IFX}.10.516"): (TEXT, "")}),
    "negative_counter": changed(PLAIN, **{o(f"{IFX}.6.516"): (INTEGER, -1)}),
    "text_uptime": changed(PLAIN, **{o(UPTIME): (TEXT, "a while")}),
    "number_name": changed(PLAIN, **{o(f"{IFX}.1.516"): (INTEGER, 5)}),
    "two_of_a_name": changed(PLAIN, **{o(f"{IFX}.1.516"): (TEXT, "ge-0/0/0")}),
    "evil_name": changed(PLAIN, **{o(f"{IFX}.1.516"): ("4x", "1b5b326a")}),
    "long_name": changed(PLAIN, **{o(f"{IFX}.1.516"): (TEXT, "x" * 300)}),
    "text_speed": changed(PLAIN, **{o(f"{IFX}.15.516"): (TEXT, "fast")}),
    "no_ports": {UPTIME: (TICKS, 5_000_000)},
    "too_big": changed(PLAIN, **{o(f"{IF}.8.516"): ("2:error", "op=get,status=tooBig")}),
    "general_error": changed(PLAIN, **{o(f"{IF}.8.516"): ("2:error", "op=get,status=genErr")}),
    "wide_gauge": changed(PLAIN, **{o(f"{IFX}.6.516"): (COUNTER64, 2**64 - 1)}),
}

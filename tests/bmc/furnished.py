"""An ipmi_sim BMC with sensors, events and a FRU, written in the simulator's own commands."""

from __future__ import annotations

from collections.abc import Sequence

TEMPERATURE, FAN, SUPPLY = 1, 2, 3


def full_record(
    number: int, *, name: str, sensor_type: int, unit: int, m: int = 1, b: int = 0, r_exponent: int = 0
) -> list[int]:
    """A full sensor record (IPMI v2.0 section 43.1) without its id, as `main_sdr_add` takes it."""
    text = name.encode()
    body = [0x20, 0, number, 3, 1, 0x7F, 0x68, sensor_type, 0x01]
    body += [0x00, 0x0A, 0x00, 0x0A, 0x38, 0x38]  # masks
    body += [0x00, unit, 0x00, 0x00, m & 0xFF, (m >> 8 & 0x03) << 6, b & 0xFF, (b >> 8 & 0x03) << 6, 0]
    body += [(r_exponent & 0x0F) << 4, 0x00, *[0] * 16]
    body += [0xC0 | len(text), *text]
    return [0, 0, 0x51, 0x01, len(body), *body]


def compact_record(number: int, *, name: str, sensor_type: int) -> list[int]:
    """A compact sensor record (section 43.2) of a sensor with states."""
    text = name.encode()
    body = [0x20, 0, number, 10, 1, 0x7F, 0x68, sensor_type, 0x6F, *[0] * 17]
    body += [0xC0 | len(text), *text]
    return [0, 0, 0x51, 0x02, len(body), *body]


def system_event(at: int, sensor_type: int, number: int, event: Sequence[int]) -> list[int]:
    """The thirteen bytes after record id and type of a system event (section 32.1)."""
    return [*at.to_bytes(4, "little"), 0x20, 0x00, 0x04, sensor_type, number, *event]


def fru(*, manufacturer: str, model: str, serial: str) -> list[int]:
    """A FRU with a product area (FRU v1.0 section 12)."""
    fields = [manufacturer, model, "PN-1", "1.0", serial, "", ""]
    body = [1, 0, 25]
    for field in fields:
        body += [0xC0 | len(field), *field.encode()]
    body += [0xC1]
    body += [0] * (-(len(body) + 1) % 8)
    body[1] = (len(body) + 1) // 8
    body.append(-sum(body) & 0xFF)
    header = [1, 0, 0, 0, 1, 0, 0]
    return [*header, -sum(header) & 0xFF, *body]


def emulation() -> str:
    """Commands to append to a BMC's emulation file."""
    thresholds = "111111 90 85 80 10 5 0"
    lines = [
        "sensor_add 0x20 0 0 35 0x6f event-only",
        f"sensor_add 0x20 0 {TEMPERATURE} 0x01 0x01",
        f"sensor_set_threshold 0x20 0 {TEMPERATURE} settable {thresholds}",
        f"sensor_set_event_support 0x20 0 {TEMPERATURE} enable scanning per-state "
        "000111111111111 000111111111111 000111111111111 000111111111111",
        f"sensor_set_value 0x20 0 {TEMPERATURE} 82 0",
        f"sensor_add 0x20 0 {FAN} 0x04 0x01",
        f"sensor_set_threshold 0x20 0 {FAN} settable 000000 0 0 0 0 0 0",
        f"sensor_set_event_support 0x20 0 {FAN} enable scanning per-state "
        "000111111111111 000111111111111 000111111111111 000111111111111",
        f"sensor_set_value 0x20 0 {FAN} 54 0",
        f"sensor_add 0x20 0 {SUPPLY} 0x08 0x6f",
        f"sensor_set_event_support 0x20 0 {SUPPLY} enable scanning per-state "
        "000000000001111 000000000001111 000000000001111 000000000001111",
        f"sensor_set_bit 0x20 0 {SUPPLY} 0 1 0",
        f"sensor_set_bit 0x20 0 {SUPPLY} 1 1 0",
        _line("main_sdr_add 0x20", full_record(TEMPERATURE, name="CPU 1", sensor_type=1, unit=1)),
        _line("main_sdr_add 0x20", full_record(FAN, name="FAN <b>1</b>", sensor_type=4, unit=18, m=100)),
        _line("main_sdr_add 0x20", compact_record(SUPPLY, name="PSU 2", sensor_type=8)),
        _line("sel_add 0x20 0x02", system_event(1_700_000_000, 0x0C, 9, (0x6F, 0x01, 0xFF, 0xFF))),
        _line("sel_add 0x20 0x02", system_event(1_700_000_060, 0x01, TEMPERATURE, (0x01, 0x59, 0x52, 0x50))),
        _line("sel_add 0x20 0x02", system_event(1_700_000_120, 0x01, TEMPERATURE, (0x81, 0x59, 0x40, 0x50))),
        _line(
            "mc_add_fru_data 0x20 0 256 data", fru(manufacturer="ACME", model="R\u001b[1m720", serial="SN-42")
        ),
    ]
    return "\n".join(lines) + "\n"


def _line(command: str, data: Sequence[int]) -> str:
    return f"{command} {' '.join(f'0x{byte:02x}' for byte in data)}"

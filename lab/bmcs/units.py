"""What a virtual BMC says its machine is made of: field-replaceable units (FRU storage definition 1.0).

Unit 0 is the machine itself. Most BMCs name nothing else; those of newcomers name every part (`Identity.parts`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.bmcs.machines import Machine

STORAGE = 0x0A
OK, NOT_PRESENT = 0x00, 0xCB
Answer = tuple[int, bytes]
_LOCATOR = 0x11
_ENTITIES = {"CPU": 0x03, "DIMM": 0x20, "Disk": 0x04}  # IPMI 2.0, table 43-13


def locators(machine: Machine) -> list[bytes]:
    """FRU device locator records (IPMI 2.0, 43.8) of every unit but the machine itself, without their numbers."""
    made = []
    for number, (name, *_) in enumerate(machine.identity.parts, 1):
        text = name.encode()
        entity = _ENTITIES.get(name.split()[0], 0)
        body = [0x20, number, 0x80, 0, 0, 0x10, 0, entity, number, 0, 0xC0 | len(text), *text]
        made.append(bytes([0x51, _LOCATOR, len(body), *body]))
    return made


def _unit(machine: Machine, number: int) -> bytes:
    """A FRU with a product area (section 12); empty for one that is not there."""
    identity = machine.identity
    if number == 0:
        maker, _, model = identity.model.partition(" ")
        serial = f"CH{identity.mac.replace(':', '')[-6:].upper()}"  # as the demo has it on record
        return _product(maker, model, serial)
    if number > len(identity.parts):
        return b""
    _, maker, model, serial = identity.parts[number - 1]
    return _product(maker, model, serial)


def _product(maker: str, model: str, serial: str) -> bytes:
    fields: Sequence[str] = (maker, model[:60], "", "", serial, "")
    body = [1, 0, 25]
    for field in fields:
        body += [0xC0 | len(field), *field.encode()]
    body.append(0xC1)
    body += [0] * (-(len(body) + 1) % 8)
    body[1] = (len(body) + 1) // 8
    body.append(-sum(body) & 0xFF)
    header = [1, 0, 0, 0, 1, 0, 0]
    return bytes([*header, -sum(header) & 0xFF, *body])


def _unit_info(machine: Machine, data: bytes) -> Answer:
    """Get FRU Inventory Area Info (34.1)."""
    unit = _unit(machine, data[0])
    return (OK, bytes([*len(unit).to_bytes(2, "little"), 0])) if unit else (NOT_PRESENT, b"")


def _unit_data(machine: Machine, data: bytes) -> Answer:
    """Read FRU Data (34.2)."""
    unit = _unit(machine, data[0])
    if not unit:
        return NOT_PRESENT, b""
    at = data[1] | data[2] << 8
    part = unit[at : at + data[3]]
    return OK, bytes([len(part), *part])


COMMANDS: dict[tuple[int, int], Callable[[Machine, bytes], Answer]] = {
    (STORAGE, 0x10): _unit_info,
    (STORAGE, 0x11): _unit_data,
}

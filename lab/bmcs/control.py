"""The control API: one JSON line in, one JSON line out, on `DIR/control.sock` (mode 0600).

| op | fields | answer |
|---|---|---|
| `list` | `lines` (default 0) | every machine: power, stage, fault, counters, last console lines |
| `show` | `name`, `lines` | one machine, with its journal of commands and effects |
| `fault` | `name`, `kind`, `seconds` | break it (see `faults.py`) |
| `clear` | `name` | mend it |
| `unplug`, `plug` | `name` | pull the plug, put it back |
| `press` | `name`, `button` (`on`, `off`, `soft`, `reset`) | the buttons on its front |
| `wait` | `name`, `stage` or `power` (`on`, `off`), `timeout` | the machine, once it is there |

`answering` carries it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from lab.bmcs.answering import NotInTime, UnknownRequest
from lab.bmcs.bmc import VirtualBmc
from lab.bmcs.faults import HEALTHY, Fault
from lab.bmcs.machines import Machine

LONGEST_WAIT = 300.0
BY = "operator"


async def answer(bmcs: Mapping[str, VirtualBmc], request: dict[str, Any]) -> Any:
    """Do what `request` says. Raises UnknownRequest, UnknownFault, NotWhileOff, NotInTime."""
    op, lines = request.get("op"), int(request.get("lines", 0))
    if op == "list":
        return [summary(bmc, lines=lines) for bmc in bmcs.values()]
    bmc = bmcs.get(str(request.get("name")))
    if bmc is None:
        raise UnknownRequest(f"There is no machine {request.get('name')!r}; nothing was done.")
    if op == "wait":
        await _wait(bmc.machine, request)
    elif op != "show":
        _act(bmc.machine, request)
    journal = [asdict(entry) for entry in bmc.machine.record.journal]
    return {**summary(bmc, lines=lines), "journal": journal}


def summary(bmc: VirtualBmc, *, lines: int) -> dict[str, Any]:
    """What is worth knowing about a machine and its BMC. Times in seconds since the epoch."""
    machine = bmc.machine
    return {
        "name": machine.identity.name,
        "port": machine.identity.port,
        "power": "on" if machine.is_on else "off",
        "stage": str(machine.stage),
        "is_plugged": machine.record.is_plugged,
        "fault": str(machine.record.fault.kind),
        "fault_seconds": machine.record.fault.seconds,
        "boot_device": machine.record.boot_device,
        "booted_at": machine.record.booted_at,
        "boots": machine.record.boots,
        "owes_reports": bool(machine.record.system.base),
        "sessions": len(bmc.sessions),
        "logins": bmc.sessions.logins,
        "refused_logins": bmc.sessions.refused,
        "dropped_packets": bmc.dropped_packets,
        "console": machine.console.last_lines(lines),
    }


def _act(machine: Machine, request: dict[str, Any]) -> None:
    op = request.get("op")
    if op == "fault":
        seconds = request.get("seconds")
        machine.set_fault(Fault.parse(str(request.get("kind")), seconds=seconds), by=BY)
    elif op == "clear":
        machine.set_fault(HEALTHY, by=BY)
    elif op == "unplug":
        machine.unplug(by=BY)
    elif op == "plug":
        machine.plug(by=BY)
    elif op == "press":
        _press(machine, str(request.get("button")))
    else:
        raise UnknownRequest(f"There is no operation {op!r}; nothing was done.")


def _press(machine: Machine, button: str) -> None:
    buttons: dict[str, Callable[..., None]] = {
        "on": machine.power_on,
        "off": machine.power_off,
        "soft": machine.shut_down,
        "reset": machine.reset,
    }
    if button not in buttons:
        raise UnknownRequest(f"The buttons are {', '.join(buttons)}, not {button!r}; nothing was done.")
    buttons[button](by=BY)


async def _wait(machine: Machine, request: dict[str, Any]) -> None:
    stage, power = request.get("stage"), request.get("power")
    timeout = float(request.get("timeout", 10.0))
    if (stage is None) == (power is None) or not 0 <= timeout <= LONGEST_WAIT:
        raise UnknownRequest(f"wait takes either a stage or a power, and 0 to {LONGEST_WAIT:.0f} seconds.")
    changed = asyncio.Event()
    unwatch = machine.watch(changed.set)
    try:
        async with asyncio.timeout(timeout):
            while not _is_there(machine, stage, power):
                changed.clear()
                delay = machine.seconds_until(machine.next_at) if machine.next_at else None
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), delay)
    except TimeoutError:
        now = f"{'on' if machine.is_on else 'off'}, {machine.stage}"
        raise NotInTime(f"{machine.identity.name} is {now} after {timeout:g} s; it keeps its way.") from None
    finally:
        unwatch()


def _is_there(machine: Machine, stage: object, power: object) -> bool:
    return machine.stage == stage if stage is not None else machine.is_on == (power == "on")

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

A refusal is `{"refused": code, "message": sentence}`. A unix socket rather than a port: no web page and no
other user of the laptop can reach it.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.bmcs.bmc import VirtualBmc
from lab.bmcs.client import SOCKET_NAME, socket_address
from lab.bmcs.faults import HEALTHY, Fault, UnknownFault
from lab.bmcs.machines import Machine, NotWhileOff

LONGEST_WAIT = 300.0
LONGEST_REQUEST = 4096
BY = "operator"


class UnknownRequest(ValueError):
    """No such machine or operation, or a field that makes no sense."""

    code = "unknown_request"


class NotInTime(Exception):
    """What was waited for did not come."""

    code = "not_in_time"


class ControlServer:
    """Answers for `bmcs` from `start` to `close`."""

    def __init__(self, bmcs: Mapping[str, VirtualBmc], directory: Path) -> None:
        self._bmcs = bmcs
        self._directory = directory
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, in place of a socket that a killed process left."""
        (self._directory / SOCKET_NAME).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        with socket_address(self._directory) as address:
            listener.bind(address)
        os.chmod(self._directory / SOCKET_NAME, 0o600)
        self._server = await asyncio.start_unix_server(self._talk, sock=listener, limit=LONGEST_REQUEST)

    async def close(self) -> None:
        """Stop listening and hang up on whoever still waits."""
        if self._server:
            self._server.close()
            (self._directory / SOCKET_NAME).unlink(missing_ok=True)
        for task in list(self._talking):
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        try:
            answer = await self._answer(await asyncio.wait_for(reader.readline(), timeout=5))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError, asyncio.CancelledError):
            pass  # whoever asked is gone, or we are: there is nobody left to answer
        finally:
            self._talking.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise UnknownRequest("A request is one JSON object; nothing was done.")
            return {"result": await self._run(request)}
        except (UnknownRequest, UnknownFault, NotWhileOff, NotInTime) as refusal:
            return {"refused": refusal.code, "message": str(refusal)}
        except (ValueError, TypeError) as error:
            message = f"The request makes no sense ({error}); nothing was done."
            return {"refused": UnknownRequest.code, "message": message}

    async def _run(self, request: dict[str, Any]) -> Any:
        op, lines = request.get("op"), int(request.get("lines", 0))
        if op == "list":
            return [summary(bmc, lines=lines) for bmc in self._bmcs.values()]
        bmc = self._bmcs.get(str(request.get("name")))
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

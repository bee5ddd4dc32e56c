"""pyghmi's client in a process that is thrown away: JSON request on stdin, JSON answers on stdout.

Steps: ["power"], ["set_power", word, wait], ["set_bootdev", device, persist, uefi], ["bootdev"],
["raw", netfn, command, data], ["until", word], ["sol", [text to type, text to wait for]...].
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from pyghmi.exceptions import PyghmiException
from pyghmi.ipmi.command import Command
from pyghmi.ipmi.console import Console
from pyghmi.ipmi.private.session import Session

SOL_SECONDS = 60.0


def main() -> None:
    request = json.load(sys.stdin)
    where = {key: request[key] for key in ("port",)}
    who = (request["host"], request["username"], request["password"])
    answers: list[Any] = []
    try:
        if request["steps"] and request["steps"][0][0] == "sol":
            answers.append(_talk(who, where, request["steps"][0][1:]))
        else:
            command = Command(*who, **where)
            answers.extend(_do(command, *step) for step in request["steps"])
            command.ipmi_session.logout()
    except PyghmiException as error:
        answers.append(f"{type(error).__name__}: {error}")
    print(json.dumps(answers), flush=True)


def _do(command: Command, step: str, *rest: Any) -> Any:
    if step == "power":
        return command.get_power()["powerstate"]
    if step == "set_power":
        return command.set_power(rest[0], wait=rest[1])
    if step == "set_bootdev":
        return command.set_bootdev(rest[0], persist=rest[1], uefiboot=rest[2])
    if step == "bootdev":
        return command.get_bootdev()
    if step == "raw":
        answer = command.raw_command(netfn=rest[0], command=rest[1], data=rest[2])
        return [answer["code"], list(answer["data"])]
    raise ValueError(step)


def _talk(who: tuple[str, str, str], where: dict[str, int], turns: list[list[str]]) -> str:
    heard: list[str] = []

    def listen(data: bytes | dict[str, str]) -> None:
        heard.append(json.dumps(data) if isinstance(data, dict) else data.decode())

    console = Console(*who, iohandler=listen, force=False, **where)
    deadline, seen = time.monotonic() + SOL_SECONDS, 0
    for typed, awaited in turns:
        while not (console.connected or console.broken) and time.monotonic() < deadline:
            Session.wait_for_rsp(timeout=0.05)
        if typed and not console.broken:
            console.send_data(typed.encode())
        while "".join(heard).find(awaited, seen) < 0 and not console.broken and time.monotonic() < deadline:
            Session.wait_for_rsp(timeout=0.05)
        seen = "".join(heard).find(awaited, seen) + len(awaited)
    console.close()
    return "".join(heard)


if __name__ == "__main__":
    main()

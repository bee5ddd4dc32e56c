"""The child process: takes requests as JSON lines on standard input, answers on standard output.

Request:  {"key": k, "action": "read" | "on" | "off" | one of bmc.ipmi.actions, "args": {...},
           "deadline": monotonic seconds, "stays": bool, "privilege": IPMI v2.0 section 6.8,
           "to": [host, port, username, password, cipher suite]}
Answer:   {"key": k, "result": "on" | "off" | JSON} or {"key": k, "failure": code of bmc.errors}

A visit that "stays" keeps its session for the next request with the same key.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections import deque
from typing import Any

from bmc.ipmi import sessions
from bmc.ipmi.visits import Visit
from bmc.last_will import end_with_parent

_STDIN, _STDOUT = 0, 1
_TURN_S = 0.05  # how late a deadline or a retransmission may be noticed
_STUCK_S = 15.0  # longer than any turn of the loop can take, unless pyghmi hangs


class ParentGone(Exception):
    """Standard input has ended."""


class Child:
    """All visits of this process and the loop that turns them."""

    def __init__(self) -> None:
        self._visits: dict[int, Visit] = {}
        self._asked: dict[int, bool] = {}  # keys that wait for an answer, and whether they stay
        self._awake: deque[Visit] = deque()
        self._keys: dict[Visit, int] = {}
        self._unread = b""
        self._resolved: deque[tuple[dict[str, Any], str | None]] = deque()
        self._bell, self._bell_rope = socket.socketpair()

    def run(self) -> None:
        """Serve until standard input ends, then free the session slots."""
        try:
            while True:
                signal.setitimer(signal.ITIMER_REAL, _STUCK_S)
                self._turn()
        except (ParentGone, BrokenPipeError):
            for visit in self._visits.values():
                visit.leave()

    def _turn(self) -> None:
        ready = sessions.receive(_TURN_S if self._asked else 1.0, (_STDIN, self._bell))
        sessions.handle_packets()
        sessions.handle_timeouts()
        if _STDIN in ready:
            self._read_requests()
        if self._bell in ready:
            self._bell.recv(64)
        while self._resolved:
            self._start(*self._resolved.popleft())
        while self._awake:
            visit = self._awake.popleft()
            visit.go_on()
            self._answer_if_done(visit)
        now = sessions.now()
        for key in list(self._asked):
            if key in self._visits:
                self._visits[key].check_time(now)
                self._answer_if_done(self._visits[key])

    def _read_requests(self) -> None:
        data = os.read(_STDIN, 65536)
        if not data:
            raise ParentGone
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def _take(self, request: dict[str, Any]) -> None:
        key = request["key"]
        self._asked[key] = request["stays"]
        if key in self._visits:
            self._start(request, None)
            return
        host, port = request["to"][:2]
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            # A name: its lookup can take many seconds and must not keep the other BMCs waiting.
            threading.Thread(target=self._resolve, args=(request,), daemon=True).start()
        else:
            self._start(request, host)

    def _resolve(self, request: dict[str, Any]) -> None:
        host, port = request["to"][:2]
        try:
            address = str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0])
        except (OSError, UnicodeError):
            address = None
        self._resolved.append((request, address))
        self._bell_rope.send(b"!")

    def _start(self, request: dict[str, Any], address: str | None) -> None:
        key = request["key"]
        visit = self._visits.get(key)
        if visit is None and address is None:
            self._answer(key, {"failure": "bmc_unreachable"})
            return
        if visit is None:
            visit = Visit((address, *request["to"][1:]), request["privilege"], self._awake)
            self._visits[key], self._keys[visit] = visit, key
        if sessions.now() >= request["deadline"]:  # this process was frozen: too late to touch anything
            visit.failure = "bmc_deadline_exceeded"
        else:
            visit.ask(request["action"], request["deadline"], **request["args"])
        self._answer_if_done(visit)

    def _answer_if_done(self, visit: Visit) -> None:
        key = self._keys.get(visit)
        if key is None or key not in self._asked:
            return
        if visit.failure is not None:
            self._answer(key, {"failure": visit.failure})
        elif visit.result is not None:
            self._answer(key, {"result": visit.result})

    def _answer(self, key: int, outcome: dict[str, Any]) -> None:
        stays = self._asked.pop(key)
        if key in self._visits and (not stays or "failure" in outcome):
            visit = self._visits.pop(key)
            del self._keys[visit]
            visit.leave()  # before the answer: hearing of a failure, the parent may kill us at once
        os.write(_STDOUT, json.dumps({"key": key, **outcome}).encode() + b"\n")


def main(parent: int) -> None:
    """Run as the child of process `parent` until it goes away or closes our standard input."""
    end_with_parent(parent)
    sessions.take_over_waiting()
    Child().run()
    os._exit(0)  # the threads that look names up may still hang

"""Open websockets: how many, how fast, and ended the moment their session ends."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FRAMES_PER_S = 40.0
BURST = 120.0
MAX_FRAME = 64 * 1024
MAX_PER_SESSION = 60
MAX_ANONYMOUS_PER_IP = 30


class Bucket:
    """A token bucket: `burst` at once, then `rate` a second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = burst, time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Socket:
    """One open websocket."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.close_code = 1008

    def end(self, code: int) -> None:
        self.close_code = code
        self.ended.set()


class Sockets:
    """All websockets of this process."""

    def __init__(self) -> None:
        self._by_session: dict[int, set[Socket]] = defaultdict(set)
        self._anonymous: Counter[str] = Counter()

    @property
    def count(self) -> int:
        return sum(map(len, self._by_session.values())) + self._anonymous.total()

    def has_room(self, session_id: int | None, ip: str) -> bool:
        if session_id is None:
            return self._anonymous[ip] < MAX_ANONYMOUS_PER_IP
        return len(self._by_session.get(session_id, ())) < MAX_PER_SESSION

    def add(self, socket: Socket, session_id: int | None, ip: str) -> None:
        if session_id is None:
            self._anonymous[ip] += 1
        else:
            self._by_session[session_id].add(socket)

    def remove(self, socket: Socket, session_id: int | None, ip: str) -> None:
        if session_id is None:
            self._anonymous[ip] -= 1
            if not self._anonymous[ip]:
                del self._anonymous[ip]
            return
        self._by_session[session_id].discard(socket)
        if not self._by_session[session_id]:
            del self._by_session[session_id]

    def end_session(self, session_id: int) -> None:
        """Close every socket of a session."""
        for socket in list(self._by_session.get(session_id, ())):
            socket.end(4401)


def _size(message: Message) -> int:
    return len(message.get("text") or message.get("bytes") or "")


def guarded_receive(receive: Receive, socket: Socket) -> Receive:
    """`receive` that ends when the session ends, a frame is too big, or frames come too fast."""
    bucket = Bucket(FRAMES_PER_S, BURST)
    ended: asyncio.Task[bool] | None = None

    async def guarded() -> Message:
        nonlocal ended
        ended = ended or asyncio.ensure_future(socket.ended.wait())
        arriving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({arriving, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not arriving.done():
                arriving.cancel()
        if socket.ended.is_set() or not arriving.done():
            return {"type": "websocket.disconnect", "code": socket.close_code}
        message = arriving.result()
        if message["type"] == "websocket.disconnect":
            ended.cancel()
        elif message["type"] == "websocket.receive":
            if _size(message) > MAX_FRAME:
                socket.end(1009)
            elif not bucket.take():
                socket.end(1008)
            if socket.ended.is_set():
                return {"type": "websocket.disconnect", "code": socket.close_code}
        return message

    return guarded

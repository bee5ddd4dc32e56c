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

SESSION_ENDED = 4401
TOO_BIG = 1009
NOT_TEXT = 1003
TOO_FAST = 1008
_WITH_ATTACHMENTS = ("45", "46")
"""Engine.IO message + Socket.IO BINARY_EVENT or BINARY_ACK: binary frames are to follow."""
FRAMES_PER_S = 40.0
BURST = 120.0
MAX_FRAME = 64 * 1024
CONSOLE_FRAMES_PER_S, CONSOLE_BURST = 200.0, 600.0
"""A mouse that is moved sends 60 frames a second, and asks for as many pictures."""
CONSOLE_MAX_FRAME = 16 * 1024
CONSOLE_MAX_TEXT = 1024
MAX_PER_SESSION = 60
MAX_ANONYMOUS_PER_CALLER = 30
OPENED_PER_S = 4.0
OPENED_AT_ONCE = 120.0
"""New sockets of one session, or of one address without a session: each costs the state of a new tab."""
FORGET_S = 60.0


class Bucket:
    """A token bucket: `burst` at once, then `rate` a second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = burst, time.monotonic()

    @property
    def is_full(self) -> bool:
        """Whether nothing was taken for so long that a new bucket would be the same."""
        return self._level + (time.monotonic() - self._at) * self._rate >= self._burst

    def take(self) -> bool:
        now = time.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Doorman:
    """Lets each caller in at a bearable rate, and forgets who has not come for a while."""

    def __init__(self) -> None:
        self._buckets: dict[object, Bucket] = {}
        self._cleaned_at = time.monotonic()

    def lets_in(self, caller: object) -> bool:
        if time.monotonic() - self._cleaned_at > FORGET_S:
            self._buckets = {who: bucket for who, bucket in self._buckets.items() if not bucket.is_full}
            self._cleaned_at = time.monotonic()
        return self._buckets.setdefault(caller, Bucket(OPENED_PER_S, OPENED_AT_ONCE)).take()


class Socket:
    """One open websocket."""

    def __init__(self) -> None:
        self.close_code = 1008
        self.has_ended = False
        self.is_told = False
        """Whether the browser has been told that it is closed."""
        self._receiving: asyncio.Task[Any] | None = None

    def end(self, code: int) -> None:
        """Close it; the first reason stays."""
        if self.has_ended:
            return
        self.has_ended, self.close_code = True, code
        if self._receiving is not None:
            self._receiving.cancel()

    async def next(self, receive: Receive) -> Message:
        """The next message; the disconnect as soon as the socket has ended.

        Whoever waits in here is woken by cancelling its task: waiting for two things at once would
        cost every event of every browser more than everything else that the gate does.
        """
        if self.has_ended:
            return self.disconnect()
        self._receiving = task = asyncio.current_task()
        try:
            message = await receive()
        except asyncio.CancelledError:
            if task is None or not self.has_ended:
                raise
            task.uncancel()
        finally:
            self._receiving = None
        return self.disconnect() if self.has_ended else message

    def disconnect(self) -> Message:
        """The message by which an application learns that its socket is closed."""
        return {"type": "websocket.disconnect", "code": self.close_code}


class Sockets:
    """All websockets of this process."""

    def __init__(self) -> None:
        self._by_session: dict[int, set[Socket]] = defaultdict(set)
        self._anonymous: Counter[str] = Counter()
        self._doorman = Doorman()

    @property
    def count(self) -> int:
        return sum(map(len, self._by_session.values())) + self._anonymous.total()

    def sessions(self) -> list[int]:
        """The sessions that have a socket open."""
        return list(self._by_session)

    def has_room(self, session_id: int | None, caller: str) -> bool:
        """Whether one more may be opened now."""
        if not self._doorman.lets_in(caller if session_id is None else session_id):
            return False
        if session_id is None:
            return self._anonymous[caller] < MAX_ANONYMOUS_PER_CALLER
        return len(self._by_session.get(session_id, ())) < MAX_PER_SESSION

    def add(self, socket: Socket, session_id: int | None, caller: str) -> None:
        if session_id is None:
            self._anonymous[caller] += 1
        else:
            self._by_session[session_id].add(socket)

    def remove(self, socket: Socket, session_id: int | None, caller: str) -> None:
        if session_id is None:
            self._anonymous[caller] -= 1
            if not self._anonymous[caller]:
                del self._anonymous[caller]
            return
        self._by_session[session_id].discard(socket)
        if not self._by_session[session_id]:
            del self._by_session[session_id]

    def end_session(self, session_id: int) -> None:
        """Close every socket of a session."""
        for socket in list(self._by_session.get(session_id, ())):
            socket.end(SESSION_ENDED)


def guarded_send(send: Send, socket: Socket) -> Send:
    """`send` that says nothing more once the session has ended, except that the socket is closed and why."""

    async def guarded(message: Message) -> None:
        if message["type"] == "websocket.close":
            socket.is_told = True
            await send({"type": "websocket.close", "code": socket.close_code if socket.has_ended else 1000})
        elif not socket.has_ended:
            await send(message)

    return guarded


Judge = Callable[[Message, Socket], None]


def guarded_receive(receive: Receive, socket: Socket, judge: Judge | None = None) -> Receive:
    """`receive` that ends when the session ends, a frame is too big, or frames come too fast."""
    judge = judge or event_judge()

    async def guarded() -> Message:
        message = await socket.next(receive)
        if message["type"] == "websocket.receive":
            judge(message, socket)
            if socket.has_ended:
                return socket.disconnect()
        return message

    return guarded


def event_judge() -> Judge:
    """What a page's event socket may send: text, small, not too fast."""
    bucket = Bucket(FRAMES_PER_S, BURST)

    def judge(message: Message, socket: Socket) -> None:
        text = message.get("text")
        if text is None or text.startswith(_WITH_ATTACHMENTS):
            socket.end(NOT_TEXT)  # Reflex sends none, and python-socketio would build objects from it
        elif len(text) > MAX_FRAME:
            socket.end(TOO_BIG)
        elif not bucket.take():
            socket.end(TOO_FAST)

    return judge


def console_judge() -> Judge:
    """What a console's socket may send: keys and clicks as bytes, and a few short texts."""
    frames, texts = Bucket(CONSOLE_FRAMES_PER_S, CONSOLE_BURST), Bucket(2, 20)

    def judge(message: Message, socket: Socket) -> None:
        text, data = message.get("text"), message.get("bytes")
        if len(text or "") > CONSOLE_MAX_TEXT or len(data or b"") > CONSOLE_MAX_FRAME:
            socket.end(TOO_BIG)
        elif not (texts if text is not None else frames).take():
            socket.end(TOO_FAST)

    return judge

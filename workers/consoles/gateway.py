"""The gateway: takes in browsers that web processes vouch for, and lets them go the moment their right ends.

There is one gateway per installation, on a host that reaches the BMC network. It holds no truth: grants are rows, and
when it dies browsers ask for new ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from opsportal.db import in_unit
from opsportal.domain.consoles import endings, grants, serial_logs, topics
from opsportal.domain.hardware.topics import JOBS
from opsportal.integrations import console_channel
from opsportal.integrations.console_channel import CONTROL, DATA, Channel, ChannelLost
from opsportal.live.listener import Listener
from opsportal.models import ConsoleKind
from opsportal.models.base import utcnow
from workers.consoles import rfb
from workers.consoles.screen_rooms import ScreenLink, ScreenRoom
from workers.consoles.serial_rooms import SerialRoom
from workers.consoles.viewers import Viewer, parse_control

HELLO_S = 5.0
GOODBYE_S = 3.0
MOST_STRANGERS = 32
TIDY_S = 5.0
UNKNOWN_FOR = dt.timedelta(seconds=20)
LARGEST_INPUT = 1 << 16
log = structlog.get_logger("consoles")


class Gateway:
    """All consoles of this installation."""

    def __init__(self) -> None:
        self._viewers: dict[int, Viewer] = {}
        self._serial: dict[int, SerialRoom] = {}
        self._screens: dict[int, ScreenRoom] = {}
        self._strangers = 0
        self._connections: set[asyncio.Task[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._recording = asyncio.Lock()
        self._jobs_changed = asyncio.Event()
        self.listener = Listener(on_topics=self._heard, on_hearing=self._hearing, on_deaf=lambda: None)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`. Raises OSError when the address cannot be had."""
        with contextlib.suppress(SQLAlchemyError):
            await in_unit(endings.end_unknown, [], attached_before=utcnow())
        async with self._background(self.listener.run(), self._tidy_for_ever(), self._follow_jobs()):
            server = await console_channel.listen(self.serve)
            log.info("gateway_listens")
            async with server:
                await stop.wait()
                await self._let_everybody_go()
            for room in list(self._serial.values()):
                await room.close()

    async def _let_everybody_go(self) -> None:
        for viewer in list(self._viewers.values()):
            viewer.end(endings.GATEWAY_LOST)
        if self._connections:
            await asyncio.wait(self._connections, timeout=GOODBYE_S)

    @contextlib.asynccontextmanager
    async def _background(self, *work: Awaitable[None]) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- one connection

    async def serve(self, channel: Channel) -> None:
        """One channel from a web process: the first frame names a grant, all after it is that viewer's."""
        if (task := asyncio.current_task()) is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            viewer = await self._greet(channel)
        except (ChannelLost, TimeoutError):
            log.warning("stranger_refused")
            channel.abort()
            return
        except SQLAlchemyError:
            channel.abort()
            return
        if viewer is None:
            channel.put(CONTROL, json.dumps({"type": "ended", "reason": endings.GATEWAY_LOST}).encode())
            await channel.close()
            return
        try:
            await self._attend(viewer)
        except Exception:
            log.exception("viewer_failed", grant=viewer.id)
        finally:
            await self._part(viewer)

    async def _greet(self, channel: Channel) -> Viewer | None:
        if self._strangers >= MOST_STRANGERS:
            raise ChannelLost
        self._strangers += 1
        try:
            async with asyncio.timeout(HELLO_S):
                kind, content = await channel.receive()
        finally:
            self._strangers -= 1
        hello = parse_control(content) if kind == CONTROL else {}
        grant_id = hello.get("grant")
        if not isinstance(grant_id, int) or grant_id in self._viewers:
            return None
        attachment = await in_unit(grants.find_attached, grant_id)
        if attachment is None or grant_id in self._viewers:
            return None
        viewer = self._viewers[grant_id] = Viewer(attachment, channel)
        return viewer

    async def _attend(self, viewer: Viewer) -> None:
        timing = asyncio.ensure_future(viewer.watch_time())
        try:
            if viewer.attachment.kind is ConsoleKind.SERIAL:
                await self._attend_serial(viewer)
            else:
                await self._attend_screen(viewer)
        except ChannelLost:
            viewer.end(endings.LEFT)
        except rfb.BadMessage:
            viewer.end("bad_message")
        finally:
            timing.cancel()

    async def _attend_serial(self, viewer: Viewer) -> None:
        room = self._serial.setdefault(viewer.attachment.server_id, SerialRoom(viewer.attachment.server_id))
        try:
            await room.enter(viewer)
            async for kind, content in self._frames(viewer):
                if kind == DATA:
                    await room.typed(viewer, content)
                else:
                    await room.heard(viewer, parse_control(content))
        finally:
            await room.leave(viewer)

    async def _attend_screen(self, viewer: Viewer) -> None:
        room = self._screens.setdefault(viewer.attachment.server_id, ScreenRoom(viewer.attachment.server_id))
        link = ScreenLink(room, viewer)
        try:
            async with self._background(link.run()):
                await room.enter(viewer)
                async for kind, content in self._frames(viewer):
                    if kind == DATA:
                        await link.take(content)
                    else:
                        await room.heard(viewer, parse_control(content))
        finally:
            await room.leave(viewer)
            if not room.viewers:
                self._screens.pop(room.server_id, None)

    async def _frames(self, viewer: Viewer) -> AsyncIterator[tuple[bytes, bytes]]:
        while True:
            kind, content = await viewer.receive()
            if len(content) > LARGEST_INPUT:
                raise ChannelLost
            yield kind, content

    async def _part(self, viewer: Viewer) -> None:
        """The viewer has gone: say why, close, and write it down. What cannot be written now, tidying does."""
        viewer.end(endings.LEFT)
        self._viewers.pop(viewer.id, None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await viewer.channel.close()
        viewer.channel.abort()
        with contextlib.suppress(SQLAlchemyError):
            await in_unit(endings.end_grant, viewer.id, reason=viewer.ended or endings.LEFT)

    # -- what changes elsewhere

    def _heard(self, heard: Iterable[str]) -> None:
        for topic in heard:
            if topic == JOBS:
                self._jobs_changed.set()
            elif (server_id := topics.server_of(topic)) is not None:
                if concerned := [v for v in self._viewers.values() if v.attachment.server_id == server_id]:
                    self._in_background(self._end_what_ended([viewer.id for viewer in concerned]))
                elif server_id in self._serial:
                    self._serial[server_id].forget_past()

    def _hearing(self) -> None:
        """Announcements are heard from now on; what was missed is looked up."""
        self._jobs_changed.set()
        if self._viewers:
            self._in_background(self._end_what_ended(list(self._viewers)))

    async def _end_what_ended(self, grant_ids: list[int]) -> None:
        for grant_id, reason in (await in_unit(grants.find_ended, grant_ids)).items():
            if viewer := self._viewers.get(grant_id):
                viewer.end(reason)

    async def _follow_jobs(self) -> None:
        while True:
            await self._jobs_changed.wait()
            self._jobs_changed.clear()
            try:
                await self._sync_recording(await in_unit(serial_logs.list_recorded))
            except SQLAlchemyError:
                continue  # the listener lost the database as well, and will say so when it is back

    async def _sync_recording(self, wanted: dict[int, int]) -> None:
        async with self._recording:
            for server_id, room in list(self._serial.items()):
                if server_id not in wanted:
                    await room.stop_recording()
            for server_id, job_id in wanted.items():
                room = self._serial.setdefault(server_id, SerialRoom(server_id))
                await room.record(job_id)

    async def _tidy_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TIDY_S)
            for server_id, room in list(self._serial.items()):
                if not room.is_needed:
                    del self._serial[server_id]
                    await room.close()
            with contextlib.suppress(SQLAlchemyError):
                before = utcnow() - UNKNOWN_FOR
                await in_unit(endings.end_unknown, list(self._viewers), attached_before=before)
                await in_unit(endings.end_expired)
                await self._end_what_ended(list(self._viewers))

    def _in_background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except SQLAlchemyError:
        log.warning("database_away")
    except Exception:
        log.exception("gateway_task_failed")

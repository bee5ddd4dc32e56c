"""What a monitor at a machine would show: its text as pixels, served by RFB 3.8 (RFC 6143), as BMCs with a VNC server do.

Each machine has a port and a password of its own; `screens.json` in the state directory lists them. A key that is
pressed goes where the serial line's keys go. Nothing is drawn while nobody watches.
"""

import asyncio
import contextlib
import itertools
import re
import secrets
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from lab.bmcs.files import find_json, write_json
from lab.bmcs.font import HEIGHT, WIDTH, glyph
from lab.bmcs.logs import log
from lab.bmcs.machines import Machine
from workers.consoles.rfb import VERSION, vnc_response

SCREENS = "screens.json"
HOST = "127.0.0.1"
COLUMNS, ROWS = 80, 25
FRAME_WIDTH, FRAME_HEIGHT = COLUMNS * WIDTH, ROWS * HEIGHT
TILE = 64
RAW, ZRLE = 0, 16
MOST = 100  # a descriptor each besides the BMC's, and 1024 is the usual limit
INK, PAPER = (0xD8, 0xDE, 0xE9), (0x0D, 0x0E, 0x11)
_CONTROL = re.compile(r"\x1b(\[[0-9;?]*[@-~]|[()][A-Z0-9]|.)?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_KEYS = {0xFF0D: "\r", 0xFF8D: "\r", 0xFF08: "\x7f", 0xFF09: "\t", 0xFF1B: "\x1b"}  # X11 keysyms
_CONTROL_KEYS = frozenset({0xFFE3, 0xFFE4})
_SIZES = {0: 20, 3: 10, 4: 8, 5: 6}


def text_rows(text: str) -> list[str]:
    """The last `ROWS` rows that a terminal of 80 columns would show of `text`, the cursor as an underscore."""
    rows: list[str] = []
    for line in _CONTROL.sub(_rub_out, text[-ROWS * COLUMNS * 2 :]).replace("\r", "").split("\n"):
        shown = _erased(line)
        rows += [shown[at : at + COLUMNS] for at in range(0, max(len(shown), 1), COLUMNS)]
    rows = rows[-ROWS:]
    rows[-1] = (rows[-1] + "_")[:COLUMNS]
    return rows + [""] * (ROWS - len(rows))


def _rub_out(found: re.Match[str]) -> str:
    return "\x08" if found[0] == "\x08" else ""


def _erased(line: str) -> str:
    while "\x08" in line:
        before, _, after = line.partition("\x08")
        line = before[:-1] + after.removeprefix(" \x08") if after.startswith(" \x08") else before[:-1] + after
    return line.expandtabs()


def dots(rows: list[str]) -> list[bytes]:
    """The picture as bits, a bytes object of 80 per line of pixels: a one is ink."""
    lines: list[bytes] = []
    for row in rows:
        glyphs = [glyph(character) for character in row.ljust(COLUMNS)]
        lines += [bytes(shape[y] for shape in glyphs) for y in range(HEIGHT)]
    return lines


class Pixels:
    """How one client wants its pixels, and what it has already."""

    def __init__(self) -> None:
        self.has_zrle = False
        self._shown: list[bytes] = []
        self._zlib = zlib.compressobj()  # one stream for the whole connection (section 7.7.6)
        self.set_format(struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))

    def set_format(self, form: bytes) -> None:
        """The client's pixel format (section 7.4). True colour of 32 bits, or it gets colours it did not ask for."""
        _, _, is_big, _, _, _, _, *shifts = struct.unpack(">BBBBHHHBBBxxx", form)

        def pixel(colour: tuple[int, int, int]) -> bytes:
            value = sum(part << int(shift) for part, shift in zip(colour, shifts, strict=True))
            return value.to_bytes(4, "big" if is_big else "little")

        self._ink, self._paper = pixel(INK), pixel(PAPER)
        # A CPIXEL leaves out the byte that is never used (section 7.7.5).
        self._unused = 0 if is_big else 3
        self._bytes = [
            b"".join(self._ink if byte >> (7 - bit) & 1 else self._paper for bit in range(8))
            for byte in range(256)
        ]
        self._shown = []

    def update(self, lines: list[bytes], *, is_incremental: bool) -> bytes:
        """A FramebufferUpdate with what has changed, or nothing when nothing has."""
        if not is_incremental:
            self._shown = []
        rectangles = []
        for top in range(0, FRAME_HEIGHT, TILE):
            strip = lines[top : top + TILE]
            if self._shown[top : top + TILE] != strip:
                rectangles.append(self._rectangle(top, strip))
        self._shown = lines
        return struct.pack(">BxH", 0, len(rectangles)) + b"".join(rectangles) if rectangles else b""

    def _rectangle(self, top: int, strip: list[bytes]) -> bytes:
        kind = ZRLE if self.has_zrle else RAW
        head = struct.pack(">HHHHi", 0, top, FRAME_WIDTH, len(strip), kind)
        if kind == RAW:
            return head + b"".join(self._bytes[byte] for line in strip for byte in line)
        tiles = b"".join(self._tile(strip, left) for left in range(0, COLUMNS, TILE // 8))
        packed = self._zlib.compress(tiles) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        return head + struct.pack(">I", len(packed)) + packed

    def _tile(self, strip: list[bytes], left: int) -> bytes:
        """A packed palette of two colours: one bit a pixel (section 7.7.6)."""
        palette = b"".join(
            colour[: self._unused] + colour[self._unused + 1 :] for colour in (self._paper, self._ink)
        )
        return b"\x02" + palette + b"".join(line[left : left + TILE // 8] for line in strip)


class Client:
    """One viewer of one machine."""

    def __init__(self, machine: Machine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._machine = machine
        self._reader, self._writer = reader, writer
        self._pixels = Pixels()
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._is_incremental = True
        self._holds_control = False

    async def serve(self, password: str) -> None:
        """The handshake, then messages until the client goes."""
        if not await self._sign_in(password):
            return
        unwatch = self._machine.watch(self._changed.set)
        painting = asyncio.ensure_future(self._paint())
        try:
            while True:
                await self._take((await self._reader.readexactly(1))[0])
        finally:
            unwatch()
            painting.cancel()
            await asyncio.gather(painting, return_exceptions=True)  # it may have noticed first

    async def _sign_in(self, password: str) -> bool:
        self._writer.write(VERSION)
        await self._reader.readexactly(12)
        self._writer.write(b"\x01\x02")  # one security type: VNC authentication
        await self._reader.readexactly(1)
        challenge = secrets.token_bytes(16)
        self._writer.write(challenge)
        if await self._reader.readexactly(16) != vnc_response(password, challenge):
            self._writer.write(struct.pack(">II", 1, 7) + b"refused")
            return False
        self._writer.write(b"\0\0\0\0")
        await self._reader.readexactly(1)
        form = struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        name = self._machine.identity.name.encode()
        size = struct.pack(">HH", FRAME_WIDTH, FRAME_HEIGHT)
        self._writer.write(size + form + struct.pack(">I", len(name)) + name)
        return True

    async def _take(self, kind: int) -> None:
        read = self._reader.readexactly
        if kind == 2:
            (count,) = struct.unpack(">xH", await read(3))
            self._pixels.has_zrle = ZRLE in struct.unpack(f">{count}i", await read(4 * count))
        elif kind == 6:
            (length,) = struct.unpack(">3xI", await read(7))
            await read(min(length, 1 << 16))
        elif kind in _SIZES:
            self._act(kind, await read(_SIZES[kind] - 1))
        else:
            raise ConnectionError(f"message {kind}")

    def _act(self, kind: int, content: bytes) -> None:
        if kind == 0:
            self._pixels.set_format(content[3:])
        elif kind == 3:
            self._is_incremental = self._is_incremental and content[0] == 1
            self._wanted.set()
        elif kind == 4:
            self._key(*struct.unpack(">?xxI", content))

    def _key(self, is_down: bool, keysym: int) -> None:
        if keysym in _CONTROL_KEYS:
            self._holds_control = is_down
        if not is_down:
            return
        text = _KEYS.get(keysym) or (chr(keysym) if 0x20 <= keysym < 0x7F else "")
        if text and self._holds_control:
            text = chr(ord(text) & 0x1F)
        if text:
            self._machine.type(text)

    async def _paint(self) -> None:
        while True:
            await self._wanted.wait()
            self._machine.settle()
            self._changed.clear()
            picture = dots(text_rows(self._machine.console.since(self._machine.console.written - 8000)))
            update = self._pixels.update(picture, is_incremental=self._is_incremental)
            if update:
                self._wanted.clear()
                self._is_incremental = True
                self._writer.write(update)
                await self._writer.drain()
                continue
            await self._until_it_changes()

    async def _until_it_changes(self) -> None:
        at = self._machine.next_at
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if at is None else self._machine.seconds_until(at) + 0.001):
                await self._changed.wait()


class Screens:
    """The screens of the first `MOST` machines of one lab."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / SCREENS
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, machines: Mapping[str, Machine]) -> None:
        """Listen for each machine, where it listened before if that is free; then say where in `screens.json`."""
        known = {row["name"]: row for row in (find_json(self._file) or {}).get("screens", [])}
        rows = []
        for name, machine in itertools.islice(machines.items(), MOST):
            before = known.get(name, {"port": 0, "password": secrets.token_hex(4)})
            server = await self._listen(machine, int(before["port"]), str(before["password"]))
            self._servers.append(server)
            port = server.sockets[0].getsockname()[1]
            rows.append({"name": name, "host": HOST, "port": port, "password": before["password"]})
        write_json(self._file, {"screens": rows}, is_durable=False)

    async def _listen(self, machine: Machine, port: int, password: str) -> asyncio.Server:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.add(writer)
            try:
                await Client(machine, reader, writer).serve(password)
            except (OSError, asyncio.IncompleteReadError, struct.error, asyncio.CancelledError):
                pass  # the viewer has gone, or never was one, or we are ending
            finally:
                self._writers.discard(writer)
                writer.close()

        try:
            return await asyncio.start_server(accept, HOST, port)
        except OSError:
            log("screen-moved", level="warning", machine=machine.identity.name, port=port)
            return await asyncio.start_server(accept, HOST, 0)

    def close(self) -> None:
        """Stop listening, and let every viewer go."""
        for server in self._servers:
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()

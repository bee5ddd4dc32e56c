"""Whether Redfish is spoken at an address: its service root is for everybody (DSP0266 section 6.5).

No certificate is believed here and no credentials are sent; which one was shown is told as its fingerprint.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import io
import json
import re
import ssl
from dataclasses import dataclass, field
from typing import Any

MAX_ANSWER = 64 * 1024
_REQUEST = (
    "GET /redfish/v1/ HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\nOData-Version: 4.0\r\n"
    "Connection: close\r\n\r\n"
)
_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){2}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UNCLEAN = re.compile(r"[^\x20-\x7e]+")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
MAX_TEXT = 60


@dataclass(frozen=True, slots=True)
class Root:
    fingerprint: str
    facts: dict[str, str | int | bool | list[str]] = field(default_factory=dict)


async def ask(host: str, port: int, *, patience_s: float) -> Root | None:
    """The service root there, and whose certificate; None where there is none."""
    try:
        async with asyncio.timeout(patience_s):
            return await _ask(host, port)
    except (OSError, EOFError, ssl.SSLError, TimeoutError):
        return None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _ask(host: str, port: int) -> Root | None:
    reader, writer = await asyncio.open_connection(host, port, ssl=_context(), limit=MAX_ANSWER)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
        name = f"[{host}]" if ":" in host else host
        writer.write(_REQUEST.format(host=name).encode())
        await writer.drain()
        facts = _facts(await _answer(reader))
        return None if facts is None else Root(hashlib.sha256(shown).hexdigest(), facts)
    finally:
        with contextlib.suppress(Exception):
            writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The whole answer, or its first 64 KiB."""
    answer = b""
    while len(answer) < MAX_ANSWER and not _is_whole(answer):
        more = await reader.read(8_192)
        if not more:
            break
        answer += more
    return answer[:MAX_ANSWER]


def _is_whole(answer: bytes) -> bool:
    """Some keep the line open after what they have announced."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n") if end else None
    return length is not None and len(body) >= int(length[1])


class _Said:
    """An answer that has arrived, as http.client wants to read it."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._answer)


def _facts(answer: bytes) -> dict[str, str | int | bool | list[str]] | None:
    """What a service root says; None for anything else."""
    response = http.client.HTTPResponse(_Said(answer), method="GET")  # type: ignore[arg-type]
    try:
        response.begin()
        root: Any = json.loads(response.read(MAX_ANSWER)) if response.status == 200 else None
    except (http.client.HTTPException, ValueError, RecursionError, OSError):
        return None
    version = root.get("RedfishVersion") if isinstance(root, dict) else None
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return None
    facts: dict[str, str | int | bool | list[str]] = {"version": version}
    for name, key in (("vendor", "Vendor"), ("product", "Product")):
        if isinstance(root.get(key), str) and (words := _short(root[key])):
            facts[name] = words
    if isinstance(root.get("UUID"), str) and _UUID.fullmatch(root["UUID"]):
        facts["uuid"] = root["UUID"].lower()
    return facts


def _short(text: str) -> str:
    return " ".join(_UNCLEAN.sub(" ", text).split())[:MAX_TEXT]

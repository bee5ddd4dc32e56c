"""Files of tickets, up and down. They never pass through a state, an event or a page of ours.

Up: one file a request, multipart/form-data (RFC 7578), read no further than its limit. Down: always as
something to be saved, in a sandbox without rights, whatever it claims to be.
"""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import AsyncGenerator
from weakref import WeakValueDictionary

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_thread, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import BadRequest, NotFound
from opsportal.domain.support import attachments
from opsportal.domain.support.attachments import FILE_LIMIT, AttachmentFile
from opsportal.domain.support.refusals import FileTooLarge
from opsportal.web import limits
from opsportal.web.actors import actor_of
from opsportal.web.json_doors import answering

FIELD = "file"
AROUND = 4_096
"""Bytes that a request may have besides its file: boundaries, the part's headers, the file's name."""
PATIENCE_S = 300.0
"""How long a file may take on its way. 10 MB in five minutes is a slow mobile connection."""
AT_ONCE = 8
"""Uploads that one process reads at the same time; others wait for their turn."""
AT_ONCE_EACH = 2
"""Of one person: whoever sends eight files a byte at a time must not keep all others waiting."""

_turns = asyncio.Semaphore(AT_ONCE)
_own_turns: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()


async def upload(request: Request) -> Response:
    """Keep a file for a message that its sender will write. Answers {id, name, size}."""
    actor = await actor_of(request)
    actor.require(Permission.DESK_WORK if actor.is_staff else Permission.TICKETS_USE)
    who = f"uploads:{actor.person_id}"
    await in_thread(limits.count, (limits.UPLOADS, who), (limits.UPLOADS_DAY, who))
    own_turns = _own_turns.setdefault(actor.person_id, asyncio.Semaphore(AT_ONCE_EACH))
    async with own_turns, _turns:
        try:
            async with asyncio.timeout(PATIENCE_S):
                name, content = await _read(request)
        except (TimeoutError, ClientDisconnect):
            raise BadRequest from None
        kept = await in_unit(attachments.store_attachment, actor, name=name, content=content)
    return JSONResponse({"id": kept.id, "name": kept.name, "size": kept.size})


async def _read(request: Request) -> tuple[str, bytes]:
    """The one file of the body. Raises `FileTooLarge` or `BadRequest`, having read no more than the limit."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "multipart/form-data":
        raise BadRequest
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > FILE_LIMIT + AROUND:
        raise _too_large()
    parser = MultiPartParser(request.headers, _limited(request), max_files=1, max_fields=0)
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, UnicodeError):
        raise BadRequest from None
    try:
        file = form.get(FIELD)
        if not isinstance(file, UploadFile) or len(form) != 1:
            raise BadRequest
        return file.filename or "", await file.read()
    finally:
        await form.close()


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes, until it is larger than any file may be."""
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > FILE_LIMIT + AROUND:
            raise _too_large()
        yield chunk


def _too_large() -> FileTooLarge:
    return FileTooLarge(limit=FILE_LIMIT // 1024 // 1024)


async def download(request: Request) -> Response:
    """A file of a ticket, to be saved; for whoever may read the message it belongs to."""
    actor, number = await actor_of(request), _number(request)
    return _saved(await in_unit(_file, actor, number))


def _file(unit: Unit, actor: Actor, number: int) -> AttachmentFile:
    return attachments.read_attachment(actor, unit, number)


async def discard(request: Request) -> Response:
    """Take back an own file that was not sent yet."""
    actor, number = await actor_of(request), _number(request)
    await in_unit(attachments.discard_attachment, actor, number)
    return JSONResponse({})


def _number(request: Request) -> int:
    number: int = request.path_params["attachment_id"]
    if not 0 < number < 2**63:
        raise NotFound
    return number


def _saved(file: AttachmentFile) -> Response:
    kind = "text/plain; charset=utf-8" if file.media_type == "text/plain" else file.media_type
    return Response(file.content, media_type=kind, headers={"content-disposition": disposition(file.name)})


def disposition(name: str) -> str:
    """`attachment` with the name in UTF-8 and, for what is older, in ASCII (RFC 6266, appendix D)."""
    plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"


ROUTES = [
    Route("/attachments", answering(upload), methods=["POST"]),
    Route("/attachments/{attachment_id:int}", answering(download), methods=["GET"]),
    Route("/attachments/{attachment_id:int}", answering(discard), methods=["DELETE"]),
]

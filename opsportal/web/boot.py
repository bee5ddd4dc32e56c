"""Doors for machines that boot: no session, no cookie; a token from the server's own address is the key.

Whoever asks for a boot script gets one: its own disk in every doubt, so that a server never stays down
because of us. What a machine fetches is written down before it is sent: an installer's configuration
leaves once, even if it is lost on the way, because an installation that fails is better than two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import structlog
from pydantic import Field
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from opsportal.db import in_thread, in_unit
from opsportal.domain.provisioning import deliveries, reports
from opsportal.domain.provisioning.boot_files import copy_of, own_file
from opsportal.domain.provisioning.deliveries import Delivery
from opsportal.domain.provisioning.machines import clean_mac
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.domain.provisioning.wiped_disks import ToldDisk
from opsportal.domain.refusals import Refusal
from opsportal.integrations import installers
from opsportal.models import WipeMethod, WipeOutcome, WipeTrouble
from opsportal.web import limits
from opsportal.web.browser import Browser
from opsportal.web.gate import BROWSER_KEY
from opsportal.web.json_doors import Body, Handler, parse, refusal_answer

log = structlog.get_logger("boot")
NO_ANSWERS = "# Nothing is preseeded here: the kernel's command line says where the answers are.\n"
"""Debian's installer reads what DHCP names as its boot file before what it was told, and stops at a boot script."""


_Plain = Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9 ._:/+-]*$")]


class Disk(Body):
    """One disk of a wipe. What a disk calls itself is text of its maker's: short and plain, or not taken."""

    device: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9 ._:/+-]*$")]
    outcome: WipeOutcome
    serial: _Plain = ""
    wwn: _Plain = ""
    model: _Plain = ""
    size: Annotated[int, Field(ge=0, lt=2**63)] = 0
    method: Literal[""] | WipeMethod = ""
    trouble: Literal[""] | WipeTrouble = ""
    seconds: Annotated[int, Field(ge=0, lt=2**31)] = 0
    verified: Annotated[int, Field(ge=0, le=10_000)] = 0

    def told(self) -> ToldDisk:
        return ToldDisk(
            self.device, self.serial, self.wwn, self.model, self.size, self.outcome, self.method or None,
            self.trouble or None, self.seconds, self.verified,
        )  # fmt: skip


class Report(Body):
    milestone: Annotated[str, Field(max_length=32, pattern=r"^[a-z_]+$")]
    detail: Annotated[str, Field(max_length=64)] = ""
    disk: Disk | None = None


def _caller(request: Request) -> str:
    browser: Browser = request.scope[BROWSER_KEY]
    return browser.ip


async def _count(request: Request) -> None:
    await in_thread(limits.count, *limits.of_machine(request.scope[BROWSER_KEY]))


async def ipxe(request: Request) -> Response:
    """The boot script for a MAC address. Always an answer, and the disk whenever anything is doubtful."""
    browser: Browser = request.scope[BROWSER_KEY]
    if browser.user_agent.startswith("debian-installer"):
        return PlainTextResponse(NO_ANSWERS)
    try:
        await _count(request)
        facts = await in_unit(
            deliveries.boot_script, mac=clean_mac(request.path_params["mac"]), address=_caller(request)
        )
        script = installers.boot_script(facts) if facts else installers.LOCAL_DISK
    except Refusal:
        script = installers.LOCAL_DISK
    except Exception:
        log.exception("boot_script_failed")
        script = installers.LOCAL_DISK
    return PlainTextResponse(script)


async def file(request: Request) -> Response:
    """One of an installation's files."""
    if request.method != "GET":
        raise BootRefused  # asking whether a file that leaves once is there is not fetching it
    await _count(request)
    delivery = await in_unit(
        deliveries.deliver,
        token=request.path_params["token"],
        name=request.path_params["name"],
        address=_caller(request),
    )
    if not delivery.source:
        return PlainTextResponse(installers.render(delivery.facts, delivery.name))
    if "://" in delivery.source and not delivery.sha256:
        return RedirectResponse(delivery.source, status_code=302)
    path = _file_of(delivery)
    if path is None:
        raise BootRefused
    return FileResponse(path, media_type="application/octet-stream")


def _file_of(delivery: Delivery) -> Path | None:
    """The bytes that a worker has compared with their checksum, also where an operator named another server."""
    if "://" not in delivery.source:
        return own_file(delivery.source)
    copy = copy_of(delivery.sha256)
    return copy if copy.is_file() else None


async def report(request: Request) -> Response:
    """What a machine says of itself."""
    await _count(request)
    said = await parse(request, Report)
    await in_unit(
        reports.report,
        token=request.path_params["token"],
        milestone=said.milestone,
        detail=said.detail,
        address=_caller(request),
        disk=said.disk.told() if said.disk else None,
    )
    return JSONResponse({})


def _for_machines(handler: Handler) -> Handler:
    """Refusals as JSON with a status; a fault is logged without the address, which holds the token."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return refusal_answer(refusal)
        except Exception:
            log.exception("machine_door_failed", door=handler.__name__)
            return JSONResponse({"code": "fault"}, status_code=500)

    return answered


ROUTES = [
    Route("/boot/ipxe/{mac}", ipxe, methods=["GET"]),
    Route("/boot/i/{token}/report", _for_machines(report), methods=["POST"]),
    Route("/boot/i/{token}/{name}", _for_machines(file), methods=["GET"]),
]

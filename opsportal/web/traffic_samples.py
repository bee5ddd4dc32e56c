"""The five-minute samples behind a billing cycle as a file: what an invoice's sum and percentile were taken from."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.refusals import BadRequest, NotFound
from opsportal.domain.traffic.samples import CycleSamples, SampleRow, read_samples
from opsportal.web.actors import actor_of
from opsportal.web.attachments import disposition
from opsportal.web.json_doors import answering

COLUMNS = ("from_utc", "until_utc", "in_bytes", "out_bytes", "measured_ms", "in_bit_s", "out_bit_s", "flags")
"""Whole numbers from the server's side; a slot that nobody measured has empty fields. `flags`: interpolated, wrapped,
reboot, too_fast, ambiguous. The bytes of all rows add up to what the cycle has used, to the byte."""


async def download(request: Request) -> Response:
    """GET /services/{id}/traffic-samples.csv?cycle=2026-11-07: every slot of the cycle that the day lies in."""
    actor = await actor_of(request)
    number: int = request.path_params["service_id"]
    if not 0 < number < 2**63:
        raise NotFound
    try:
        asked = request.query_params.get("cycle", "")
        day = dt.date.fromisoformat(asked) if asked else None
    except ValueError:
        raise BadRequest from None
    if day is not None and not 2000 <= day.year <= 2999:
        raise BadRequest
    found = await in_unit(_read, actor, number, day)
    file = f"{found.service}-traffic-samples-{found.cycle.first}.csv"
    return Response(
        written(found.rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": disposition(file)},
    )


def _read(unit: Unit, actor: Actor, service_id: int, day: dt.date | None) -> CycleSamples:
    return read_samples(actor, unit, service_id, day=day)


def written(rows: Iterable[SampleRow]) -> str:
    """The file's text (RFC 4180)."""
    out = io.StringIO()
    file = csv.writer(out)
    file.writerow(COLUMNS)
    file.writerows(_fields(row) for row in rows)
    return out.getvalue()


def _fields(row: SampleRow) -> tuple[object, ...]:
    times = f"{row.start:%Y-%m-%dT%H:%M:%SZ}", f"{row.end:%Y-%m-%dT%H:%M:%SZ}"
    if not row.measured_ms:
        return (*times, None, None, 0, None, None, row.flags)
    return (*times, row.in_bytes, row.out_bytes, row.measured_ms, row.in_bps, row.out_bps, row.flags)


ROUTES = [Route("/services/{service_id:int}/traffic-samples.csv", answering(download), methods=["GET"])]

"""The numbers of a server's graph as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, access_server_for
from opsportal.domain.refusals import BadRequest, NotFound
from opsportal.domain.traffic.figures import GraphData, Span
from opsportal.domain.traffic.graphs import read_graph
from opsportal.web.actors import actor_of
from opsportal.web.attachments import disposition
from opsportal.web.json_doors import answering

COLUMNS = (
    "from_utc", "until_utc", "in_bit_s", "out_bit_s", "in_highest_bit_s", "out_highest_bit_s",
    "measured_seconds", "interpolated",
)  # fmt: skip
"""Whole numbers, named from the server's side; an empty field is a gap. No text of anybody's is in the file."""


async def download(request: Request) -> Response:
    """GET /servers/{id}/traffic.csv?span=day|week|month|year: what the graph of that span shows, exactly."""
    actor = await actor_of(request)
    number: int = request.path_params["server_id"]
    if not 0 < number < 2**63:
        raise NotFound
    try:
        span = Span(request.query_params.get("span", Span.DAY))
    except ValueError:
        raise BadRequest from None
    name, graph = await in_unit(_read, actor, number, span)
    file = f"{name}-traffic-{span}-{graph.end:%Y-%m-%d}.csv"
    return Response(
        written(graph),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": disposition(file)},
    )


def _read(unit: Unit, actor: Actor, server_id: int, span: Span) -> tuple[str, GraphData]:
    server, _ = access_server_for(actor, unit, server_id)
    return server.name, read_graph(actor, unit, server_id, span=span)


def written(graph: GraphData) -> str:
    """The file's text (RFC 4180)."""
    out = io.StringIO()
    file = csv.writer(out)
    file.writerow(COLUMNS)
    file.writerows(_rows(graph))
    return out.getvalue()


def _rows(graph: GraphData) -> Iterator[tuple[object, ...]]:
    ends = [point.at for point in graph.points[1:]] + [graph.end]
    for point, end in zip(graph.points, ends, strict=True):
        yield (
            f"{point.at:%Y-%m-%dT%H:%M:%SZ}",
            f"{end:%Y-%m-%dT%H:%M:%SZ}",
            point.in_bps,
            point.out_bps,
            point.in_max_bps,
            point.out_max_bps,
            point.covered_s,
            int(point.is_interpolated),
        )


ROUTES = [Route("/servers/{server_id:int}/traffic.csv", answering(download), methods=["GET"])]

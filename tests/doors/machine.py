"""Objects and doors of a machine's cards and of switch ports."""

from __future__ import annotations

from collections.abc import Callable

from opsportal.models import Company
from tests.builders import make_server, make_service
from tests.cabling import make_block, make_port


def _cabled_server(company: Company) -> int | None:
    server = make_server(make_service(company))
    make_port(server)
    return server.id


def _blocked_server(company: Company) -> int | None:
    server = make_server(make_service(company))
    make_block(server, make_port(server))
    return server.id


def _port(company: Company) -> int | None:
    return make_port(make_server(make_service(company))).id


MAKERS: dict[str, Callable[[Company], int | None]] = {
    "cabled server": _cabled_server,
    "blocked server": _blocked_server,
    "port": _port,
}

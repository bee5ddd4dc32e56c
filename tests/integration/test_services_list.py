"""The counters of the dashboard and the lists they lead to agree, for everybody's own eyes only."""

from __future__ import annotations

import datetime as dt

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.catalog import services
from opsportal.domain.catalog.services import ServiceFilter
from opsportal.domain.refusals import BadRequest, Forbidden, NotFound
from opsportal.models import Company, Family, Role, ServiceStatus
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_company, make_server, make_service

pytestmark = pytest.mark.usefixtures("portal")


def _listed(actor: Actor, **wanted: object) -> tuple[list[str], int]:
    with unit_of_work() as unit:
        rows, total = services.list_services(actor, unit, ServiceFilter(**wanted))  # type: ignore[arg-type]
    return [row.service.name for row in rows], total


@pytest.fixture
def company() -> Company:
    """A company with one of everything, beside another company's services."""
    mine, other = make_company(), make_company()
    soon = utcnow().date() + dt.timedelta(days=3)
    for status in ServiceStatus:
        make_service(mine, status=status, name=f"server-{status}")
    make_service(mine, family=Family.STORAGE, name="leaving", termination_requested_on=soon)
    make_service(mine, family=Family.DOMAIN, name="100%_sure.example", ip="203.0.113.9")
    make_service(other, name="foreign")
    return mine


def test_each_card_counts_exactly_what_its_list_shows(company: Company) -> None:
    actor = make_actor(company=company)
    with unit_of_work() as unit:
        counts = services.count_services(actor, unit)
    assert (counts.total, counts.active, counts.suspended, counts.termination_requests) == (6, 3, 1, 1)
    assert counts.families == {"server": 4, "storage": 1, "hosting": 0, "vpn": 0, "domain": 1}
    assert _listed(actor)[1] == counts.total
    assert _listed(actor, status="active")[1] == counts.active
    assert _listed(actor, status="suspended")[1] == counts.suspended
    assert _listed(actor, status="termination") == (["leaving"], counts.termination_requests)
    assert {family: _listed(actor, family=family)[1] for family in counts.families} == counts.families


def test_ended_services_are_found_by_their_status_and_by_search(company: Company) -> None:
    actor = make_actor(company=company)
    assert _listed(actor, status="terminated") == (["server-terminated"], 1)
    assert _listed(actor, search="TERMIN") == (["server-terminated"], 1)


@pytest.mark.parametrize("search", ["100%_s", "203.0.113.9"])
def test_search_takes_its_text_literally(company: Company, search: str) -> None:
    assert _listed(make_actor(company=company), search=search) == (["100%_sure.example"], 1)


def test_search_with_wildcards_finds_nothing_else(company: Company) -> None:
    assert _listed(make_actor(company=company), search="%%") == ([], 0)


def test_number_finds_the_order(company: Company) -> None:
    service = make_service(company, name="by-number")
    names, _ = _listed(make_actor(company=company), search=str(service.id))
    assert "by-number" in names


def test_pages_do_not_overlap_and_hold_everything() -> None:
    company = make_company()
    names = sorted(make_service(company, name=f"s{n:03d}").name for n in range(services.PAGE + 3))
    actor = make_actor(company=company)
    first, second = _listed(actor, page=1)[0], _listed(actor, page=2)[0]
    assert (len(first), len(second)) == (services.PAGE, 3)
    assert first + second == names


def test_foreign_company_looks_like_none(company: Company) -> None:
    stranger = make_actor()
    assert _listed(stranger) == ([], 0)
    with pytest.raises(NotFound):
        _listed(stranger, company_id=company.id)


def test_operator_sees_all_and_technician_none(company: Company) -> None:
    assert _listed(make_actor(role=Role.OPERATOR))[1] == 7
    with pytest.raises(Forbidden):
        _listed(make_actor(role=Role.TECHNICIAN))


@pytest.mark.parametrize("wanted", [{"status": "nonsense"}, {"family": "nonsense"}, {"page": 0}])
def test_malformed_filter_is_refused(company: Company, wanted: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        _listed(make_actor(company=company), **wanted)


def test_server_comes_with_its_service(company: Company) -> None:
    service = make_service(company, name="with-server")
    server = make_server(service)
    with unit_of_work() as unit:
        rows, _ = services.list_services(
            make_actor(company=company), unit, ServiceFilter(search="with-server")
        )
    assert rows[0].server is not None
    assert rows[0].server.id == server.id

"""Services for the doors: what an operator does something to."""

from __future__ import annotations

from opsportal.db import unit_of_work
from opsportal.models import Company, Family, Service, ServiceStatus
from tests.builders import make_service


def make_suspended(company: Company) -> int:
    """A service that is suspended as unpaid. Its id."""
    return make_service(company, family=Family.STORAGE, status=ServiceStatus.SUSPENDED).id or 0


def plan_of(service_id: int) -> int:
    """The plan of a service, and any number for one that does not exist."""
    with unit_of_work() as unit:
        service = unit.get(Service, service_id)
    return service.plan_id if service else 1

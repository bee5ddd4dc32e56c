"""Pages that lead on to another do it themselves, for as long as they are open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opsportal.pages.dashboard import dashboard_page
from opsportal.pages.services import service_page
from opsportal.state.services import ServiceState


def parts(rendered: Any) -> Iterator[dict[str, Any]]:
    """Every component in what Reflex renders of a page."""
    if isinstance(rendered, dict):
        if "name" in rendered:
            yield rendered
        rendered = list(rendered.values())
    if isinstance(rendered, list | tuple):
        for part in rendered:
            yield from parts(part)


def props_of(page: Any, name: str) -> list[list[str]]:
    return [part["props"] for part in parts(page.render()) if part["name"] == name]


def test_staff_are_led_from_the_dashboard_and_whoever_opens_a_servers_service_to_the_server() -> None:
    assert props_of(dashboard_page(), "Moved") == [['to:"/queues"']]
    ((to,),) = props_of(service_page(), "Moved")
    assert to == f'to:("/servers/"+{ServiceState.service.server_id!s})'

"""Pages that lead on to another do it themselves, while they are open; buttons that send an event send it once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import reflex as rx

from opsportal.pages import PAGES, Page
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.route)
def test_no_plain_button_sends_its_event_twice(page: Page) -> None:
    """`button()` makes a Press, which takes no second press while the first is on its way."""
    bare = [props for props in props_of(page.component(), '"button"') if any("onClick:" in p for p in props)]
    assert bare == []


def test_a_bare_button_is_found() -> None:
    inner = rx.el.button("one", on_click=ServiceState.open)
    assert len(props_of(rx.el.div(rx.cond(ServiceState.service.id > 0, inner)), '"button"')) == 1

"""The pages that tabs open, as Reflex names their events."""

from __future__ import annotations

import dataclasses
from typing import Any

from benchmarks.portal import SERVER_ID
from benchmarks.tabs import Page

_ROOT = "reflex___state____state"
_HYDRATED = '"is_hydrated_rx_state_":true'
_NOTICE = '"notice_rx_state_"'


def server_page(url: str) -> dict[str, Any]:
    """The portal's page of one server, and the handler that dismisses a notice."""
    page = Page(
        url=url,
        path=f"/servers/{SERVER_ID}",
        query={"server_id": str(SERVER_ID)},
        hydrate=f"{_ROOT}.hydrate_and_load",
        complete=_HYDRATED,
        dismiss=f"{_ROOT}.opsportal___state___shell____shell_state.dismiss",
        answer=_NOTICE,
    )
    return dataclasses.asdict(page)


def bare_page(url: str) -> dict[str, Any]:
    """The only page of the bare application, and its handler of the same kind."""
    page = Page(
        url=url,
        path="/",
        hydrate=f"{_ROOT}.hydrate_and_load",
        complete=_HYDRATED,
        dismiss=f"{_ROOT}.bare___bare____bare.dismiss",
        answer=_NOTICE,
    )
    return dataclasses.asdict(page)


def plain_page(url: str) -> dict[str, Any]:
    """A connection to a plain Socket.IO server."""
    return dataclasses.asdict(Page(url=url, path="/"))

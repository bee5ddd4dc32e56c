"""What each tab of the server page loads. A tab is two lines: one here, one in `pages/server_tabs.py`.

    LOADS: "console": console,                                   its name in the address → what it loads
    TABS:  Tab("console", t("Console"), console_tab),            the same name, its words, its content

A loader takes the page's State and the server's number and says which views the tab shows, each with its
parameters. It parses what it needs of the address itself (`address(state, ConsoleAddress)`); a malformed one is
a page that is not there. The views are read when the tab is opened and renewed while it is open, no longer:
each lives in a State of the tab's own, with a `problem` of its own, so that a tab fails alone. Every view
authorises by itself. The header of the page (`SERVER` in state/server.py: the server, its power, its newest
job) is loaded with each tab and may be shown by it. "overview" lists the views of the cards on the first tab.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import reflex as rx
from pydantic import AfterValidator

from opsportal.state.consoles.tab import CONSOLES
from opsportal.state.contracts import CONTRACT, SERVICE_HISTORY
from opsportal.state.machine.cards import BLOCK, DETAILS, HEALTH
from opsportal.state.network.tab import NETWORK
from opsportal.state.provisioning.tab import REINSTALL, SERIAL
from opsportal.state.server_history import HISTORY, Chosen, HistoryAddress
from opsportal.state.showing import StateView
from opsportal.state.traffic.cycle import CYCLE
from opsportal.state.traffic.graph import GRAPH, SpanName
from opsportal.state.wire import Address, address

Wanted = Sequence[tuple[StateView, Any]]
Loader = Callable[[rx.State, int], Wanted]


class TrafficAddress(Address):
    span: SpanName = "day"


def overview(_: rx.State, server_id: int) -> Wanted:
    contract = (CONTRACT, ("server", server_id))
    return ((HEALTH, server_id), (BLOCK, server_id), (DETAILS, server_id), contract)


def reinstall(_: rx.State, server_id: int) -> Wanted:
    return ((REINSTALL, server_id), (SERIAL, server_id))


def network(_: rx.State, server_id: int) -> Wanted:
    return ((NETWORK, server_id),)


def console(_: rx.State, server_id: int) -> Wanted:
    return ((CONSOLES, server_id),)


def traffic(state: rx.State, server_id: int) -> Wanted:
    return ((GRAPH, (server_id, address(state, TrafficAddress).span)), (CYCLE, server_id))


def history(state: rx.State, server_id: int) -> Wanted:
    chosen = Chosen(server_id, address(state, HistoryAddress).job)
    return ((HISTORY, chosen), (SERVICE_HISTORY, ("server", server_id)))


LOADS: dict[str, Loader] = {
    "overview": overview,
    "reinstall": reinstall,
    "network": network,
    "console": console,
    "traffic": traffic,
    "history": history,
}


def _known(name: str) -> str:
    if name not in LOADS:
        raise ValueError(name)
    return name


TabName = Annotated[str, AfterValidator(_known)]

"""The tabs of the server page, in their order. How to add one: see `opsportal/state/server_tabs.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from opsportal.components.text import t
from opsportal.pages.consoles.tab import console_tab
from opsportal.pages.network.tab import network_tab
from opsportal.pages.provisioning.tab import reinstall_tab
from opsportal.pages.server_history import history_tab
from opsportal.pages.server_overview import overview_tab
from opsportal.pages.traffic.tab import traffic_tab


@dataclass(frozen=True)
class Tab:
    """A tab: its name in the address (`?tab=`), its words, and what is below while it is open."""

    name: str
    words: Any
    content: Callable[[], rx.Component]


FIRST = Tab("overview", t("Overview"), overview_tab)
"""Open when the address names none."""
TABS = (
    FIRST,
    Tab("reinstall", t("Reinstall"), reinstall_tab),
    Tab("console", t("Console"), console_tab),
    Tab("network", t("Network"), network_tab),
    Tab("traffic", t("Traffic"), traffic_tab),
    Tab("history", t("History"), history_tab),
)

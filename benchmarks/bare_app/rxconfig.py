"""A Reflex application with nothing of ours in it: the peer."""

import os

import reflex as rx
from reflex_base.constants import StateManagerMode

from stack.same_origin import PLACEHOLDER, SameOriginPlugin

is_built_for_any_origin = "BARE_AS_IT_COMES" not in os.environ

config = rx.Config(
    app_name="bare",
    # Its build serves any port, as the portal's does; `reflex run` makes a build for its own.
    api_url=PLACEHOLDER if is_built_for_any_origin else "http://localhost:8000",
    backend_host="127.0.0.1",
    state_manager_mode=StateManagerMode.MEMORY,
    redis_url=None,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[rx.plugins.RadixThemesPlugin(), *([SameOriginPlugin()] if is_built_for_any_origin else [])],
    disable_plugins=[rx.plugins.SitemapPlugin],
)

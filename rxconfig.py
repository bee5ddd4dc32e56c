"""Reflex's own configuration. What an operator configures is in opsportal/settings.py."""

import reflex as rx
from reflex_base.constants import StateManagerMode

from opsportal.components.frontend import PortalFrontend
from opsportal.settings import settings
from stack.same_origin import PLACEHOLDER, SameOriginPlugin

config = rx.Config(
    app_name="opsportal",
    # The built frontend finds its backend at the origin it was loaded from: see SameOriginPlugin.
    api_url=PLACEHOLDER,
    deploy_url=None,
    backend_host="127.0.0.1",
    # A tab's state is disposable and lives in the process that holds its socket: see docs/decisions/0002.
    state_manager_mode=StateManagerMode.MEMORY,
    redis_url=None,
    cors_allowed_origins=[settings().public_url],
    trusted_proxy_hops=settings().trusted_proxy_hops,
    # Else every npm package is part of every page, and ours load the large ones only where they are shown.
    frontend_lazy_bundled_libraries=True,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[PortalFrontend(), SameOriginPlugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)

"""Reflex's own configuration. What an operator configures is in opsportal/settings.py."""

import reflex as rx

from opsportal.settings import settings
from stack.same_origin import PLACEHOLDER, SameOriginPlugin

config = rx.Config(
    app_name="opsportal",
    # The built frontend finds its backend at the origin it was loaded from: see SameOriginPlugin.
    api_url=PLACEHOLDER,
    deploy_url=None,
    backend_host="127.0.0.1",
    redis_url=settings().redis_database(0),
    cors_allowed_origins=[settings().public_url],
    trusted_proxy_hops=settings().trusted_proxy_hops,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[rx.plugins.RadixThemesPlugin(), SameOriginPlugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)

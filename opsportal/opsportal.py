"""Builds the app: pages, middleware, lifespan tasks, routes and the gate. Nothing else."""

from __future__ import annotations

import reflex as rx
from starlette.applications import Starlette

from opsportal.components.frontend import app_options
from opsportal.logs import configure_logs
from opsportal.pages import register
from opsportal.state.envelope import harden
from opsportal.state.guard import Guard
from opsportal.state.runtime import runtime
from opsportal.web import (
    attachments,
    auth,
    bmc_access,
    boot,
    boot_network,
    cards,
    consoles,
    details,
    documents,
    earlier_orders,
    faults,
    health,
    inventory,
    provisioning,
    serial_logs,
    switches,
    traffic,
    traffic_samples,
    webhooks,
)
from opsportal.web.gate import Gate
from opsportal.web.sockets import Sockets

configure_logs("web")

sockets = Sockets()
plain_http = Starlette(
    routes=[
        *health.ROUTES,
        *auth.ROUTES,
        *faults.ROUTES,
        *attachments.ROUTES,
        *documents.ROUTES,
        *cards.ROUTES,
        *webhooks.ROUTES,
        *traffic.ROUTES,
        *traffic_samples.ROUTES,
        *inventory.ROUTES,
        *boot.ROUTES,
        *boot_network.ROUTES,
        *consoles.ROUTES,
        *bmc_access.ROUTES,
        *provisioning.ROUTES,
        *serial_logs.ROUTES,
        *earlier_orders.ROUTES,
        *details.ROUTES,
        *switches.ROUTES,
    ]
)
plain_http.state.vitals = health.Vitals(
    count_tabs=lambda: runtime.feed.tab_count, is_listening=lambda: runtime.listener.is_listening
)
app = rx.App(
    **app_options(),
    api_transformer=[plain_http, lambda inner: Gate(inner, sockets)],
)
register(app)
app.add_middleware(Guard(), index=0)
harden(app)
runtime.attach(app, on_session_ended=sockets.end_session, open_sessions=sockets.sessions)
app.register_lifespan_task(runtime.lifespan)

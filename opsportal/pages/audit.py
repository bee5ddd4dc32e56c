"""Who did what, when, from where."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.elements import card, link, or_dash
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, QueryLink, chips, table
from opsportal.components.text import moment, t, t_code
from opsportal.pages.frame import framed
from opsportal.state.audit import AuditState


def _object(event: Any) -> rx.Component:
    name = rx.cond(event.object_name, event.object_name, f"{event.object_kind} #{event.object_id}")
    return rx.match(
        event.object_kind,
        ("server", link(name, to=f"/servers/{event.object_id}", class_name="row-link")),
        ("company", link(name, to=f"/companies/{event.object_id}", class_name="row-link")),
        rx.el.span(name),
    )


def _who(event: Any) -> rx.Var[str]:
    """Whoever has no name but an address is somebody unknown, such as one whose sign-in was refused."""
    return rx.cond(event.actor, event.actor, rx.cond(event.ip, "–", t("The portal itself")))


_COLUMNS = (
    Column(t("When"), lambda e: rx.el.span(moment(e.at), class_name="num nowrap")),
    Column(t("Who"), lambda e: rx.el.span(_who(e), class_name="strong")),
    Column(
        t("What"), lambda e: rx.el.div(t_code(e.tag, labels.AUDIT), rx.el.small(e.tag, class_name="mono"))
    ),
    Column(t("Object"), _object, show="wide"),
    Column(t("From"), lambda e: or_dash(e.ip, rx.el.span(e.ip, class_name="num")), right=True, show="wide"),
)


def audit_page() -> rx.Component:
    """The audit trail, the newest first."""
    view = AuditState.trail
    older = rx.cond(
        view.next_before > 0,
        QueryLink.create(t("Older entries"), set={"before": view.next_before}, class_name="btn"),
    )
    return framed(
        page_body(
            top=[
                header(t("Audit trail"), sub=t("Rows are only ever added; nobody can change or remove one.")),
                rx.el.div(
                    chips(
                        t("Subject"),
                        "tag",
                        [
                            ("", t("All")),
                            ("server:", t("Servers")),
                            ("person:", t("People")),
                            ("job:", t("Jobs")),
                        ],
                    ),
                    class_name="toolbar",
                ),
            ],
            problem_view=AuditState.problem,
            ready=True,
            content=card(
                table(
                    _COLUMNS,
                    view.rows,
                    key=lambda e: e.id,
                    label=t("Audit trail"),
                    ready=view.is_ready,
                    empty=empty(t("No entries"), t("Sign-ins, power actions and changes are kept here.")),
                    expected=10,
                ),
                rx.el.div(older, class_name="row end"),
            ),
            loading=rx.fragment(),
            retry=AuditState.open,
        )
    )

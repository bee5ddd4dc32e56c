"""Sites and their racks; a rack from its front."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import button_link, card, link, skeleton, tag
from opsportal.components.headers import header
from opsportal.components.inventory import ask, elevation, field, fill, stock_status
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import t, t_code, tn
from opsportal.pages.frame import framed
from opsportal.state.inventory.racks import RacksState, RackState
from opsportal.state.inventory.work import PlacesWorkState


def _rack(rack: Any) -> rx.Component:
    return link(
        rx.el.span(rack.name, class_name="strong"),
        fill(rack.used_u, rack.height_u),
        rx.el.small(tn("{n} device", "{n} devices", n=rack.things), class_name="sub"),
        to=f"/racks/{rack.id}",
        class_name="rack-card",
        key=rack.id,
    )


def _site(site: Any) -> rx.Component:
    return card(
        rx.cond(site.address, rx.el.p(site.address, class_name="card-line sub")),
        rx.cond(
            site.racks.length() > 0,
            rx.el.div(rx.foreach(site.racks, _rack), class_name="rack-list"),
            empty(t("No racks yet"), t("Add the first rack of this site.")),
        ),
        title=site.name,
        side=rx.el.span(
            rx.el.span(tn("{n} rack", "{n} racks", n=site.racks.length()), class_name="sub"),
            _change_site(site),
            class_name="tags",
        ),
    )


def _change_site(site: Any) -> rx.Component:
    return ask(
        t("Change"),
        title=t("Change {name}", name=site.name),
        confirm=t("Save"),
        text=t("Servers, switches and prefixes at this site follow its name."),
        state=PlacesWorkState,
        on_done=PlacesWorkState.change_site,
        about="site-change",
        subject=site.id,
        kind="ghost",
        fields=[
            field("name", t("Name"), max=60, initial=site.name),
            field("address", t("Address"), optional=True, initial=site.address),
        ],
    )


def _add_site() -> rx.Component:
    return ask(
        t("Add site"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.add_site,
        about="site",
        fields=[field("name", t("Name"), max=60), field("address", t("Address"), optional=True)],
    )


def _add_rack(view: Any) -> rx.Component:
    return ask(
        t("Add rack"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.add_rack,
        about="rack",
        kind="primary",
        disabled=view.choices.length() == 0,
        fields=[
            field("site_id", t("Site"), "choice", options=view.choices),
            field("name", t("Name"), max=60, hint=t("As it stands on the rack, for example A01.")),
            field("height_u", t("Height in units"), "number", initial="42"),
        ],
    )


def _unplaced(view: Any) -> rx.Component:
    return rx.cond(
        view.unplaced.length() > 0,
        card(
            rx.el.p(t("Open a rack to place them."), class_name="card-line sub"),
            rx.el.p(
                rx.foreach(
                    view.unplaced,
                    lambda one: link(one.label, to=f"/stock/{one.value}", class_name="chip", key=one.value),
                ),
                class_name="card-line legend",
            ),
            title=t("Servers that stand nowhere on record"),
            side=tag(view.unplaced.length(), "warn"),
        ),
    )


def racks_page() -> rx.Component:
    """For operators and technicians."""
    view = RacksState.racks
    nothing = empty(t("No sites yet"), t("Sites, their racks, and what stands in them are kept here."))
    return framed(
        page_body(
            top=[
                header(
                    t("Racks"),
                    sub=rx.cond(view.is_ready, tn("{n} rack", "{n} racks", n=view.racks), skeleton("sub")),
                    actions=[button_link(t("Print labels"), to="/labels"), _add_site(), _add_rack(view)],
                )
            ],
            problem_view=RacksState.problem,
            ready=view.is_ready,
            content=rx.el.div(
                rx.cond(view.sites.length() > 0, rx.foreach(view.sites, _site), card(nothing)),
                _unplaced(view),
                class_name="stack",
            ),
            loading=card(lines(8)),
            retry=RacksState.open,
        )
    )


def _clear(one: Any) -> rx.Component:
    return confirm_button(
        t("Take out"),
        title=t("Take {name} out of the rack?", name=one.name),
        text=t("Only the record changes. It can be placed again at any time."),
        confirm=t("Take out"),
        on_confirm=PlacesWorkState.clear(one.position_id),
        kind="ghost",
    )


_COLUMNS = (
    Column(t("Unit"), lambda u: rx.el.span("U", u.bottom_u, class_name="num")),
    Column(
        t("What"),
        lambda u: rx.cond(
            u.kind == "server", link(u.name, to=f"/stock/{u.server_id}", class_name="row-link strong"), u.name
        ),
    ),
    Column(t("Stock"), lambda u: rx.cond(u.stock, stock_status(u.stock))),
    Column(t("Power"), lambda u: rx.cond(u.power, t_code(u.power, labels.POWER), ""), show="wide"),
    Column(t("Record"), _clear, right=True),
)


_UNITS = (
    field("bottom_u", t("Lowest unit"), "number", hint=t("Unit 1 is at the bottom of the rack.")),
    field("units", t("Height in units"), "number", initial="1"),
)


def _place(view: Any) -> rx.Component:
    return ask(
        t("Place a server"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.place,
        about="place",
        subject=view.id,
        kind="primary",
        disabled=view.unplaced.length() == 0,
        fields=[
            field(
                "server_id",
                t("Server"),
                "choice",
                options=view.unplaced,
                hint=t("One that stands in this rack moves to these units."),
            ),
            *_UNITS,
        ],
    )


def _place_switch(view: Any) -> rx.Component:
    return ask(
        t("Place a switch"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.place_switch,
        about="place-switch",
        subject=view.id,
        disabled=view.switches.length() == 0,
        fields=[
            field("switch_id", t("Switch"), "choice", options=view.switches),
            *_UNITS,
        ],
    )


def _change(view: Any) -> rx.Component:
    return ask(
        t("Change"),
        title=t("Change {name}", name=view.name),
        confirm=t("Save"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.change_rack,
        about="rack-change",
        subject=view.id,
        kind="ghost",
        fields=[
            field("name", t("Name"), max=60, initial=view.name),
            field("height_u", t("Height in units"), "number", initial=view.height_u),
        ],
    )


def _fill(view: Any) -> rx.Component:
    return ask(
        t("Place other equipment"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.fill,
        about="fill",
        subject=view.id,
        fields=[
            field("label", t("What it is"), max=60, hint=t("For example patch panel 3.")),
            field("bottom_u", t("Lowest unit"), "number"),
            field("units", t("Height in units"), "number", initial="1"),
        ],
    )


def rack_page() -> rx.Component:
    """A rack for operators and technicians."""
    view = RackState.rack
    nothing = empty(t("This rack is empty"), t("Place the first server."))
    content = rx.fragment(
        header(
            view.name,
            crumbs=[(t("Racks"), "/racks")],
            sub=rx.fragment(view.site, " · ", fill(view.used_u, view.height_u)),
            actions=[
                link(t("Print labels"), to=f"/labels?rack={view.id}", class_name="btn"),
                _change(view),
                _fill(view),
                _place_switch(view),
                _place(view),
            ],
        ),
        rx.el.div(
            card(elevation(view), title=t("Front")),
            card(
                table(
                    _COLUMNS,
                    view.things,
                    key=lambda u: u.position_id,
                    label=t("What stands in this rack"),
                    empty=nothing,
                ),
                title=t("What stands in this rack"),
            ),
            class_name="rack-grid",
        ),
    )
    return framed(
        page_body(
            problem_view=RackState.problem,
            ready=view.is_ready & (view.id == route_number("rack_id")),
            content=content,
            loading=rx.fragment(header(skeleton("title")), card(lines(12))),
            retry=RackState.open,
        )
    )

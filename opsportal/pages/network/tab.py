"""The Network tab of a server: what to enter on it, where it is plugged in, and its reverse DNS."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components import network_labels as words
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago
from opsportal.components.confirm import copyable
from opsportal.components.elements import card, key_values, or_dash, skeleton, status, tag
from opsportal.components.network import reverse_name
from opsportal.components.states import empty, lines, part
from opsportal.components.tables import Column, table
from opsportal.components.text import duration, number, rate, t, t_code
from opsportal.state.network.tab import NetworkState
from opsportal.state.shell import ShellState


def _errors(plug: Any) -> rx.Component:
    """Of the port, since its switch began to count."""

    def counted(value: Any) -> Any:
        return rx.cond(value != None, number(value), "–")  # noqa: E711

    return rx.cond(
        plug.errors_at,
        rx.el.small(
            t(
                "Errors at the switch: {received} in, {sent} out",
                received=counted(plug.in_errors),
                sent=counted(plug.out_errors),
            ),
            " · ",
            ago(plug.errors_at),
            class_name="sub num",
        ),
    )


def _connection(view: Any) -> rx.Component:
    plugged = rx.foreach(
        view.plugs,
        lambda plug: rx.el.div(
            rx.el.span(plug.switch, " · ", plug.port, class_name="num"),
            rx.cond(plug.nic, rx.el.span(plug.nic, class_name="sub num")),
            rx.cond(plug.speed_mbps, rx.el.span(rate(plug.speed_mbps * 1_000_000), class_name="sub num")),
            status(plug.link, words=labels.PORT, tones=labels.PORT_TONE, flash=True),
            _errors(plug),
            class_name="tags",
        ),
    )
    return card(
        key_values(
            (t("MAC address"), copyable(view.mac)),
            (t("Switch port"), or_dash(view.plugs.length() > 0, plugged)),
        ),
        title=t("Connection"),
    )


def _state(record: Any) -> rx.Component:
    """How far a record has come, and what is to be known about it."""
    staff = ShellState.me.role != "client"
    removing = (record.name == "") & (record.status != "failed")
    return rx.cond(
        record.id > 0,
        rx.fragment(
            rx.cond(
                removing,
                tag(t("Being removed"), "info"),
                status(record.status, words=words.REVERSE, tones=words.REVERSE_TONE, flash=True),
            ),
            rx.cond(record.ascii, rx.el.small(t("In DNS: {name}", name=record.ascii), class_name="sub")),
            rx.cond(
                record.error_code,
                rx.el.small(
                    rx.cond(
                        staff,
                        t_code(record.error_code, words.DNS_ERROR),
                        rx.cond(
                            record.status == "failed",
                            t(
                                "Our name server did not take it. Try again, or open a ticket; nothing else changed."
                            ),
                            t("Our name server has not taken it yet. It is tried again by itself."),
                        ),
                    ),
                    class_name="warn-text",
                ),
            ),
            rx.cond(
                (record.status == "visible")
                & ((record.forward == "differs") | (record.forward == "missing")),
                rx.el.small(
                    rx.cond(
                        record.forward == "differs",
                        t(
                            "{name} leads to another address than {ip}. Mail servers distrust that: correct its A or AAAA record.",
                            name=record.name,
                            ip=record.ip,
                        ),
                        t(
                            "{name} does not lead to {ip}. Mail servers distrust that: give it an A or AAAA record.",
                            name=record.name,
                            ip=record.ip,
                        ),
                    ),
                    class_name="warn-text forward-warning",
                ),
            ),
        ),
    )


def _editor(view: Any, address: Any, record: Any) -> rx.Component:
    return rx.el.div(
        reverse_name(
            address=address.id,
            ip=record.ip,
            name=record.name,
            is_failed=record.status == "failed",
            hint=t(
                "The full name of the machine, or nothing to remove it. Others see it after {time} at the latest.",
                time=duration(view.ttl_s),
            ),
            disabled=~view.can_edit,
            answer=NetworkState.answer,
            on_save=NetworkState.set_reverse,
        ),
        _state(record),
        class_name="reverse",
    )


def _v4(view: Any, address: Any) -> rx.Component:
    return card(
        key_values(
            (t("IP address"), copyable(address.ip)),
            (
                t("Network mask"),
                rx.fragment(
                    copyable(address.mask), rx.el.span("/", address.prefix_length, class_name="sub num")
                ),
            ),
            (t("Gateway"), copyable(address.gateway)),
            (t("Reverse DNS"), _editor(view, address, address.reverse)),
        ),
        title=rx.fragment(t("IPv4"), " ", rx.el.span(address.ip, class_name="num")),
        side=rx.cond(address.is_main, tag(t("Main address"), "mute")),
    )


def _v6(view: Any, address: Any) -> rx.Component:
    columns = (
        Column(t("Address"), lambda record: rx.el.code(record.ip)),
        Column(t("Reverse DNS"), lambda record: _editor(view, address, record)),
    )
    return card(
        key_values(
            (t("Your network"), copyable(address.network)),
            (
                t("First address"),
                rx.fragment(
                    copyable(address.ip), rx.el.span("/", address.prefix_length, class_name="sub num")
                ),
            ),
            (t("Gateway"), copyable(address.gateway)),
        ),
        rx.cond(
            address.records.length() > 0,
            table(columns, address.records, key=lambda record: record.id, label=t("Reverse DNS")),
            rx.el.p(t("No address of this network has a name yet."), class_name="sub card-note"),
        ),
        rx.el.div(
            reverse_name(
                address=address.id,
                ip="",
                name="",
                network=address.ip,
                hint=t("Any address of your network, and the full name it gets."),
                disabled=~view.can_edit,
                answer=NetworkState.answer,
                on_save=NetworkState.set_reverse,
            ),
            class_name="card-note",
        ),
        title=rx.fragment(t("IPv6"), " ", rx.el.span(address.network, class_name="num")),
        side=rx.cond(address.is_main, tag(t("Main address"), "mute")),
    )


def _addresses(view: Any) -> rx.Component:
    nothing = card(
        rx.cond(view.ip, key_values((t("IP address"), copyable(view.ip)))),
        empty(
            t("No address is on record"),
            t("Addresses that are assigned to this server appear here with mask, gateway and reverse DNS."),
        ),
    )
    return rx.cond(
        view.addresses.length() > 0,
        rx.el.div(
            rx.foreach(
                view.addresses,
                lambda address: rx.cond(address.family == 4, _v4(view, address), _v6(view, address)),
            ),
            class_name="stack",
        ),
        nothing,
    )


def _loading() -> rx.Component:
    return rx.el.div(
        card(lines(4), title=skeleton("title")),
        card(lines(2), title=skeleton("title")),
        class_name="grid two-one",
    )


def network_tab() -> rx.Component:
    """Everything below the tabs. It loads, fails and renews itself apart from the rest of the page."""
    view = NetworkState.network
    return part(
        NetworkState.problem,
        ready=view.is_ready & (view.server_id == route_number("server_id")),
        content=rx.el.div(_addresses(view), _connection(view), class_name="grid two-one"),
        loading=_loading(),
    )

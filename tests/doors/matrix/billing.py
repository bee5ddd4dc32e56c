"""Money, the terms of traffic plans, contracts."""

from __future__ import annotations

from tests.doors import contracts, money
from tests.doors.matrix.door import CLICK, CLIENT, FINANCE, OPERATOR, Door, click, of, page
from tests.doors.server import PORTAL

INVOICES = f"{PORTAL}billing___invoices____"
FUNDS = f"{PORTAL}billing___funds____funds_state"
COMPANY_MONEY = f"{PORTAL}billing___companies____company_money_state"

MONEY = (
    page("billing___invoices____invoices_state", FINANCE, "/billing/invoices"),
    Door(f"{INVOICES}invoices_state.seen", FINANCE, payload=lambda _: {"newest": 1}),
    page("billing___invoices____invoice_state", FINANCE, "/billing/invoices/{id}", "invoice", "invoice_id"),
    Door(
        f"{INVOICES}invoice_state.pay_from_balance",
        CLIENT,
        "funded invoice",
        lambda number: {"invoice_id": number, "amount_minor": money.NET, "currency": "EUR"},
    ),
    Door(
        f"{INVOICES}invoice_state.pay_by_card",
        CLIENT,
        "invoice with card",
        lambda number: {
            **CLICK,
            "invoice_id": number,
            "charge_minor": money.NET_WITH_TAX,
            "currency": "EUR",
            "card_id": number,
        },
    ),
    Door(f"{INVOICES}invoice_state.cancel_payment", CLIENT, "payment", of("payment_id")),
    Door(f"{INVOICES}invoice_state.void", OPERATOR, "invoice", click("invoice_id", reason="a mistake")),
    Door(
        f"{INVOICES}invoice_state.refund",
        OPERATOR,
        "paid invoice",
        click("invoice_id", amount="1.00", reason="kindness"),
    ),
    page("billing___transactions____transactions_state", FINANCE, "/billing/transactions"),
    page("billing___funds____funds_state", CLIENT, "/billing/funds"),
    Door(f"{FUNDS}.ask", CLIENT, payload=lambda _: {"amount": "100", "currency": "EUR"}),
    Door(
        f"{FUNDS}.top_up",
        CLIENT,
        "card",
        click("card_id", amount="100", charge_minor=12_100, currency="EUR"),
    ),
    Door(f"{FUNDS}.cancel", CLIENT, "payment", of("payment_id")),
    Door(f"{FUNDS}.remove_card", CLIENT, "card", of("card_id")),
    Door(f"{FUNDS}.set_buffer", CLIENT, payload=lambda _: {**CLICK, "amount": "50"}),
    Door(f"{COMPANY_MONEY}.grant", OPERATOR, "company", click("company_id", amount="5", reason="sorry")),
    Door(
        f"{COMPANY_MONEY}.refund",
        OPERATOR,
        "received payment",
        click("payment_id", amount="1.00", reason="asked for"),
    ),
    Door(f"{COMPANY_MONEY}.ask_again", OPERATOR, "payment", of("payment_id")),
    Door(f"{COMPANY_MONEY}.clear_flag", OPERATOR, "flag", of("flag_id")),
    page("billing___runs____runs_state", OPERATOR, "/billing/runs"),
    Door(f"{PORTAL}billing___runs____runs_state.run_again", OPERATOR),
)

_PLANS = f"{PORTAL}traffic___terms____plans_state"

CYCLE = (
    page("traffic___terms____plans_state", OPERATOR, "/billing/traffic"),
    Door(
        f"{_PLANS}.set_terms",
        OPERATOR,
        "plan",
        click(
            "plan_id",
            included_gb=1_000,
            counted="both",
            action="notify",
            limit_mbps=0,
            unit_gb=1_000,
            price="",
            currency="EUR",
        ),
    ),
    Door(f"{_PLANS}.remove_terms", OPERATOR, "plan", of("plan_id")),
    Door(
        f"{PORTAL}traffic___cycle____cycle_state.set_exempt",
        OPERATOR,
        "server",
        lambda number: {"server_id": number, "exempt": True},
    ),
)

_CONTRACT = f"{PORTAL}contracts____contract_state"

CONTRACTS = (
    Door(
        f"{_CONTRACT}.suspend", OPERATOR, "service",
        lambda number: {"service_id": number, "hold": "policy", "reason": "mass mails"},
    ),
    Door(
        f"{_CONTRACT}.lift", OPERATOR, "suspended service",
        lambda number: {"service_id": number, "hold": "payment", "reason": "a promise"},
    ),
    Door(
        f"{_CONTRACT}.change_terms", OPERATOR, "service",
        lambda number: {
            **CLICK, "service_id": number, "plan_id": contracts.plan_of(number), "price": "99", "reason": "dearer"
        },
    ),
)  # fmt: skip

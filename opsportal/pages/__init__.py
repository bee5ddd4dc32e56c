"""Every page and its address. `register(app)` is called once, by opsportal.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from opsportal.components.text import t
from opsportal.pages.account import account_page, mail_address_page, password_page, two_factor_page
from opsportal.pages.audit import audit_page
from opsportal.pages.billing.funds import funds_page
from opsportal.pages.billing.invoice import invoice_page
from opsportal.pages.billing.invoices import invoices_page
from opsportal.pages.billing.runs import runs_page
from opsportal.pages.billing.transactions import transactions_page
from opsportal.pages.companies import companies_page, company_page
from opsportal.pages.dashboard import dashboard_page
from opsportal.pages.fleet import fleet_page
from opsportal.pages.frame import BRAND
from opsportal.pages.inventory.aisle import aisle_page, labels_page, scan_page
from opsportal.pages.inventory.arrivals import arrivals_page
from opsportal.pages.inventory.firmware import firmware_page
from opsportal.pages.inventory.intake import intake_page
from opsportal.pages.inventory.machine import machine_page
from opsportal.pages.inventory.parts import parts_page
from opsportal.pages.inventory.racks import rack_page, racks_page
from opsportal.pages.inventory.stock import stock_page
from opsportal.pages.network.prefixes import prefixes_page
from opsportal.pages.outside import not_found_page, sign_in_page
from opsportal.pages.queues import queues_page
from opsportal.pages.server import server_page
from opsportal.pages.services import service_page, services_page
from opsportal.pages.support.desk import desk_page, desk_ticket_page
from opsportal.pages.support.mails import mail_page, mails_page
from opsportal.pages.support.tickets import new_ticket_page, ticket_page, tickets_page
from opsportal.pages.traffic.pollers import pollers_page
from opsportal.pages.traffic.terms import plans_page
from opsportal.state.account import AccountState
from opsportal.state.audit import AuditState
from opsportal.state.billing.funds import FundsState
from opsportal.state.billing.invoices import InvoicesState, InvoiceState
from opsportal.state.billing.runs import RunsState
from opsportal.state.billing.transactions import TransactionsState
from opsportal.state.companies import CompaniesState, CompanyState
from opsportal.state.dashboard import DashboardState
from opsportal.state.fleet import FleetState
from opsportal.state.inventory.aisle import AisleState, LabelsState, ScanState
from opsportal.state.inventory.arrivals import ArrivalsState
from opsportal.state.inventory.firmware import FirmwareState
from opsportal.state.inventory.machine import MachineState
from opsportal.state.inventory.parts import PartsState
from opsportal.state.inventory.racks import RacksState, RackState
from opsportal.state.inventory.stock import StockState
from opsportal.state.network.prefixes import PrefixesState
from opsportal.state.queues import QueuesState
from opsportal.state.server import ServerState
from opsportal.state.services import ServicesState, ServiceState
from opsportal.state.support.desk import DeskState, DeskTicketState
from opsportal.state.support.mails import MailsState, MailState
from opsportal.state.support.tickets import NewTicketState, TicketsState, TicketState
from opsportal.state.traffic.pollers import PollersState
from opsportal.state.traffic.terms import PlansState


@dataclass(frozen=True)
class Page:
    """An address, what is there, what it is called in the browser's tab, and the event that loads it."""

    route: str
    component: Callable[[], rx.Component]
    title: Any
    on_load: Any = None


PAGES = (
    Page("/", dashboard_page, t("Dashboard"), DashboardState.open),
    Page("/services", services_page, t("Services"), ServicesState.open),
    Page("/services/[service_id]", service_page, t("Service"), ServiceState.open),
    Page("/servers/[server_id]", server_page, t("Server"), ServerState.open),
    Page("/tickets", tickets_page, t("Tickets"), TicketsState.open),
    Page("/tickets/new", new_ticket_page, t("Add ticket"), NewTicketState.open),
    Page("/tickets/[ticket_id]", ticket_page, t("Ticket"), TicketState.open),
    Page("/desk", desk_page, t("Desk"), DeskState.open),
    Page("/desk/[ticket_id]", desk_ticket_page, t("Ticket"), DeskTicketState.open),
    Page("/mails", mails_page, t("Mails"), MailsState.open),
    Page("/mails/[mail_id]", mail_page, t("Mail"), MailState.open),
    Page("/billing/invoices", invoices_page, t("Invoices"), InvoicesState.open),
    Page("/billing/invoices/[invoice_id]", invoice_page, t("Invoice"), InvoiceState.open),
    Page("/billing/transactions", transactions_page, t("Transactions"), TransactionsState.open),
    Page("/billing/funds", funds_page, t("Add funds"), FundsState.open),
    Page("/billing/traffic", plans_page, t("Traffic plans"), PlansState.open),
    Page("/billing/runs", runs_page, t("Renewal runs"), RunsState.open),
    Page("/account", account_page, t("My account"), AccountState.open),
    Page("/account/password", password_page, t("Change password"), AccountState.open),
    Page("/account/mail", mail_address_page, t("Mails"), AccountState.open),
    Page("/account/two-factor", two_factor_page, t("Two-factor authentication"), AccountState.open),
    Page("/queues", queues_page, t("Queues"), QueuesState.open),
    Page("/network", prefixes_page, t("Networks"), PrefixesState.open),
    Page("/pollers", pollers_page, t("Switches"), PollersState.open),
    Page("/fleet", fleet_page, t("Fleet"), FleetState.open),
    Page("/racks", racks_page, t("Racks"), RacksState.open),
    Page("/racks/[rack_id]", rack_page, t("Rack"), RackState.open),
    Page("/parts", parts_page, t("Parts"), PartsState.open),
    Page("/stock", stock_page, t("Stock"), StockState.open),
    Page("/stock/[server_id]", machine_page, t("Stock"), MachineState.open),
    Page("/firmware", firmware_page, t("Approved firmware"), FirmwareState.open),
    Page("/arrivals", arrivals_page, t("Arrivals"), ArrivalsState.open),
    Page("/intake", intake_page, t("Take in a machine"), StockState.open),
    Page("/scan", scan_page, t("Scan a label"), ScanState.open),
    Page("/s/[label]", aisle_page, t("Server"), AisleState.open),
    Page("/labels", labels_page, t("Labels"), LabelsState.open),
    Page("/companies", companies_page, t("Companies"), CompaniesState.open),
    Page("/companies/[company_id]", company_page, t("Company"), CompanyState.open),
    Page("/audit", audit_page, t("Audit trail"), AuditState.open),
    Page("/sign-in", sign_in_page, t("Sign in")),
    Page("404", not_found_page, t("Not found")),
)


def register(app: rx.App) -> None:
    """Add every page to the app."""
    for page in PAGES:
        app.add_page(page.component, route=page.route, title=page.title + f" · {BRAND}", on_load=page.on_load)

"""Who may see and do what. Nobody gets an object except through a function here.

An object that is not the actor's looks exactly like one that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.models import (
    Address,
    Attachment,
    Company,
    HardwareJob,
    Invoice,
    LoginSession,
    Payment,
    Role,
    SavedCard,
    Server,
    Service,
    Ticket,
    TicketMessage,
)


class Permission(StrEnum):
    """What a handler or route may demand."""

    OWN_ACCOUNT = "own_account"
    SERVICES_VIEW = "services_view"
    SERVICES_MANAGE = "services_manage"
    SERVER_VIEW = "server_view"
    SERVER_POWER = "server_power"
    SERVER_REINSTALL = "server_reinstall"
    SERVER_CONSOLE = "server_console"
    SERVER_BLOCK = "server_block"
    SERVER_SECRETS = "server_secrets"
    JOBS_WATCH = "jobs_watch"
    JOBS_MANAGE = "jobs_manage"
    FLEET_VIEW = "fleet_view"
    COMPANIES_VIEW = "companies_view"
    AUDIT_VIEW = "audit_view"
    BILLING_VIEW = "billing_view"
    BILLING_PAY = "billing_pay"
    BILLING_MANAGE = "billing_manage"
    TICKETS_USE = "tickets_use"
    DESK_WORK = "desk_work"
    MAILS_VIEW = "mails_view"
    TRAFFIC_VIEW = "traffic_view"
    POLLERS_VIEW = "pollers_view"
    FLEET_MANAGE = "fleet_manage"
    STOCK_MANAGE = "stock_manage"
    SERVER_IDENTIFY = "server_identify"
    NETWORK_EDIT = "network_edit"
    NETWORK_MANAGE = "network_manage"


_EVERYBODY = frozenset(
    {
        Permission.OWN_ACCOUNT,
        Permission.SERVER_VIEW,
        Permission.SERVER_POWER,
        Permission.SERVER_REINSTALL,
        Permission.SERVER_CONSOLE,
        Permission.SERVER_BLOCK,
        Permission.SERVER_SECRETS,
        Permission.TRAFFIC_VIEW,
        Permission.NETWORK_EDIT,
    }
)
_HALL = frozenset(
    {
        Permission.JOBS_WATCH,
        Permission.JOBS_MANAGE,
        Permission.FLEET_VIEW,
        Permission.DESK_WORK,
        Permission.POLLERS_VIEW,
        Permission.NETWORK_MANAGE,
        Permission.FLEET_MANAGE,
        Permission.STOCK_MANAGE,
        Permission.SERVER_IDENTIFY,
    }
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.CLIENT: _EVERYBODY
    | {
        Permission.SERVICES_VIEW,
        Permission.BILLING_VIEW,
        Permission.BILLING_PAY,
        Permission.TICKETS_USE,
    },
    Role.TECHNICIAN: _EVERYBODY | _HALL,
    Role.OPERATOR: _EVERYBODY
    | _HALL
    | {
        Permission.COMPANIES_VIEW,
        Permission.MAILS_VIEW,
        Permission.AUDIT_VIEW,
        Permission.SERVICES_VIEW,
        Permission.SERVICES_MANAGE,
        Permission.BILLING_VIEW,
        Permission.BILLING_MANAGE,
    },
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, as far as rules care."""

    person_id: int
    session_id: int
    role: Role
    company_id: int | None
    name: str
    ip: str = ""

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]

    def require(self, permission: Permission) -> None:
        """Refuse with `Forbidden` unless the actor's role grants the permission."""
        if not self.may(permission):
            raise Forbidden

    @property
    def is_staff(self) -> bool:
        return self.role is not Role.CLIENT


def access_service_for(
    actor: Actor, session: Session, service_id: int, *, permission: Permission = Permission.SERVICES_VIEW
) -> Service:
    """A service the actor may see: a client's own, or any for staff whose role allows it."""
    actor.require(permission)
    service = session.get(Service, service_id)
    if service is None or not (actor.is_staff or service.company_id == actor.company_id):
        raise NotFound
    return service


def access_server_for(
    actor: Actor, session: Session, server_id: int, *, permission: Permission = Permission.SERVER_VIEW
) -> tuple[Server, Service | None]:
    """A server and its service. A client reaches it only through a service of the own company."""
    actor.require(permission)
    server = session.get(Server, server_id)
    service = session.get(Service, server.service_id) if server and server.service_id else None
    if server is None:
        raise NotFound
    if not actor.is_staff and (service is None or service.company_id != actor.company_id):
        raise NotFound
    return server, service


def access_job_for(
    actor: Actor, session: Session, job_id: int, *, permission: Permission = Permission.SERVER_VIEW
) -> HardwareJob:
    """A job the actor may see: staff any, a client those of the own company on a server it still rents."""
    actor.require(permission)
    job = session.get(HardwareJob, job_id)
    if job is None or not (actor.is_staff or job.company_id == actor.company_id):
        raise NotFound
    access_server_for(actor, session, job.server_id)
    return job


def access_company_for(actor: Actor, session: Session, company_id: int) -> Company:
    """A company: staff who may view companies any, a client the own one."""
    if actor.is_staff:
        actor.require(Permission.COMPANIES_VIEW)
    company = session.get(Company, company_id)
    if company is None or not (actor.is_staff or company.id == actor.company_id):
        raise NotFound
    return company


def access_login_session_for(actor: Actor, session: Session, session_id: int) -> LoginSession:
    """One of the actor's own sessions."""
    actor.require(Permission.OWN_ACCOUNT)
    found = session.exec(
        select(LoginSession).where(
            col(LoginSession.id) == session_id, col(LoginSession.person_id) == actor.person_id
        )
    ).first()
    if found is None:
        raise NotFound
    return found


def access_ticket_for(actor: Actor, session: Session, ticket_id: int) -> Ticket:
    """A ticket: a client's company's own, or any for those who work at the desk."""
    actor.require(Permission.DESK_WORK if actor.is_staff else Permission.TICKETS_USE)
    ticket = session.get(Ticket, ticket_id)
    if ticket is None or not (actor.is_staff or ticket.company_id == actor.company_id):
        raise NotFound
    return ticket


def access_attachment_for(actor: Actor, session: Session, attachment_id: int) -> Attachment:
    """A file: what the actor has uploaded and not yet sent, or what was sent in a ticket the actor may see.

    A client's way to it leads through the messages of a ticket, so no note's file can be reached.
    """
    actor.require(Permission.DESK_WORK if actor.is_staff else Permission.TICKETS_USE)
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise NotFound
    if found.message_id is None and found.note_id is None:
        if found.uploader_id != actor.person_id:
            raise NotFound
        return found
    if not actor.is_staff:
        said_in = (
            select(Ticket.company_id)
            .join(TicketMessage, col(TicketMessage.ticket_id) == col(Ticket.id))
            .where(col(TicketMessage.id) == found.message_id)
        )
        if actor.company_id is None or session.exec(said_in).first() != actor.company_id:
            raise NotFound
    return found


def access_payment_for(
    actor: Actor, session: Session, payment_id: int, *, permission: Permission = Permission.BILLING_VIEW
) -> Payment:
    """A card payment: a client's own company's, or any for staff whose role allows it."""
    actor.require(permission)
    payment = session.get(Payment, payment_id)
    if payment is None or not (actor.is_staff or payment.company_id == actor.company_id):
        raise NotFound
    return payment


def access_card_for(
    actor: Actor, session: Session, card_id: int, *, permission: Permission = Permission.BILLING_PAY
) -> SavedCard:
    """A saved card of the own company. Staff has no use for clients' cards and gets none."""
    actor.require(permission)
    card = session.get(SavedCard, card_id)
    if card is None or actor.company_id is None or card.company_id != actor.company_id:
        raise NotFound
    return card


def access_invoice_for(
    actor: Actor, session: Session, invoice_id: int, *, permission: Permission = Permission.BILLING_VIEW
) -> Invoice:
    """A document: staff who see money any, a client those of the own company."""
    actor.require(permission)
    invoice = session.get(Invoice, invoice_id)
    if invoice is None or not (actor.is_staff or invoice.company_id == actor.company_id):
        raise NotFound
    return invoice


def access_address_for(
    actor: Actor, session: Session, address_id: int, *, permission: Permission = Permission.SERVER_VIEW
) -> Address:
    """An address in use: staff any, a client those of servers that the own company rents, while it does.

    One that was given back is nobody's, also not its former holder's.
    """
    actor.require(permission)
    address = session.get(Address, address_id)
    if address is None or address.released_at is not None:
        raise NotFound
    _, service = access_server_for(actor, session, address.server_id)
    if not actor.is_staff and (service is None or address.service_id != service.id):
        raise NotFound
    return address

"""Money that stayed in a balance because what it was meant for was gone."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar, topics
from opsportal.domain.refusals import NotFound
from opsportal.models import BalanceFlag, FlagKind, Invoice

LIMIT = 100


def raise_flag(unit: Unit, *, key: str, kind: FlagKind, invoice: Invoice) -> None:
    """Tell client and finance, once per key."""
    row = {
        "key": key,
        "kind": kind,
        "company_id": invoice.company_id,
        "invoice_id": invoice.id,
        "at": calendar.now(),
    }
    unit.execute(insert(BalanceFlag).values(row).on_conflict_do_nothing(index_elements=["key"]))
    unit.changed(topics.balance(invoice.company_id), topics.INVOICES)


def list_flags(actor: Actor, unit: Unit, *, company_id: int | None = None) -> list[BalanceFlag]:
    """Open flags, newest first: a client's own company's, for staff those of one company or of all."""
    actor.require(Permission.BILLING_VIEW)
    scope = company_id if actor.is_staff else actor.company_id
    if company_id is not None:
        access_company_for(actor, unit, company_id)
    query = select(BalanceFlag).where(col(BalanceFlag.cleared_at).is_(None))
    if scope is not None:
        query = query.where(col(BalanceFlag.company_id) == scope)
    return list(unit.exec(query.order_by(col(BalanceFlag.id).desc()).limit(LIMIT)))


def clear_flag(unit: Unit, actor: Actor, flag_id: int) -> None:
    """Somebody of finance has seen to it."""
    actor.require(Permission.BILLING_MANAGE)
    flag = unit.get(BalanceFlag, flag_id, with_for_update=True)
    if flag is None:
        raise NotFound
    if flag.cleared_at is not None:
        return
    flag.cleared_at, flag.cleared_by_id = calendar.now(), actor.person_id
    trail.record(
        unit, "balance_flag:cleared", actor=actor, object_kind="invoice", object_id=flag.invoice_id,
        company_id=flag.company_id, kind=flag.kind,
    )  # fmt: skip
    unit.changed(topics.balance(flag.company_id), topics.INVOICES)

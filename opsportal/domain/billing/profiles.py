"""How a company is invoiced: legal name, address, tax id, comfort buffer, automatic payment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_company_for
from opsportal.domain.audit import trail
from opsportal.domain.billing import calendar, topics
from opsportal.domain.billing.money import MAX_MINOR
from opsportal.domain.billing.refusals import BadAmount
from opsportal.domain.refusals import BadRequest
from opsportal.models import BillingProfile, Company, TaxIdStatus

_TEXT_LIMIT = 200
_TAX_ID = re.compile(r"[A-Z0-9][A-Z0-9./ -]{2,30}")


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What a company writes about itself. Its country is the company's own and is not changed here."""

    legal_name: str
    street: str
    city: str
    postcode: str
    tax_id: str
    is_business: bool
    billing_email: str
    comfort_buffer_minor: int
    auto_pay: bool


def profile_of(unit: Unit, company_id: int) -> BillingProfile:
    """The profile for rules that have authorised already."""
    return unit.get(BillingProfile, company_id) or BillingProfile(company_id=company_id)


def change_profile(unit: Unit, actor: Actor, company_id: int, change: ProfileChange) -> BillingProfile:
    """Write the profile. A tax id that was changed has to be checked again before it counts."""
    actor.require(Permission.BILLING_MANAGE if actor.is_staff else Permission.BILLING_PAY)
    company = access_company_for(actor, unit, company_id)
    _check(change)
    unit.execute(insert(BillingProfile).values(**_empty(company_id)).on_conflict_do_nothing())
    profile = unit.get_one(BillingProfile, company_id, with_for_update=True, populate_existing=True)
    tax_id = change.tax_id.strip().upper()
    if tax_id != profile.tax_id:
        profile.tax_id_status = TaxIdStatus.PENDING if tax_id else TaxIdStatus.NONE
        profile.tax_id_checked_at = None
    profile.tax_id = tax_id
    for name in ("legal_name", "street", "city", "postcode", "billing_email"):
        setattr(profile, name, getattr(change, name).strip())
    profile.is_business, profile.auto_pay = change.is_business, change.auto_pay
    profile.comfort_buffer_minor = change.comfort_buffer_minor
    unit.add(profile)
    _announce(unit, actor, company)
    return profile


def set_comfort_buffer(unit: Unit, actor: Actor, company_id: int, minor: int) -> None:
    """How much a company wants to have left after the next 30 days; it becomes part of the recommended amount."""
    actor.require(Permission.BILLING_MANAGE if actor.is_staff else Permission.BILLING_PAY)
    company = access_company_for(actor, unit, company_id)
    if not 0 <= minor <= MAX_MINOR:
        raise BadAmount(currency=company.currency)
    unit.execute(insert(BillingProfile).values(**_empty(company_id)).on_conflict_do_nothing())
    profile = unit.get_one(BillingProfile, company_id, with_for_update=True, populate_existing=True)
    profile.comfort_buffer_minor = minor
    unit.add(profile)
    _announce(unit, actor, company)


def judge_tax_id(unit: Unit, actor: Actor, company_id: int, *, is_valid: bool) -> BillingProfile:
    """Finance says whether the tax id on record is valid. Counts from the next document on."""
    actor.require(Permission.BILLING_MANAGE)
    company = access_company_for(actor, unit, company_id)
    profile = unit.get(BillingProfile, company_id, with_for_update=True, populate_existing=True)
    if profile is None or not profile.tax_id:
        raise BadRequest
    profile.tax_id_status = TaxIdStatus.VALID if is_valid else TaxIdStatus.INVALID
    profile.tax_id_checked_at = calendar.now()
    _announce(unit, actor, company)
    return profile


def _announce(unit: Unit, actor: Actor, company: Company) -> None:
    trail.record(
        unit, "billing_profile:changed", actor=actor, object_kind="company", object_id=company.id,
        object_name=company.name, company_id=company.id,
    )  # fmt: skip
    unit.changed(topics.balance(company.id or 0))


def _empty(company_id: int) -> dict[str, object]:
    return BillingProfile(company_id=company_id).model_dump()


def _check(change: ProfileChange) -> None:
    texts = (change.legal_name, change.street, change.city, change.postcode, change.billing_email)
    buffer = change.comfort_buffer_minor
    tax_id = change.tax_id.strip().upper()
    if (
        any(len(text) > _TEXT_LIMIT or not text.isprintable() for text in texts)
        or (tax_id and not _TAX_ID.fullmatch(tax_id))
        or (
            change.billing_email
            and not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", change.billing_email.strip())
        )
        or type(buffer) is not int
        or not 0 <= buffer <= MAX_MINOR
    ):
        raise BadRequest

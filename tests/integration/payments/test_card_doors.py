"""Handing a card over and asking the bank, over HTTP: the secrets go to the browser that asks, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from opsportal.db import unit_of_work
from opsportal.domain.payments import cards
from opsportal.models import PaymentStatus, Role
from tests.builders import make_company, make_person, make_session
from tests.integration.payments.gateway import NEEDS_BANK, Door, Lab
from tests.integration.payments.work import begin_topup, cash, payment, work_off

pytestmark = pytest.mark.xdist_group("payments")


class Visitor:
    """A signed-in browser at these doors."""

    def __init__(self, door: Door, role: Role = Role.CLIENT) -> None:
        company = make_company(country="UA", currency="EUR") if role is Role.CLIENT else None
        self.actor, cookie = make_session(make_person(role, company=company))
        self._http = httpx.Client(
            base_url=door.url,
            headers={"origin": "http://127.0.0.1:8000", "cookie": f"portal={cookie}"},
            timeout=60,
        )

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._http.post(path, json=body)


def answer_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def _everything_stored() -> str:
    with unit_of_work() as unit:
        return "".join(
            str(unit.execute(text(f"SELECT string_agg(t::text, '|') FROM {table.name} t")).scalar())
            for table in SQLModel.metadata.sorted_tables
        )


def _add_card(lab: Lab, visitor: Visitor, number: str) -> str:
    given = visitor.post("/payments/cards/setup").json()
    ref = given["client_secret"].partition("_secret_")[0]
    setup = SimpleNamespace(ref=ref, client_secret=given["client_secret"])
    lab.enter_card(setup, number).raise_for_status()
    return ref


def test_card_by_http_and_its_secret_nowhere_else(lab: Lab, door: Door) -> None:
    visitor, stranger, finance = Visitor(door), Visitor(door), Visitor(door, Role.OPERATOR)
    given = visitor.post("/payments/cards/setup")
    assert given.headers["cache-control"] == "no-store"
    assert set(given.json()) == {"client_secret", "publishable_key", "script"}
    assert given.json()["client_secret"] not in _everything_stored()
    assert answer_of(finance.post("/payments/cards/setup")) == (403, "forbidden")
    ref = _add_card(lab, visitor, "4242424242424242")
    assert answer_of(stranger.post("/payments/cards/done", setup=ref)) == (404, "not_found")
    card = visitor.post("/payments/cards/done", setup=ref).json()["card"]
    assert (card["brand"], card["last4"]) == ("visa", "4242")
    assert visitor.post("/payments/cards/done", setup=ref).json()["card"]["id"] == card["id"]
    assert "4242424242424242" not in _everything_stored()
    with unit_of_work() as unit:
        assert [one.id for one in cards.list_cards(visitor.actor, unit)] == [card["id"]]


def test_bank_is_asked_by_the_payer_only(lab: Lab, door: Door) -> None:
    visitor, stranger = Visitor(door), Visitor(door)
    ref = _add_card(lab, visitor, NEEDS_BANK)
    card = visitor.post("/payments/cards/done", setup=ref).json()["card"]["id"]
    begun = begin_topup(visitor.actor, card, 5_000)
    assert answer_of(visitor.post(f"/payments/{begun.id}/action")) == (400, "nothing_to_confirm")
    work_off()
    assert payment(begun.id).status == PaymentStatus.REQUIRES_ACTION
    for path in ("action", "continue"):
        assert answer_of(stranger.post(f"/payments/{begun.id}/{path}")) == (404, "not_found")
        for wrong in ("0", "-1", "abc", str(2**70), "٣"):
            assert visitor.post(f"/payments/{wrong}/{path}").status_code == 404
    secret = visitor.post(f"/payments/{begun.id}/action").json()["client_secret"]
    assert secret.startswith(f"{payment(begun.id).ref}_secret_")
    assert secret not in _everything_stored()
    lab.confirm_at_bank(payment(begun.id).ref or "").raise_for_status()
    assert visitor.post(f"/payments/{begun.id}/continue").json() == {}
    work_off()
    assert (payment(begun.id).status, cash(visitor.actor)) == (PaymentStatus.SUCCEEDED, 5_000)
    assert answer_of(visitor.post(f"/payments/{begun.id}/action")) == (400, "nothing_to_confirm")


def test_gateway_that_is_away_is_told_in_a_sentence(lab: Lab, door: Door) -> None:
    visitor = Visitor(door)
    lab.faults(down=True)
    assert answer_of(visitor.post("/payments/cards/setup")) == (400, "gateway_away")
    assert answer_of(visitor.post("/payments/cards/done", setup="seti_0")) == (404, "not_found")
    for body in (
        {"setup": "pi_1"},
        {"setup": "seti_" + "x" * 300},
        {"setup": 1},
        {"setup": "seti_1", "card": 1},
        {},
    ):
        assert answer_of(visitor.post("/payments/cards/done", **body)) == (400, "bad_request")

"""The webhook's door: what is signed is stored before it is answered, what is not leaves only a number."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.payments import differences, topups
from opsportal.integrations.stripe_gateway import WebhookForged, verify_webhook
from opsportal.models import EventStatus, GatewayEvent, PaymentStatus, Role, WebhookCount
from tests.builders import make_actor
from tests.crowd import together
from tests.doors.world import everything
from tests.integration.payments.gateway import WEBHOOK_SECRET, Door, Lab
from tests.integration.payments.work import begin_topup, cash, payment, token, work_off
from workers import payments as work

pytestmark = pytest.mark.xdist_group("payments")


def event(ref: str, object_ref: str, *, kind: str = "payment_intent.succeeded", **told: Any) -> bytes:
    about = {"id": object_ref, "object": "payment_intent", **told}
    return json.dumps({"id": ref, "object": "event", "type": kind, "data": {"object": about}}).encode()


def signed(raw: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0, scheme: str = "v1") -> dict[str, str]:
    at = int(time.time()) - age
    digest = hmac.new(secret.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},{scheme}={digest}"}


def send(door: Door, raw: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(door.url + "/webhooks/stripe", content=raw, headers=headers, timeout=60)


def counts() -> dict[str, int]:
    with unit_of_work() as unit:
        return {row.result: row.calls for row in unit.exec(select(WebhookCount))}


def stored() -> list[GatewayEvent]:
    """The events that the test has sent; localstripe's own may come meanwhile, with longer names."""
    with unit_of_work() as unit:
        rows = unit.exec(select(GatewayEvent).order_by(col(GatewayEvent.id))).all()
    return [row for row in rows if len(row.event_ref) < 10]


def test_signed_event_is_stored_byte_for_byte(door: Door) -> None:
    raw = event("evt_1", "pi_1", note="naïve  spaces,\t and ünïcode")
    answer = send(door, raw, signed(raw))
    assert (answer.status_code, answer.json()) == (200, {})
    (kept,) = stored()
    assert (kept.raw, kept.is_signed, kept.status) == (raw, True, EventStatus.RECEIVED)
    assert (kept.gateway, kept.event_ref, kept.object_ref) == ("stripe", "evt_1", "pi_1")
    assert kept.signature == signed(raw)["stripe-signature"] or kept.signature.startswith("t=")
    assert counts() == {"accepted": 1}


def test_forged_events_leave_nothing_but_a_number(door: Door) -> None:
    raw = event("evt_1", "pi_1")
    good = signed(raw)["stripe-signature"]
    forged = [
        {},
        {"stripe-signature": ""},
        {"stripe-signature": "nonsense"},
        {"stripe-signature": "t=,v1="},
        {"stripe-signature": good.split(",")[0]},
        {"stripe-signature": good[:-1] + ("0" if good[-1] != "0" else "1")},
        signed(raw, secret="whsec_of_somebody_else"),
        signed(raw, age=301),
        signed(raw, scheme="v0"),
        signed(raw + b" "),
        {"stripe-signature": "t=" + "9" * 5_000},
        {"stripe-signature": "t=1e9,v1=" + "0" * 64},
    ]
    before = everything()
    for headers in forged:
        answer = send(door, raw, headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "forged"), headers
    not_text = b"\xff\xfe" + raw
    assert send(door, not_text, signed(not_text)).status_code == 400
    after = everything()
    assert {table for table in after if after[table] != before[table]} == {"webhook_count"}
    assert counts() == {"forged": len(forged) + 1}


@pytest.mark.parametrize("secret", ["", " ", "\t\n"])
def test_without_a_secret_nobody_can_sign(secret: str) -> None:
    raw = event("evt_1", "pi_1")
    with pytest.raises(WebhookForged):
        verify_webhook(raw, signed(raw, secret=secret)["stripe-signature"], secret)


def test_signed_nonsense_is_refused(door: Door) -> None:
    nonsense = [
        b"", b"null", b"[]", b"{", b"{}", b'{"id": "evt_1"}', b'{"id":"evt_1","type":"x","data":{"object":null}}',
        b'{"id":1,"type":"x","data":{"object":{"id":"pi_1"}}}', b'{"id":"","type":"x","data":{"object":{"id":"pi_1"}}}',
        b'{"id":"evt\\u0000","type":"x","data":{"object":{"id":"pi_1"}}}', b"[" * 100_000,
        event("e" * 300, "pi_1"),
    ]  # fmt: skip
    before = everything()
    for raw in nonsense:
        assert send(door, raw, signed(raw)).status_code == 400, raw[:60]
    huge = event("evt_huge", "pi_1", note="x" * 300_000)
    assert send(door, huge, signed(huge)).status_code == 400
    after = everything()
    assert {table for table in after if after[table] != before[table]} == {"webhook_count"}


def _send_at_once(door: Door, raw: bytes, times: int) -> list[int]:
    return together(*[lambda: send(door, raw, signed(raw)).status_code] * times)


def test_duplicates_at_once_are_one_event(door: Door) -> None:
    raw = event("evt_1", "pi_1")
    assert _send_at_once(door, raw, 12) == [200] * 12
    assert len(stored()) == 1
    assert counts() == {"accepted": 1, "duplicate": 11}


def test_duplicates_are_noticed_when_the_database_does_not_forbid_them(door: Door, portal: str) -> None:
    """Planted: without its unique constraint the test above would fail."""
    with psycopg.connect(portal, autocommit=True) as connection:
        connection.execute("ALTER TABLE gateway_event DROP CONSTRAINT uq_gateway_event_ref")
    assert _send_at_once(door, event("evt_1", "pi_1"), 12) == [200] * 12
    assert len(stored()) == 12


def test_answered_only_after_it_is_stored(door: Door, portal: str) -> None:
    raw = event("evt_1", "pi_1")
    with psycopg.connect(portal) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("LOCK TABLE gateway_event IN SHARE MODE")
        answer = pool.submit(send, door, raw, signed(raw))
        with pytest.raises(TimeoutError):
            answer.result(0.4)
        connection.rollback()
        assert answer.result(60).status_code == 200
    assert len(stored()) == 1


def test_database_that_is_away_makes_the_gateway_come_again(door: Door, portal: str) -> None:
    raw = event("evt_1", "pi_1")
    with psycopg.connect(portal, autocommit=True) as connection:
        connection.execute("ALTER TABLE gateway_event RENAME TO away")
        assert send(door, raw, signed(raw)).status_code == 500
        connection.execute("ALTER TABLE away RENAME TO gateway_event")
    assert send(door, raw, signed(raw)).status_code == 200


def test_what_an_event_says_is_not_believed(lab: Lab, door: Door, payer: Actor) -> None:
    """Signed, but its object has not succeeded at the gateway: nothing is booked."""
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    lab.next("POST /v1/payment_intents/*/confirm", "drop_before")
    work_off()
    raw = event(
        "evt_1", payment(begun.id).ref or "", status="succeeded", amount_received=5_000, currency="eur"
    )
    send(door, raw, signed(raw)).raise_for_status()
    task = stored()[0].id or 0
    lab.faults(down=True)
    work.run_event(task)
    assert (stored()[0].status, stored()[0].attempts, cash(payer)) == (EventStatus.RECEIVED, 1, 0)


def test_event_that_comes_before_we_know_its_payment(lab: Lab, door: Door, payer: Actor) -> None:
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    lab.next("POST /v1/payment_intents", "drop_after")
    work_off()
    assert payment(begun.id).ref is None
    (made,) = lab.payments()
    raw = event("evt_1", made["id"], kind="payment_intent.created")
    send(door, raw, signed(raw)).raise_for_status()
    work_off()
    assert (payment(begun.id).status, cash(payer)) == (PaymentStatus.SUCCEEDED, 5_000)
    assert stored()[0].status == EventStatus.PROCESSED


def test_events_about_other_peoples_objects_are_ignored(lab: Lab, door: Door, payer: Actor) -> None:
    card = lab.add_card(payer)
    headers = {"Authorization": "Bearer sk_test_other"}
    customer = lab.http.post("/v1/customers", json={"name": "else"}, headers=headers).json()["id"]
    theirs = {
        "amount": 100,
        "currency": "eur",
        "customer": customer,
        "payment_method": card.ref,
        "confirm": True,
    }
    foreign = lab.http.post("/v1/payment_intents", json=theirs, headers=headers).json()["id"]
    raws = [
        event("evt_1", foreign),
        event("evt_2", "pi_unheard_of"),
        event("evt_3", "ch_1", kind="charge.updated"),
    ]
    for raw in raws:
        send(door, raw, signed(raw)).raise_for_status()
    before = everything()
    work_off()
    after = everything()
    assert {table for table in after if after[table] != before[table]} == {
        "gateway_event", "outbox", "status_change",
    }  # fmt: skip
    assert [one.status for one in stored()] == [EventStatus.IGNORED] * 3


def test_payment_of_another_portal_with_our_number_is_not_booked(lab: Lab, door: Door, payer: Actor) -> None:
    card = lab.add_card(payer)
    begun = begin_topup(payer, card.id or 0, 5_000)
    lab.next("POST /v1/payment_intents", "drop_before")
    work_off()
    headers = {"Authorization": "Bearer sk_test_other"}
    customer = lab.http.post("/v1/customers", json={"name": "else"}, headers=headers).json()["id"]
    theirs = {
        "amount": 5_000, "currency": "eur", "customer": customer, "payment_method": card.ref, "confirm": True,
        "metadata": {"portal_payment": str(begun.id)},
    }  # fmt: skip
    foreign = lab.http.post("/v1/payment_intents", json=theirs, headers=headers).json()["id"]
    raw = event("evt_1", foreign)
    send(door, raw, signed(raw)).raise_for_status()
    work_off()
    ours = payment(begun.id)
    assert (ours.status, cash(payer)) == (PaymentStatus.SUCCEEDED, 5_000)
    assert ours.ref is not None
    assert ours.ref != foreign


@pytest.mark.parametrize("change", [{"amount": 4_999}, {"amount": 5_001}, {"currency": "usd"}])
def test_other_amount_or_currency_than_agreed_is_refused(
    lab: Lab, door: Door, payer: Actor, change: dict[str, Any]
) -> None:
    begun = begin_topup(payer, lab.add_card(payer).id or 0, 5_000)
    lab.next("POST /v1/payment_intents/*/confirm", "drop_after")
    work_off()
    ref = payment(begun.id).ref or ""
    headers = {"Authorization": "Bearer sk_test_lab"}
    lab.http.post(f"/v1/payment_intents/{ref}", json=change, headers=headers).raise_for_status()
    raw = event("evt_1", ref)
    send(door, raw, signed(raw)).raise_for_status()
    before = everything()
    work_off()
    after = everything()
    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"gateway_event", "gateway_difference", "outbox", "payment", "status_change"}
    waiting = payment(begun.id)
    assert (waiting.status, waiting.problem_code, cash(payer)) == (
        PaymentStatus.UNKNOWN,
        "amount_mismatch",
        0,
    )
    assert (stored()[0].status, stored()[0].outcome_code) == (EventStatus.REFUSED, "amount_mismatch")
    finance = make_actor(role=Role.OPERATOR)
    with unit_of_work() as unit:
        (shown,) = differences.list_open(finance, unit)
    theirs = (change.get("amount", 5_000), change.get("currency", "eur").upper())
    assert (shown.ours_minor, shown.ours_currency) == (5_000, "EUR")
    assert (shown.theirs_minor, shown.theirs_currency, shown.payment_id) == (*theirs, begun.id)
    right = {"amount": 5_000, "currency": "eur"}
    lab.http.post(f"/v1/payment_intents/{ref}", json=right, headers=headers).raise_for_status()
    with unit_of_work() as unit:
        topups.ask_again(unit, finance, begun.id or 0)
    work_off()
    with unit_of_work() as unit:
        assert differences.list_open(finance, unit) == []
    assert (payment(begun.id).status, cash(payer)) == (PaymentStatus.SUCCEEDED, 5_000)


def test_event_is_given_up_after_twelve_silences(lab: Lab, door: Door, payer: Actor) -> None:
    raw = event("evt_1", "pi_" + token())
    send(door, raw, signed(raw)).raise_for_status()
    lab.faults(down=True)
    for _ in range(12):
        work.run_event(stored()[0].id or 0)
    assert (stored()[0].status, stored()[0].attempts) == (EventStatus.FAILED, 12)

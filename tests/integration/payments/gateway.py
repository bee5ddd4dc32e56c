"""localstripe behind our proxy, and the webhook's door, as processes; with hands to work them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.payments import cards, handover
from opsportal.integrations import stripe_gateway
from opsportal.models import SavedCard

ROOT = Path(__file__).parents[3]
WEBHOOK_SECRET = "whsec_of_these_tests"
GOOD, DECLINED, NEEDS_BANK = "4242424242424242", "4000000000000341", "4000002760003184"
BANK_THEN_DECLINED = "4000008260003178"


def until(look: Callable[[], Any], *, timeout: float = 60.0, what: str = "") -> Any:
    """The first true answer of `look`; fails after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not (seen := look()):
        assert time.monotonic() < end, f"waited in vain for {what or look}"
        time.sleep(0.02)
    return seen


class Lab:
    """The gateway of a test session: everything is forgotten between tests."""

    def __init__(self, port: int, door_port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.door = f"http://127.0.0.1:{door_port}/webhooks/stripe"
        self.http = httpx.Client(base_url=self.url, timeout=60)
        command = [sys.executable, "-m", "lab.payments", "--port", str(port), "--webhook", self.door]
        environment = os.environ | {"STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            try:
                return self.http.get("/_lab/state").status_code == 200
            except httpx.TransportError:
                assert self._process.poll() is None, "the lab has ended"
                return False

        until(answers, what="the lab")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)

    def reset(self) -> None:
        self.http.post("/_lab/reset", json={}).raise_for_status()

    def faults(self, **what: Any) -> None:
        """`chances={…}`, `scripts=[…]`, `down=True`, `seed=1`."""
        self.http.post("/_lab/faults", json=what).raise_for_status()

    def next(self, match: str, trouble: str, times: int = 1) -> None:
        self.faults(scripts=[{"match": match, "trouble": trouble, "times": times}])

    def state(self) -> dict[str, Any]:
        return self.http.get("/_lab/state").json()

    def objects(self) -> dict[str, list[dict[str, Any]]]:
        return self.http.get("/_lab/objects").json()

    def payments(self) -> list[dict[str, Any]]:
        return self.objects()["payment_intents"]

    def wait_for_deliveries(self) -> None:
        """Until no webhook is on its way. localstripe itself holds each back for a second."""
        until(lambda: self.state()["pending"] == 0, timeout=300, what="webhooks")

    def _browser(self, path: str, **body: Any) -> httpx.Response:
        """A call as Stripe.js makes it: with the publishable key, from the portal's page."""
        headers = {"Origin": "http://127.0.0.1:8000"}
        return self.http.post(path, json={"key": "pk_test_lab", **body}, headers=headers)

    def enter_card(self, setup: Any, number: str, *, confirms: bool = True) -> httpx.Response:
        """What Stripe.js does with a card's number: it goes to the gateway, never to us."""
        secret = {"client_secret": setup.client_secret, "use_stripe_sdk": True}
        card = {"number": number, "exp_month": 12, "exp_year": 2031, "cvc": "123"}
        data = {"type": "card", "card": card}
        path = f"/v1/setup_intents/{setup.ref}/confirm"
        answer = self._browser(path, **secret, payment_method_data=data)
        if confirms and answer.status_code == 200 and answer.json()["status"] == "requires_action":
            answer = self._browser(path, **secret)
        return answer

    def confirm_at_bank(self, ref: str, *, success: bool = True) -> httpx.Response:
        """The card's holder answers the bank's question (3-D Secure)."""
        secret = next(one["client_secret"] for one in self.payments() if one["id"] == ref)
        path = f"/v1/payment_intents/{ref}/_authenticate"
        return self._browser(f"{path}?success={str(success).lower()}", client_secret=secret)

    def add_card(self, actor: Actor, number: str = GOOD) -> SavedCard:
        """A saved card, by the way a browser takes."""
        gateway = stripe_gateway.configured_gateway()
        assert gateway is not None
        setup = handover.open_setup(gateway, actor)
        self.enter_card(setup, number).raise_for_status()
        with unit_of_work() as unit:
            setup_id = cards.find_setup_id(unit, setup.ref)
        assert setup_id is not None
        card = handover.finish_setup(gateway, setup_id)
        assert card is not None
        return card


class Door:
    """The webhook's door as a process of its own."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--port", str(port), "--no-access-log", "tests.integration.payments.door:app"],
            cwd=ROOT,
            env=os.environ.copy(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.url = f"http://127.0.0.1:{port}"

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            try:
                return httpx.get(self.url + "/webhooks/stripe", timeout=30).status_code < 500
            except httpx.TransportError:
                assert self._process.poll() is None, "the door has ended"
                return False

        until(answers, what="the door")

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)  # granian and its worker; they keep nothing
        self._process.wait(60)

"""The lab's payment gateway: what Stripe promises is kept, what goes wrong is chosen, and it ends with its starter."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from lab.payments import lists
from lab.payments.faults import Chances, Faults, Script, Trouble
from lab.payments.stand_in import StandIn
from tests.integration.payments.gateway import Lab, until
from tests.ports import free_port

SECRET = {"Authorization": "Bearer sk_test_lab"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Lab]:
    lab = Lab(free_port(), free_port())
    try:
        lab.wait_until_ready()
        yield lab
    finally:
        lab.stop()


def make(lab: Lab, key: str, name: str) -> httpx.Response:
    return lab.http.post("/v1/customers", data={"name": name}, headers=SECRET | {"Idempotency-Key": key})


def test_same_key_gives_the_same_answer_and_other_content_is_refused(gateway: Lab) -> None:
    first, again = make(gateway, "k1", "A"), make(gateway, "k1", "A")
    assert first.status_code == 200
    assert first.content == again.content
    other = make(gateway, "k1", "B")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    assert make(gateway, "k2", "A").json()["id"] != first.json()["id"]


def test_key_that_is_still_at_work_is_told_so(gateway: Lab) -> None:
    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(lambda _: make(gateway, "k3", "A"), range(8)))
    assert {one.status_code for one in came} <= {200, 409}
    assert len({one.json()["id"] for one in came if one.status_code == 200}) == 1


def test_reply_that_was_lost_is_there_for_the_same_key(gateway: Lab) -> None:
    for trouble in ("drop_after", "drop_before"):
        gateway.next("POST /v1/customers", trouble)
        with pytest.raises(
            (httpx.RemoteProtocolError, httpx.ReadError)
        ):  # hung up on, with or without a reset
            make(gateway, trouble, "A")
        before = gateway.state()["done"].get("key_repeated", 0)
        assert make(gateway, trouble, "A").status_code == 200
        repeated = gateway.state()["done"].get("key_repeated", 0) - before
        assert repeated == (trouble == "drop_after")


def test_strangers_names_and_pages_get_nothing(gateway: Lab) -> None:
    for path in ("/_lab/state", "/v1/customers", "/js.stripe.com/v3/"):
        assert gateway.http.get(path, headers=SECRET | {"Host": "evil.example"}).status_code == 404
    form = gateway.http.post("/_lab/faults", content='{"down": true}', headers={"content-type": "text/plain"})
    assert (form.status_code, gateway.state()["down"]) == (404, False)
    assert gateway.http.post("/_lab/faults", json={"chances": {"nonsense": 1}}).status_code == 400
    assert gateway.http.post("/_config/webhooks/mine", json={}).status_code == 404


def test_script_for_the_browser_is_served(gateway: Lab) -> None:
    script = gateway.http.get("/js.stripe.com/v3/")
    assert (script.status_code, script.headers["content-type"]) == (
        200,
        "application/javascript; charset=utf-8",
    )


def _theirs() -> float:
    """When the file was written that localstripe would use by itself; somebody else's may be there."""
    file = Path("/tmp/localstripe.pickle")
    return file.stat().st_mtime if file.exists() else 0.0


def test_nobody_else_on_the_network_can_reach_it(gateway: Lab) -> None:
    before = _theirs()
    assert make(gateway, "k4", "A").status_code == 200
    process = psutil.Process(gateway._process.pid)
    family = [process, *process.children(recursive=True)]
    listening = [
        one.laddr.ip
        for member in family
        for one in member.net_connections(kind="inet")
        if one.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 2
    assert set(listening) == {"127.0.0.1"}
    assert _theirs() == before


def test_it_ends_with_its_starter_even_when_that_is_killed() -> None:
    lab = Lab(free_port(), free_port())
    lab.wait_until_ready()
    (child,) = psutil.Process(lab._process.pid).children()
    os.kill(lab._process.pid, signal.SIGKILL)
    lab._process.wait(60)
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, what="its end")


def test_it_remembers_across_restarts(tmp_path: Path) -> None:
    made = ""
    for _ in range(2):
        stand_in = StandIn(tmp_path, tmp_path / "log")
        try:
            stand_in.wait_until_ready()
            if made:
                found = httpx.get(f"{stand_in.url}/v1/customers/{made}", headers=SECRET, timeout=60)
                assert found.json()["name"] == "A"
            else:
                asked = httpx.post(
                    f"{stand_in.url}/v1/customers", data={"name": "A"}, headers=SECRET, timeout=60
                )
                made = asked.json()["id"]
        finally:
            stand_in.stop()


def test_lists_are_newest_first_filtered_and_in_pages() -> None:
    items = [{"id": f"pi_{n}", "created": 100 + n // 2} for n in range(9)]
    first = lists.page(items, {"limit": "3", "created[gte]": "101"}, "/v1/payment_intents")
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (["pi_8", "pi_7", "pi_6"], True)
    rest = lists.page(items, {"limit": "9", "created[gte]": "101", "starting_after": "pi_6"}, "")
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (
        ["pi_5", "pi_4", "pi_3", "pi_2"],
        False,
    )


def test_same_seed_brings_the_same_trouble() -> None:
    def storm(seed: int) -> list[tuple[Trouble, float]]:
        faults = Faults(seed, Chances(drop_after=0.3, busy=0.2, delay=0.5))
        return [faults.for_call("POST /v1/x", f"key-{n % 7}") for n in range(200)]

    assert storm(1) == storm(1) != storm(2)
    troubles = [trouble for trouble, _ in storm(1)]
    assert {Trouble.NONE, Trouble.DROP_AFTER, Trouble.BUSY} == set(troubles)
    assert 40 <= troubles.count(Trouble.DROP_AFTER) <= 80


def test_scripts_go_before_chance_and_end() -> None:
    faults = Faults(scripts=[Script("POST /v1/*/confirm", Trouble.ERROR, times=2)])
    came = [faults.for_call(call, call)[0] for call in ["POST /v1/a/confirm", "GET /v1/a/confirm"] * 3]
    assert came == ["error", "none", "error", "none", "none", "none"]


def test_webhook_that_is_not_taken_comes_again(gateway: Lab) -> None:
    """Nobody listens at the portal's address: every attempt is counted, none is thrown away at once."""
    make(gateway, f"again-{time.time_ns()}", "A")
    until(lambda: gateway.state()["delivered"].count(0) >= 2, what="a second attempt")

"""How guessing is slowed down, with Redis and without."""

from __future__ import annotations

import pytest
from limits import parse

from opsportal.domain.refusals import TooManyAttempts
from opsportal.settings import settings
from opsportal.web import limits
from opsportal.web.browser import Browser

pytestmark = pytest.mark.usefixtures("portal")
THREE = parse("3/minute")


def _tries(key: str, times: int) -> list[bool]:
    return [_is_let(key) for _ in range(times)]


def _is_let(key: str) -> bool:
    try:
        limits.count((THREE, key))
    except TooManyAttempts as refused:
        seconds = int(refused.params["seconds"])
    else:
        return True
    assert 1 <= seconds <= 60
    return False


def _without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "unix:///nonexistent/valkey.sock")
    settings.cache_clear()
    limits._shared.cache_clear()


def test_counted_for_each_key_apart() -> None:
    assert _tries("a", 5) == [True, True, True, False, False]
    assert _tries("b", 1) == [True]


def test_shared_by_processes() -> None:
    _tries("a", 3)
    limits._shared.cache_clear()  # as in another process: only Redis remembers
    assert _tries("a", 1) == [False]


def test_counted_in_this_process_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_redis(monkeypatch)
    assert _tries("a", 5) == [True, True, True, False, False]


def test_each_limit_counts() -> None:
    tight = parse("1/minute")
    limits.count((THREE, "wide"), (tight, "tight"))
    with pytest.raises(TooManyAttempts):
        limits.count((THREE, "wide"), (tight, "tight"))
    assert _tries("wide", 2) == [True, False]


@pytest.mark.parametrize(
    ("ip", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_who_has_a_network_of_addresses_is_one_caller(ip: str, caller: str) -> None:
    assert Browser(ip=ip, user_agent="", origin="", cookie="").caller == caller


def _boots(ip: str) -> bool:
    try:
        limits.count(*limits.of_machine(Browser(ip=ip, user_agent="", origin="", cookie="")))
    except TooManyAttempts:
        return False
    return True


def test_a_machine_with_many_addresses_is_limited_by_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MACHINES_OF_NETWORK", THREE)
    assert [_boots(f"2001:db8:7:8::{n}") for n in range(5)] == [True, True, True, False, False]
    assert _boots("2001:db8:7:9::1")
    assert [_boots(f"192.0.2.{n}") for n in range(5)] == [True] * 5

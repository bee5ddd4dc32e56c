"""Rate limits for doors that can be guessed at. Counted in Redis; in this process when Redis is away."""

from __future__ import annotations

import functools
import time

import structlog
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import ConnectionPool
from redis.exceptions import RedisError

from opsportal.domain.refusals import TooManyAttempts
from opsportal.settings import settings
from opsportal.web.browser import Browser

RATE_DATABASE = 2
log = structlog.get_logger("limits")

SIGN_IN_PAIR = parse("8/minute")
SIGN_IN_IP = parse("40/minute")
SIGN_IN_EMAIL = parse("60/hour")
SECOND_FACTOR = parse("6/minute")
SECOND_FACTOR_HOUR = parse("30/hour")
"""Three codes in a million are right at any moment: so it takes ten months of guessing for an even chance."""
SENSITIVE = parse("10/minute")
REVEAL = parse("30/minute")
FAULTS = parse("6/minute")
CARDS = parse("20/minute")
CONSOLES = parse("30/minute")
BOOTS = parse("20/minute")
MACHINES = parse("600/minute")
"""From one address: behind a relay a whole rack may boot at once."""
MACHINES_OF_NETWORK = parse("6000/minute")
"""From one /64, of which an IPv6 machine takes as many addresses as it likes. Many machines may share it."""
UPLOADS = parse("30/minute")
UPLOADS_DAY = parse("300/day")
"""Files that were sent stay for ever: by the minute alone a person could store 400 GB a day."""


@functools.cache
def _shared() -> MovingWindowRateLimiter:
    pool = ConnectionPool.from_url(
        settings().redis_database(RATE_DATABASE), socket_timeout=1, socket_connect_timeout=1
    )
    return MovingWindowRateLimiter(RedisStorage("redis://", connection_pool=pool))


@functools.cache
def _own() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())


def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, key: str) -> float:
    """0 when there was room, else the seconds until there is."""
    if limiter.hit(item, key):
        return 0.0
    return max(1.0, limiter.get_window_stats(item, key).reset_time - time.time())


def of_machine(browser: Browser) -> list[tuple[RateLimitItem, str]]:
    """What a booting machine's request counts against: its address, and the network that it has for itself."""
    counted = [(MACHINES, f"boot:{browser.ip}")]
    if browser.caller != browser.ip:
        counted.append((MACHINES_OF_NETWORK, f"boot:{browser.caller}"))
    return counted


def count(*counted: tuple[RateLimitItem, str]) -> None:
    """Count one attempt against each limit. Raises `TooManyAttempts` with the seconds to wait."""
    for item, key in counted:
        try:
            wait = _hit(_shared(), item, key)
        except RedisError:
            log.warning("redis_away")
            wait = _hit(_own(), item, key)
        if wait:
            raise TooManyAttempts(seconds=round(wait))

"""Carrying webhooks to the portal: signed as Stripe does it, again until taken; lost, doubled, late or forged on demand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from lab.payments.faults import Faults

ATTEMPTS = 10
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0


def sign(raw: bytes, secret: str, *, at: int | None = None) -> str:
    """A `Stripe-Signature` header for these bytes."""
    moment = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), b"%d." % moment + raw, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


@dataclass
class Deliveries:
    """Webhooks on their way. `target`: the portal's address for them."""

    target: str
    secret: str
    faults: Faults
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    @property
    def pending(self) -> int:
        return len(self._tasks)

    def drop(self) -> None:
        """Deliver nothing of what is on its way."""
        for task in self._tasks:
            task.cancel()
        self.outcomes.clear()

    async def close(self) -> None:
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def plan(self, raw: bytes, event_ref: str) -> None:
        """Deliver one event, as often and as late as the faults want it."""
        dice, chances, done = self.faults.dice(f"webhook {event_ref}"), self.faults.chances, self.faults.done
        if dice.random() < chances.lose:
            done["webhook_lost"] += 1
            return
        is_late = dice.random() < chances.late
        done["webhook_late"] += is_late
        self._begin(raw, delay=dice.random() * chances.late_s if is_late else 0.0)
        if dice.random() < chances.duplicate:
            done["webhook_duplicated"] += 1
            self._begin(raw, delay=dice.random() * chances.late_s)
            self._begin(raw, delay=0.0)
        if dice.random() < chances.forge:
            done["webhook_forged"] += 3
            self._forge(raw)

    def _forge(self, raw: bytes) -> None:
        """By somebody with another secret, with an old signature on other bytes, and with none at all."""
        stale = sign(raw, self.secret, at=int(time.time()) - 3_600)
        self._spawn(self._post(raw, sign(raw, "whsec_of_somebody_else")))
        self._spawn(self._post(raw.replace(b'"amount": ', b'"amount": 9'), sign(raw, self.secret)))
        self._spawn(self._post(raw, stale))

    async def now(self, raw: bytes) -> None:
        """Deliver once, and return when the portal has answered."""
        self.faults.done["webhook_early"] += 1
        await self._post(raw, sign(raw, self.secret))

    def _begin(self, raw: bytes, *, delay: float) -> None:
        self._spawn(self._until_taken(raw, delay))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_taken(self, raw: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        for attempt in range(ATTEMPTS):
            status = await self._post(raw, sign(raw, self.secret))
            if 200 <= status < 300:
                return
            await asyncio.sleep(min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S))

    async def _post(self, raw: bytes, signature: str) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
        try:
            async with self._session.post(self.target, data=raw, headers=headers) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.outcomes.append({"status": status, "at": time.time()})
        return status

"""The proxy before localstripe: what Stripe has and localstripe lacks, and everything that can go wrong.

It honours Idempotency-Key (same key, same answer; other content refused; still at work: 409), lists
newest first, takes the parameter names of today's API, and carries webhooks itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from lab.payments import lists
from lab.payments.deliveries import Deliveries
from lab.payments.faults import Chances, Faults, Script, Trouble

_HOP = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te"})
_IDS = re.compile(r"/(?:[a-z]+_)?[A-Za-z0-9]*\d[A-Za-z0-9]*(?=/|$)")
_CONFIRMED = re.compile(r"/v1/payment_intents/(\w+)/confirm")
MOST_BODY = 1_000_000
MOST_KEYS = 100_000


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    def response(self) -> web.Response:
        return web.Response(status=self.status, body=self.body, headers=self.headers)


def error(status: int, kind: str, message: str, **more: str) -> Answer:
    body = json.dumps({"error": {"type": kind, "message": message, **more}}).encode()
    return Answer(status, body, {"Content-Type": "application/json"})


@dataclass
class Proxy:
    """One gateway. `upstream`: localstripe's address; `port`: ours, for the check of names."""

    upstream: str
    port: int
    deliveries: Deliveries
    faults: Faults
    _keys: dict[str, tuple[str, asyncio.Future[Answer]]] = field(default_factory=dict)
    _resets: int = 0
    _session: aiohttp.ClientSession | None = None

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_post("/_lab/webhooks", self._told)
        app.router.add_post("/_lab/faults", self._set_faults)
        app.router.add_post("/_lab/reset", self._reset)
        app.router.add_get("/_lab/state", self._state)
        app.router.add_get("/_lab/objects", self._objects)
        app.router.add_route("*", "/{path:.*}", self._call)
        app.on_startup.append(self._open)
        app.on_cleanup.append(self._close)
        return app

    async def _open(self, _: web.Application) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        target = {"url": f"http://127.0.0.1:{self.port}/_lab/webhooks", "secret": self.deliveries.secret}
        async with self._session.post(f"{self.upstream}/_config/webhooks/lab", json=target) as answer:
            answer.raise_for_status()

    async def _close(self, _: web.Application) -> None:
        await self.deliveries.close()
        if self._session is not None:
            await self._session.close()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        """One call of the API, or a file for the browser."""
        if not self._is_us(request) or request.path.startswith("/_"):
            return web.Response(status=404)
        call = f"{request.method} {request.path}"
        if not request.path.startswith("/v1/") or "Authorization" not in request.headers:
            return (await self._forward(request, await request.read())).response()  # the browser's own calls
        key = request.headers.get("Idempotency-Key", "")
        trouble, delay = self.faults.for_call(call, key or _IDS.sub("/*", call))
        await asyncio.sleep(delay)
        if trouble is Trouble.DROP_BEFORE:
            return self._hang_up(request)
        if trouble in (Trouble.ERROR, Trouble.BUSY):
            status = 500 if trouble is Trouble.ERROR else 429
            return error(status, "api_error", "The lab wants it so.").response()
        answer = await self._once(request, key)
        await self._tell_early(request, answer, key)
        if trouble is Trouble.DROP_AFTER:
            return self._hang_up(request)
        if trouble is Trouble.ERROR_AFTER:
            return error(500, "api_error", "The lab wants it so.").response()
        return answer.response()

    def _is_us(self, request: web.Request) -> bool:
        """A page of another site whose name was made to point here gets nothing."""
        return request.host in (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def _hang_up(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _once(self, request: web.Request, key: str) -> Answer:
        """The answer to a call; for a known key the first one again."""
        body = await request.read()
        if request.method != "POST" or not key:
            return await self._forward(request, body)
        content = hashlib.sha256(f"{request.path}\n".encode() + body).hexdigest()
        if key in self._keys:
            known, answered = self._keys[key]
            self.faults.done["key_repeated"] += 1
            if known != content:
                return error(400, "idempotency_error", "This key was used with other parameters.")
            if not answered.done():
                return error(409, "idempotency_error", "Still at work.", code="idempotency_key_in_use")
            return answered.result()
        if len(self._keys) >= MOST_KEYS:
            self._keys.pop(next(iter(self._keys)))
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._keys[key] = (content, future)
        try:
            answer = await self._forward(request, body)
        except BaseException:
            del self._keys[key]
            raise
        if answer.status == 502:
            del self._keys[key]
        else:
            future.set_result(answer)
        return answer

    async def _forward(self, request: web.Request, body: bytes) -> Answer:
        if request.method == "GET" and request.path in lists.LISTED:
            return await self._list(request)
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        # The name that the API has since 2026-09-30, as localstripe knows it.
        body = body.replace(b"allowed_payment_method_types", b"payment_method_types")
        url = self.upstream + request.path_qs
        try:
            async with self._session.request(request.method, url, data=body, headers=headers) as answer:
                kept = {
                    k: v for k, v in answer.headers.items() if k.lower() not in (*_HOP, "content-encoding")
                }
                return Answer(answer.status, await answer.read(), kept)
        except aiohttp.ClientError:
            return error(502, "api_error", "localstripe does not answer.")

    async def _list(self, request: web.Request) -> Answer:
        items = await self._all(request.path, request.headers.get("Authorization", ""))
        body = json.dumps(lists.page(items, request.query, request.path)).encode()
        return Answer(200, body, {"Content-Type": "application/json"})

    async def _all(self, path: str, authorization: str) -> list[dict[str, Any]]:
        assert self._session is not None
        async with self._session.get(
            self.upstream + path, params=lists.EVERYTHING, headers={"Authorization": authorization}
        ) as answer:
            found: list[dict[str, Any]] = (await answer.json())["data"]
        if path == "/v1/refunds":
            found.reverse()  # the one list that localstripe gives newest first
        return found

    async def _tell_early(self, request: web.Request, answer: Answer, key: str) -> None:
        """Deliver the event of a confirmation before its reply, if the dice want it."""
        confirmed = _CONFIRMED.fullmatch(request.path)
        if confirmed is None or answer.status != 200:
            return
        if self.faults.dice(f"early {key}").random() >= self.faults.chances.early:
            return
        authorization = request.headers.get("Authorization", "")
        for event in reversed(await self._all("/v1/events", authorization)):
            if event["data"]["object"]["id"] == confirmed[1]:
                await self.deliveries.now(json.dumps(event, indent=2, sort_keys=True).encode())
                return

    async def _told(self, request: web.Request) -> web.Response:
        """localstripe has an event for us: from here on it is ours to carry."""
        resets = self._resets
        raw = await request.read()
        event_ref = json.loads(raw)["id"]
        assert self._session is not None
        headers = {"Authorization": "Bearer sk_test_lab"}
        async with self._session.get(f"{self.upstream}/v1/events/{event_ref}", headers=headers) as known:
            # Else it is from before a reset: localstripe holds each back for a second.
            if known.status == 200 and resets == self._resets:
                self.deliveries.plan(raw, event_ref)
        return web.Response()

    async def _set_faults(self, request: web.Request) -> web.Response:
        """`{"seed": 1, "down": false, "chances": {…}, "scripts": [{"match": …, "trouble": …, "times": 1}]}`"""
        if not self._is_us(request) or request.content_type != "application/json":
            return web.Response(status=404)
        try:
            given = await request.json()
            chances = Chances.read(given["chances"]) if "chances" in given else self.faults.chances
            scripts = [
                Script(one["match"], Trouble(one["trouble"]), int(one.get("times", 1)))
                for one in given.get("scripts", [])
            ]
        except (ValueError, KeyError, TypeError) as wrong:
            return web.Response(status=400, text=str(wrong))
        self.faults.chances, self.faults.scripts = chances, scripts
        self.faults.seed = int(given.get("seed", self.faults.seed))
        self.faults.is_down = bool(given.get("down", False))
        return web.Response()

    async def _reset(self, request: web.Request) -> web.Response:
        """Forget everything: payments, keys, faults, and webhooks on their way."""
        if not self._is_us(request) or request.content_type != "application/json":
            return web.Response(status=404)
        assert self._session is not None
        async with self._session.delete(f"{self.upstream}/_config/data") as answer:
            answer.raise_for_status()
        # Only now: what localstripe still knew while it was told is of before, too.
        self._resets += 1
        self.deliveries.drop()
        self._keys.clear()
        self.faults.forget()
        return web.Response()

    async def _state(self, request: web.Request) -> web.Response:
        """What has gone wrong so far, and how much is on its way."""
        if not self._is_us(request):
            return web.Response(status=404)
        return web.json_response(
            {
                "done": dict(self.faults.done),
                "pending": self.deliveries.pending,
                "delivered": [one["status"] for one in self.deliveries.outcomes],
                "chances": dataclasses.asdict(self.faults.chances),
                "down": self.faults.is_down,
            }
        )

    async def _objects(self, request: web.Request) -> web.Response:
        """All payments and refunds as localstripe itself has them, past every fault."""
        if not self._is_us(request):
            return web.Response(status=404)
        found = {
            name: await self._all(f"/v1/{name}", "Bearer sk_test_lab")
            for name in ("payment_intents", "refunds")
        }
        return web.json_response(found)

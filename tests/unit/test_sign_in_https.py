"""Behind HTTPS the cookie and the headers say so."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from opsportal.settings import settings
from opsportal.web import auth
from opsportal.web.gate import Gate
from opsportal.web.sockets import Sockets
from tests.builders import PASSWORD, make_person

ORIGIN = "https://portal.example"


@pytest.fixture
async def http(portal: str, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    monkeypatch.setenv("PUBLIC_URL", ORIGIN)
    monkeypatch.setenv("TRUSTED_PROXY_HOPS", "1")
    settings.cache_clear()
    gate = Gate(Starlette(routes=auth.ROUTES), Sockets())
    transport = httpx.ASGITransport(app=gate, client=("10.0.0.1", 1))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN})


async def test_cookie_insists_on_this_host_and_https(http: httpx.AsyncClient) -> None:
    answer = await http.post("/auth/sign-in", json={"email": make_person().email, "password": PASSWORD})
    name, *flags = [part.strip() for part in answer.headers["set-cookie"].split(";")]
    assert name.startswith("__Host-portal=")
    wanted = {"httponly", "secure", "samesite=lax", "path=/", "max-age=43200"}
    assert {flag.lower() for flag in flags} == wanted
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert (await http.get("/auth/state")).json() == {"stage": "signed_in"}


async def test_cookie_of_plain_http_does_not_count(http: httpx.AsyncClient) -> None:
    answer = await http.post("/auth/sign-in", json={"email": make_person().email, "password": PASSWORD})
    value = answer.cookies["__Host-portal"]
    http.cookies.clear()
    answer = await http.get("/auth/state", headers={"cookie": f"portal={value}"})
    assert answer.json() == {"stage": "none"}


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        (["2001:db8::1"], "2001:db8::1"),
        (["nonsense"], "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
async def test_address_is_what_the_nearest_proxy_vouches_for(
    http: httpx.AsyncClient, forwarded: list[str], seen: str
) -> None:
    from opsportal.web.browser import client_ip

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    assert client_ip({"client": ("10.0.0.1", 1), "headers": headers}) == seen

"""Consoles tried by others: every attempt is refused, and nothing has changed but what the attempt itself used up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
from collections.abc import AsyncIterator

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.accounts import administration
from opsportal.integrations.console_channel import MAGIC
from opsportal.models import Company, Person, Role, Server
from tests.builders import make_company, make_server, make_service, make_session, suspend
from tests.consoles.stage import (
    PATIENCE_S,
    Refused,
    Stage,
    ask_ticket,
    attached,
    grants_of,
    opened,
    reasons_of,
)
from tests.consoles.test_serial import browser_of
from tests.doors import world
from tests.doors.server import Browser
from tests.stock import hand_over

pytestmark = pytest.mark.xdist_group("consoles")


def rented(stage: Stage, company: Company | None = None) -> tuple[Company, Server, Browser]:
    """A company, its server without a machine behind, and the browser of one of its people."""
    company = company or make_company()
    server = make_server(make_service(company))
    return company, server, browser_of(stage, Role.CLIENT, company=company)


def number(server: Server) -> int:
    assert server.id is not None
    return server.id


async def unusable(browser: Browser, ticket: str, *, cookie: str | None = None) -> None:
    async with attached(browser, ticket, cookie=cookie) as console:
        await console.ends("ticket_unusable")
        assert console.seen == b""
        assert console.state == {}


async def test_ticket_works_once(stage: Stage) -> None:
    _, server, browser = rented(stage)
    ticket = ask_ticket(browser, number(server))
    async with attached(browser, ticket) as console:
        await console.is_writer()
        before = grants_of(number(server))
        await unusable(browser, ticket)
        assert grants_of(number(server)) == before
        assert not console.closed
    assert await reasons_of(number(server)) == ["left"]
    await unusable(browser, ticket)


async def test_expired_ticket_is_refused(stage: Stage) -> None:
    _, server, browser = rented(stage)
    ticket = ask_ticket(browser, number(server))
    with unit_of_work() as unit:
        unit.execute(
            text("UPDATE console_grant SET expires_at = now() - interval '1 second' WHERE server_id = :id"),
            {"id": server.id},
        )
    await unusable(browser, ticket)
    assert await reasons_of(number(server)) == ["expired"]


async def test_ticket_of_another_session_is_refused_even_the_same_persons(stage: Stage) -> None:
    company, server, browser = rented(stage)
    ticket = ask_ticket(browser, number(server))
    colleague = browser_of(stage, Role.CLIENT, company=company)
    stranger = browser_of(stage, Role.CLIENT, company=make_company())
    with unit_of_work() as unit:
        person = unit.get_one(Person, grants_of(number(server))[0].person_id)
    same_person = Browser(stage.portal)
    same_person.cookie = make_session(person)[1]
    before = grants_of(number(server))
    for thief in (colleague, stranger, same_person, browser_of(stage, Role.OPERATOR)):
        await unusable(thief, ticket)
    assert grants_of(number(server)) == before


@pytest.mark.parametrize("ticket", ["", "x", "é" * 40, "0" * 100, "0" * 101])
async def test_made_up_ticket_is_refused(stage: Stage, ticket: str) -> None:
    _, server, browser = rented(stage)
    await unusable(browser, ticket)
    assert grants_of(number(server)) == []


def test_foreign_or_missing_server_gives_no_ticket(stage: Stage) -> None:
    _, _, browser = rented(stage)
    _, foreign, _ = rented(stage)
    for server_id in (number(foreign), world.MISSING):
        answer = browser.post(f"/servers/{server_id}/console", {"kind": "serial"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert grants_of(server_id) == []


@pytest.mark.parametrize(
    "body", [{}, {"kind": "root"}, {"kind": "serial", "server_id": 1}, {"kind": ["serial"]}, []]
)
def test_malformed_wish_gives_no_ticket(stage: Stage, body: object) -> None:
    _, server, browser = rented(stage)
    assert browser.post(f"/servers/{server.id}/console", body).status_code == 400
    assert grants_of(number(server)) == []


def test_another_site_gets_no_ticket(stage: Stage) -> None:
    _, server, browser = rented(stage)
    evil = Browser(stage.portal, origin="https://evil.example")
    evil.cookie = browser.cookie
    assert evil.post(f"/servers/{server.id}/console", {"kind": "serial"}).status_code == 403
    assert grants_of(number(server)) == []


async def test_socket_opens_only_from_our_pages_and_only_signed_in(stage: Stage) -> None:
    _, server, browser = rented(stage)
    ticket = ask_ticket(browser, number(server))
    for options in (
        {"origin": "https://evil.example"},
        {"origin": ""},
        {"cookie": ""},
        {"cookie": "not-a-session"},
    ):
        with pytest.raises(Refused):
            async with attached(browser, ticket, **options):
                pass
    assert [grant.status for grant in grants_of(number(server))] == ["granted"]


async def test_suspended_service_opens_no_console_and_closes_open_ones(stage: Stage) -> None:
    _, server, browser = rented(stage)
    waiting = ask_ticket(browser, number(server))
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
        suspend(server.service_id or 0)
        await console.ends("service_suspended")
    assert await reasons_of(number(server)) == ["service_suspended", "service_suspended"]
    await unusable(browser, waiting)
    answer = browser.post(f"/servers/{server.id}/console", {"kind": "serial"})
    assert answer.json()["code"] == "console_not_active"
    assert len(grants_of(number(server))) == 2


async def test_server_that_is_handed_over_shows_its_former_tenant_nothing(stage: Stage) -> None:
    _, server, browser = rented(stage)
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
        with unit_of_work() as unit:
            hand_over(unit, number(server), make_service(make_company()).id or 0)
        await console.ends("server_transferred")
    assert await reasons_of(number(server)) == ["server_transferred"]
    assert browser.post(f"/servers/{server.id}/console", {"kind": "serial"}).status_code == 404


async def test_signing_out_closes_the_console(stage: Stage) -> None:
    _, server, browser = rented(stage)
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
        await asyncio.to_thread(browser.post, "/auth/sign-out")
        await console.until(lambda: console.closed)
    assert await reasons_of(number(server)) == ["signed_out"]


async def test_deactivated_person_sees_nothing_more(stage: Stage) -> None:
    _, server, browser = rented(stage)
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
        with unit_of_work() as unit:
            person = unit.get_one(Person, grants_of(number(server))[0].person_id)
            administration.deactivate(unit, person.email, by="a test")
        await console.until(lambda: console.closed)
    assert await reasons_of(number(server)) == ["signed_out"]


async def test_one_person_opens_so_many_and_no_more(stage: Stage) -> None:
    company = make_company()
    browser = browser_of(stage, Role.CLIENT, company=company)
    servers = [make_server(make_service(company)) for _ in range(5)]
    for server in servers[:4]:
        ask_ticket(browser, number(server))
    answer = browser.post(f"/servers/{servers[4].id}/console", {"kind": "serial"})
    assert (answer.json()["code"], answer.json()["params"]) == ("too_many_consoles", {"limit": 4})
    assert grants_of(number(servers[4])) == []


async def test_one_server_is_watched_by_so_many_and_no_more(stage: Stage) -> None:
    company, server, _ = rented(stage)
    browsers = [browser_of(stage, Role.CLIENT, company=company) for _ in range(6)]
    late = browser_of(stage, Role.TECHNICIAN)
    for browser in browsers:  # one after the other at once: a ticket lives half a minute
        ask_ticket(browser, number(server))
    answer = late.post(f"/servers/{server.id}/console", {"kind": "serial"})
    assert (answer.json()["code"], answer.json()["params"]) == ("console_full", {"limit": 6})
    assert len(grants_of(number(server))) == 6


def test_flood_of_wishes_is_answered_no_more(stage: Stage) -> None:
    """What is refused counts as well; another person's wishes do not."""
    company, server, browser = rented(stage)
    path = f"/servers/{server.id}/console"
    codes = [browser.post(path, {"kind": "serial"}).status_code for _ in range(31)]
    assert (codes[:4], codes[-1]) == ([200] * 4, 429)
    assert 429 not in codes[:30]
    assert len(grants_of(number(server))) == 4
    assert ask_ticket(browser_of(stage, Role.CLIENT, company=company), number(server))


async def test_flood_of_frames_ends_the_socket(stage: Stage) -> None:
    _, server, browser = rented(stage)
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
        with contextlib.suppress(ConnectionError):
            for _ in range(20_000):  # until they come faster than is allowed, however slow this machine is
                await console.type(b"x")
                await asyncio.sleep(0)
                if console.closed:
                    break
        await console.until(lambda: console.closed)
    assert await reasons_of(number(server)) == ["left"]


@pytest.mark.parametrize("frame", [b"x" * 16_385, "y" * 1_025])
async def test_frame_that_is_too_big_ends_the_socket(stage: Stage, frame: bytes | str) -> None:
    _, server, browser = rented(stage)
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
        if isinstance(frame, bytes):
            await console.connection.send_bytes(frame)
        else:
            await console.connection.send_str(frame)
        await console.until(lambda: console.closed)


async def test_odd_texts_mean_nothing(stage: Stage) -> None:
    _, server, browser = rented(stage)
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
        for frame in ("", "[]", "null", '{"type": ["take"]}', '{"type": "give", "ok": 1}', "{" * 500):
            await console.connection.send_str(frame)
        await console.say(type="take")
        await console.is_writer()
        assert not console.closed


@contextlib.asynccontextmanager
async def raw(stage: Stage) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_unix_connection(stage.gateway.address)
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_whoever_does_not_know_the_key_cannot_speak_to_the_gateway(stage: Stage) -> None:
    """A grant that waits for its viewer, and somebody on the gateway's own host who knows its number."""
    _, server, browser = rented(stage)
    async with opened(browser, number(server)) as console:
        await console.until(lambda: console.state)
    assert await reasons_of(number(server)) == ["left"]
    grant = grants_of(number(server))[0]
    with unit_of_work() as unit:
        unit.execute(
            text(
                "UPDATE console_grant SET status = 'attached', ended_at = NULL, end_reason = NULL,"
                " attached_at = now() + interval '1 hour' WHERE id = :id"
            ),
            {"id": grant.id},
        )
    plain = b"c" + json.dumps({"grant": grant.id}).encode()
    sealed = AESGCM(os.urandom(32)).encrypt(bytes(12), plain, None)
    for forged in (plain, sealed, b"", b"\0" * 60_000):
        async with raw(stage) as (reader, writer):
            assert (await reader.readexactly(len(MAGIC) + 32)).startswith(MAGIC)
            writer.write(os.urandom(32) + struct.pack(">I", len(forged)) + forged)
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
    assert stage.gateway.process is not None
    assert stage.gateway.process.poll() is None
    assert [one.status for one in grants_of(number(server))] == ["attached"]
    assert stage.gateway.address.stat().st_mode & 0o077 == 0


async def test_recorded_conversation_cannot_be_played_again(stage: Stage) -> None:
    """What a web process once said opens nothing: the gateway's own random bytes differ each time."""
    recorded = bytearray()

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Between web process and gateway; what goes towards the gateway is kept."""
        inner, outer = await asyncio.open_unix_connection(stage.gateway.address)

        async def carry(source: asyncio.StreamReader, to: asyncio.StreamWriter, keeps: bool) -> None:
            while data := await source.read(65536):
                if keeps:
                    recorded.extend(data)
                to.write(data)
            to.close()

        await asyncio.gather(carry(reader, outer, True), carry(inner, writer, False), return_exceptions=True)

    from opsportal.integrations import console_channel
    from opsportal.settings import settings

    tap = stage.gateway.address.with_name("tap.sock")
    server = await asyncio.start_unix_server(record, tap)
    real = settings().console_gateway
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSOLE_GATEWAY", f"unix:{tap}")
        settings.cache_clear()
        channel = await console_channel.connect()
        patch.setenv("CONSOLE_GATEWAY", real)
        settings.cache_clear()
    await channel.send(b"c", b'{"grant": 0}')
    kind, content = await channel.receive()
    assert (kind, json.loads(content)["type"]) == (b"c", "ended")  # it was understood: no such grant
    channel.abort()
    server.close()
    async with raw(stage) as (reader, writer):
        await reader.readexactly(len(MAGIC) + 32)
        writer.write(bytes(recorded))
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""


def test_no_page_knows_where_a_bmc_is(stage: Stage) -> None:
    company = make_company()
    server, name = stage.take_machine(company)
    stage.screen_of(server, name)
    browser = browser_of(stage, Role.CLIENT, company=company)
    answer = browser.post(f"/servers/{server.id}/console", {"kind": "screen"})
    assert set(answer.json()) == {"ticket"}
    assert answer.headers["cache-control"] == "no-store"
    assert httpx.get(f"{stage.portal.origin}/consoles/socket", timeout=PATIENCE_S).status_code in (303, 404)

"""A client asks, staff answer in another browser, and both see it happen; nothing that is typed does harm."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import PEOPLE
from tests.e2e.pages import CLIENT, OPERATOR, TECHNICIAN, at, settled
from tests.e2e.portal import Portal, wait_until
from tests.e2e.test_accessibility import grave, tab_to
from tests.e2e.visitors import Visitors
from tests.e2e.watching import LIVE_WITHIN_MS, Watched

pytestmark = PEOPLE

SERVER = "kyiv-db-01"
COLLEAGUE = "olena@acme.example"
LOG = ("Nov 22 03:14:07 nvme0: I/O timeout – журнал\n" * 400).encode()
HOSTILE = """<script>document.title = 'run'</script><img src=x onerror="document.title='run'">
[one](javascript:document.title='run') [two](data:text/html,<script>1</script>) [three](//evil.example/x)
[four](&#106;avascript:alert(1)) <a href="javascript:alert(1)">five</a> <svg onload="document.title='run'">
![pixel](http://127.0.0.1:9/pixel.png) ![data](data:image/svg+xml;base64,PHN2Zz4=)
<style>body { display: none }</style> <iframe src="/"></iframe> <form action="/auth/sign-out"><button>six</button></form>

# A heading <b>bold</b>

https://good.example/a?b=c and **strong**, [mail](mailto:me@good.example)"""

SEND_AND_LEAVE = """() => {
  document.querySelector('.composer').requestSubmit();
  document.querySelector('a[href="/tickets"]').click();
}"""


def fill(page: Page, subject: str, message: str) -> None:
    page.get_by_label("Subject", exact=True).fill(subject)
    page.get_by_label("Message", exact=True).fill(message)


def add_ticket(page: Page, subject: str, message: str) -> int:
    """A ticket by the form; its number."""
    page.goto("/tickets/new")
    settled(page)
    fill(page, subject, message)
    page.get_by_role("button", name="Add ticket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(subject)
    expect(page).to_have_url(re.compile(r"/tickets/\d+$"))
    return int(page.url.rsplit("/", 1)[-1])


def moment_of(portal: Portal, query: str, *values: Any) -> float:
    """A time in the database, in ms since the epoch."""
    [(seconds,)] = portal.rows(f"SELECT extract(epoch FROM ({query}))", *values)
    return float(seconds) * 1000


def mails_to(portal: Portal, address: str, subject: str) -> list[dict[str, Any]]:
    """What the lab's mail server was given for this address."""
    place = next(line.split()[1] for line in portal.lines if line.startswith("mail http"))
    with urllib.request.urlopen(f"{place}/mails.json", timeout=60) as answer:
        received = json.load(answer)
    return [
        mail
        for mail in received
        if address in json.dumps(mail) and subject in json.dumps(mail, ensure_ascii=False)
    ]


def open_from_order(page: Page, portal: Portal, service: int) -> int:
    """A ticket with a file, from the page of its order, after what is missing and a wrong file were refused."""
    count = "SELECT count(*) FROM ticket WHERE service_id = %s"
    before = portal.rows(count, service)
    settled(page).get_by_role("link", name="Create ticket").click()
    expect(page).to_have_url(at(f"/tickets/new?service={service}"))
    settled(page)
    expect(page.get_by_label("Order number")).to_have_value(str(service))
    about = page.locator("section.card", has=page.get_by_role("heading", name="About this order", exact=True))
    expect(about).to_contain_text(SERVER)
    expect(about).to_contain_text(re.compile(r"\d+\.\d+\.\d+\.\d+"))

    page.get_by_role("button", name="Add ticket").click()
    expect(page.get_by_role("alert").filter(has_text="The subject is empty")).to_be_visible()
    expect(page.get_by_label("Subject", exact=True)).to_be_focused()
    assert portal.rows(count, service) == before

    fill(page, "Slow disk", "It is **slow** since `03:14`.")
    page.get_by_role("radio", name=re.compile("^High")).check()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "program.exe", "mimeType": "text/plain", "buffer": b"MZ\x90\x00\x03"})
    refused = page.locator(".file.wrong")
    expect(refused).to_contain_text("This is not a picture, PDF, plain text or ZIP.")
    refused.get_by_role("button", name="Remove program.exe").click()
    chooser.set_input_files({"name": "журнал smart.log", "mimeType": "text/plain", "buffer": LOG})
    expect(page.locator(".file")).to_contain_text("журнал smart.log")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview strong")).to_have_text("slow")
    page.get_by_role("button", name="Add ticket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Slow disk")
    expect(page).to_have_url(re.compile(r"/tickets/\d+$"))
    number = int(page.url.rsplit("/", 1)[-1])
    assert portal.rows("SELECT service_id, importance FROM ticket WHERE id = %s", number) == [
        (service, "high")
    ]
    return number


def find_on_the_desk(desk: Page, queue: Watched, portal: Portal, number: int) -> None:
    """It came to the desk by itself, in time; there it says whose it is, and its file is as it was sent."""
    row = desk.get_by_role("row", name="Slow disk")
    expect(row).to_contain_text("Acme Studio")
    opened = moment_of(portal, "SELECT created_at FROM ticket WHERE id = %s", number)
    seen = queue.wait_for(r"Slow disk\n#", after=opened)
    assert seen - opened < LIVE_WITHIN_MS
    row.get_by_role("link", name="Slow disk").click()
    settled(desk)
    beside = desk.locator(".aside")
    expect(beside).to_contain_text("Acme Studio")
    expect(beside).to_contain_text(SERVER)
    with desk.expect_download() as saved:
        desk.get_by_role("link", name="журнал smart.log").click()
    assert saved.value.suggested_filename == "журнал smart.log"
    assert saved.value.path().read_bytes() == LOG


def note_and_answer(desk: Page, page: Page, client: Watched, portal: Portal, number: int) -> None:
    """A note that only staff read, and a reply that the client sees at once."""
    desk.get_by_role("radio", name="Internal note").check()
    desk.get_by_label("Note that only staff can read").fill("The spare is in rack B03.")
    desk.get_by_role("button", name="Save the note").click()
    note = desk.locator("article.internal")
    expect(note).to_contain_text("Internal note")
    expect(note).to_contain_text("The spare is in rack B03.")
    desk.get_by_role("radio", name="Reply to the client").check()
    desk.get_by_label("Your reply").fill("We **swap** it today.")
    desk.get_by_role("button", name="Send reply").click()
    expect(page.locator("article.staff")).to_contain_text("We swap it today.")
    expect(page.locator(".head .tag").first).to_have_text("Your turn")
    said = moment_of(portal, "SELECT max(created_at) FROM ticket_message WHERE ticket_id = %s", number)
    Watched(desk).wait_for("We swap it today")
    seen = client.wait_for("We swap it today", after=said)
    assert seen - said < LIVE_WITHIN_MS
    assert client.first_seen("rack B03") is None
    assert "rack B03" not in page.content()


def test_ticket_from_an_order_answered_live_and_mailed(visitors: Visitors, portal: Portal) -> None:
    machine = portal.server_id(SERVER)
    [(service,)] = portal.rows("SELECT service_id FROM server WHERE id = %s", machine)
    desk = visitors.signed_in(TECHNICIAN, "/desk")
    queue = Watched(settled(desk))

    page = visitors.signed_in(CLIENT, f"/servers/{machine}")
    number = open_from_order(page, portal, service)
    find_on_the_desk(desk, queue, portal, number)
    client = Watched(settled(page))
    note_and_answer(desk, page, client, portal, number)

    wait_until(lambda: len(mails_to(portal, CLIENT, f"[#{number}]")) == 2, what="both mails have come")
    assert "rack B03" not in json.dumps(mails_to(portal, CLIENT, f"[#{number}]"))
    archive = visitors.signed_in(OPERATOR, f"/mails?q=%5B%23{number}%5D")
    mine = settled(archive).get_by_role("row").filter(has_text=CLIENT)
    expect(mine).to_have_count(2)
    expect(mine.first).to_contain_text("Sent")

    page.get_by_role("button", name="Close ticket").click()
    page.get_by_role("dialog").get_by_role("button", name="Close ticket").click()
    expect(desk.locator(".head .tag").first).to_have_text("Resolved")
    expect(desk.locator(".step-line")).to_contain_text("Marked as resolved · by the client")
    page.get_by_label("Your reply").fill("It is back.")
    page.get_by_role("button", name="Reply and reopen").click()
    expect(desk.locator(".head .tag").first).to_have_text("Reopened")
    assert client.first_seen("rack B03") is None
    assert not client.was_reloaded()

    for one in (page, desk, archive):
        found = {}
        for theme in ("light", "dark"):
            one.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            expect(one.locator("html")).to_have_class(re.compile(rf"\b{theme}\b"))
            found[theme] = grave(one)
        assert found == {"light": [], "dark": []}, one.url


def test_hostile_markdown_is_only_text(visitors: Visitors) -> None:
    page = visitors.signed_in(CLIENT)
    title = "Ticket · Northrack"
    number = add_ticket(page, "<script>document.title = 'run'</script>", HOSTILE)
    desk = visitors.signed_in(OPERATOR, f"/desk/{number}")
    for one in (page, desk):
        text = settled(one).locator(".md").first
        expect(text.locator("h4")).to_have_text("A heading <b>bold</b>")
        expect(text).to_contain_text("<script>document.title = 'run'</script>")
        links = text.get_by_role("link")
        assert [link.get_attribute("href") for link in links.all()] == [
            "http://127.0.0.1:9/pixel.png",
            "https://good.example/a?b=c",
            "mailto:me@good.example",
        ]
        for link in links.all():
            assert link.get_attribute("rel") == "noopener noreferrer"
        assert (
            text.locator("script, img, svg, style, iframe, form, button, [onerror], [onload], [id]").count()
            == 0
        )
        expect(one).to_have_title(title)


TANGLED = {
    "marks": ("*_" * 30 + "\n") * 100,
    "quotes": ">" * 19_000,
    "table": "|a" * 90 + "\n" + "|-" * 90 + "\n" + "a\n" * 150,
}


@pytest.mark.parametrize("kind", TANGLED)
def test_a_text_made_to_hang_the_reader_is_shown_at_once(visitors: Visitors, kind: str) -> None:
    page = visitors.signed_in(CLIENT, "/tickets/new")
    settled(page)
    page.get_by_label("Message", exact=True).fill(TANGLED[kind])
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview .md-tangled")).to_be_visible()  # never, if it is parsed


def test_unread_is_marked_for_each_person(visitors: Visitors) -> None:
    page = visitors.signed_in(CLIENT)
    number = add_ticket(page, "Who reads it", "hello")
    colleague = visitors.signed_in(COLLEAGUE, "/tickets")
    expect(settled(colleague).get_by_role("row", name="Who reads it")).to_contain_text("Unread")
    page.goto("/tickets")
    row = settled(page).get_by_role("row", name="Who reads it")
    expect(row).not_to_contain_text("Unread")

    desk = visitors.signed_in(TECHNICIAN, f"/desk/{number}")
    settled(desk).get_by_label("Your reply").fill("we do")
    desk.keyboard.press("Control+Enter")
    expect(row).to_contain_text("Unread")
    menu = page.get_by_role("navigation").or_(page.locator(".side"))
    expect(menu.get_by_role("link", name=re.compile(r"^Tickets")).first).to_contain_text(re.compile(r"\d"))
    row.get_by_role("link", name="Who reads it").click()
    expect(page.locator(".new-line")).to_have_text("New messages")
    expect(page.locator("article.staff")).to_contain_text("we do")
    page.get_by_role("link", name="Tickets").first.click()
    expect(settled(page).get_by_role("row", name="Who reads it")).not_to_contain_text("Unread")
    expect(colleague.get_by_role("row", name="Who reads it")).to_contain_text("Unread")
    colleague.goto("/tickets?tab=unread")
    expect(settled(colleague).get_by_role("row", name="Who reads it")).to_be_visible()


def test_what_is_typed_survives_answers_reloads_and_refusals(visitors: Visitors) -> None:
    page = visitors.signed_in(CLIENT)
    number = add_ticket(page, "A long story", "hello")
    reply = page.get_by_label("Your reply")
    reply.fill("half a sen")
    page.locator("input[type=file]").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
    )
    expect(page.locator(".composer .file")).to_contain_text("a.txt")
    expect(page.locator(".composer .file progress")).to_have_count(0)  # it has arrived
    desk = visitors.signed_in(OPERATOR, f"/desk/{number}")
    settled(desk).get_by_label("Your reply").fill("meanwhile")
    desk.get_by_role("button", name="Send reply").click()
    expect(page.locator("article.staff")).to_contain_text("meanwhile")
    expect(reply).to_have_value("half a sen")
    page.reload()
    expect(settled(page).get_by_label("Your reply")).to_have_value("half a sen")
    expect(page.locator(".composer .file")).to_contain_text("a.txt")
    reply.fill("x" * 20_001)
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_role("alert").filter(has_text="longer than 20,000 characters")).to_be_visible()
    expect(reply).to_have_value("x" * 20_001)
    reply.fill("half a sentence")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("article.client").last).to_contain_text("half a sentence")
    expect(page.locator("article.client").last).to_contain_text("a.txt")
    expect(reply).to_have_value("")
    reply.fill("one more thing")
    reply.press("Control+Enter")
    reply.press_sequentially(" and another")  # before the answer or after it
    expect(page.locator("article.client").last).to_contain_text("one more thing")
    expect(page.get_by_role("button", name="Send reply")).to_be_enabled()
    expect(reply).to_have_value(re.compile(r"^ ?and another$"))
    reply.fill("on the way out")
    page.evaluate(SEND_AND_LEAVE)  # the answer finds the form gone
    expect(page).to_have_url(at("/tickets"))
    settled(page).get_by_role("link", name="A long story").click()
    expect(page.locator("article.client").last).to_contain_text("on the way out")
    expect(reply).to_have_value("")
    page.goto("/tickets/new")  # what was sent from there is gone from there
    expect(settled(page).get_by_label("Subject", exact=True)).to_have_value("")
    expect(page.get_by_label("Message", exact=True)).to_have_value("")


def test_a_ticket_without_a_mouse(visitors: Visitors) -> None:
    page = visitors.signed_in(CLIENT, "/tickets")
    settled(page)
    tab_to(page, "Add ticket")
    page.keyboard.press("Enter")
    expect(settled(page).get_by_role("heading", level=1)).to_have_text("Add ticket")
    expect(page.get_by_role("main")).to_be_focused()  # a page that was come to by a link begins there
    settled(page)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.get_by_label("Subject", exact=True).evaluate("node => node === document.activeElement"):
            break
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name=re.compile("^High"))).to_be_checked()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("no mouse here")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("By keyboard")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search pages, servers and services")).to_be_focused()
    page.keyboard.type("by keyb")
    expect(page.get_by_role("option", name=re.compile("By keyboard"))).to_be_visible()

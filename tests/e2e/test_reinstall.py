"""A client puts a new system on a server: ordered in a browser, followed to the end, over the real boot service."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, Response, expect

from lab.bmcs.client import ask, read_fleet
from tests.e2e import MACHINES
from tests.e2e.pages import CLIENT, OPERATOR, settled
from tests.e2e.portal import Portal, wait_until
from tests.e2e.visitors import Visitors
from tests.e2e.watching import Watched

pytestmark = MACHINES

SERVER = "vie-db-02"
STOPPED = "prg-app-02"
SYSTEM = "Debian 12, ready image"
INSTALL_MS = 240_000
"""A virtual machine boots, installs and boots again; on a machine that does much else meanwhile."""
MILESTONES = (
    "Check everything before anything is lost",
    "Power cycle to network boot",
    "Boot script fetched",
    "Kernel fetched",
    "Installer started",
    "Disks prepared",
    "System written",
    "First start of the new system",
    "The new system answers",
)


def order(
    page: Page,
    *,
    server: str = SERVER,
    system: str = SYSTEM,
    hostname: str = "new-db.acme.example",
    script: str = "",
) -> str:
    """Fill in the form, confirm by typing the name, and return the password that is shown."""
    main = page.get_by_role("main")
    main.get_by_label(system).check()
    main.get_by_label("Host name").fill(hostname)
    if script:
        main.locator("summary", has_text="Post-install script").click()
        main.get_by_label("Post-install script").fill(script)
    main.get_by_role("button", name="Reinstall…").click()
    dialog = page.get_by_role("dialog", name=f"Reinstall {server}?")
    expect(dialog).to_contain_text("Everything on these disks is erased and cannot be brought back.")
    confirm = dialog.get_by_role("button", name="Erase and reinstall")
    expect(confirm).to_be_disabled()
    dialog.get_by_label(f"Type {server} to confirm").fill(server)
    with page.expect_response(re.compile(r"/servers/\d+/reinstall$")) as answered:
        confirm.click()
    return password_in(answered.value)


def password_in(answer: Response) -> str:
    assert answer.status == 200, answer.text()
    return str(answer.json()["password"])


def test_reinstall_from_the_click_to_the_login_prompt(visitors: Visitors, portal: Portal) -> None:
    machine = portal.server_id(SERVER)
    page = visitors.signed_in(CLIENT, f"/servers/{machine}?tab=reinstall")
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(str(data))))
    page.reload()
    expect(settled(page).get_by_text("Nothing was installed yet")).to_be_visible()
    staff = visitors.signed_in(OPERATOR, f"/servers/{machine}?tab=reinstall")
    watched = Watched(settled(staff))

    password = order(page)
    shown = page.locator(".password-once")
    expect(shown).to_contain_text(password)
    expect(shown).to_contain_text("This is the only time it is shown")

    for tab in (page, staff):
        steps = tab.locator(".installing li")
        expect(tab.locator(".installation h2")).to_have_text(SYSTEM)
        expect(steps).to_have_count(len(MILESTONES))
        for number, words in enumerate(MILESTONES):
            expect(steps.nth(number)).to_contain_text(words)
        expect(steps.and_(tab.locator(".done"))).to_have_count(len(MILESTONES), timeout=INSTALL_MS)
        expect(tab.locator(".installation .outcome")).to_have_text("Read back from the server and confirmed.")
        expect(tab.get_by_role("log")).to_contain_text("iPXE")
        expect(tab.get_by_role("table", name="Installations").locator("tbody tr")).to_have_count(1)
    expect(staff.locator(".password-once")).to_have_count(0)
    # Staff saw it happen, without a reload: milestones were passed while the page was open.
    assert watched.first_seen(r"Machine at work|Running") is not None
    assert not watched.was_reloaded()

    expect(page.locator(".password-once")).to_contain_text(password)
    page.get_by_role("button", name="I have saved it").click()
    expect(page.locator(".password-once")).to_have_count(0)
    assert password not in json.dumps(frames)
    expect(page.get_by_label("Host name")).to_have_value(SERVER)
    page.locator(".installation").get_by_role("button", name="Install again").click()
    expect(page.get_by_label("Host name")).to_have_value("new-db.acme.example")
    expect(page.get_by_label(SYSTEM)).to_be_checked()
    row = portal.rows(
        "SELECT j.status, i.hostname, i.password_hash FROM hardware_job j JOIN installation i ON i.job_id = j.id"
        " WHERE j.server_id = %s",
        machine,
    )
    assert row == [("succeeded", "new-db.acme.example", None)]


def test_stopped_while_the_machine_is_at_work(visitors: Visitors, portal: Portal) -> None:
    machine = portal.server_id(STOPPED)
    page = settled(visitors.signed_in(CLIENT, f"/servers/{machine}?tab=reinstall"))
    lab, (mac,) = portal.data / "lab", portal.rows("SELECT mac FROM server WHERE id = %s", machine)[0]
    node = next(one["name"] for one in read_fleet(lab) if one["mac"] == mac)
    ask(lab, "fault", name=node, kind="hangs")  # it does not end by itself, however long this takes
    order(page, server=STOPPED)
    page.get_by_role("button", name="Stop and power off…").click(timeout=INSTALL_MS)
    dialog = page.get_by_role("dialog", name=f"Stop what {STOPPED} is doing?")
    confirm = dialog.get_by_role("button", name="Stop and power off")
    expect(confirm).to_be_disabled()
    dialog.get_by_label(f"Type {STOPPED} to confirm").fill(STOPPED)
    confirm.click()
    expect(page.locator(".installation .outcome")).to_contain_text("Stopped by a person", timeout=INSTALL_MS)
    expect(page.get_by_role("button", name="Reinstall…")).to_be_visible()
    ended = "SELECT kind, status, outcome_code FROM hardware_job WHERE server_id = %s ORDER BY id"
    done = [("reinstall", "cancelled", "stopped"), ("power_off", "succeeded", "verified")]
    wait_until(lambda: portal.rows(ended, machine) == done, timeout=120, what="it is off")
    page.get_by_role("button", name="I have saved it").click()
    ask(lab, "clear", name=node)


def test_order_says_what_is_wrong_before_anything_is_sent(visitors: Visitors, portal: Portal) -> None:
    machine = portal.server_id("kyiv-cache-01")
    jobs = "SELECT count(*) FROM hardware_job WHERE server_id = %s"
    before = portal.rows(jobs, machine)
    page = settled(visitors.signed_in(CLIENT, f"/servers/{machine}?tab=reinstall"))
    main = page.get_by_role("main")
    main.get_by_label("Host name").fill("no name")
    main.get_by_label("SSH keys").fill("ssh-ed25519 AAAA someone\nnot a key")
    main.get_by_role("button", name="Reinstall…").click()
    expect(main.get_by_text("A host name has letters, digits, hyphens and dots")).to_be_visible()
    expect(main.get_by_text("Line 2 is not a public key.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    expect(settled(page).get_by_label("Host name")).to_have_value("no name")  # nothing typed is lost
    assert portal.rows(jobs, machine) == before

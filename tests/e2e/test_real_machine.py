"""The whole of it, by real parts: reinstall pressed in a browser, a machine that boots by iPXE, installs and comes back,

its serial log beside it, the login prompt answered over SOL, its screen by VNC. BMC: ipmi_sim; machine: QEMU.
"""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.e2e import MACHINES
from tests.e2e.pages import CLIENT, settled
from tests.e2e.portal import Portal
from tests.e2e.racks import real_machine
from tests.e2e.test_consoles import HAS_INK, PATIENCE_MS, state
from tests.e2e.test_reinstall import MILESTONES, order
from tests.e2e.visitors import Visitors

pytestmark = MACHINES

SERVER = "vie-backup-01"
HOSTNAME = "backup.acme.example"
SCRIPT = "#!/bin/sh\necho by $(hostname) >/root/ordered\n"
INSTALL_MS = 400_000
"""It takes about half a minute on an idle machine; emulated on a busy one, several."""
SIGNED_IN_WITHIN_S = 300
NO_ANSWER_MS = 20_000
NOTE = """
() => {
  const seen = (window.testSeen = []);
  const look = () => {
    const now = {
      'its words': document.querySelector('[role=log]')?.textContent.includes('iPXE'),
      'the end': document.querySelector('.installing li:last-child')?.classList.contains('done'),
    };
    for (const what in now) if (now[what] && !seen.includes(what)) seen.push(what);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}
"""
"""Keeps the order in which the page shows both."""
LAST_LINE = """
() => [...document.querySelectorAll('.xterm-rows > div')]
  .map((row) => row.textContent.replace(/\\s+/g, ' ').trim()).filter(Boolean).at(-1) ?? ''
"""


def test_installed_watched_and_signed_in_to(visitors: Visitors, portal: Portal, tmp_path: Path) -> None:
    number = portal.server_id(SERVER)
    with real_machine(portal, SERVER, tmp_path) as machine:
        page = settled(visitors.signed_in(CLIENT, f"/servers/{number}?tab=reinstall"))
        page.evaluate(NOTE)
        password = order(page, server=SERVER, system=machine.system, hostname=HOSTNAME, script=SCRIPT)
        log = page.get_by_role("log")
        steps = page.locator(".installing li")
        expect(log).to_contain_text("iPXE", timeout=INSTALL_MS)
        expect(steps.and_(page.locator(".done"))).to_have_count(len(MILESTONES), timeout=INSTALL_MS)
        expect(log).to_contain_text("installer: asking for an address (DHCP)")
        # The firmware's own words were there while the machine was still on its way.
        assert page.evaluate("window.testSeen") == ["its words", "the end"]
        # One start by us, from the network; the installer's restart is the guest's own, from the disk.
        told = machine.ask("show")
        assert (told["orders"], told["starts"]) == (["boot pxe", "power 1"], 1)
        page.get_by_role("button", name="I have saved it").click()

        page.goto(f"/servers/{number}?tab=console")
        settled(page).get_by_role("button", name="Open the serial console").click()
        expect(state(page)).to_have_text("Live", timeout=PATIENCE_MS)  # the page itself is "Live", too
        _sign_in(page, password)
        _is_what_was_ordered(page)
        page.get_by_role("button", name="Close").click()

        page.get_by_role("button", name="Open the screen").click()
        page.wait_for_function(HAS_INK, timeout=PATIENCE_MS)
        page.get_by_role("button", name="Close").click()
        expect(page.get_by_role("button", name="Open the screen")).to_be_visible()


def _is_what_was_ordered(page: Page) -> None:
    """The system of the catalogue, its script was run, the disk is laid out, and nothing of ours is left on it."""
    for command, answer in (
        ("cat /etc/os-release", "rack edition"),
        ("cat /root/ordered", f"by {HOSTNAME}"),
        ("blockdev --getsize64 /dev/vda2", "8388608"),
        ("echo left: $(find / -xdev -name '*opsportal*' | wc -l)", "left: 0"),
    ):
        page.keyboard.type(f"{command}\n")
        expect(page.locator(".xterm-rows")).to_contain_text(answer, timeout=PATIENCE_MS)


def _sign_in(page: Page, password: str) -> None:
    """As people do: what the last line asks is answered, and where nothing comes of it an empty line asks again.

    login(1) throws away what was typed before it had switched the echo off.
    """
    answers = {f"{HOSTNAME} login:": "root", "Password:": password}
    page.locator(".terminal").click()
    page.keyboard.type("\n")
    deadline = time.monotonic() + SIGNED_IN_WITHIN_S
    while not (line := page.evaluate(LAST_LINE)).endswith("~ #"):
        assert time.monotonic() < deadline, page.locator(".xterm-rows").inner_text()
        for asked, answer in answers.items():
            if line.endswith(asked):
                page.keyboard.type(f"{answer}\n")
        try:
            page.wait_for_function(f"before => ({LAST_LINE})() !== before", arg=line, timeout=NO_ANSWER_MS)
        except PlaywrightTimeoutError:
            page.keyboard.type("\n")

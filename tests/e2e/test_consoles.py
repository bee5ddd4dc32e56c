"""Consoles in a real browser: typed at a login prompt over SOL, a screen of real pixels, two people at one console."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.e2e import MACHINES
from tests.e2e.pages import CLIENT, TECHNICIAN, settled
from tests.e2e.visitors import PHONE, Visitors

pytestmark = MACHINES

SERVER = "kyiv-web-03"
PATIENCE_MS = 60_000
HAS_INK = """() => {
  const canvas = document.querySelector('.screen canvas');
  if (!canvas || canvas.width < 640) return false;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 0; at < data.length; at += 4) ink += data[at] > 100;
  return ink > 500;
}"""


def opened(visitors: Visitors, who: str, kind: str = "serial console", **options: object) -> Page:
    """The server's console tab with a console open in it."""
    number = visitors.portal.server_id(SERVER)
    page = settled(visitors.signed_in(who, f"/servers/{number}?tab=console", **options))
    page.get_by_role("button", name=f"Open the {kind}").click()
    return page


def state(page: Page) -> Locator:
    """Connecting, live, read only, ended …"""
    return page.locator(".console-head").get_by_role("status")


def test_login_prompt_is_answered_and_support_looks_on(visitors: Visitors) -> None:
    client = opened(visitors, CLIENT)
    expect(state(client)).to_have_text("Live", timeout=PATIENCE_MS)
    expect(client.locator(".xterm-rows")).to_contain_text("login:", timeout=PATIENCE_MS)
    client.locator(".console-terminal").click()
    client.keyboard.type("root\n")
    expect(client.locator(".xterm-rows")).to_contain_text("Password:", timeout=PATIENCE_MS)
    # What is selected is drawn, and the page's policy has nothing against it: its refusals fail every test.
    client.locator(".xterm-rows > div", has_text="Password:").last.dblclick(
        position={"x": 12, "y": 8}, force=True
    )
    expect(client.locator('.xterm-rows span[style*="background-color"]').first).to_be_visible()

    support = opened(visitors, TECHNICIAN)
    expect(state(support)).to_have_text("Live, read only", timeout=PATIENCE_MS)
    expect(support.locator(".xterm-rows")).to_contain_text("Password:", timeout=PATIENCE_MS)
    expect(client.get_by_role("list", name="Who is here").get_by_role("listitem")).to_have_count(2)
    client.keyboard.type("anything\n")
    expect(support.locator(".xterm-rows")).to_contain_text("root@", timeout=PATIENCE_MS)

    support.get_by_role("button", name="Ask for the keyboard").click()
    client.get_by_role("button", name="Hand it over").click()
    expect(client.get_by_text("types now. You still see everything.")).to_be_visible()
    expect(state(support)).to_have_text("Live")
    support.locator(".console-terminal").click()
    support.keyboard.type("whoami\n")
    expect(client.locator(".xterm-rows")).to_contain_text("whoami", timeout=PATIENCE_MS)

    client.get_by_role("button", name="Close").click()
    expect(client.get_by_role("button", name="Open the serial console")).to_be_visible()
    expect(client.get_by_role("table", name="Latest consoles").locator("tbody tr").first).to_be_visible()
    support.get_by_role("button", name="Close").click()


def test_screen_shows_pixels_and_the_phone_has_keys(visitors: Visitors) -> None:
    page = opened(visitors, CLIENT, "screen", viewport=PHONE)
    page.wait_for_function(HAS_INK, timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Ctrl+Alt+Del")).to_be_visible()
    page.get_by_role("button", name="Close").click()

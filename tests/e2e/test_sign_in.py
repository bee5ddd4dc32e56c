"""Getting in, staying in, and being shown out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import PEOPLE
from tests.e2e.authenticator import Authenticator
from tests.e2e.pages import at, settled
from tests.e2e.portal import PASSWORD, Portal, SignIn
from tests.e2e.visitors import Visitors
from tests.e2e.watching import LIVE_WITHIN_MS

pytestmark = PEOPLE

NEW_PASSWORD = "another sentence for these tests"


def enter_password(page: Page, who: SignIn, password: str | None = None) -> None:
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password", exact=True).fill(password or who.password)
    page.get_by_role("button", name="Sign in").click()


def enter_code(page: Page, code: str, *, label: str = "Code") -> None:
    page.get_by_label(label, exact=True).fill(code)
    page.get_by_role("button", name="Continue").click()


def sign_in(visitors: Visitors, who: SignIn, path: str = "/account") -> Page:
    page = visitors.stranger()
    page.goto(path)
    enter_password(page, who)
    expect(page).to_have_url(at(path))
    return settled(page)


def confirm(page: Page, button: str, answer: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=answer, exact=True).click()


def test_wrong_password_says_so_and_keeps_what_was_typed(visitors: Visitors) -> None:
    page = visitors.stranger()
    page.goto("/sign-in")
    enter_password(page, visitors.portal.sign_ins["petr@acme.example"], "not the password")
    expect(page.get_by_role("alert").filter(has_text="wrong")).to_have_text(
        "E-mail or password is wrong. Check both and try again."
    )
    expect(page.get_by_label("E-mail")).to_have_value("petr@acme.example")
    expect(page.get_by_label("Password", exact=True)).to_have_value("not the password")
    assert page.context.cookies() == []
    page.goto("/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_nobody_is_told_whether_an_account_exists(visitors: Visitors) -> None:
    page = visitors.stranger()
    page.goto("/sign-in")
    enter_password(page, SignIn("client", "nobody@acme.example", "not the password", None))
    expect(page.get_by_role("alert").filter(has_text="wrong")).to_have_text(
        "E-mail or password is wrong. Check both and try again."
    )


def test_after_signing_in_the_wanted_page_opens(visitors: Visitors) -> None:
    page = visitors.stranger()
    page.goto("/services?family=vpn")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    enter_password(page, visitors.portal.sign_ins["petr@acme.example"])
    expect(page).to_have_url(at("/services?family=vpn"))
    expect(page.get_by_role("heading", level=1)).to_have_text("VPN")


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nothing_leads_elsewhere_after_signing_in(visitors: Visitors, portal: Portal, wanted: str) -> None:
    who = portal.sign_ins["petr@acme.example"]
    page = visitors.stranger()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/sign-in?next=" + wanted)
    enter_password(page, who)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Petr$"))
    expect(page).to_have_url(at("/"))
    assert [url for url in asked if not url.startswith((portal.url, "data:"))] == []


def set_up_second_factor(page: Page) -> tuple[Authenticator, list[str]]:
    """The authenticator that was made, and the recovery codes, which are shown once."""
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("img", name="QR code with the secret of this account")).to_be_visible()
    secret = page.locator(".setup code").inner_text().replace(" ", "")
    phone = Authenticator(secret)

    page.get_by_label("Code from the app").fill(phone.wrong_code())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("alert").filter(has_text="code")).to_have_text(
        "This code is wrong or was used already. Wait for the next one and enter it."
    )
    page.get_by_label("Code from the app").fill(phone.code())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    recovery_codes = page.locator(".codes code").all_inner_texts()
    assert len(set(recovery_codes)) == 10
    page.get_by_role("button", name="I have saved them").click()
    expect(page.get_by_text("10 codes are left.")).to_be_visible()
    page.reload()
    expect(settled(page).get_by_text("10 codes are left.")).to_be_visible()
    assert recovery_codes[0] not in page.content()
    return phone, recovery_codes


def test_second_factor_from_setting_up_to_switching_off(visitors: Visitors, portal: Portal) -> None:
    """The whole life of a second factor: made, used, replayed, lost, replaced by a recovery code, ended."""
    who = portal.add_person("second.factor@acme.example")
    page = sign_in(visitors, who, "/account/two-factor")
    phone, recovery_codes = set_up_second_factor(page)

    other = visitors.stranger()
    other.goto("/account")
    enter_password(other, who)
    expect(other.get_by_role("heading", level=1)).to_have_text("Two-factor authentication")
    refusal = other.get_by_role("alert").filter(has_text="code")
    enter_code(other, phone.last_code())
    expect(refusal).to_have_text(
        "This code is wrong or was used already. Wait for the next one and enter it."
    )
    enter_code(other, phone.wrong_code())
    expect(refusal).to_be_visible()
    other.reload()
    enter_code(other, phone.code())
    expect(other).to_have_url(at("/account"))
    expect(settled(other).get_by_text("with second factor")).to_have_count(2)

    third = visitors.stranger()
    third.goto("/sign-in")
    enter_password(third, who)
    third.get_by_role("button", name="Use a recovery code").click()
    enter_code(third, recovery_codes[3], label="Recovery code")
    expect(third).to_have_url(at("/"))
    expect(page.get_by_text("9 codes are left.")).to_be_visible()

    fourth = visitors.stranger()
    fourth.goto("/sign-in")
    enter_password(fourth, who)
    fourth.get_by_role("button", name="Use a recovery code").click()
    enter_code(fourth, recovery_codes[3], label="Recovery code")
    expect(fourth.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    fourth.get_by_role("button", name="Back").click()
    expect(fourth.get_by_role("heading", level=1)).to_have_text("Sign in")

    page.get_by_role("button", name="Switch it off").click()
    page.get_by_label("Password", exact=True).fill(who.password)
    page.get_by_label("Code from the app").fill(recovery_codes[5])
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_role("heading", name="Two-factor authentication is off")).to_be_visible()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_signing_out_here_leaves_others_alone(visitors: Visitors, portal: Portal) -> None:
    who = portal.add_person("leaves@acme.example", name="Lena Leaves")
    here, there = sign_in(visitors, who), sign_in(visitors, who)
    expect(here.get_by_role("table", name="Sessions").locator("tbody tr")).to_have_count(2)
    here.get_by_role("button", name="Account menu of Lena Leaves").click()
    here.get_by_role("menuitem", name="Log out").click()
    # The page learns it by its socket, too, and may show the sign-in before it is there.
    expect(here).to_have_url(at("/sign-in"))
    expect(here.get_by_role("heading", level=1)).to_have_text("Sign in")
    here.goto("/account")
    expect(here.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(there.get_by_role("table", name="Sessions").locator("tbody tr")).to_have_count(1)
    there.reload()
    expect(settled(there).get_by_role("heading", level=1)).to_have_text("My account")


def test_signing_out_everywhere_closes_open_pages(visitors: Visitors, portal: Portal) -> None:
    who = portal.add_person("everywhere@acme.example")
    here, there, third = (sign_in(visitors, who) for _ in range(3))
    server = portal.server_id("kyiv-db-01")
    third.goto(f"/servers/{server}")
    settled(third)
    confirm(here, "Sign out everywhere", "Sign out everywhere")
    for page in (here, there, third):
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in", timeout=LIVE_WITHIN_MS)
    there.goto("/account")
    expect(there.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_last_sign_in_is_shown(visitors: Visitors, portal: Portal) -> None:
    who = portal.add_person("last@acme.example")
    first = sign_in(visitors, who)
    expect(first.get_by_role("main")).not_to_contain_text(", 127.0.0.1")
    second = sign_in(visitors, who)
    expect(second.get_by_role("main")).to_contain_text(
        re.compile(r"Last sign-in\s*\d\d? \w+ 20\d\d, \d\d:\d\d, 127\.0\.0\.1")
    )


def test_changing_the_password_ends_other_sessions(visitors: Visitors, portal: Portal) -> None:
    who = portal.add_person("changes@acme.example")
    here, there = sign_in(visitors, who, "/account/password"), sign_in(visitors, who)
    here.get_by_label("Current password").fill("not the password")
    here.get_by_label("New password").fill(NEW_PASSWORD)
    here.get_by_role("button", name="Change password").click()
    expect(here.get_by_role("alert").filter(has_text="wrong")).to_have_text(
        "The current password is wrong. Nothing was changed. Enter it again."
    )
    expect(here.get_by_label("New password")).to_have_value(NEW_PASSWORD)
    here.get_by_label("Current password").fill(PASSWORD)
    here.get_by_role("button", name="Change password").click()
    expect(
        here.get_by_text("Your password was changed. Your other sessions were signed out.")
    ).to_be_visible()
    expect(there.get_by_role("heading", level=1)).to_have_text("Sign in", timeout=LIVE_WITHIN_MS)
    enter_password(there, who)
    expect(there.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    enter_password(there, who, NEW_PASSWORD)
    expect(there).to_have_url(at("/account"))
    expect(there.get_by_role("button", name="Account menu of Test Person")).to_be_visible()
    here.reload()
    expect(settled(here).get_by_role("heading", level=1)).to_have_text("Change password")

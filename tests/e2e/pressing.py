"""Pressing buttons as people do, in the dialogs that ask first and the one that asks who it is."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.e2e.visitors import Visitors

MARKUP = "<img src=x onerror=\"document.title='owned'\"><b>Fan</b>"
"""What a tenant might put into a name that the BMC tells."""


def button(page: Page, name: str) -> Locator:
    """A button of the page itself, by its whole name."""
    return page.get_by_role("main").get_by_role("button", name=name, exact=True)


def confirm(page: Page, label: str, sure: str | None = None) -> None:
    """Press, and press again in the dialog that asks."""
    button(page, label).click()
    page.get_by_role("dialog").get_by_role("button", name=sure or label, exact=True).click()


def prove(visitors: Visitors, page: Page, who: str) -> None:
    """Password and code, in the dialog that asks who it is."""
    account = visitors.portal.sign_ins[who]
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    dialog.get_by_label("Password").fill(account.password)
    dialog.get_by_label("Code from the app").fill(visitors.authenticator(account).code())
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()

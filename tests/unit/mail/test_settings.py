"""Addresses that could never be mailed to or from are found when the portal starts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from opsportal.settings import Settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", ""), ("desk@example.com", "desk@example.com"), ("Desk <desk@example.com>", "desk@example.com")],
)
def test_the_desks_address_is_kept_bare(given: str, kept: str) -> None:
    assert Settings(desk_mail=given).desk_mail == kept


@pytest.mark.parametrize("name", ["desk_mail", "mail_from"])
@pytest.mark.parametrize(
    "value", ["desk", "a@b@c", "@", "a b@c.example", "a@c.example, b@c.example", "x\r\nBcc: y@z.example"]
)
def test_what_is_no_address_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="must be one mail address"):
        Settings(**{name: value})

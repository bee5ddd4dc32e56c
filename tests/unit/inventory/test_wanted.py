"""What somebody types into the search, and what it may be."""

from __future__ import annotations

import pytest

from opsportal.domain.inventory.search.hits import Wanted


@pytest.mark.parametrize(
    ("typed", "address"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:0::7", "2001:db8::7"), ("fe80::1%eth0", None), ("a01", None)],
)
def test_an_address_is_one_that_the_database_can_read(typed: str, address: str | None) -> None:
    assert Wanted(typed).address == address

"""Why a machine became faulty, taken apart for those who read it in their own language."""

from __future__ import annotations

import pytest

from opsportal.state.inventory.reasons import Reason, read_reason


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("burn_in : Fan 3 stops under load.", Reason("burn_in", "", "Fan 3 stops under load.")),
        ("disk DKCE50960: overwrite", Reason("disk", "DKCE50960", "overwrite")),
        ("Smells burnt: do not switch on", Reason("", "", "Smells burnt: do not switch on")),
        ("", Reason("", "", "")),
    ],
)
def test_reason_is_read_as_cleanings_writes_it(kept: str, read: Reason) -> None:
    assert read_reason(kept) == read

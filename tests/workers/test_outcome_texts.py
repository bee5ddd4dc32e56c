"""Whatever a job can end with, the person who clicked is told in a sentence what to do next."""

from __future__ import annotations

import itertools

from bmc.errors import ERRORS
from opsportal.components import labels
from opsportal.domain.hardware import reconciliation
from opsportal.models import JobKind, Power
from workers.hardware import BmcMisconfigured, OutsideBmcNetworks


def test_every_outcome_has_a_sentence() -> None:
    resolved = {
        reconciliation.resolve(kind, power, was_verified_off=was_off, may_resume=may).outcome_code
        for kind, power, was_off, may in itertools.product(
            JobKind, (Power.ON, Power.OFF), (True, False), (True, False)
        )
    }
    ours = {OutsideBmcNetworks.code, BmcMisconfigured.code, "internal"}
    others = {"verified", "never_answered", "waited_too_long", "cancelled"}
    assert (set(ERRORS) | resolved | ours | others) - set(labels.OUTCOME) == set()
    assert all(text.endswith(".") for text in labels.OUTCOME.values())

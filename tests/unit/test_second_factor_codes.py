"""When a code of an authenticator is right."""

from __future__ import annotations

import pyotp
import pytest

from opsportal.domain.accounts.second_factor import STEP_SECONDS, matching_step

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""Of RFC 6238, appendix B."""
NOW = 1_111_111_109.0
STEP = int(NOW // STEP_SECONDS)


def code_at(step: int) -> str:
    return pyotp.TOTP(SECRET).at(step * STEP_SECONDS)


def test_known_code() -> None:
    assert code_at(STEP) == "081804"  # RFC 6238 appendix B: 07081804, of which six digits are asked
    assert matching_step(SECRET, "081804", after_step=0, now=NOW) == STEP


@pytest.mark.parametrize(("step", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_of_clock_drift_either_way(step: int, is_right: bool) -> None:
    found = matching_step(SECRET, code_at(STEP + step), after_step=0, now=NOW)
    assert found == (STEP + step if is_right else None)


def test_a_step_that_was_accepted_never_is_again_nor_any_before_it() -> None:
    assert matching_step(SECRET, code_at(STEP), after_step=STEP, now=NOW) is None
    assert matching_step(SECRET, code_at(STEP - 1), after_step=STEP, now=NOW) is None
    assert matching_step(SECRET, code_at(STEP + 1), after_step=STEP, now=NOW) == STEP + 1


def test_spaces_are_how_authenticators_show_it() -> None:
    code = code_at(STEP)
    assert matching_step(SECRET, f"{code[:3]} {code[3:]}", after_step=0, now=NOW) == STEP


@pytest.mark.parametrize("code", ["", "0", "81804", "0818040", "abcdef", "0x0001"])
def test_anything_else_is_wrong(code: str) -> None:
    assert matching_step(SECRET, code, after_step=0, now=NOW) is None

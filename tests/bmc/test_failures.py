"""Every failure that pyghmi can report has a code, and every code an error with advice."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import bmc
from bmc.errors import ERRORS
from bmc.ipmi import failures

# pyghmi's own tables, read in a process of their own: the test process must stay without it.
TABLES = """
import json
from pyghmi.ipmi.private import constants
print(json.dumps([constants.rmcp_codes, constants.ipmi_completion_codes]))
"""
NO_COMMON_LANGUAGE = {
    "Invalid payload type",
    "Invalid authentication algorithm",
    "Invalid integrity algorithm",
    "No matching integrity payload",
    "Unauthorized GUID",
    "Invalid confidentiality algorithm",
    "No Cipher suite match with proposed security algorithms",
    "Illegal or unrecognized parameter",
}


@pytest.fixture(scope="module")
def tables() -> tuple[dict[str, str], dict[str, str]]:
    """RMCP+ status texts and completion code texts of the installed pyghmi."""
    printed = subprocess.run([sys.executable, "-c", TABLES], capture_output=True, check=True).stdout
    rmcp, completion = json.loads(printed)
    return rmcp, completion


def test_every_status_of_signing_in_is_decided_on_purpose(
    tables: tuple[dict[str, str], dict[str, str]],
) -> None:
    unlisted = {text for text in tables[0].values() if failures.login_failure(text) == "bmc_protocol_error"}
    assert unlisted == NO_COMMON_LANGUAGE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("timeout", "bmc_unreachable"),
        ("Incorrect password provided", "bmc_credentials_refused"),
        ("Unauthorized name in RAKP2", "bmc_user_unknown"),
        ("Invalid integrity check value reported in RAKP4", "bmc_credentials_refused"),
        ("Invalid RAKP4 integrity code (wrong Kg?)", "bmc_credentials_refused"),
        ("Node Busy while trying to get channel authentication capabalities", "bmc_busy"),
        ("Session no longer connected", "bmc_session_lost"),
        ("Unrecognized RMCP code 238", "bmc_protocol_error"),
        (None, "bmc_protocol_error"),
    ],
)
def test_texts_become_codes(text: str | None, code: str) -> None:
    assert failures.login_failure(text) == code


@pytest.mark.parametrize(
    ("completion", "code"),
    [
        (0x00, None),
        (0xC0, "bmc_busy"),
        (0xC1, "bmc_refused_command"),
        (0xC3, "bmc_busy"),
        (0xC7, "bmc_protocol_error"),
        (0xD2, "bmc_busy"),
        (0xD4, "bmc_credentials_refused"),
        (0xD5, "bmc_refused_command"),
        (0xFF, "bmc_refused_command"),
        (0x80, "bmc_refused_command"),
    ],
)
def test_completion_codes_become_codes(completion: int, code: str | None) -> None:
    assert failures.completion_failure(completion) == code


def test_a_user_without_the_privilege_has_the_wrong_credentials() -> None:
    assert [failures.privilege_failure(code) for code in (0, 0x80, 0x81, 0xC0)] == [
        None,
        "bmc_credentials_refused",
        "bmc_credentials_refused",
        "bmc_busy",
    ]


def test_every_code_that_the_child_may_report_is_an_error(
    tables: tuple[dict[str, str], dict[str, str]],
) -> None:
    reported = {failures.REFUSED, "bmc_protocol_error", "bmc_unreachable", "bmc_deadline_exceeded"}
    reported |= {failures.login_failure(text) for text in tables[0].values()}
    reported |= set(failures.COMPLETION_CODES.values()) | {code for _, code in failures._LOGIN_TEXTS}
    assert reported <= ERRORS.keys()


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_advice_says_what_happened_and_what_to_do(error: type[bmc.BmcError]) -> None:
    assert error.advice.endswith(".")
    assert 40 < len(error.advice) < 260
    assert str(error()) == f"{error.code}: {error.advice}"
    assert error.__name__ in bmc.__all__

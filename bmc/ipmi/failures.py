"""What pyghmi and IPMI report, as the stable codes of `bmc.errors`.

Runs in the child, where every import delays the first packet, so it knows the codes only as strings.
A test holds them, and pyghmi's own tables of texts, against these.
"""

from __future__ import annotations

# IPMI v2.0 table 5-2. Codes that are not here are refusals of the command as such.
COMPLETION_CODES: dict[int, str] = {
    0xC0: "bmc_busy",  # node busy
    0xC3: "bmc_busy",  # timeout while processing: the command may still have had its effect
    0xC4: "bmc_busy",  # out of space
    0xC6: "bmc_protocol_error",  # request data truncated
    0xC7: "bmc_protocol_error",  # request data length invalid
    0xC8: "bmc_protocol_error",  # request data field length exceeded
    0xCA: "bmc_protocol_error",  # cannot return that many bytes
    0xCE: "bmc_busy",  # response could not be provided
    0xD0: "bmc_busy",  # SDR repository in update mode
    0xD1: "bmc_busy",  # firmware update mode
    0xD2: "bmc_busy",  # BMC initialization in progress
    0xD3: "bmc_busy",  # destination unavailable
    0xD4: "bmc_credentials_refused",  # insufficient privilege level
}
REFUSED = "bmc_refused_command"

# Set Session Privilege Level (IPMI v2.0 section 22.18): the user may not become operator here.
PRIVILEGE_CODES: dict[int, str] = {0x80: "bmc_credentials_refused", 0x81: "bmc_credentials_refused"}

# Beginnings of the texts pyghmi hands to its log-on callback (RMCP+ status codes of IPMI v2.0 table
# 13-15, completion codes while signing in, and its own).
_LOGIN_TEXTS: tuple[tuple[str, str], ...] = (
    ("timeout", "bmc_unreachable"),
    ("Timeout", "bmc_busy"),
    ("Incorrect password provided", "bmc_credentials_refused"),
    ("Unauthorized name", "bmc_user_unknown"),
    ("Invalid user name", "bmc_user_unknown"),
    ("Invalid username length", "bmc_user_unknown"),
    ("Null user disabled", "bmc_user_unknown"),
    ("Unauthorized role or privilege level", "bmc_credentials_refused"),
    ("Invalid role", "bmc_credentials_refused"),
    ("Invalid integrity check value", "bmc_credentials_refused"),
    ("Invalid RAKP4 integrity code", "bmc_credentials_refused"),
    ("User is not allowed requested privilege level", "bmc_credentials_refused"),
    ("Requested privilege level", "bmc_credentials_refused"),
    ("Insufficient privilege level", "bmc_credentials_refused"),
    ("Insufficient resources", "bmc_busy"),
    ("No available login slots", "bmc_busy"),
    ("No slot available", "bmc_busy"),
    ("Node Busy", "bmc_busy"),
    ("Out of storage space on BMC", "bmc_busy"),
    ("Command response could not be provided", "bmc_busy"),
    ("Device in firmware update mode", "bmc_busy"),
    ("SDR repository in update mode", "bmc_busy"),
    ("BMC initialization in progress", "bmc_busy"),
    ("Internal destination unavailable", "bmc_busy"),
    ("Invalid Session ID", "bmc_session_lost"),
    ("Inactive Session ID", "bmc_session_lost"),
    ("Session no longer connected", "bmc_session_lost"),
    ("Session failed to initialize", "bmc_session_lost"),
    ("Session Disconnected", "bmc_session_lost"),
)


def completion_failure(code: int) -> str | None:
    """The error code for a completion code; None for success."""
    return None if code == 0 else COMPLETION_CODES.get(code, REFUSED)


def privilege_failure(code: int) -> str | None:
    """The error code for the answer to Set Session Privilege Level; None for success."""
    return PRIVILEGE_CODES.get(code) or completion_failure(code)


def login_failure(text: object) -> str:
    """The error code for what pyghmi says about a log-on that failed.

    All that is not listed means that both sides found no common language: cipher suite, IPMI 1.5 only,
    an undocumented status.
    """
    words = str(text)
    for beginning, code in _LOGIN_TEXTS:
        if words.startswith(beginning):
            return code
    return "bmc_protocol_error"

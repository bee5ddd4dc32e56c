"""What somebody orders for a new system, and the rules that make it harmless to a shell and a parser."""

from __future__ import annotations

import base64
import binascii
import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field

from opsportal.domain.provisioning.refusals import (
    HostnameUnusable,
    ScriptUnusable,
    SshKeyUnusable,
    TimeZoneUnknown,
    TooManySshKeys,
)

KEY_LIMIT = 20
KEY_LENGTH = 8_192
SCRIPT_LIMIT = 16_384
HOSTNAME_LENGTH = 64
"""What sethostname(2) takes on Linux; the labels are those of RFC 1123, section 2.1."""
KEY_KINDS = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NOT_IN_COMMENTS = re.compile(r"[^A-Za-z0-9@._+-]")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}")


@dataclass(frozen=True)
class InstallOrder:
    """A new system as it was ordered; `confirmation` is the server's name as it was typed."""

    system_id: int
    hostname: str
    layout: str
    confirmation: str
    disks: Sequence[str] = ()
    ssh_keys: Sequence[str] = ()
    time_zone: str = "UTC"
    post_install: str = ""


@dataclass(frozen=True)
class BootOrder:
    """A network boot without an installation. Wiping wants the server's name typed."""

    confirmation: str = ""
    ssh_keys: Sequence[str] = field(default=())


def clean_hostname(text: str) -> str:
    """The name in small letters. Raises `HostnameUnusable`."""
    name = text.strip().lower()
    if len(name) > HOSTNAME_LENGTH or not _HOSTNAME.fullmatch(name) or name.replace(".", "").isdigit():
        raise HostnameUnusable
    return name


def clean_ssh_keys(lines: Sequence[str]) -> list[str]:
    """Public keys without options and with harmless comments; empty lines are left out."""
    keys = [line.strip() for line in lines if line.strip()]
    if len(keys) > KEY_LIMIT:
        raise TooManySshKeys(limit=KEY_LIMIT)
    return [_clean_ssh_key(key, number) for number, key in enumerate(keys, start=1)]


def _clean_ssh_key(line: str, number: int) -> str:
    kind, _, rest = line.partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    if len(line) > KEY_LENGTH or kind not in KEY_KINDS or not encoded:
        raise SshKeyUnusable(number=number)
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise SshKeyUnusable(number=number) from None
    # RFC 4253, section 6.6: a key begins with its own kind as a string.
    if not raw.startswith(len(kind).to_bytes(4) + kind.encode()) or len(raw) < len(kind) + 36:
        raise SshKeyUnusable(number=number)
    return " ".join(filter(None, (kind, encoded, _NOT_IN_COMMENTS.sub("-", comment.strip())[:100])))


def clean_time_zone(text: str) -> str:
    """A zone of the tz database. Raises `TimeZoneUnknown`."""
    if not _ZONE.fullmatch(text) or text not in zoneinfo.available_timezones():
        raise TimeZoneUnknown
    return text


def clean_script(text: str) -> str:
    """A script with line ends as Linux wants them. Raises `ScriptUnusable`."""
    script = text.replace("\r\n", "\n").replace("\r", "\n")
    is_plain = all(letter in "\n\t" or (letter >= " " and letter != "\x7f") for letter in script)
    try:
        size = len(script.encode())
    except UnicodeEncodeError:
        raise ScriptUnusable(limit=SCRIPT_LIMIT // 1024) from None
    if not is_plain or size > SCRIPT_LIMIT:
        raise ScriptUnusable(limit=SCRIPT_LIMIT // 1024)
    return script if not script or script.endswith("\n") else script + "\n"

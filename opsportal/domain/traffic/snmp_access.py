"""What proves to a switch who asks, for reading or for writing: a community or an SNMPv3 user, sealed at rest."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.domain.traffic.refusals import CommunityUnusable, SnmpUserUnusable
from opsportal.domain.vault import seal, unseal
from opsportal.models import Switch

AUTH_PROTOCOLS = ("sha256", "sha512", "sha384", "sha224", "sha1", "md5")
PRIV_PROTOCOLS = ("aes128", "aes192", "aes256", "des")
SHORTEST_PASSWORD = 8
"""RFC 3414, 11.2."""
SECRETS = frozenset({"community", "auth_password", "priv_password"})


@dataclass(frozen=True, slots=True)
class SnmpAccess:
    """What a person has typed: a community, or a user when there is a user name. Never prints secrets."""

    community: str = field(default="", repr=False)
    username: str = ""
    auth_protocol: str = ""
    auth_password: str = field(default="", repr=False)
    priv_protocol: str = ""
    priv_password: str = field(default="", repr=False)


def columns_of(access: SnmpAccess) -> dict[str, str | bytes | None]:
    """As a switch's row keeps it: secrets sealed, and nothing of the kind of access that it is not.

    Raises `CommunityUnusable` or `SnmpUserUnusable`.
    """
    if access.username:
        _check_user(access)
    elif not access.community or len(access.community) > 64 or access.community != access.community.strip():
        raise CommunityUnusable
    is_user, is_private = bool(access.username), bool(access.username and access.priv_protocol)
    return {
        "community": None if is_user else seal(access.community),
        "username": access.username or None,
        "auth_protocol": access.auth_protocol if is_user else None,
        "auth_password": seal(access.auth_password) if is_user else None,
        "priv_protocol": access.priv_protocol if is_private else None,
        "priv_password": seal(access.priv_password) if is_private else None,
    }


def _check_user(access: SnmpAccess) -> None:
    is_private = access.priv_protocol != ""
    if (
        access.username != access.username.strip()
        or len(access.username) > 32  # RFC 3414, 5: usmUserName
        or access.auth_protocol not in AUTH_PROTOCOLS
        or len(access.auth_password) < SHORTEST_PASSWORD
        or (is_private and access.priv_protocol not in PRIV_PROTOCOLS)
        or (is_private and len(access.priv_password) < SHORTEST_PASSWORD)
    ):
        raise SnmpUserUnusable


def reading_access(switch: Switch) -> SnmpAccess:
    """What is on record for reading, opened. Raises `VaultError` when the key is another one."""

    def opened(sealed: bytes | None) -> str:
        return unseal(sealed) if sealed else ""

    return SnmpAccess(
        opened(switch.community),
        switch.username or "",
        switch.auth_protocol or "",
        opened(switch.auth_password),
        switch.priv_protocol or "",
        opened(switch.priv_password),
    )

"""Where a switch's SNMP agent is and how to prove to it who asks."""

from __future__ import annotations

from dataclasses import dataclass, field

from gufo.snmp import (
    Aes128Key,
    Aes192Key,
    Aes256Key,
    DesKey,
    Md5Key,
    Sha1Key,
    Sha224Key,
    Sha256Key,
    Sha384Key,
    Sha512Key,
    User,
)

AUTH = {
    "md5": Md5Key,
    "sha1": Sha1Key,
    "sha224": Sha224Key,
    "sha256": Sha256Key,
    "sha384": Sha384Key,
    "sha512": Sha512Key,
}
PRIV = {"des": DesKey, "aes128": Aes128Key, "aes192": Aes192Key, "aes256": Aes256Key}
SHORTEST_PASSWORD = 8  # RFC 3414, 11.2


@dataclass(frozen=True, slots=True)
class Agent:
    """One SNMP agent: address and credentials, v3 when a user name is given, else v2c. Never prints secrets.

    Raises ValueError for what can never work, such as privacy without authentication.
    """

    host: str
    port: int = 161
    community: str = field(default="", kw_only=True, repr=False)
    username: str = field(default="", kw_only=True)
    auth_protocol: str = field(default="", kw_only=True)
    auth_password: str = field(default="", kw_only=True, repr=False)
    priv_protocol: str = field(default="", kw_only=True)
    priv_password: str = field(default="", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("a switch needs a host")
        if not 0 < self.port < 65536:
            raise ValueError("a switch's port is between 1 and 65535")
        if not self.username and not self.community:
            raise ValueError("a switch needs a community or a user name")
        for protocol, known, password in (
            (self.auth_protocol, AUTH, self.auth_password),
            (self.priv_protocol, PRIV, self.priv_password),
        ):
            if protocol and protocol not in known:
                raise ValueError(f"no protocol {protocol!r}; there are {sorted(known)}")
            if protocol and len(password) < SHORTEST_PASSWORD:
                raise ValueError("an SNMPv3 password has at least 8 characters")
        if self.priv_protocol and not self.auth_protocol:
            raise ValueError("SNMPv3 has no privacy without authentication")

    @property
    def is_v3(self) -> bool:
        return bool(self.username)

    def user(self) -> User:
        """The SNMPv3 user in the library's form."""
        auth = AUTH[self.auth_protocol](self.auth_password.encode()) if self.auth_protocol else None
        priv = PRIV[self.priv_protocol](self.priv_password.encode()) if self.priv_protocol else None
        return User(self.username, auth_key=auth, priv_key=priv)

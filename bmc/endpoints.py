"""Where a BMC is and how to sign in to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Cipher suites of IPMI v2.0 table 22-20 that authenticate, sign and encrypt: 3 is SHA1 + AES-128,
# 17 is SHA256 + AES-128. The others leave one of the three out, so they are not offered at all.
SAFE_CIPHER_SUITES = (3, 17)
_SHA256 = re.compile(r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One BMC: address, credentials and the quirks needed to talk to it. Never prints the password.

    `driver` names who speaks to it: "ipmi" and "redfish" for real ones, "memory" for a scripted one in
    tests. By Redfish the BMC's certificate is believed when its SHA-256 is `fingerprint` (hex, colons
    allowed); without one when a CA of `ca_file` (PEM), or of the system, has signed it for `host`.
    Raises ValueError for a port, cipher suite, user name or fingerprint that can never work.
    """

    host: str
    port: int = 623
    username: str = field(default="", kw_only=True)
    password: str = field(default="", kw_only=True, repr=False)
    cipher_suite: int = field(default=3, kw_only=True)
    driver: str = field(default="ipmi", kw_only=True)
    fingerprint: str = field(default="", kw_only=True)
    ca_file: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("a BMC needs a host")
        if not 0 < self.port < 65536:
            raise ValueError("a BMC's port is between 1 and 65535")
        if self.cipher_suite not in SAFE_CIPHER_SUITES:
            raise ValueError(f"cipher suite must be one of {SAFE_CIPHER_SUITES}")
        if self.fingerprint and not _SHA256.fullmatch(self.fingerprint):
            raise ValueError("a certificate's fingerprint is a SHA-256: 64 hexadecimal digits")
        if len(self.username.encode()) > 16:
            raise ValueError("an IPMI user name has at most 16 bytes")  # IPMI v2.0 section 22.28
        if len(self.password.encode()) > 20:
            raise ValueError("an IPMI 2.0 password has at most 20 bytes")  # IPMI v2.0 section 22.30

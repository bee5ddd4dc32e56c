"""Passwords of new systems: made once, shown once, kept as crypt(3) hashes only.

SHA-512 crypt as specified by Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6
(akkadia.org/drepper/SHA-crypt.txt): every Linux installer and /etc/shadow of the last fifteen years
understands it, which cannot be said of yescrypt.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without the letters and digits that people confuse when they type a password off a screen."""
LENGTH = 20
ROUNDS = 5_000
_SALT_LENGTH = 16
_B64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _order() -> list[tuple[int, int, int]]:
    """The order in which the digest's bytes are taken, three at a time (step 22)."""
    a, b, c = 0, 21, 42
    order = []
    for _ in range(21):
        order.append((a, b, c))
        a, b, c = b + 1, c + 1, a + 1
    return order


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password for the person who ordered, and its hash for the machine."""

    plain: str
    hashed: str

    def __repr__(self) -> str:
        return "NewPassword(…)"


def make_password() -> NewPassword:
    """A random password of some 116 bits."""
    plain = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    salt = "".join(secrets.choice(_B64[2:]) for _ in range(_SALT_LENGTH))
    return NewPassword(plain, sha512_crypt(plain, salt))


def _repeat(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length]


def sha512_crypt(password: str, salt: str) -> str:
    """`$6$salt$…` with the default 5,000 rounds. `salt`: up to 16 of the letters `./0-9A-Za-z`."""
    word, seasoning = password.encode(), salt.encode()
    mixed = hashlib.sha512(word + seasoning + word).digest()
    first = word + seasoning + _repeat(mixed, len(word))
    bits = len(word)
    while bits:
        first += mixed if bits & 1 else word
        bits >>= 1
    digest = hashlib.sha512(first).digest()
    words = _repeat(hashlib.sha512(word * len(word)).digest(), len(word))
    salts = _repeat(hashlib.sha512(seasoning * (16 + digest[0])).digest(), len(seasoning))
    for number in range(ROUNDS):
        front, back = (words, digest) if number & 1 else (digest, words)
        middle = (salts if number % 3 else b"") + (words if number % 7 else b"")
        digest = hashlib.sha512(front + middle + back).digest()
    return f"$6${salt}${_encode(digest)}"


def _encode(digest: bytes) -> str:
    groups = [(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _order()]
    return "".join(
        _B64[(value >> shift * 6) & 63]
        for value, length in [*groups, (digest[63], 2)]
        for shift in range(length)
    )

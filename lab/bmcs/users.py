"""Who may sign in to a BMC: slots with a name, a password and rights (IPMI 2.0, 22.26 to 22.30)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

SLOTS = 10
FIRST_OWN = 2  # slot 1 is the anonymous user, whose name is fixed
ADMINISTRATOR, NO_ACCESS = 4, 0xF
NAME, SHORT, LONG = 16, 16, 20
MESSAGING = 0x10
ENABLED, DISABLED = 0b01, 0b10
OK, BAD_LENGTH, BAD_FIELD = 0x00, 0xC7, 0xCC
OTHER_PASSWORD, OTHER_SIZE = 0x80, 0x81
Answer = tuple[int, bytes]


@dataclass
class User:
    """One slot."""

    name: str = ""
    password: str = ""
    is_enabled: bool = False
    privilege: int = NO_ACCESS


def first_users(name: str, password: str) -> list[User]:
    """The slots of a new BMC: one administrator."""
    slots = [User() for _ in range(SLOTS)]
    slots[FIRST_OWN - 1] = User(name, password, is_enabled=True, privilege=ADMINISTRATOR)
    return slots


def password_of(users: list[User], name: str) -> str | None:
    """The password that signs `name` in; None for whom there is no way in."""
    for user in users:
        if name and user.name == name and user.is_enabled and user.privilege != NO_ACCESS:
            return user.password
    return None


def get_access(users: list[User], data: bytes) -> Answer:
    """Get User Access."""
    if (user := _slot(users, data[1])) is None:
        return BAD_FIELD, b""
    enabled = sum(one.is_enabled for one in users)
    status = (ENABLED if user.is_enabled else DISABLED) << 6
    messaging = MESSAGING if user.privilege != NO_ACCESS else 0
    return OK, bytes([SLOTS, status | enabled, FIRST_OWN - 1, messaging | user.privilege])


def set_access(users: list[User], data: bytes) -> Answer:
    """Set User Access: only the limit of rights matters here."""
    if (user := _slot(users, data[1])) is None:
        return BAD_FIELD, b""
    user.privilege = data[2] & 0xF
    return OK, b""


def get_name(users: list[User], data: bytes) -> Answer:
    """Get User Name."""
    user = _slot(users, data[0])
    return (BAD_FIELD, b"") if user is None else (OK, user.name.encode().ljust(NAME, b"\0"))


def set_name(users: list[User], data: bytes) -> Answer:
    """Set User Name. The anonymous user keeps none."""
    user = _slot(users, data[0])
    if user is None or data[0] & 0x3F < FIRST_OWN:
        return BAD_FIELD, b""
    user.name = data[1 : 1 + NAME].split(b"\0")[0].decode("utf-8", "replace")
    return OK, b""


def set_password(users: list[User], data: bytes) -> Answer:
    """Set User Password: disable, enable, set, or test one."""
    operation, length = data[1] & 0b11, LONG if data[0] & 0x80 else SHORT
    if (user := _slot(users, data[0])) is None:
        return BAD_FIELD, b""
    if operation < 2:
        user.is_enabled = operation == 1
        return OK, b""
    if len(data) != 2 + length:
        return BAD_LENGTH, b""
    password = data[2:].rstrip(b"\0").decode("utf-8", "replace")
    if operation == 2:
        user.password = password
        return OK, b""
    return (OK if hmac.compare_digest(password, user.password) else OTHER_PASSWORD), b""


def _slot(users: list[User], number: int) -> User | None:
    number &= 0x3F
    return users[number - 1] if 1 <= number <= len(users) else None

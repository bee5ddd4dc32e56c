"""Users of the BMC as scripts. Child processes only, in a session that asked for administrator rights.

Names and passwords of IPMI v2.0 sections 22.26 to 22.30; channel 0Eh is the one we came by.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from typing import Any

from bmc.ipmi.asking import APPLICATION, Command, Refusal, Refused, answer_of, ask
from bmc.texts import clean_text

Script = Generator[Command, Any, Any]
User = dict[str, Any]

_THIS_CHANNEL = 0x0E
_FIRST, _ANONYMOUS = 2, 1
_MESSAGING, _DISABLED = 0x10, 0b10
_NAME, _PASSWORD = 16, 20
_CHANGE, _LONG = 0x80, 0x80  # Set User Access byte 1; a password of 20 bytes in Set User Password byte 1
_DISABLE, _ENABLE, _SET, _TEST = 0, 1, 2, 3
_NO_ACCESS = 0x0F
_EMPTY_SLOT = (0xC9, 0xCB, 0xCC)  # what BMCs say about a slot without a user


def list_users() -> Script:
    """Every slot in use."""
    found, _ = yield from _slots()
    return [user for user in found if user["name"] or user["is_enabled"]]


def create_user(name: str, password: str, privilege: int) -> Script:
    """Name, password and access into a free slot, enabled last, read back."""
    found, most = yield from _slots()
    if any(user["name"] == name for user in found):
        raise Refusal("bmc_refused_command")
    taken = {user["user_id"] for user in found if user["name"] or user["is_enabled"] or user["is_fixed"]}
    slot = next((number for number in range(_FIRST, most + 1) if number not in taken), None)
    if slot is None:
        raise Refusal("bmc_busy")
    yield from _password(slot, _DISABLE)
    yield from ask(APPLICATION, 0x45, slot, *name.encode().ljust(_NAME, b"\0"))
    yield from _password(slot, _SET, password)
    yield from ask(APPLICATION, 0x43, _CHANGE | _MESSAGING | _THIS_CHANNEL, slot, privilege, 0)
    yield from _password(slot, _ENABLE)
    user = yield from _user(slot)
    if user is None or user["name"] != name:
        raise Refusal("bmc_ignored_command")
    return user


def delete_user(name: str) -> Script:
    """Disable every user of that name, take rights, password and name, and prove that it is gone."""
    found, _ = yield from _slots()
    for user in found:
        if user["name"] == name:
            yield from _empty(user["user_id"])
    left, _ = yield from _slots()
    if any(user["name"] == name and _can_enter(user) for user in left):
        raise Refusal("bmc_ignored_command")
    return True


def set_password(name: str, password: str) -> Script:
    """A new password, then Set User Password's own test of it: some BMCs cut or refuse silently."""
    found, _ = yield from _slots()
    slots = [user["user_id"] for user in found if user["name"] == name]
    if not slots:
        raise Refusal("bmc_user_unknown")
    for slot in slots:
        yield from _password(slot, _SET, password)
        try:
            yield from _password(slot, _TEST, password)
        except Refused as refused:
            if refused.completion in (0x80, 0x81):  # another password; another size
                raise Refusal("bmc_ignored_command") from None
            # Others do not know the test: the caller signs in anew to be sure.
    return True


def _empty(slot: int) -> Script:
    yield from _password(slot, _DISABLE)
    for step in (
        ask(APPLICATION, 0x43, _CHANGE | _THIS_CHANNEL, slot, _NO_ACCESS, 0),
        _password(slot, _SET, secrets.token_hex(_PASSWORD // 2)),
        ask(APPLICATION, 0x45, slot, *bytes(_NAME)),
        _password(slot, _DISABLE),
    ):
        try:
            yield from step
        except Refused:
            continue  # BMCs differ in which of these they allow; whether it sufficed is read back


def _can_enter(user: User) -> bool:
    return bool(user["is_enabled"]) and user["privilege"] != _NO_ACCESS


def _password(slot: int, operation: int, password: str = "") -> Script:
    data = password.encode().ljust(_PASSWORD, b"\0") if operation in (_SET, _TEST) else b""
    marked = slot | (_LONG if data else 0)
    yield from ask(APPLICATION, 0x47, marked, operation, *data)


def _slots() -> Generator[Command, Any, tuple[list[User], int]]:
    answer = yield from answer_of(4, APPLICATION, 0x44, _THIS_CHANNEL, _ANONYMOUS)
    most = max(1, answer[0] & 0x3F)
    found: list[User] = []
    for number in range(_ANONYMOUS, most + 1):
        user = yield from _user(number)
        if user is not None:
            found.append(user)
    return found, most


def _user(number: int) -> Generator[Command, Any, User | None]:
    try:
        access = yield from answer_of(4, APPLICATION, 0x44, _THIS_CHANNEL, number)
        name = yield from ask(APPLICATION, 0x46, number)
    except Refused as refused:
        if refused.completion in _EMPTY_SLOT:
            return None
        raise
    status = access[1] >> 6
    return {
        "user_id": number,
        "name": clean_text(name[:_NAME].split(b"\0")[0], limit=_NAME),
        "privilege": access[3] & 0x0F,
        # Byte 2 has said so only since IPMI 2.0 errata 3; before, messaging is all there is.
        "is_enabled": status != _DISABLED if status else bool(access[3] & _MESSAGING),
        "is_fixed": number <= (access[2] & 0x3F),
    }

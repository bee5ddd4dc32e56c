"""Users of the BMC itself, as a capability: temporary credentials, rotation, what a tenant left behind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, runtime_checkable

MAX_USERS = 63  # the user number has six bits (IPMI v2.0 section 22.27)
MAX_NAME = 16
MAX_PASSWORD = 20


class Privilege(IntEnum):
    """IPMI v2.0 section 6.8."""

    CALLBACK = 1
    USER = 2
    OPERATOR = 3
    ADMINISTRATOR = 4
    OEM = 5
    NONE = 15


@dataclass(frozen=True, slots=True)
class BmcUser:
    """One user slot that is in use."""

    user_id: int
    name: str
    privilege: Privilege
    is_enabled: bool
    is_fixed: bool = False
    """The BMC does not let its name be changed."""


@runtime_checkable
class Users(Protocol):
    """The capability to manage users. It needs administrator rights; every call raises BmcError."""

    def list_users(self, *, timeout_s: float) -> tuple[BmcUser, ...]:
        """Every slot that has a name or is enabled."""
        ...

    def create_user(self, name: str, password: str, *, privilege: Privilege, timeout_s: float) -> BmcUser:
        """Put a new user into a free slot and read it back. A user of that name is an error: BmcRefusedCommand.

        Should anything fail in the middle, the slot is left disabled; delete it by name to be sure.
        """
        ...

    def delete_user(self, name: str, *, timeout_s: float) -> None:
        """Disable and empty the user's slots, and read back that nobody has the name. None there: fine."""
        ...

    def set_password(self, name: str, password: str, *, timeout_s: float) -> None:
        """Give an existing user a new password and let the BMC test it. Raises BmcUserUnknown.

        Sign in with it before forgetting the old one: some BMCs keep 16 of 20 bytes and still say yes.
        """
        ...

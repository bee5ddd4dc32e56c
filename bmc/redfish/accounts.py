"""Users of the BMC (DSP0268 AccountService, ManagerAccount). Child processes only.

Some BMCs create and delete accounts, others have a fixed number of slots, empty ones without a name.
"""

from __future__ import annotations

from typing import Any

from bmc.redfish.commands import Bmc, Resource, as_object, link
from bmc.redfish.failures import Failure

_MAX_USERS = 63
_ROLES = {2: "ReadOnly", 3: "Operator", 4: "Administrator"}
_PRIVILEGES = {role: privilege for privilege, role in _ROLES.items()} | {"NoAccess": 15, "None": 15}
_OEM = 5


def list_users(bmc: Bmc) -> list[dict[str, Any]]:
    """Every account that has a name or is enabled with one."""
    return [_user(number, one) for number, one in enumerate(_accounts(bmc), 1) if one.get("UserName")]


def create_user(bmc: Bmc, name: str, password: str, *, privilege: int) -> dict[str, Any]:
    """Create an account, or fill an empty slot, and read it back."""
    accounts = _accounts(bmc)
    if any(one.get("UserName") == name for one in accounts) or privilege not in _ROLES:
        raise Failure("bmc_refused_command")
    wanted = {"UserName": name, "Password": password, "RoleId": _ROLES[privilege], "Enabled": True}
    empty = next((one for one in accounts if one.get("UserName") == "" and _key(one) != "1"), None)
    if empty is not None:
        bmc.write(link(empty), wanted, method="PATCH", etag="*")
    else:
        bmc.write(_collection(bmc), wanted, method="POST")
    for user in list_users(bmc):
        if user["name"] == name:
            return user
    raise Failure("bmc_ignored_command")


def delete_user(bmc: Bmc, name: str) -> None:
    """Delete the account, or disable and empty its slot, and read back that nobody has the name."""
    for account in _named(bmc, name):
        try:
            bmc.write(link(account), None, method="DELETE")
        except Exception:  # pyghmi's for any refusal: the slot of such a BMC stays, and is emptied
            bmc.write(link(account), {"Enabled": False, "UserName": ""}, method="PATCH", etag="*")
    if _named(bmc, name):
        raise Failure("bmc_ignored_command")


def set_password(bmc: Bmc, name: str, password: str) -> None:
    """Give an account a new password."""
    accounts = _named(bmc, name)
    if not accounts:
        raise Failure("bmc_user_unknown")
    bmc.write(link(accounts[0]), {"Password": password}, method="PATCH", etag="*")


def _collection(bmc: Bmc) -> Any:
    service = link(bmc.read("/redfish/v1/").get("AccountService"))
    collection = link(bmc.read(service).get("Accounts")) if service else None
    if not collection:
        raise Failure("bmc_unsupported")
    return collection


def _accounts(bmc: Bmc) -> list[Resource]:
    return [as_object(one) for one in bmc.members(_collection(bmc), limit=_MAX_USERS)]


def _named(bmc: Bmc, name: str) -> list[Resource]:
    return [one for one in _accounts(bmc) if one.get("UserName") == name]


def _key(account: Resource) -> str:
    return str(account.get("Id", ""))


def _user(position: int, account: Resource) -> dict[str, Any]:
    key = _key(account)
    return {
        "user_id": int(key) if key.isascii() and key.isdigit() and len(key) < 4 else position,
        "name": account["UserName"],
        "privilege": _PRIVILEGES.get(str(account.get("RoleId")), _OEM),
        "is_enabled": account.get("Enabled", True) is True,
    }

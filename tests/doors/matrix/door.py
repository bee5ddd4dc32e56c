"""An event handler as the table has it: who may use it, on which kind of object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.doors.server import PORTAL

ANYBODY = frozenset({"anonymous", "client", "operator", "technician"})
SIGNED_IN = ANYBODY - {"anonymous"}
STAFF = frozenset({"operator", "technician"})
OPERATOR = frozenset({"operator"})
CLIENT = frozenset({"client"})
FINANCE = frozenset({"client", "operator"})
NOBODY: frozenset[str] = frozenset()
CLICK = {"draft": "fedcba9876543210" * 2}


@dataclass(frozen=True)
class Door:
    """An event handler: who may use it and on which kind of object."""

    name: str
    who: frozenset[str]
    target: str = ""
    payload: Callable[[int], dict[str, Any]] = field(default=lambda _: {})
    path: str = "/404"
    """The page's address, with {id} for the object."""
    param: str = ""

    @property
    def is_page(self) -> bool:
        return self.name.endswith(".open")

    def expected(self, role: str, whose: str) -> str:
        """The verdict for a role on its own, a foreign or a missing object."""
        if not self.who:
            return "forbidden"
        if role not in self.who:
            return "sign_in_required" if role == "anonymous" else "forbidden"
        if whose == "missing":
            return "not_found"
        if whose == "foreign" and (role == "client" or self.target == "session"):
            return "not_found"
        if whose == "foreign" and self.target == "job in hands":
            return "job_not_yours"
        return "allowed"


def page(name: str, who: frozenset[str], path: str, target: str = "", param: str = "") -> Door:
    return Door(f"{PORTAL}{name}.open", who, target, path=path, param=param)


def of(name: str) -> Callable[[int], dict[str, Any]]:
    return lambda number: {name: number}


def click(name: str, **more: Any) -> Callable[[int], dict[str, Any]]:
    return lambda number: {name: number, **CLICK, **more}

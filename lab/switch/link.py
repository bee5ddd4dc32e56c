"""A variation module of snmpsim: ifAdminStatus may be set, and ifOperStatus follows it.

IF-MIB (RFC 2863): "if ifAdminStatus is down(2) then ifOperStatus should be down(2)". snmpsim's own module that
keeps what is written knows nothing of a second object, and keeps it for all switches at once.
"""

from __future__ import annotations

from typing import Any

from pysnmp.proto.rfc1902 import Integer32

ADMIN_STATUS = 7  # ifEntry's columns
UP = 1
agentContext: dict[int, int] = {}  # snmpsim puts each switch's own here before it asks


def init(**context: Any) -> None:
    """Nothing is up to the command line."""


def variate(oid: Any, tag: str, value: str, **context: Any) -> tuple[Any, str, Any]:
    """The state of a port by its ifIndex, the last number of `oid`."""
    is_there = context["nextFlag"] or context["exactMatch"]
    column, index = int(oid[-2]), int(oid[-1])
    if not is_there or (context["setFlag"] and column != ADMIN_STATUS):
        return context["origOid"], tag, context["errorStatus"]
    if context["setFlag"]:
        agentContext[index] = int(context["origValue"])
    return oid, tag, Integer32(agentContext.get(index, UP))


def shutdown(**context: Any) -> None:
    """All that was written is forgotten with the process."""

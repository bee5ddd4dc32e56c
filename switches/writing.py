"""SNMP SET (RFC 3416, 4.2.5), which gufo-snmp does not have: by pysnmp, imported only when something is set."""

from __future__ import annotations

import asyncio
from typing import Any

from switches import oids
from switches.agents import Agent
from switches.errors import SwitchBadAnswer, SwitchCredentialsRefused, SwitchUnreachable, SwitchWriteRefused
from switches.sessions import TIMEOUT_S, TRIES

_AUTH = {
    "": "usmNoAuthProtocol",
    "md5": "usmHMACMD5AuthProtocol",
    "sha1": "usmHMACSHAAuthProtocol",
    "sha224": "usmHMAC128SHA224AuthProtocol",
    "sha256": "usmHMAC192SHA256AuthProtocol",
    "sha384": "usmHMAC256SHA384AuthProtocol",
    "sha512": "usmHMAC384SHA512AuthProtocol",
}
_PRIV = {
    "": "usmNoPrivProtocol",
    "des": "usmDESPrivProtocol",
    "aes128": "usmAesCfb128Protocol",
    "aes192": "usmAesCfb192Protocol",
    "aes256": "usmAesCfb256Protocol",
}
# RFC 3416, section 3, error-status: noSuchName, readOnly, noAccess, noCreation, authorizationError, notWritable.
_REFUSALS = {2, 4, 6, 11, 16, 17}
# noCreation, wrongValue, inconsistentValue, inconsistentName: it looked at what was to be set, so it would let us.
_WOULD_LET_US = {0, 10, 11, 12, 18}
_WOULD_NOT = {4, 6, 16, 17}
_NOWHERE = f"{oids.IF_ADMIN_STATUS}.0"
"""No interface has the index 0 (RFC 2863, InterfaceIndex): what is set there is set nowhere."""
_DEADLINE_S = 15.0


def prepare() -> None:
    """Import what setting needs, which takes a second or more on a busy machine."""
    import pysnmp.hlapi.v3arch.asyncio  # noqa: F401


async def set_integer(agent: Agent, oid: str, value: int, *, timeout_s: float, tries: int) -> None:
    """Set one INTEGER and wait for the switch's yes, which proves nothing about the port.

    A SET states a goal, so one without an answer is sent again. Raises SwitchError.
    """
    status, answered = await _asked(agent, oid, value, timeout_s, tries)
    if status:
        raise SwitchWriteRefused if status in _REFUSALS else SwitchBadAnswer
    if answered != (oid, value):
        raise SwitchBadAnswer


async def may_write(agent: Agent, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES) -> bool | None:
    """Whether the switch would let this agent set ports, by a SET that can change nothing; None when it does not say.

    An agent looks at who asks before it looks at what is to be set (RFC 3416, 4.2.5). Raises SwitchError.
    """
    status, _ = await _asked(agent, _NOWHERE, 1, timeout_s, tries)
    return True if status in _WOULD_LET_US else False if status in _WOULD_NOT else None


async def _asked(
    agent: Agent, oid: str, value: int, timeout_s: float, tries: int
) -> tuple[int, tuple[str, int] | None]:
    """The error status of one SET and what it says was set. Raises SwitchError when there is no answer."""
    try:
        async with asyncio.timeout(_DEADLINE_S):
            indication, status, answered = await _exchange(agent, oid, value, timeout_s, tries)
    except TimeoutError:
        raise SwitchUnreachable from None
    except OSError:  # no route, host unreachable, and the like
        raise SwitchUnreachable from None
    if indication is not None:
        raise _failure(indication)
    return status, answered


async def _exchange(
    agent: Agent, oid: str, value: int, timeout_s: float, tries: int
) -> tuple[Any, int, tuple[str, int] | None]:
    from pysnmp.hlapi.v3arch import asyncio as snmp
    from pysnmp.proto import rfc1902
    from pysnmp.proto.errind import ErrorIndication

    engine = snmp.SnmpEngine()
    try:
        target = await snmp.UdpTransportTarget.create(
            (agent.host, agent.port), timeout=timeout_s, retries=tries - 1
        )
        binding = (rfc1902.ObjectName(oid), rfc1902.Integer32(value))
        indication, status, _, bindings = await snmp.set_cmd(
            engine, _who(snmp, agent), target, snmp.ContextData(), binding, lookupMib=False
        )
    except ErrorIndication as failure:
        return failure, 0, None
    finally:
        engine.close_dispatcher()
    answered = (str(bindings[0][0]), int(bindings[0][1])) if len(bindings) == 1 and not status else None
    return indication, int(status), answered


def _who(snmp: Any, agent: Agent) -> Any:
    if not agent.is_v3:
        return snmp.CommunityData(agent.community, mpModel=1)
    return snmp.UsmUserData(
        agent.username,
        agent.auth_password or None,
        agent.priv_password or None,
        authProtocol=getattr(snmp, _AUTH[agent.auth_protocol]),
        privProtocol=getattr(snmp, _PRIV[agent.priv_protocol]),
    )


def _failure(indication: Any) -> Exception:
    """What pysnmp's error indications mean (RFC 3414, section 3.2 among them)."""
    kind = type(indication).__name__
    if kind in ("RequestTimedOut", "EmptyResponse"):
        return SwitchUnreachable()
    if kind in ("UnknownUserName", "WrongDigest", "UnsupportedSecurityLevel", "AuthorizationError"):
        return SwitchCredentialsRefused()
    return SwitchBadAnswer()

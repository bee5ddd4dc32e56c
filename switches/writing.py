"""SNMP SET (RFC 3416, 4.2.5), which gufo-snmp does not have: by pysnmp, imported only when something is set."""

from __future__ import annotations

import asyncio
from typing import Any

from switches.agents import Agent
from switches.errors import SwitchBadAnswer, SwitchCredentialsRefused, SwitchUnreachable, SwitchWriteRefused

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
_DEADLINE_S = 15.0


def prepare() -> None:
    """Import what setting needs, which takes a second or more on a busy machine."""
    import pysnmp.hlapi.v3arch.asyncio  # noqa: F401


async def set_integer(agent: Agent, oid: str, value: int, *, timeout_s: float, tries: int) -> None:
    """Set one INTEGER and wait for the switch's yes, which proves nothing about the port.

    A SET states a goal, so one without an answer is sent again. Raises SwitchError.
    """
    try:
        async with asyncio.timeout(_DEADLINE_S):
            indication, status, answered = await _exchange(agent, oid, value, timeout_s, tries)
    except TimeoutError:
        raise SwitchUnreachable from None
    except OSError:  # no route, host unreachable, and the like
        raise SwitchUnreachable from None
    if indication is not None:
        raise _failure(indication)
    if status:
        raise SwitchWriteRefused if status in _REFUSALS else SwitchBadAnswer
    if answered != (oid, value):
        raise SwitchBadAnswer


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

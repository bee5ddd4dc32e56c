"""What pages show of switches, cables and screens on record: never a secret, only whether there is one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SwitchRecordView:
    """What is on record about a switch, for the form that corrects it."""

    id: int = 0
    name: str = ""
    site: str = ""
    host: str = ""
    port: int = 0
    username: str = ""
    """Empty: it is read by a community."""
    auth_protocol: str = ""
    priv_protocol: str = ""
    is_polled: bool = False


@dataclass(frozen=True)
class CheckView:
    """What a switch said when it was asked. `status`: "", asking, answered or failed."""

    status: str = ""
    at: str = ""
    error_code: str = ""
    sys_name: str = ""
    ports: int = 0
    write: str = ""


@dataclass(frozen=True)
class CableView:
    """A server on a port from when to when; `until` is empty while it is there."""

    id: int = 0
    port_id: int = 0
    port: str = ""
    switch_id: int = 0
    switch: str = ""
    server_id: int = 0
    server: str = ""
    nic: str = ""
    service: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class ScreenRecordView:
    """Where a server's screen is; `port` is 0 when nobody knows."""

    host: str = ""
    port: int = 0
    is_locked: bool = False
    """It asks for a password, which is on record."""

"""What pages show of networks."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReverseView:
    """What reverse DNS says of an address. `id` is 0 while it says nothing."""

    id: int = 0
    ip: str = ""
    name: str = ""
    """As people write it; empty while it is being removed."""
    ascii: str = ""
    """As DNS has it, where that differs."""
    status: str = ""
    error_code: str = ""
    forward: str = ""
    wanted_at: str = ""


@dataclass(frozen=True)
class AddressView:
    id: int = 0
    family: int = 4
    network: str = ""
    """IPv6: the network of 64 bits. Empty with IPv4."""
    ip: str = ""
    prefix_length: int = 0
    mask: str = ""
    gateway: str = ""
    is_main: bool = False
    since: str = ""
    reverse: ReverseView = field(default_factory=ReverseView)
    records: list[ReverseView] = field(default_factory=list)
    """IPv6: the addresses that have a name."""


@dataclass(frozen=True)
class PlugView:
    """A switch port that the server hangs on."""

    switch: str = ""
    port: str = ""
    speed_mbps: int | None = None
    link: str = "unknown"
    in_errors: int | None = None
    """Of what the server sent."""
    out_errors: int | None = None
    errors_at: str = ""
    nic: str = ""


@dataclass(frozen=True)
class NetworkView:
    """Addresses of one server, and how it is connected."""

    is_ready: bool = False
    server_id: int = 0
    mac: str = ""
    ip: str = ""
    """What its row says, shown while no address is on record."""
    plugs: list[PlugView] = field(default_factory=list)
    addresses: list[AddressView] = field(default_factory=list)
    can_edit: bool = False
    ttl_s: int = 0


@dataclass(frozen=True)
class PrefixView:
    id: int = 0
    cidr: str = ""
    family: int = 4
    gateway: str = ""
    site: str = ""
    free: int = 0
    assigned: int = 0
    resting: int = 0
    total: int = 0
    used_bp: int = 0
    """What is not free, in basis points."""
    quarantine_hours: int = 0
    next_free_at: str = ""
    zone: str = ""


@dataclass(frozen=True)
class UseView:
    """An address that is assigned or at rest."""

    id: int = 0
    address: str = ""
    server_id: int = 0
    server: str = ""
    since: str = ""
    status: str = "assigned"
    held_until: str = ""


@dataclass(frozen=True)
class FailedReverseView:
    id: int = 0
    ip: str = ""
    name: str = ""
    server_id: int = 0
    server: str = ""
    error_code: str = ""
    wanted_at: str = ""


@dataclass(frozen=True)
class PrefixesView:
    is_ready: bool = False
    rows: list[PrefixView] = field(default_factory=list)
    open_id: int = 0
    open_cidr: str = ""
    uses: list[UseView] = field(default_factory=list)
    is_cut: bool = False
    """There are more than are shown."""
    failed: list[FailedReverseView] = field(default_factory=list)

"""The DHCP and TFTP side of network boot as a configuration for dnsmasq (dnsmasq(8), version 2.85 and later).

Every server has a fixed address by its MAC, firmware is given iPXE by TFTP, and iPXE a script that asks the boot
service and boots the disk where that says nothing. Strangers get no address at all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.network import main_interface
from opsportal.domain.provisioning.machines import clean_mac
from opsportal.models import Server

LEASE = "1h"
ASKING_SCRIPT = "boot.ipxe"


@dataclass(frozen=True, slots=True)
class Lease:
    """A server's fixed address in its network."""

    mac: str
    address: str
    network: str
    gateway: str = ""


def list_leases(unit: Unit, *, networks: Sequence[str] = ()) -> list[Lease]:
    """Every server whose MAC, IPv4 address and network are known, by address.

    `networks`: CIDRs in which servers stand whose address is in no prefix on record.
    """
    plain = [ipaddress.IPv4Network(text) for text in networks]
    found = [_lease(unit, server, plain) for server in unit.exec(select(Server).order_by(col(Server.id)))]
    return sorted((lease for lease in found if lease), key=lambda lease: ipaddress.ip_address(lease.address))


def _lease(unit: Unit, server: Server, plain: Sequence[ipaddress.IPv4Network]) -> Lease | None:
    mac = clean_mac(server.mac)
    known = main_interface(unit, server.id or 0, version=4)
    if not mac:
        return None
    if known is not None:
        network = ipaddress.ip_network(f"{known.ip}/{known.prefix_length}", strict=False)
        return Lease(mac, str(known.ip), str(network), str(known.gateway))
    around = [network for network in plain if server.ip and _is_in(server.ip, network)]
    return Lease(mac, server.ip, str(around[0])) if around and server.ip else None


def _is_in(text: str, network: ipaddress.IPv4Network) -> bool:
    try:
        return ipaddress.ip_address(text) in network
    except ValueError:
        return False


def configuration(leases: Sequence[Lease], *, tftp_root: str, interface: str = "", teller: str = "") -> str:
    """The text of dnsmasq.conf.

    `tftp_root`: where undionly.kpxe, snponly.efi and boot.ipxe are. `teller`: the program that tells the portal of
    each address that is given; "" for none.
    """
    networks = {lease.network: lease.gateway for lease in leases}
    lines = [
        "# Written by `python -m opsportal.boot_network`. Do not edit: it is replaced.",
        "port=0",
        *([f"interface={interface}", "bind-interfaces"] if interface else []),
        "dhcp-authoritative",
        "log-dhcp",
        *_ranges(networks),
        *(f"dhcp-host={lease.mac},{lease.address},{LEASE}" for lease in leases),
        # RFC 4578, section 2.1: what kind of firmware asks. iPXE says so itself (option 175).
        "dhcp-match=set:ipxe,175",
        "dhcp-match=set:efi,option:client-arch,7",
        "dhcp-match=set:efi,option:client-arch,9",
        "enable-tftp",
        f"tftp-root={tftp_root}",
        "dhcp-boot=tag:!ipxe,tag:efi,snponly.efi",
        "dhcp-boot=tag:!ipxe,tag:!efi,undionly.kpxe",
        f"dhcp-boot=tag:ipxe,{ASKING_SCRIPT}",
        *([f"dhcp-script={teller}", "script-on-renewal"] if teller else []),
    ]
    return "\n".join(lines) + "\n"


def _ranges(networks: Mapping[str, str]) -> Iterator[str]:
    """A machine without a host of its own gets no answer: what is not on record does not boot here."""
    for number, (text, gateway) in enumerate(sorted(networks.items())):
        network = ipaddress.IPv4Network(text)
        yield f"dhcp-range=set:n{number},{network.network_address},static,{network.netmask},{LEASE}"
        if gateway:
            yield f"dhcp-option=tag:n{number},option:router,{gateway}"

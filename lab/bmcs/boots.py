"""What a machine prints on its serial port while it starts and stops, and when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from lab.bmcs.identities import Identity
from lab.bmcs.records import System

KERNEL = "6.1.0-26-amd64"


class Stage(StrEnum):
    """How far a machine has come. A boot ends with LOGIN, or with SETUP when firmware setup was asked for."""

    OFF = "off"
    FIRMWARE = "firmware"
    SETUP = "setup"
    NETWORK = "network"
    INSTALLER = "installer"
    LOADER = "loader"
    KERNEL = "kernel"
    SERVICES = "services"
    LOGIN = "login"
    STOPPING = "stopping"


@dataclass(frozen=True)
class Line:
    """Text that leaves the serial port `after` seconds from the start of its script."""

    after: float
    stage: Stage
    text: str


_Step = tuple[float, Stage, str]  # seconds since the step before, stage, text


def boot_lines(identity: Identity, device: str, *, boots: int, system: System | None = None) -> list[Line]:
    """The serial output of boot number `boots` from `device` (network, hd, optical, floppy, setup, default).

    The same arguments give the same lines and times, so a lab that was killed picks a boot up where it is.
    A device with nothing to boot on it falls through to the disk, as firmware does.
    """
    steps = [*_firmware(identity, device)]
    if device == "setup":
        steps += _setup(identity)
    else:
        if device in ("network", "default"):
            steps += _network(identity)
        elif device in ("optical", "floppy"):
            steps.append((0.6, Stage.FIRMWARE, f"No bootable {device} medium, trying the next device"))
        steps += _from_disk(identity, system or System())
    return _timed(steps, _dice(identity, boots))


def network_lines(identity: Identity, device: str, *, boots: int) -> list[Line]:
    """The beginning of a boot that asks a boot service, up to the moment when it asks for an address."""
    return _timed([*_firmware(identity, device), *_network_card(identity)], _dice(identity, boots))


def address_lines(identity: Identity, *, is_given: bool) -> list[Line]:
    """How DHCP went."""
    if not is_given:
        steps: list[_Step] = [
            (
                6.0,
                Stage.NETWORK,
                f"Configuring (net0 {identity.mac})................ No configuration methods succeeded",
            ),
            (0.3, Stage.NETWORK, "No more network devices: continuing with the local disk"),
        ]
    else:
        steps = [*_address(identity)]
    return _timed(steps, _dice(identity, 0))


def disk_lines(identity: Identity, system: System, *, boots: int) -> list[Line]:
    """The serial output of what is on the disk, from the boot loader to the login prompt."""
    return _timed([*_from_disk(identity, system)], _dice(identity, boots))


def stop_lines(*, is_reboot: bool) -> list[Line]:
    """The serial output of an orderly shutdown, 1.2 s long."""
    target = "reboot.target - System Reboot" if is_reboot else "poweroff.target - System Power Off"
    last = "reboot: Restarting system" if is_reboot else "reboot: Power down"
    texts = (
        (0.05, "         Stopping session-1.scope - Session 1 of User root..."),
        (0.15, "[  OK  ] Stopped target multi-user.target - Multi-User System."),
        (0.30, "         Stopping ssh.service - OpenBSD Secure Shell server..."),
        (0.45, "[  OK  ] Stopped ssh.service - OpenBSD Secure Shell server."),
        (0.60, "[  OK  ] Stopped networking.service - Raise network interfaces."),
        (0.80, "[  OK  ] Unmounted boot-efi.mount - /boot/efi."),
        (1.00, f"[  OK  ] Reached target {target}."),
        (1.20, f"[ 4242.171203] {last}"),
    )
    return [Line(after, Stage.STOPPING, f"{text}\r\n") for after, text in texts]


def _dice(identity: Identity, boots: int) -> random.Random:
    return random.Random(f"{identity.uuid}:{boots}")


def _from_disk(identity: Identity, system: System) -> Iterator[_Step]:
    yield from _disk(identity, system)
    yield from _services(identity, system)


def _timed(steps: list[_Step], dice: random.Random) -> list[Line]:
    lines, clock, kernel_at = [], 0.0, None
    for wait, stage, text in steps:
        clock += wait * dice.uniform(0.9, 1.15)
        if stage is Stage.KERNEL:
            kernel_at = clock if kernel_at is None else kernel_at
            text = f"[{clock - kernel_at:12.6f}] {text}"
        end = "" if stage is Stage.LOGIN else "\r\n"
        lines.append(Line(clock, stage, text + end))
    return lines


def _firmware(identity: Identity, device: str) -> Iterator[_Step]:
    for wait, text in (
        (0.3, ""),
        (0.1, f"{identity.model}  System BIOS 2.4b  BMC firmware 1.00"),
        (0.3, f"CPU: {identity.cpu}"),
        (0.4, f"Memory: {identity.ram_gb} GB ECC, {max(2, identity.ram_gb // 32)} modules, training cached"),
        (0.7, "PCIe: 100% enumerated, 2 network ports"),
        (0.3, f"Storage: {identity.disks}"),
        (0.2, f"BMC: {identity.host} MAC {identity.bmc_mac}"),
        (0.3, "Serial console: COM2 115200 8n1, redirected over LAN (SOL)"),
        (0.4, f"Boot override: {device}" if device != "default" else "Boot order: network, disk"),
    ):
        yield wait, Stage.FIRMWARE, text


def _setup(identity: Identity) -> Iterator[_Step]:
    yield 0.5, Stage.SETUP, "Entering Setup..."
    yield 0.3, Stage.SETUP, f"+---------------- Setup: {identity.model} ----------------+"
    yield 0.1, Stage.SETUP, "  Main   Advanced   Boot   Security   Save & Exit"
    yield 0.1, Stage.SETUP, "  Reset the machine to leave."


def _network(identity: Identity) -> Iterator[_Step]:
    yield from _network_card(identity)
    yield from _address(identity)
    yield 0.6, Stage.NETWORK, "Nothing to boot for this server: continuing with the local disk"


def _network_card(identity: Identity) -> Iterator[_Step]:
    for wait, text in (
        (0.5, "iPXE initialising devices...ok"),
        (0.3, "iPXE 1.21.1 -- Open Source Network Boot Firmware -- https://ipxe.org"),
        (0.1, "Features: DNS HTTP HTTPS iSCSI TFTP VLAN bzImage ELF Menu PXE PXEXT"),
        (0.3, f"net0: {identity.mac} using i40e on 0000:41:00.0 (Ethernet) [open]"),
    ):
        yield wait, Stage.NETWORK, text


def _address(identity: Identity) -> Iterator[_Step]:
    number = int(identity.name.rpartition("-")[2])
    yield 0.4, Stage.NETWORK, f"Configuring (net0 {identity.mac})...... ok"
    address = f"10.20.{number // 250}.{number % 250 + 1}"
    yield 0.1, Stage.NETWORK, f"net0: {address}/255.255.0.0 gw 10.20.255.254"


def _disk(identity: Identity, system: System) -> Iterator[_Step]:
    yield 0.5, Stage.LOADER, "GRUB loading."
    yield 0.3, Stage.LOADER, f"Booting `{system.title}'"
    yield 0.3, Stage.LOADER, f"Loading Linux {KERNEL} ..."
    yield 0.4, Stage.LOADER, "Loading initial ramdisk ..."
    memory = identity.ram_gb * 1024 * 1024
    for wait, text in (
        (0.4, f"Linux version {KERNEL} (gcc-12 (Debian 12.2.0-14)) #1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1"),
        (0.01, f"Command line: BOOT_IMAGE=/vmlinuz-{KERNEL} root=/dev/md0 ro console=ttyS1,115200n8"),
        (0.01, f"DMI: {identity.model}, BIOS 2.4b"),
        (0.08, f"smpboot: CPU0: {identity.cpu}"),
        (0.12, f"smp: Brought up 1 node, {identity.cores * 2} CPUs"),
        (0.10, f"Memory: {memory - 917_504}K/{memory}K available"),
        (0.15, "Serial: 8250/16550 driver, 4 ports, IRQ sharing enabled"),
        (0.20, "ipmi_si IPI0001:00: IPMI kcs interface initialized"),
        (0.15, f"i40e 0000:41:00.0 eno1: renamed from eth0, MAC {identity.mac}"),
        (0.30, "md/raid1:md0: active with 2 out of 2 mirrors"),
        (0.20, "EXT4-fs (md0): mounted filesystem with ordered data mode. Quota mode: none."),
        (0.25, "systemd[1]: systemd 252.31-1~deb12u1 running in system mode"),
        (0.10, f"systemd[1]: Hostname set to <{system.hostname or identity.name}>."),
    ):
        yield wait, Stage.KERNEL, text


def _services(identity: Identity, system: System) -> Iterator[_Step]:
    for wait, text in (
        (0.15, "[  OK  ] Reached target local-fs.target - Local File Systems."),
        (0.20, "[  OK  ] Finished systemd-udev-settle.service - Wait for udev To Complete."),
        (0.15, "[  OK  ] Started systemd-journald.service - Journal Service."),
        (0.20, "         Starting networking.service - Raise network interfaces..."),
        (0.70, "[  OK  ] Finished networking.service - Raise network interfaces."),
        (0.10, "[  OK  ] Reached target network-online.target - Network is Online."),
        (0.20, "[  OK  ] Started cron.service - Regular background program processing daemon."),
        (0.20, "[  OK  ] Started ssh.service - OpenBSD Secure Shell server."),
        (0.15, "[  OK  ] Started serial-getty@ttyS1.service - Serial Getty on ttyS1."),
        (0.10, "[  OK  ] Reached target multi-user.target - Multi-User System."),
        (0.10, ""),
        (0.05, f"{system.title} {system.hostname or identity.name} ttyS1"),
        (0.05, ""),
    ):
        yield wait, Stage.SERVICES, text
    yield 0.1, Stage.LOGIN, f"{system.hostname or identity.name} login: "

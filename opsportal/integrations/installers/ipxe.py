"""Scripts for iPXE (https://ipxe.org/cmd). Every one ends at the server's own disk, whatever fails on the way."""

from __future__ import annotations

import re

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers import debian
from opsportal.models import InstallerKind

TIMEOUT_MS = 30_000
"""For one file to begin to arrive; after that the disk is booted."""
# A BIOS that is told to `exit` may not come back to its disk. UEFI goes on with its own boot order, but only from what
# has failed: where a boot option succeeds, firmware shows its menu and stays there (UEFI 2.10, section 3.1.2).
_LOCAL = """\
iseq ${platform} pcbios && sanboot --no-describe --drive 0x80 ||
exit 1
"""
LOCAL_DISK = "#!ipxe\n" + _LOCAL
ASK_TIMEOUT_MS = 20_000
"""For the portal to say something; iPXE by itself waits for ever for one that listens and says nothing."""
_ARGUMENT = re.compile(r"[!-~]+")


def asking_script(boot_url: str) -> str:
    """What a boot host's TFTP server gives to iPXE: ask the portal, and boot the disk if it is not there in time."""
    ask = f"chain --timeout {ASK_TIMEOUT_MS} --autofree {boot_url}/boot/ipxe/${{netX/mac}} ||"
    return f"#!ipxe\n{ask}\n{_LOCAL}"


def boot_script(facts: Facts) -> str:
    """Kernel, initrd and command line of an installation, and the disk if one of them cannot be had."""
    name = " initrd=initrd" if facts.has_initrd else ""
    lines = [
        "#!ipxe",
        f"kernel --timeout {TIMEOUT_MS} {facts.base}/kernel{name} {command_line(facts)}".rstrip()
        + " || goto local",
    ]
    if facts.has_initrd:
        lines.append(f"initrd --timeout {TIMEOUT_MS} --name initrd {facts.base}/initrd || goto local")
    return "\n".join([*lines, "boot || goto local", ":local"]) + "\n" + _LOCAL


def command_line(facts: Facts) -> str:
    """What the kernel is told: where the installer finds its configuration, and the operator's own words."""
    own = [word for word in facts.kernel_arguments.split() if _ARGUMENT.fullmatch(word) and "${" not in word]
    return " ".join([*_installer_arguments(facts), *own])


def _installer_arguments(facts: Facts) -> list[str]:
    base = facts.base
    match facts.installer:
        case InstallerKind.PRESEED:
            answers = ["auto=true", "priority=critical", f"url={base}/preseed.cfg", "interface=auto"]
            return [*answers, *debian.early_answers(facts), *_card(facts)]
        case InstallerKind.AUTOINSTALL:
            return [
                "autoinstall",
                "ip=dhcp",
                f"url={facts.image}",
                f"ds=nocloud-net;s={base}/",
                *_card(facts),
            ]
        case InstallerKind.KICKSTART:
            words = ["ip=dhcp", f"inst.repo={facts.image}", f"inst.ks={base}/ks.cfg", "inst.text"]
            return [*words, *_card(facts)]
        case InstallerKind.RAW:
            return [
                f"opsportal.base={base}",
                f"opsportal.sha256={facts.image_sha256}",
                f"opsportal.mode={facts.purpose}",
            ]
        case InstallerKind.NONE:
            return []


def _card(facts: Facts) -> list[str]:
    """Of several network cards, the one on record: installers know this word from PXELINUX (its IPAPPEND 2)."""
    return [f"BOOTIF=01-{facts.mac.replace(':', '-')}"] if facts.mac else []

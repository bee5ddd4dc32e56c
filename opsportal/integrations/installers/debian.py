"""Preseeding of the Debian installer (installation guide for Debian 12, appendix B)."""

from __future__ import annotations

import shlex
import urllib.parse

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers.shell import FIND_DISK, functions

# Both disks alike, with GPT: what the firmware wants first, and the second partition is the array's. The marks that
# partman's own recipes have for other tables ($iflabel, $primary) would leave one out, or change their order.
_BIOS = "1 1 1 free method{ biosgrub } ."
_UEFI = "538 538 538 free method{ efi } format{ } ."
_ARRAY = "4096 10000 -1 raid method{ raid } ."


def early_answers(facts: Facts) -> list[str]:
    """What the installer asks before it has a network to fetch its preseed file by: words for the kernel.

    A switch port may take half a minute until it forwards (IEEE 802.1D, 17.14), so its link and DHCP get a minute.
    """
    return [
        "DEBIAN_FRONTEND=text",  # what the serial log can hold: lines, and no windows drawn of letters
        "netcfg/link_wait_timeout=60",
        "netcfg/dhcp_timeout=60",
        *([f"netcfg/hostname={facts.hostname}"] if _is_word(facts.hostname) else []),
    ]


def _is_word(text: str) -> bool:
    return bool(text) and text.isascii() and text.replace(".", "").replace("-", "").isalnum()


def preseed(facts: Facts) -> str:
    """The answers to every question that the installer would ask."""
    host, _, domain = facts.hostname.partition(".")
    mirror = urllib.parse.urlsplit(facts.image)
    protocol = mirror.scheme or "http"
    answers = [
        ("debian-installer/locale", "string en_US.UTF-8"),
        ("keyboard-configuration/xkb-keymap", "select us"),
        ("netcfg/choose_interface", "select auto"),
        ("netcfg/get_hostname", f"string {host}"),
        ("netcfg/get_domain", f"string {domain or 'local'}"),
        ("netcfg/hostname", f"string {facts.hostname}"),
        ("mirror/country", "string manual"),
        ("mirror/protocol", f"select {protocol}"),  # and what is asked next is named by it
        (f"mirror/{protocol}/hostname", f"string {mirror.netloc}"),
        (f"mirror/{protocol}/directory", f"string {mirror.path or '/'}"),
        (f"mirror/{protocol}/proxy", "string"),
        ("passwd/root-login", "boolean true"),
        ("passwd/make-user", "boolean false"),
        ("passwd/root-password-crypted", f"password {facts.password_hash}"),
        ("clock-setup/utc", "boolean true"),
        ("time/zone", f"string {facts.time_zone}"),
        ("preseed/early_command", f"string {_run(facts, 'started.sh')}"),
        ("partman/early_command", f"string {_run(facts, 'disks.sh')}"),
        *_partitions(facts),
        ("partman-partitioning/confirm_write_new_label", "boolean true"),
        ("partman/choose_partition", "select finish"),
        ("partman/confirm", "boolean true"),
        ("partman/confirm_nooverwrite", "boolean true"),
        ("partman-md/confirm", "boolean true"),
        ("partman-md/confirm_nooverwrite", "boolean true"),
        ("partman-md/device_remove_md", "boolean true"),
        ("partman-lvm/device_remove_lvm", "boolean true"),
        # "Go back to the menu?" and "is this machine really to start by UEFI?", which nobody is there to answer.
        ("partman-basicfilesystems/no_swap", "boolean false"),
        ("partman-efi/non_efi_system", "boolean true"),
        ("tasksel/first", "multiselect standard, ssh-server"),
        ("pkgsel/include", "string openssh-server wget"),
        ("pkgsel/upgrade", "select full-upgrade"),
        ("popularity-contest/participate", "boolean false"),
        ("grub-installer/only_debian", "boolean true"),
        ("grub-installer/with_other_os", "boolean true"),
        ("grub-installer/force-efi-extra-removable", "boolean true"),
        ("preseed/late_command", f"string {_run(facts, 'finish.sh', '/target')}"),
        ("finish-install/reboot_in_progress", "note"),
    ]
    return "".join(f"{_owner(name)} {name} {value}\n" for name, value in answers)


def _owner(question: str) -> str:
    return {"tasksel/first": "tasksel", "popularity-contest/participate": "popularity-contest"}.get(
        question, "d-i"
    )


def _run(facts: Facts, name: str, argument: str = "") -> str:
    """One line of shell: fetch a script of ours and run it."""
    url, path = shlex.quote(f"{facts.base}/{name}"), f"/tmp/{name}"  # noqa: S108 (in the installer's memory)
    return f"wget -q -O {path} {url} && sh {path} {argument}".rstrip()


def _partitions(facts: Facts) -> list[tuple[str, str]]:
    if facts.layout == "mirror":
        return [
            ("partman-auto/method", "string raid"),
            ("partman-partitioning/choose_label", "select gpt"),
            ("partman-partitioning/default_label", "string gpt"),
        ]
    return [("partman-auto/method", "string regular"), ("partman-auto/choose_recipe", "select atomic")]


_ERASE = """\
erase() { # DEVICE: what an earlier system left on it, or the installer finds its arrays and volumes again
    name=${1##*/}
    for entry in "/sys/block/$name/$name"* "/sys/block/$name"; do
        [ -e "$entry/size" ] || continue
        sectors=$(cat "$entry/size")
        dd if=/dev/zero of="/dev/${entry##*/}" bs=1M count=4 conv=fsync 2>/dev/null || wrong=$entry
        [ "$sectors" -lt 16384 ] || dd if=/dev/zero of="/dev/${entry##*/}" bs=512 seek=$((sectors - 2048)) \\
            count=2048 conv=fsync 2>/dev/null || wrong=$entry
    done
    [ "$wrong" != "/sys/block/$name" ]
}
"""
_MIRROR = f"""\
part() {{ case $1 in *[0-9]) echo "$1p$2" ;; *) echo "$1$2" ;; esac; }}
set -- $DISKS
first='{_BIOS}' array='{_ARRAY}'
[ ! -d /sys/firmware/efi ] || first='{_UEFI}'
debconf-set partman-auto/expert_recipe "mirror :: $first $array"
debconf-set partman-auto-raid/recipe "1 2 0 ext4 / $(part "$1" 2)#$(part "$2" 2) ."
echo "$(part "$1" 1) $(part "$2" 1)" >/tmp/esps
"""


def disks_script(facts: Facts) -> str:
    """Finds the chosen disks by serial number and hands the installer their device names."""
    names = " ".join(shlex.quote(name) for name in facts.disks)
    return f"""\
#!/bin/sh
{functions(facts)}
{FIND_DISK}
{_ERASE}
give_up() {{ report failed "$1"; poweroff -f; sleep 60; exit 1; }}
DISKS=
for name in {names}; do
    device=$(find_disk "$name") || give_up no_disk
    DISKS="$DISKS $device"
done
DISKS=${{DISKS# }}
for device in $DISKS; do erase "$device" || give_up write; done
debconf-set partman-auto/disk "$DISKS"
debconf-set grub-installer/bootdev "$DISKS"
{_MIRROR if facts.layout == "mirror" else ""}report disk_prepared
"""


# Nobody is there to answer. What the frontend asks is on the serial console, and it waits there for a key: in read or
# pselect6 of descriptor 0 (proc_pid_syscall(5)). Four times in a row, so that what answers itself is none.
_WATCH = """\
is_asking() {
    for entry in /proc/[0-9]*; do
        [ "$(cat "$entry/comm" 2>/dev/null)" = debconf ] || continue
        case $(cat "$entry/syscall" 2>/dev/null) in "0 0x0 "* | "270 0x1 "*) return 0 ;; esac
    done
    return 1
}

watch() {
    times=0
    while [ "$times" -lt 4 ]; do
        sleep 5
        if is_asking; then times=$((times + 1)); else times=0; fi
    done
    case $(sed -n "s/.*Menu item '\\([a-z0-9-]*\\)' selected.*/\\1/p" /var/log/syslog | tail -n 1) in
    choose-mirror* | download-installer | bootstrap-base | apt-setup* | pkgsel) report failed image_missing ;;
    partman*) report failed write ;;
    *) report failed other ;;
    esac
    poweroff -f
}
"""


def started_script(facts: Facts) -> str:
    """The first thing that the installer runs; it leaves somebody behind who ends it when it asks a person.

    That one is a process of its own and has none of the installer's pipes: whoever reads those waits for their end.
    """
    closed = " ".join(f"{number}>&-" for number in range(3, 10))
    return f"""\
#!/bin/sh
{functions(facts)}report installer_started
cat >/tmp/watch.sh <<'END'
{functions(facts)}{_WATCH}watch
END
sh /tmp/watch.sh </dev/null >/dev/null 2>&1 {closed} &
"""

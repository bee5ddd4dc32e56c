"""Preseeding of the Debian installer (installation guide for Debian 12, appendix B)."""

from __future__ import annotations

import shlex
import urllib.parse

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers.shell import FIND_DISK, functions

_MIRROR_RECIPE = "1 2 0 ext4 / {disks} ."
_RAID_PARTITIONS = (
    "root :: 512 512 1024 free $iflabel{ gpt } $reusemethod{ } method{ efi } format{ } . "
    "1 1 1 free $iflabel{ gpt } method{ biosgrub } . "
    "4096 10000 -1 raid $lvmignore{ } $primary{ } method{ raid } ."
)


def preseed(facts: Facts) -> str:
    """The answers to every question that the installer would ask."""
    host, _, domain = facts.hostname.partition(".")
    mirror = urllib.parse.urlsplit(facts.image)
    answers = [
        ("debian-installer/locale", "string en_US.UTF-8"),
        ("keyboard-configuration/xkb-keymap", "select us"),
        ("netcfg/choose_interface", "select auto"),
        ("netcfg/get_hostname", f"string {host}"),
        ("netcfg/get_domain", f"string {domain or 'local'}"),
        ("netcfg/hostname", f"string {facts.hostname}"),
        ("mirror/country", "string manual"),
        ("mirror/http/hostname", f"string {mirror.netloc}"),
        ("mirror/http/directory", f"string {mirror.path or '/'}"),
        ("mirror/http/proxy", "string"),
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
        ("tasksel/first", "multiselect standard, ssh-server"),
        ("pkgsel/include", "string openssh-server wget"),
        ("pkgsel/upgrade", "select full-upgrade"),
        ("popularity-contest/participate", "boolean false"),
        ("grub-installer/only_debian", "boolean true"),
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
            ("partman-auto/expert_recipe", f"string {_RAID_PARTITIONS}"),
        ]
    return [("partman-auto/method", "string regular"), ("partman-auto/choose_recipe", "select atomic")]


def disks_script(facts: Facts) -> str:
    """Finds the chosen disks by serial number and hands the installer their device names."""
    names = " ".join(shlex.quote(name) for name in facts.disks)
    mirror = (
        "set -- $DISKS\n"
        f'debconf-set partman-auto-raid/recipe "{_MIRROR_RECIPE.format(disks="$(part $1)#$(part $2)")}"\n'
        if facts.layout == "mirror"
        else ""
    )
    return f"""\
#!/bin/sh
{functions(facts)}
{FIND_DISK}
part() {{ case $1 in *[0-9]) echo "$1p3" ;; *) echo "${{1}}3" ;; esac; }}
DISKS=
for name in {names}; do
    device=$(find_disk "$name") || {{ report failed no_disk; poweroff -f; sleep 60; }}
    DISKS="$DISKS $device"
done
DISKS=${{DISKS# }}
debconf-set partman-auto/disk "$DISKS"
debconf-set grub-installer/bootdev "$DISKS"
{mirror}report disk_prepared
"""


def started_script(facts: Facts) -> str:
    """The first thing that the installer runs."""
    return f"#!/bin/sh\n{functions(facts)}report installer_started\n"

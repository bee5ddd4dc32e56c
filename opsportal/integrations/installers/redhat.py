"""Kickstart of Red Hat's installer and its rebuilds (pykickstart documentation, commands of RHEL 9)."""

from __future__ import annotations

import shlex

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers.shell import FIND_DISK, functions


def kickstart(facts: Facts) -> str:
    """The whole configuration of the installer."""
    return f"""\
text
reboot
lang en_US.UTF-8
keyboard us
timezone {facts.time_zone} --utc
network --bootproto=dhcp --activate --hostname={facts.hostname}{f" --device={facts.mac}" if facts.mac else ""}
rootpw --iscrypted {facts.password_hash}
selinux --enforcing
firewall --enabled --ssh
bootloader --timeout=1
%include /tmp/disks.ks

%packages
@^minimal-environment
curl
%end

%pre --interpreter=/bin/sh
{_pre(facts)}%end

%post --nochroot --interpreter=/bin/sh --erroronfail
set -e
curl -fsS --retry 5 -o /tmp/finish.sh {shlex.quote(facts.base + "/finish.sh")}
sh /tmp/finish.sh /mnt/sysimage
chroot /mnt/sysimage restorecon -R /root /etc /usr/local/sbin /var/lib/opsportal
%end

%onerror --interpreter=/bin/sh
{functions(facts)}
report failed other
sync
poweroff -f
%end
"""


def _pre(facts: Facts) -> str:
    names = " ".join(shlex.quote(name) for name in facts.disks)
    return f"""\
{functions(facts)}
{FIND_DISK}
report installer_started
DISKS=
for name in {names}; do
    device=$(find_disk "$name") || {{ report failed no_disk; poweroff -f; sleep 60; }}
    DISKS="$DISKS ${{device#/dev/}}"
done
set -- $DISKS
{{
    echo "ignoredisk --only-use=$(echo "$*" | tr ' ' ',')"
    echo "zerombr"
    echo "clearpart --all --initlabel --disklabel=gpt --drives=$(echo "$*" | tr ' ' ',')"
{_partitions(facts)}}} >/tmp/disks.ks
report disk_prepared
"""


def _partitions(facts: Facts) -> str:
    if facts.layout != "mirror":
        return (
            '    echo "reqpart --add-boot"\n    echo "part / --fstype=xfs --grow --size=4096 --ondisk=$1"\n'
        )
    return """\
    for number in 1 2; do
        disk=$1
        [ $number = 1 ] || disk=$2
        if [ -d /sys/firmware/efi ]; then
            echo "part raid.0$number --size=600 --ondisk=$disk"
        else
            echo "part biosboot --fstype=biosboot --size=1 --ondisk=$disk"
        fi
        echo "part raid.1$number --size=1024 --ondisk=$disk"
        echo "part raid.2$number --size=4096 --grow --ondisk=$disk"
    done
    # Firmware reads one half of it: Anaconda puts the array's own words behind the file system for that.
    [ ! -d /sys/firmware/efi ] || echo "raid /boot/efi --level=1 --device=esp --fstype=efi raid.01 raid.02"
    echo "raid /boot --level=1 --device=boot --fstype=xfs raid.11 raid.12"
    echo "raid / --level=1 --device=root --fstype=xfs raid.21 raid.22"
"""

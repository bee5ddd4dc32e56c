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
network --bootproto=dhcp --activate --hostname={facts.hostname}
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

%post --nochroot --interpreter=/bin/sh
curl -fsS -o /tmp/finish.sh {shlex.quote(facts.base + "/finish.sh")} && sh /tmp/finish.sh /mnt/sysimage
chroot /mnt/sysimage restorecon -R /root /etc /usr/local/sbin /var/lib/opsportal
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
    echo "clearpart --all --initlabel --drives=$(echo "$*" | tr ' ' ',')"
{_partitions(facts)}}} >/tmp/disks.ks
report disk_prepared
"""


def _partitions(facts: Facts) -> str:
    if facts.layout != "mirror":
        return (
            '    echo "reqpart --add-boot"\n    echo "part / --fstype=xfs --grow --size=4096 --ondisk=$1"\n'
        )
    return """\
    echo "reqpart"
    echo "part raid.11 --size=1024 --ondisk=$1"
    echo "part raid.12 --size=1024 --ondisk=$2"
    echo "part raid.21 --size=4096 --grow --ondisk=$1"
    echo "part raid.22 --size=4096 --grow --ondisk=$2"
    echo "raid /boot --level=1 --device=boot --fstype=xfs raid.11 raid.12"
    echo "raid / --level=1 --device=root --fstype=xfs raid.21 raid.22"
"""

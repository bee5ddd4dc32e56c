"""Our own installer for raw images, and its siblings that wipe disks or only start a rescue system.

An initramfs that has a shell, wget or curl, gunzip and sha256sum runs it: it finds the address on the
kernel's command line as `opsportal.base=` and runs `$base/install.sh`.
"""

from __future__ import annotations

import shlex

from opsportal.domain.provisioning.facts import Facts
from opsportal.integrations.installers.loading import LOAD
from opsportal.integrations.installers.shell import FIND_DISK, functions
from opsportal.integrations.installers.wiping import WIPE
from opsportal.models import SystemPurpose

_GIVE_UP = """\
give_up() { # CODE SENTENCE: tell and stay away from the disk; the next start is from disk
    echo "installer: FAILED: $2" >&2
    report failed "$1"
    sync
    poweroff -f
    sleep 60
}
"""
_INSTALL = """\
report installer_started
DISK=$(find_disk "$DISK_NAME") || give_up no_disk "there is no disk $DISK_NAME"
fetch image /tmp/image.gz || give_up image_missing "the image cannot be fetched"
if [ "$(sha256sum /tmp/image.gz | cut -d' ' -f1)" != "$SHA256" ]; then
    give_up checksum "the image is not the one announced; the disk was not touched"
fi
dd if=/dev/zero of="$DISK" bs=1M count=1 conv=notrunc 2>/dev/null || give_up write "the disk cannot be written"
report disk_prepared
gunzip -c /tmp/image.gz | dd of="$DISK" bs=1M conv=notrunc,fsync || give_up write "writing failed"
rm -f /tmp/image.gz
blockdev --rereadpt "$DISK" 2>/dev/null
sleep 1
mkdir -p /target
for part in "$DISK"?* ; do
    [ -b "$part" ] || continue
    mount "$part" /target 2>/dev/null || continue
    [ -d /target/etc ] && break
    umount /target
done
[ -d /target/etc ] || give_up mount "the written system cannot be mounted"
# Without its own password a system would have the image's, which everybody may know.
fetch shadow /tmp/shadow && [ -s /tmp/shadow ] || give_up other "the password cannot be fetched"
grep -v '^root:' /target/etc/shadow >/tmp/others
cat /tmp/shadow /tmp/others >/target/etc/shadow
chmod 600 /target/etc/shadow
rm -f /tmp/shadow /tmp/others
fetch finish.sh /tmp/finish.sh || give_up other "the last steps cannot be fetched"
sh /tmp/finish.sh /target
umount /target
sync
reboot -f
sleep 60
"""
_RESCUE = """\
report installer_started
fetch shadow /etc/shadow && chmod 600 /etc/shadow
mkdir -p /root/.ssh && chmod 700 /root/.ssh
fetch authorized_keys /root/.ssh/authorized_keys && chmod 600 /root/.ssh/authorized_keys
hostname "$HOST"
if command -v sshd >/dev/null 2>&1; then
    mkdir -p /run/sshd
    ssh-keygen -A >/dev/null 2>&1
    "$(command -v sshd)"
elif command -v dropbear >/dev/null 2>&1; then
    dropbear -R
fi
report answers
"""
_BODIES = {
    SystemPurpose.INSTALL: _INSTALL,
    SystemPurpose.WIPE: WIPE,
    SystemPurpose.RESCUE: _RESCUE,
    SystemPurpose.LOAD_TEST: LOAD,
}


def install_script(facts: Facts) -> str:
    """The whole script for one machine."""
    return "\n".join(
        [
            "#!/bin/sh",
            functions(facts),
            FIND_DISK,
            _GIVE_UP,
            f"SHA256={shlex.quote(facts.image_sha256)}",
            f"HOST={shlex.quote(facts.hostname)}",
            f"DISK_NAME={shlex.quote(facts.disks[0] if facts.disks else '')}",
            f"LOAD_S={facts.load_s}",
            f"DISK_NAMES={shlex.quote(' '.join(facts.disks))}",
            _BODIES.get(facts.purpose, "report installer_started\n"),
        ]
    )


def shadow(facts: Facts) -> str:
    """The line of root in /etc/shadow (shadow(5)): the password does not expire."""
    return f"root:{facts.password_hash}:19000:0:99999:7:::\n"

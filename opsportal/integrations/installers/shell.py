"""Shell that all installers share. Values reach it quoted; what a client wrote is fetched as a file of its own."""

from __future__ import annotations

import shlex

from opsportal.domain.provisioning.facts import Facts
from opsportal.models import InstallerKind

# busybox and GNU wget, else curl. The detail is ours: letters and digits only.
_REPORT = """\
fetch() { # NAME FILE: one of this installation's files
    if command -v wget >/dev/null 2>&1; then wget -q -O "$2" "$BASE/$1"; else curl -fsS -o "$2" "$BASE/$1"; fi
}

post() { # BODY
    if command -v wget >/dev/null 2>&1; then
        wget -q -O /dev/null --header 'Content-Type: application/json' --post-data "$1" "$BASE/report"
    else
        curl -fsS -o /dev/null -H 'Content-Type: application/json' --data "$1" "$BASE/report"
    fi
}

report() { # MILESTONE [DETAIL]
    for _ in 1 2 3 4 5; do
        post "{\\"milestone\\":\\"$1\\",\\"detail\\":\\"${2:-}\\"}" && return 0
        sleep 2
    done
    echo "the report of $1 is lost" >&2
}
"""
FIND_DISK = """\
list_disks() { # every disk that stays in the machine
    for entry in /sys/block/*; do
        case ${entry##*/} in
        nvme*c[0-9]*n*) continue ;; # one of several ways to a disk, no disk of its own
        sd* | vd* | nvme* | hd* | xvd*) ;;
        *) continue ;;
        esac
        [ "$(cat "$entry/removable" 2>/dev/null)" = 1 ] && continue
        [ "$(cat "$entry/size" 2>/dev/null)" = 0 ] && continue # a drive without a medium
        echo "/dev/${entry##*/}"
    done
}

bare() { # of every word: in small letters, without what only says of which kind it is
    tr 'A-Z ' 'a-z\\n' | sed -e 's/^0x//' -e 's/^naa\\.//' -e 's/^eui\\.//'
}

is_called() { # DEVICE NAME: one of its names, the whole of it: another disk's may begin or end alike
    wanted=$(echo "$2" | bare)
    entry=/sys/block/${1##*/}
    for word in $({
        cat "$entry/device/serial" "$entry/serial" "$entry/wwid" "$entry/device/wwid"
        tail -c +5 "$entry/device/vpd_pg80"
    } 2>/dev/null | bare); do
        [ "$word" = "$wanted" ] && return 0
    done
    for link in /dev/disk/by-id/*; do
        [ "$(readlink -f "$link")" = "$1" ] || continue
        word=${link##*/}
        word=$(echo "${word#*-}" | bare)
        case $word in "$wanted" | *[-_]"$wanted" | *[-_]"$wanted"_[0-9] | 3"$wanted") return 0 ;; esac
    done
    return 1
}

find_disk() { # NAME: serial number, WWN or place; prints the device if there is exactly one
    place=0
    found=
    for device in $(list_disks); do
        place=$((place + 1))
        case $1 in
        [1-9] | [1-9][0-9]) [ "$place" = "$1" ] || continue ;;
        *) is_called "$device" "$1" || continue ;;
        esac
        [ -z "$found" ] || return 1
        found=$device
    done
    [ -n "$found" ] && echo "$found"
}
"""
_FIRST_BOOT = """\
mkdir -p "$TARGET/usr/local/sbin" "$TARGET/etc/systemd/system/multi-user.target.wants" "$TARGET/var/lib/opsportal"
chmod 700 "$TARGET/var/lib/opsportal"
{
    echo '#!/bin/sh'
    echo '# Tells the portal that this system has come up, runs the script that was ordered, and removes itself.'
    echo "BASE='$BASE'"
    cat "$FUNCTIONS"
    cat <<'END'
report first_boot
cd /
[ ! -s /var/lib/opsportal/post_install ] || {
    chmod 700 /var/lib/opsportal/post_install
    head -c 2 /var/lib/opsportal/post_install | grep -q '#!' || set -- /bin/sh
    "$@" /var/lib/opsportal/post_install >/var/log/post_install.log 2>&1
}
report answers
rm -rf /var/lib/opsportal /etc/systemd/system/opsportal-first-boot.service \\
    /etc/systemd/system/multi-user.target.wants/opsportal-first-boot.service /usr/local/sbin/opsportal-first-boot
END
} >"$TARGET/usr/local/sbin/opsportal-first-boot"
chmod 700 "$TARGET/usr/local/sbin/opsportal-first-boot"
cat >"$TARGET/etc/systemd/system/opsportal-first-boot.service" <<'END'
[Unit]
Description=First start after an installation
Wants=network-online.target
After=network-online.target ssh.service sshd.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/opsportal-first-boot

[Install]
WantedBy=multi-user.target
END
ln -sf ../opsportal-first-boot.service \\
    "$TARGET/etc/systemd/system/multi-user.target.wants/opsportal-first-boot.service"
"""


def functions(facts: Facts) -> str:
    """`BASE`, `fetch FILE`, `report MILESTONE`."""
    return f"BASE={shlex.quote(facts.base)}\n{_REPORT}"


def finish_script(facts: Facts) -> str:
    """Run by every installer when its system is on the disk: `sh finish.sh /target`."""
    return f"""\
#!/bin/sh
TARGET=${{1:-}}
{functions(facts)}
FUNCTIONS=$(mktemp)
cat >"$FUNCTIONS" <<'END'
{_REPORT}END
echo {shlex.quote(facts.hostname)} >"$TARGET/etc/hostname"
{_hosts(facts)}ln -sf /usr/share/zoneinfo/{shlex.quote(facts.time_zone)} "$TARGET/etc/localtime"
{_second_esp(facts)}{_keys(facts)}{_FIRST_BOOT}{_script(facts)}rm -f "$FUNCTIONS"
sync
report system_written
"""


def _second_esp(facts: Facts) -> str:
    """Debian's installer fills the first disk's system partition only, and its system waits for that one for ever.

    So the other disk of a mirror starts nothing, and a machine without its first disk stops on its way. `/tmp/esps`:
    the partitions as `disks.sh` has written them down.
    """
    if facts.installer is not InstallerKind.PRESEED or facts.layout != "mirror":
        return ""
    return """\
if [ -d "$TARGET/boot/efi/EFI" ]; then
    sed -i 's/umask=0077/umask=0077,nofail/' "$TARGET/etc/fstab"
    mkdir -p /tmp/esp
    for part in $(cat /tmp/esps); do
        grep -q "^$part " /proc/mounts && continue
        mount -t vfat "$part" /tmp/esp && cp -R "$TARGET/boot/efi/EFI" /tmp/esp/ && umount /tmp/esp
    done
fi
"""


def _hosts(facts: Facts) -> str:
    """The name's own line in /etc/hosts, as Debian's installers write it for the name that DHCP gave (hosts(5))."""
    if facts.installer is InstallerKind.KICKSTART:
        return ""
    names = [facts.hostname, facts.hostname.partition(".")[0]]
    return f"""\
grep -v '^127\\.0\\.1\\.1[[:space:]]' "$TARGET/etc/hosts" >"$FUNCTIONS.hosts" 2>/dev/null
echo 127.0.1.1 {" ".join(shlex.quote(name) for name in dict.fromkeys(names))} >>"$FUNCTIONS.hosts"
cat "$FUNCTIONS.hosts" >"$TARGET/etc/hosts"
rm -f "$FUNCTIONS.hosts"
"""


def _keys(facts: Facts) -> str:
    if not facts.ssh_keys:
        return ""
    return """\
mkdir -p "$TARGET/root/.ssh"
chmod 700 "$TARGET/root/.ssh"
[ -s "$TARGET/root/.ssh/authorized_keys" ] || fetch authorized_keys "$TARGET/root/.ssh/authorized_keys"
chmod 600 "$TARGET/root/.ssh/authorized_keys"
"""


def _script(facts: Facts) -> str:
    if not facts.has_script:
        return ""
    return 'fetch post_install "$TARGET/var/lib/opsportal/post_install" || report failed post_install\n'

"""The wipe system's script: every disk by the method that suits it, proved by reading, reported one by one.

One overwriting is enough for magnetic disks, flash is told to erase itself (NIST SP 800-88 rev. 1, appendix A).
Whatever the method: marks are written before and must be gone after, at places all over the disk. A disk that nothing
erases in a provable way fails the wipe. Programs it uses where they are: nvme (nvme-cli), hdparm, sg_sanitize
(sg3-utils), blkdiscard; without one of them the next method of the chain is taken, and the report says why.
"""

from __future__ import annotations

# hdparm(8) and ACS-3 section 4.18: an ATA disk erases itself only under a password. One that loses its power in the
# middle stays locked: the next run knows the password, unlocks it and begins again.
_ATA = r"""
PASSWORD=opsportal

identify() { hdparm -I "$device" >"$work/ata" 2>/dev/null; }

security() { sed -n '/^Security:/,$p' "$work/ata"; }

ata() { # hdparm's option and the password; then the disk is asked anew how it is
    timeout "${limit:-600}" hdparm --user-master u "$1" "$PASSWORD" "$device" >/dev/null 2>&1
    ended=$?
    identify
    return "$ended"
}

is() { # WORD: a line of its own in what the disk says of its security; with "not" before it, it is not
    security | grep -q "^[[:space:]]*$1[[:space:]]*$"
}

minutes() { # NAME: how long the disk says that it takes (IDENTIFY DEVICE words 89 and 90)
    security | sed -n "s/.*[^0-9]\([0-9][0-9]*\) *min for $1\..*/\1/p" | head -n 1
}

ata_unlock() { # a disk locked by us opens; anybody else's password is a person's matter
    is locked || return 0
    ata --security-unlock
    is locked || return 0
    trouble=locked
    return 1
}

ata_erase() { # hdparm's option, the name of its time, the method
    is supported || { trouble=unsupported; return 1; }
    is frozen && { trouble=frozen; return 1; }
    ata --security-set-pass || { trouble=refused; return 1; }
    takes=$(minutes "$2")
    echo "wipe: $device says that it takes ${takes:-an unknown number of} minutes"
    # Three times what it says, and ten minutes: a disk that hangs does not hold up the others for two days.
    limit=$((${takes:-900} * 180 + 600))
    ata "$1" || trouble=refused
    limit=
    # Done, it has forgotten the password; if not, it must not keep it.
    is enabled && ata --security-disable
    is enabled && trouble=locked
    [ -z "$trouble" ]
}

ata_enhanced_erase() {
    is 'supported: enhanced erase' || return 1
    ata_erase --security-erase-enhanced 'ENHANCED SECURITY ERASE UNIT'
}

ata_secure_erase() { ata_erase --security-erase 'SECURITY ERASE UNIT'; }
"""
_METHODS = r"""
has() { command -v "$1" >/dev/null 2>&1 || { trouble=unsupported; return 1; }; }

nvme_format() {
    has nvme || return 1
    nvme format -s 1 -f "$device" >/dev/null 2>&1 || { trouble=refused; return 1; }
}

scsi_sanitize() {
    has sg_sanitize || return 1
    sg_sanitize --block --quick "$device" >/dev/null 2>&1 || { trouble=refused; return 1; }
}

secure_discard() { # busybox's knows no -f, and needs none
    blkdiscard -s -f "$device" >/dev/null 2>&1 || blkdiscard -s "$device" >/dev/null 2>&1 ||
        { trouble=unsupported; return 1; }
}

overwrite() {
    # What lies behind the end that the disk shows would stay (host protected area).
    if [ -n "$is_ata" ] && hdparm -N "$device" 2>/dev/null | grep -q 'HPA is enabled'; then
        trouble=hidden
        return 1
    fi
    dd if=/dev/zero of="$device" bs=4M count="$size" iflag=fullblock,count_bytes conv=notrunc,fsync 2>/dev/null ||
        { trouble=refused; return 1; }
}

methods() { # the right one first; each of the others where those before it cannot, or prove nothing
    case $name in nvme*) echo nvme_format ;; esac
    [ -z "$is_ata" ] || echo ata_enhanced_erase ata_secure_erase
    if [ "$(cat "/sys/block/$name/queue/rotational" 2>/dev/null)" = 0 ]; then
        case $name in sd*) [ -n "$is_ata" ] || echo scsi_sanitize ;; esac
        echo secure_discard
    fi
    echo overwrite
}
"""
_PROOF = r"""
PLACES=16

places() { # in blocks of 4096 bytes, the first and the last among them
    last=$((size / 4096 - 1))
    place=0
    while [ "$place" -lt "$PLACES" ]; do
        echo $((last * place / (PLACES - 1)))
        place=$((place + 1))
    done
}

settle() { blockdev --flushbufs "$device" 2>/dev/null; } # what is read afterwards comes from the disk

mark() {
    for at in $(places); do
        dd if="$work/mark" of="$device" bs=4096 seek="$at" conv=notrunc,fsync 2>/dev/null || return 1
    done
    settle
}

prove() { # METHOD: no mark is left; zeros where zeros were written
    settle
    for at in $(places); do
        dd if="$device" of="$work/seen" bs=4096 skip="$at" count=1 2>/dev/null
        [ "$(wc -c <"$work/seen")" -eq 4096 ] || { trouble=unreadable; return 1; }
        ! cmp -s "$work/seen" "$work/mark" || { trouble=not_proved; return 1; }
        [ "$1" != overwrite ] || cmp -s "$work/seen" "$work/zeros" || { trouble=not_proved; return 1; }
    done
}
"""
_WIPE = r"""
report installer_started
rm -rf /tmp/wipe
mkdir -p /tmp/wipe

harmless() { # a word or a few for the report, whatever the disk calls itself
    head -n 1 | tr -cd 'A-Za-z0-9 ._:/+-' | sed -e 's/^ *//' -e 's/ *$//' | cut -c1-60
}

named() { # LABEL: what hdparm reads out of the disk
    sed -n "s/^[[:space:]]*$1:[[:space:]]*//p" "$work/ata" 2>/dev/null | harmless
}

tell() { # OUTCOME DEVICE SERIAL [what else there is, as JSON]
    body="{\"milestone\":\"disk_wiped\",\"detail\":\"\",\"disk\":{\"outcome\":\"$1\",\"device\":\"$2\",\"serial\":\"$3\"${4:-}}}"
    for _ in 1 2 3 4 5; do
        post "$body" && return 0
        sleep 2
    done
    return 1
}

look() { # what it is: serial number, WWN, model
    entry=/sys/block/$name
    is_ata=
    limit=
    if identify && grep -q 'ATA device' "$work/ata"; then is_ata=1; fi
    serial=$({ named 'Serial Number'; cat "$entry/device/serial" "$entry/serial"; tail -c +5 "$entry/device/vpd_pg80"; } 2>/dev/null |
        grep -a '[^[:space:]]' | harmless)
    wwn=$(cat "$entry/wwid" "$entry/device/wwid" 2>/dev/null | grep -E '^ *(naa|eui|0x|uuid|nvme)' | harmless)
    model=$({ named 'Model Number'; cat "$entry/device/model"; } 2>/dev/null | grep -a '[^[:space:]]' | harmless)
    size=$(blockdev --getsize64 "$device") || size=0
}

erase() { # by the first method that can be proved; leaves it in `method`, and why none before it in `trouble`
    method=
    before=
    trouble=
    [ "$size" -ge 65536 ] || { trouble=unreadable; return 1; }
    if [ -n "$is_ata" ]; then ata_unlock || return 1; fi
    for method in $(methods); do
        trouble=
        mark || { trouble=refused; break; } # without marks nothing could be proved
        echo "wipe: $device: $method"
        if "$method" && prove "$method"; then
            trouble=$before
            return 0
        fi
        before=${before:-$trouble}
        [ "$trouble" != locked ] || break
    done
    method=
    return 1
}

wipe() ( # DEVICE, in a shell of its own: disks erase themselves side by side
    device=$1
    name=${1##*/}
    work=/tmp/wipe/$name
    mkdir -p "$work"
    head -c 4096 /dev/urandom >"$work/mark"
    head -c 4096 /dev/zero >"$work/zeros"
    look
    begun=$(date +%s)
    outcome=failed
    proved=0
    if erase; then
        outcome=erased
        proved=$PLACES
    fi
    more=",\"wwn\":\"$wwn\",\"model\":\"$model\",\"size\":$size,\"method\":\"$method\",\"trouble\":\"$trouble\""
    more="$more,\"seconds\":$(($(date +%s) - begun)),\"verified\":$proved"
    echo "wipe: $device ($model, $serial): $outcome ${method:-by nothing}${trouble:+, $trouble}"
    tell "$outcome" "$name" "$serial" "$more" && [ "$outcome" = erased ] && : >"$work/done"
)

missing=
for wanted in $DISK_NAMES; do
    [ -n "$(find_disk "$wanted")" ] && continue
    missing=$wanted
    wanted=$(echo "$wanted" | harmless)
    tell missing "$wanted" "$wanted"
done
[ -z "$missing" ] || give_up no_disk "there is no disk $missing"
devices=$(list_disks) # also those that nobody has written down: a wiped server has nothing on it
[ -n "$devices" ] || give_up no_disk "there is no disk at all"
for device in $devices; do wipe "$device" & done
wait
for device in $devices; do
    [ -e "/tmp/wipe/${device##*/}/done" ] || give_up not_erased "$device is not proved to be erased"
done
sync
report disk_prepared
poweroff -f
sleep 60
"""
WIPE = _ATA + _METHODS + _PROOF + _WIPE

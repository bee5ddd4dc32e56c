"""The wipe system's script: every disk by the method that suits it, proved by reading, reported one by one.

One overwriting is enough for magnetic disks, flash is told to erase itself (NIST SP 800-88 rev. 1, appendix A).
Whatever the method: marks are written before, are read back, and must be gone after, at places all over the disk. A disk
that nothing erases in a provable way fails the wipe, and so does one that has areas which it does not show, one that is
not the same any more afterwards, and any other thing that may hold data: a stick, memory that keeps. Programs it uses
where they are: nvme (nvme-cli), hdparm, sg_sanitize (sg3-utils), blkdiscard; without one of them the next method of the
chain is taken, and the report says why.
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
_HIDDEN = r"""
hides() { # whether it has more than it shows: nobody could read there whether anything is left
    case $name in nvme*) hides_namespaces ;; *) [ -n "$is_ata" ] && hides_sectors ;; esac
}

hides_sectors() { # by a host protected area, an accessible maximum (ACS-3), or a device configuration overlay
    hdparm -N "$device" >"$work/most" 2>/dev/null
    shown=$(sed -n 's/.*= *\([0-9][0-9]*\)\/.*/\1/p' "$work/most")
    native=$(sed -n 's/.*= *[0-9][0-9]*\/\([0-9][0-9]*\).*/\1/p' "$work/most")
    real=$(hdparm --dco-identify "$device" 2>/dev/null | sed -n 's/.*Real max sectors: *\([0-9][0-9]*\).*/\1/p')
    if [ -z "$native" ]; then grep -q '\*[[:space:]]*Host Protected Area' "$work/ata"; return; fi
    [ "$shown" != "$native" ] || [ "${real:-$native}" -gt "$native" ]
}

hides_namespaces() { # a controller may keep some that are attached to nobody (NVM Express, namespace management)
    has nvme || return 1
    all=$(nvme list-ns "/dev/${name%n*}" --all 2>/dev/null | grep -c 0x)
    [ "$all" -gt "$(nvme list-ns "/dev/${name%n*}" 2>/dev/null | grep -c 0x)" ]
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

settle() { [ -b "$device" ] && blockdev --flushbufs "$device" 2>/dev/null; } # what is read then comes from the disk

see() { # BLOCK, into a file
    dd if="$device" of="$work/seen" bs=4096 skip="$1" count=1 2>/dev/null
    [ "$(wc -c <"$work/seen")" -eq 4096 ]
}

mark() { # and read it: from a disk that drops what is written, by then no mark would have to go
    for at in $(places); do
        dd if="$work/mark" of="$device" bs=4096 seek="$at" conv=notrunc,fsync 2>/dev/null || return 1
    done
    settle || return 1
    for at in $(places); do
        { see "$at" && cmp -s "$work/seen" "$work/mark"; } || return 1
    done
}

prove() { # METHOD: no mark is left; zeros where zeros were written
    settle || { trouble=unreadable; return 1; }
    for at in $(places); do
        see "$at" || { trouble=unreadable; return 1; }
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

is_disk() { # of a kind that stays in the machine, or a memory card on its board, whose boot areas are opened
    case $name in
    mmcblk*) echo 0 >"$entry/force_ro" ;;
    *) list_disks | grep -qx "$device" ;;
    esac 2>/dev/null
}

is_same() { # still a device, and the disk that was looked at: a name is given anew when its disk vanishes
    [ -b "$device" ] && [ "$(look && echo "$serial $wwn")" = "$serial $wwn" ]
}

erase() { # by the first method that can be proved; leaves it in `method`, and why none before it in `trouble`
    method=
    before=
    trouble=
    is_disk || { trouble=unsupported; return 1; }
    [ "$size" -ge 65536 ] || { trouble=unreadable; return 1; }
    if [ -n "$is_ata" ]; then ata_unlock || return 1; fi
    ! hides || { trouble=hidden; return 1; }
    for method in $(methods); do
        trouble=
        mark || { trouble=refused; break; } # without marks nothing could be proved
        echo "wipe: $device: $method"
        if "$method" && prove "$method"; then
            is_same || { trouble=unreadable; break; }
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

list_all() { # also what no installer writes to; not what is made of others, nor optical drives
    list_disks
    for entry in /sys/block/*; do
        case ${entry##*/} in nvme*c[0-9]*n* | sr* | fd* | mmcblk*rpmb) continue ;; esac
        [ -e "$entry/device" ] && [ "$(cat "$entry/size" 2>/dev/null)" != 0 ] && echo "/dev/${entry##*/}"
    done
}

missing=
looks=${LOOKS:-15}
for wanted in $DISK_NAMES; do
    while [ -z "$(find_disk "$wanted")" ] && [ "$looks" -gt 0 ]; do # disks begin to spin one after another
        looks=$((looks - 1))
        sleep 2
    done
    [ -n "$(find_disk "$wanted")" ] && continue
    missing=$wanted
    wanted=$(echo "$wanted" | harmless)
    tell missing "$wanted" "$wanted"
done
[ -z "$missing" ] || give_up no_disk "there is no disk $missing"
[ -n "$(list_disks)" ] || give_up no_disk "there is no disk at all"
devices=
while :; do # also those that nobody has written down, and those that have come up while others were erased
    new=
    for device in $(list_all | sort -u); do
        case "$devices " in *" $device "*) ;; *) new="$new $device" ;; esac
    done
    [ -n "$new" ] || break
    devices="$devices$new"
    for device in $new; do wipe "$device" & done
    wait
done
for device in $devices; do
    [ -e "/tmp/wipe/${device##*/}/done" ] || give_up not_erased "$device is not proved to be erased"
done
sync
report disk_prepared
poweroff -f
sleep 60
"""
WIPE = _ATA + _METHODS + _HIDDEN + _PROOF + _WIPE

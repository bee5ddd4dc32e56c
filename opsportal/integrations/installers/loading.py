"""The script of a run under load: processors, memory and disks at once for a set time, disks only read.

It runs in an initramfs with a busybox shell. What it watches besides what it does itself is what Linux says of the
machine: temperatures with their critical limits (hwmon), memory errors that could not be corrected (EDAC).
"""

from __future__ import annotations

LOAD = r"""
SYS=${SYS:-/sys}
MEMINFO=${MEMINFO:-/proc/meminfo}
WORK=${WORK:-/tmp/load}
BLOCK_MB=${BLOCK_MB:-64}
report installer_started
mkdir -p "$WORK/memory"
mount -t tmpfs -o size=90% none "$WORK/memory" 2>/dev/null
END=$(($(date +%s) + LOAD_S))
more() { [ "$(date +%s)" -lt "$END" ] && [ ! -e "$WORK/stop" ]; }
bad() { # FAULT SENTENCE: the first one is told, and everything ends
    [ -e "$WORK/stop" ] || { echo "$1" >"$WORK/fault"; echo "$2" >"$WORK/why"; }
    touch "$WORK/stop"
}

calculate() { # the same sum again and again: one that comes out otherwise is wrong
    sum=$(dd if=/dev/zero bs=1M count=8 2>/dev/null | sha256sum)
    while :; do
        [ "$(dd if=/dev/zero bs=1M count=8 2>/dev/null | sha256sum)" = "$sum" ] || bad load_cpu "a processor calculated wrongly"
        more || break
    done
}

remember() { # most of the free memory, filled once, then read again and again
    free_mb=$(($(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' "$MEMINFO") / 1024 * 3 / 4))
    dd if=/dev/urandom of="$WORK/memory/0" bs=1M count="$BLOCK_MB" 2>/dev/null
    sum=$(sha256sum <"$WORK/memory/0")
    blocks=1
    while [ $(((blocks + 1) * BLOCK_MB)) -le "$free_mb" ] && more; do
        cp "$WORK/memory/0" "$WORK/memory/$blocks" || break
        blocks=$((blocks + 1))
    done
    echo "load: $((blocks * BLOCK_MB)) MB of memory are written"
    while :; do
        for block in "$WORK/memory"/*; do
            [ "$(sha256sum <"$block")" = "$sum" ] || bad load_memory "memory gave back something else than was written"
            more || break 2
        done
    done
}

read_disk() { # DEVICE: from its beginning to its end, and again; nothing is written
    while :; do
        at=0
        size_mb=$(($(cat "$SYS/block/${1##*/}/size") / 2048))
        while [ "$at" -le "$size_mb" ]; do
            dd if="$1" of=/dev/null bs=1M skip="$at" count=256 2>/dev/null || bad load_disk "$1 cannot be read near $at MB"
            at=$((at + 256))
            more || return
        done
    done
}

watch_machine() {
    for limit in "$SYS"/class/hwmon/hwmon*/temp*_crit; do
        [ -r "$limit" ] && [ -r "${limit%_crit}_input" ] || continue
        is=$(cat "${limit%_crit}_input" 2>/dev/null) && most=$(cat "$limit" 2>/dev/null) || continue
        [ "${most:-0}" -gt 0 ] && [ "${is:-0}" -ge "$most" ] && bad load_hot "$limit says $most, and it is at $is"
    done
    for count in "$SYS"/devices/system/edac/mc/mc*/ue_count; do
        [ "$(cat "$count" 2>/dev/null || echo 0)" = 0 ] || bad load_hardware "$count is not 0"
    done
}

echo "load: $LOAD_S seconds on all processors, memory and disks"
number=$(grep -c ^processor /proc/cpuinfo)
while [ "$number" -gt 0 ]; do
    calculate &
    number=$((number - 1))
done
remember &
for device in $(list_disks); do
    read_disk "$device" &
done
told=0
while more; do
    watch_machine
    sleep "${WATCH_S:-5}"
    share=$((100 - (END - $(date +%s)) * 100 / LOAD_S))
    if [ "$share" -ge $((told + 10)) ] && [ "$share" -le 100 ]; then
        told=$((share / 10 * 10))
        echo "load: $told %"
        post "{\"milestone\":\"progress\",\"detail\":\"$told%\"}"
    fi
done
wait
watch_machine
rm -rf "$WORK/memory"/*
if [ -e "$WORK/fault" ]; then
    give_up "$(cat "$WORK/fault")" "$(cat "$WORK/why")"
else
    echo "load: passed"
    report load_passed
    sleep 600 # still warm, and still on, when its sensors are read; we are switched off meanwhile
    poweroff -f
    sleep 60
fi
"""

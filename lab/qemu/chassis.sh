#!/bin/sh
# The chassis behind an ipmi_sim: `chassis.sh DIR get power boot` and `chassis.sh DIR set power 0`.
# ipmi_sim answers nobody meanwhile, so this only reads files and leaves a line for the supervisor:
# shell built-ins, one millisecond. It starts nothing, so nothing inherits the BMC's sockets.
cd "$1" || exit 1
action=$2
shift 2
if [ "$action" = get ]; then
    for name; do
        if [ -e "$name" ] && read -r value <"$name"; then echo "$name:$value"; fi
    done
    exit 0
fi
# Opened for both directions: never waits, even while nobody reads.
exec 3<>orders
while [ $# -ge 2 ]; do
    echo "$1 $2" >&3
    shift 2
done

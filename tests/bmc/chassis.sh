#!/bin/sh
# The machine behind an ipmi_sim BMC: state in the directory $1, faults as files in it.
# ipmi_sim calls `chassis.sh DIR get power boot ...` and `chassis.sh DIR set power 0`, and answers nobody
# meanwhile. Only shell built-ins on the usual path: 1 ms a call.
cd "$1" || exit 1
action=$2
shift 2

follow() {
    if [ -e ignores ]; then
        return
    elif [ -e slow_machine ]; then
        read -r seconds <slow_machine
        (sleep "$seconds" && echo "$1" >power.new && mv power.new power) <&- >&- 2>&- &
    else
        echo "$1" >power
    fi
}

if [ -e slow_answer ]; then
    read -r seconds <slow_answer
    sleep "$seconds"
fi
if [ "$action" = get ]; then
    for name; do
        case $name in
        power) read -r power <power && echo "power:$power" ;;
        boot) echo "boot:default" ;;
        esac
    done
    exit 0
fi
while [ $# -ge 2 ]; do
    echo "$1 $2" >>commands
    [ ! -e refuses ] || exit 1
    case "$1 $2" in
    "power "*) follow "$2" ;;
    "shutdown "*) follow 0 ;;
    esac
    shift 2
done

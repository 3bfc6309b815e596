#!/usr/bin/env bash
# Why: both hypervisors of the lab for whoever wants to look around. Rule: they live as long as this does (Ctrl-C); what
# happened in them is gone afterwards.
#
#     deploy/lab/run.sh [PYTHON]        as build.sh; ports by COMMANDS_1, LIBVIRT_1, …_2, BROKER
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)

IMAGE=$("$HERE/build.sh" "$@")
RUN=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$RUN"' EXIT
trap 'exit 0' INT TERM

export BROKER=${BROKER:-61613}
PORTS=([1]="${COMMANDS_1:-17701} ${LIBVIRT_1:-17711}" [2]="${COMMANDS_2:-17702} ${LIBVIRT_2:-17712}")
for n in 1 2; do
    read -r COMMANDS LIBVIRT <<<"${PORTS[n]}"
    COMMANDS=$COMMANDS LIBVIRT=$LIBVIRT "$HERE/start.sh" "$IMAGE" "$n" "$RUN" >"$RUN/qemu-$n" 2>&1 &
done

echo "Two hypervisors are starting, each in about 20 s; their consoles: $RUN/console-1 and -2"
for n in 1 2; do
    until grep -q LAB-UP "$RUN/console-$n" 2>/dev/null; do
        kill -0 $(jobs -p) || { cat "$RUN/qemu-$n" >&2; exit 1; }
        sleep 0.5
    done
    read -r COMMANDS LIBVIRT <<<"${PORTS[n]}"
    echo "dom0-$n is up:  virsh -c xen+tcp://127.0.0.1:$LIBVIRT/system list"
    echo "              python3 deploy/lab/door.py $COMMANDS 'xl list'"
done
cat <<END
A guest on dom0-1, and its way to dom0-2 (through dom0-1's door):
    lab-guest web1 \$(cat /proc/sys/kernel/random/uuid) 60
    virsh migrate --live web1 xen+tcp://dom0-2/system
Ctrl-C ends both.
END
wait

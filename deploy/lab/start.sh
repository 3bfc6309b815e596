#!/usr/bin/env bash
# Why: one of the lab's two hypervisors. Rule: becomes its QEMU, which lives until it is told to end; nothing outside this
# machine can be reached from in there, and nothing but its three doors leads in, all on the loopback.
#
#     deploy/lab/start.sh IMAGE 1|2 RUN        IMAGE as build.sh prints it
#
# RUN, a short path that both have in common, takes console-N, monitor-N (QEMU's) and the link between them. Ports:
# COMMANDS (what door.py speaks to), LIBVIRT (xen+tcp://127.0.0.1:LIBVIRT/system), and BROKER: where STOMP is spoken on
# this machine; in there that is 10.0.3.100:61613. The monitor's `set_link commands|broker|migration off` cuts a line.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
IMAGE=$1 N=$2 RUN=$3
OTHER=$((3 - N))

# By software: KVM below another hypervisor does not run Xen. What is left out makes Xen or its guests crash there.
CPU=EPYC,-smap,-smep,-monitor,-rdseed,-sha-ni,-avx,-avx2,-fma,-f16c,-xsave,-xsaveopt,-xsavec,-rdtscp
MEMORY=${MEMORY:-1024} DOM0_MEMORY=${DOM0_MEMORY:-576}  # MiB

line() {  # line NAME NUMBER BACKEND
    echo -netdev "$3,id=$1" -device "virtio-net-pci,netdev=$1,mac=52:54:00:00:0$N:0$2"
}

rm -f "$RUN/console-$N" "$RUN/monitor-$N" "$RUN/link-$N"
exec qemu-system-x86_64 -accel tcg,tb-size=128 -cpu "$CPU" -m "$MEMORY" -display none -no-reboot \
    -uuid "0000000$N-1111-4222-8333-44444444444$N" \
    -serial "file:$RUN/console-$N" -monitor "unix:$RUN/monitor-$N,server,nowait" \
    -kernel "$IMAGE/xen" -append "com1=115200,8n1 console=com1 dom0_mem=${DOM0_MEMORY}M,max:${DOM0_MEMORY}M noreboot" \
    -initrd "$IMAGE/vmlinuz console=hvc0 root=/dev/vda host=$N,$IMAGE/dom0.initrd" \
    -drive "file=$IMAGE/disk.img,if=virtio,format=raw,snapshot=on" \
    $(line commands 1 "user,restrict=on,hostfwd=tcp:127.0.0.1:$COMMANDS-:9999,hostfwd=tcp:127.0.0.1:$LIBVIRT-:16509") \
    -netdev "user,id=broker,net=10.0.3.0/24,restrict=on,guestfwd=tcp:10.0.3.100:61613-cmd:python3 $HERE/relay.py $BROKER" \
    -device "virtio-net-pci,netdev=broker,mac=52:54:00:00:0$N:02" \
    $(line migration 3 "dgram,local.type=unix,local.path=$RUN/link-$N,remote.type=unix,remote.path=$RUN/link-$OTHER")

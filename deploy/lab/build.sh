#!/usr/bin/env bash
# Why: makes the disk that both hypervisors of the lab start from, out of Debian 12's packages and the agent's libraries.
# Rule: made once for a recipe (what makes it is its key), complete or not at all, outside the repository; prints where.
# The repository's own code is no part of it: that is brought in once a hypervisor runs. Needs root.
#
#     deploy/lab/build.sh [PYTHON]        PYTHON has pip; by default python3
set -euo pipefail

PYTHON=$(realpath -s "$(command -v "${1:-python3}")")
cd "$(dirname "$0")"
FILES=$PWD/files
LIBRARIES=$("$PYTHON" -c '
import tomllib
print(*tomllib.load(open("../../pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")')
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/xen-balancer/lab
KEY=$({ cat build.sh files/* && echo "$LIBRARIES"; } | sha256sum | cut -c1-16)
PACKAGES=(
    base-files bash busybox-static coreutils cpio grep iproute2 iputils-ping kmod libc-bin libvirt-clients libvirt-daemon
    libvirt-daemon-driver-xen linux-image-amd64 mawk mount procps python3-libvirt sed tar util-linux
    xen-hypervisor-4.17-amd64 xen-utils-4.17 xen-utils-common
)
# What finds its disk, before there is one.
INITRD_MODULES=(
    virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk crc32c-intel crc32c_generic jbd2
    mbcache crc16 ext4
)
NEVER_LOADED=(sound drivers/{gpu,media,scsi,infiniband,staging,usb,hid,iio,md} net/bluetooth
    drivers/net/{ethernet,wireless} fs/{btrfs,xfs,nfs,nfsd,ocfs2,gfs2,ceph,smb,f2fs})

debian() {  # the packages unpacked in `disk`; what their scripts would have done is done by hand
    local sources=
    [[ ! -s /etc/apt/sources.list.d/debian.sources ]] || sources=/etc/apt/sources.list.d/debian.sources
    mmdebstrap --variant=extract --include="$(IFS=,; echo "${PACKAGES[*]}")" \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' bookworm disk $sources
    printf 'root:x:0:0:root:/:/bin/bash\n' >disk/etc/passwd
    printf 'root:x:0:\nlibvirt:x:107:\nadm:x:4:\n' >disk/etc/group
    ln -sf mawk disk/usr/bin/awk
    [[ -e disk/bin/sh ]] || ln -s bash disk/bin/sh
    (cd disk/usr/bin && ln -sf python3.1[0-9] python3)
    # A directory is shipped where a link belongs; virsh would look for its socket in another place than libvirtd.
    rm -rf disk/var/run disk/var/lock
    ln -s /run disk/var/run
    ln -s /run/lock disk/var/lock
    mkdir -p disk/{proc,sys,dev,tmp,run,etc/libvirt,srv/guest} disk/var/log/{xen,libvirt/libxl} \
        disk/var/{lib,cache}/libvirt disk/var/lib/xen
    # libvirt's other drivers want users and programs that are not there.
    find disk/usr/lib/x86_64-linux-gnu/libvirt/connection-driver -name '*.so' ! -name '*_libxl.so' -delete
    # QEMU's software CPU has no VME, which every CPU that libvirt knows is said to have.
    find disk/usr/share/libvirt/cpu_map -name 'x86_*.xml' ! -name x86_features.xml \
        -exec sed -i "/<feature name='vme'\/>/d" {} +
    chroot disk ldconfig
}

agent_libraries() {  # for the hypervisor's Python and C library, whatever this machine's are
    local platforms=(--platform=manylinux_2_{17,27,28,34}_x86_64 --platform=manylinux2014_x86_64 --platform=any)
    mkdir libraries
    echo "$LIBRARIES" >libraries.txt
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-compile --only-binary=:all: --implementation=cp \
        --python-version="$(chroot disk python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')" \
        "${platforms[@]}" --target=libraries --requirement=libraries.txt
    mkdir -p disk/usr/local/lib
    cp -r libraries disk/usr/local/lib/xen-balancer
    # Compiling takes ten times as long in there.
    chroot disk python3 -m compileall -q -j0 /usr/lib/python3* /usr/local/lib/xen-balancer || true
}

kernels() {  # `xen` and `vmlinuz` for QEMU, `vmlinux` for guests: unpacked, for by software that takes 12 s at each start
    local version
    version=$(ls disk/lib/modules)
    gunzip -c disk/boot/xen-4.17-amd64.gz >xen
    cp "disk/boot/vmlinuz-$version" vmlinuz
    "$PYTHON" -c '
import lzma, pathlib
image = pathlib.Path("vmlinuz").read_bytes()
kernel = lzma.LZMADecompressor().decompress(image[image.index(b"\xfd7zXZ\0"):])
pathlib.Path("vmlinux").write_bytes(kernel)'
    cp vmlinux disk/srv/guest/
    (cd "disk/lib/modules/$version/kernel" && rm -rf "${NEVER_LOADED[@]}")
    chroot disk depmod "$version"
    rm -rf disk/boot disk/var/lib/apt disk/var/cache/apt
}

initrd() {  # initrd NAME: busybox and files/NAME-init, packed
    mkdir -p "$1"/{bin,dev,newroot,proc,sys,modules}
    cp disk/bin/busybox "$1/bin/"
    install "$FILES/$1-init" "$1/init"
    (cd "$1" && find . | ../disk/bin/busybox cpio -o -H newc 2>/dev/null | gzip -1)
}

build() {
    local module
    cd "$1"
    debian
    agent_libraries
    install -D --target-directory=disk/usr/local/sbin "$FILES"/lab-*
    install -m 644 "$FILES/libvirtd.conf" disk/etc/libvirt/
    install -m 644 "$FILES/guest.xml" disk/srv/guest/
    mkdir -p dom0/modules
    for module in "${INITRD_MODULES[@]}"; do
        cp "$(find disk/lib/modules -name "$module.ko")" dom0/modules/
        echo "/modules/$module.ko"
    done >dom0/modules/order
    kernels
    initrd dom0 >dom0.initrd
    initrd guest >guest.initrd
    cp guest.initrd disk/srv/guest/initrd
    mke2fs -q -t ext4 -O ^has_journal -d disk disk.img 1400M
    rm -rf disk dom0 guest libraries libraries.txt
}

main() {
    local place=$CACHE/$KEY unfinished
    mkdir -p "$CACHE"
    exec 3>&2 9>"$CACHE/lock"
    flock 9
    if [[ ! -d $place ]]; then
        echo "Building the Xen lab from Debian's packages, once: a minute or two" >&2
        unfinished=$(mktemp -d "$CACHE/unfinished.XXXXXX")
        trap "rm -rf '$unfinished'; echo 'It failed; see $CACHE/$KEY.log' >&3" EXIT
        (build "$unfinished") >"$CACHE/$KEY.log" 2>&1
        trap - EXIT
        mv "$unfinished" "$place"
    fi
    echo "$place"
}

main

"""What a domain's XML tells: text in, values out."""

from pathlib import Path

import pytest

from agents.hypervisor.terms import SharedStorage

SHARED = (
    SharedStorage(name="nfs1", path=Path("/srv/vms")),
    SharedStorage(name="san", path=Path("/dev/vg_san")),
    SharedStorage(name="pool1", pool="vms"),
)
LAYERS = """
<disk type='file'><source file='/srv/vms/a'/>
  <backingStore type='file'><source file='/base/b'/>
    <backingStore type='block'><source dev='/dev/vg_san/c'/><backingStore/></backingStore>
  </backingStore>
</disk>
"""


def traits(inside: str, kind: str = "xen") -> "object":
    from agents.hypervisor.libvirt_xen.definition import traits_of  # noqa: PLC0415 - only where libvirt is installed

    return traits_of(f"<domain type='{kind}'>{inside}</domain>", SHARED)


@pytest.mark.parametrize(
    ("devices", "passthrough"),
    [
        ("<disk/>", False),
        ("<hostdev mode='subsystem'/>", True),
        ("<interface type='hostdev'/>", True),
        ("<interface type='bridge'/>", False),
    ],
)
def test_passed_through_devices_are_seen(devices: str, *, passthrough: bool) -> None:
    assert traits(f"<devices>{devices}</devices>").passthrough is passthrough


def test_tags_are_the_words_in_our_own_element() -> None:
    tags = "<metadata><t:tags xmlns:t='urn:xen-balancer:tags:1'>db pet</t:tags></metadata>"
    assert traits(tags).tags == ("db", "pet")


@pytest.mark.parametrize(
    ("system", "need"),
    [
        ("<type arch='x86_64' machine='xenpv'>linux</type>", "guest:pv"),
        ("<type arch='x86_64' machine='xenpvh'>xenpvh</type>", "guest:pvh"),
        ("<type arch='x86_64' machine='xenfv'>hvm</type>", "guest:hvm"),
        ("<type arch='x86_64' machine='pc'>hvm</type>", "guest:hvm"),
        ("<type>exe</type>", "guest:exe"),
    ],
)
def test_each_type_of_guest_has_its_word(system: str, need: str) -> None:
    assert traits(f"<os>{system}</os>").needs == (need,)


@pytest.mark.parametrize(
    ("interface", "needs"),
    [
        ("<interface type='bridge'><source bridge='xenbr0'/></interface>", ("bridge:xenbr0",)),
        ("<interface type='network'><source network='lan' bridge='virbr0'/></interface>", ("network:lan",)),
        ("<interface type='bridge'/>", ()),
        ("<interface type='user'/>", ()),
    ],
)
def test_an_interface_needs_what_it_is_plugged_into(interface: str, needs: tuple[str, ...]) -> None:
    assert traits(f"<devices>{interface}</devices>").needs == needs


@pytest.mark.parametrize(
    ("disk", "needs"),
    [
        ("<disk type='file'><source file='/srv/vms/web1.img'/></disk>", ("storage:nfs1",)),
        ("<disk type='file'><source file='/var/lib/xen/web1.img'/></disk>", ("local:/var/lib/xen/web1.img",)),
        ("<disk type='block'><source dev='/dev/vg_san/web1'/></disk>", ("storage:san",)),
        ("<disk type='block'><source dev='/dev/sdb'/></disk>", ("local:/dev/sdb",)),
        ("<disk type='volume'><source pool='vms' volume='web1'/></disk>", ("storage:pool1",)),
        ("<disk type='volume'><source pool='own' volume='web1'/></disk>", ("local:own/web1",)),
        ("<disk type='network'><source protocol='rbd' name='vms/web1'/></disk>", ()),
        ("<disk type='nvme'><source type='pci'/></disk>", ("local:nvme",)),
        ("<disk type='file' device='cdrom'><target dev='hdc'/><readonly/></disk>", ()),
        ("<disk type='file' device='cdrom'><source/><readonly/></disk>", ()),
        (
            "<disk type='file' device='cdrom'><source file='/root-of-isos/a.iso'/><readonly/></disk>",
            ("local:/root-of-isos/a.iso",),
        ),
        (
            LAYERS,
            ("storage:nfs1", "local:/base/b", "storage:san"),
        ),
        (
            "<disk type='file'><source file='/srv/vms/a'/><transient/></disk>",
            ("storage:nfs1", "local:what is written to a transient disk"),
        ),
    ],
)
def test_a_disk_needs_the_storage_it_is_on(disk: str, needs: tuple[str, ...]) -> None:
    assert traits(f"<devices>{disk}</devices>").needs == needs


def test_what_is_needed_twice_is_told_once() -> None:
    disk = "<disk type='file'><source file='/srv/vms/web1.img'/></disk>"
    assert traits(f"<devices>{disk}{disk}</devices>").needs == ("storage:nfs1",)

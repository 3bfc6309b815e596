"""What libvirt and this machine say of the host: its Xen, what its CPUs can do, what it offers to VMs.

Rule: what cannot be learned is not offered, and a CPU of which nobody knows what it can do is None.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import libvirt

from agents.hypervisor.terms import SharedStorage, Terms

NETWORK_DEVICES: Final = Path("/sys/class/net")
DEVICES: Final = Path("/dev")
ROOT: Final = Path("/")
XEN: Final = "Xen"


@dataclass(frozen=True, slots=True)
class Host:
    """The host at one instant; memory in MiB, the rest as a report tells it."""

    name: str
    cores: int
    memory_mb: float
    memory_free_mb: float
    xen: str | None
    cpu: str | None
    offers: tuple[str, ...]

    @property
    def is_xen(self) -> bool:
        """The hypervisor is Xen, so this machine is its Domain-0."""
        return self.xen is not None


def look(connection: libvirt.virConnect, name: str, terms: Terms, known_cpu: str | None) -> Host:
    """The host now, but for its CPU, which stays what it is."""
    _model, memory_mb, cores, *_rest = connection.getInfo()
    return Host(
        name=name,
        cores=cores,
        memory_mb=memory_mb,
        memory_free_mb=connection.getFreeMemory() / 2**20,
        xen=xen_version(connection.getVersion()) if connection.getType() == XEN else None,
        cpu=known_cpu,
        offers=offers(connection, terms),
    )


def xen_version(number: int) -> str:
    """The version in words: 4017005 is 4.17.5; a release of 0 is left out, since libxl does not tell it."""
    major, minor, release = number // 1_000_000, number // 1000 % 1000, number % 1000
    return f"{major}.{minor}.{release}" if release else f"{major}.{minor}"


def cpu(connection: libvirt.virConnect) -> str | None:
    """The names of all that its CPUs can do, and of who made them; None where libvirt does not say."""
    told = _xml(connection.getCapabilities()).find("host/cpu")
    if told is None or told.find("model") is None:
        return None
    expand = libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
    features = told
    # Where it cannot say what a model means, the model itself is a word: hosts of one model alone fit each other.
    with suppress(libvirt.libvirtError):
        features = _xml(connection.baselineCPU([ET.tostring(told, "unicode")], expand))
    return " ".join(sorted({*_words(told, is_expanded=features is not told), *_features(features)}))


def offers(connection: libvirt.virConnect, terms: Terms) -> tuple[str, ...]:
    """What VMs may find here, as a report tells it."""
    guests = (f"guest:{each}" for each in terms.live_guests)
    storage = (each.word for each in terms.shared_storage if _is_there(connection, each))
    return tuple(sorted({*guests, *_bridges(), *_networks(connection), *storage}))


def _words(told: ET.Element, *, is_expanded: bool) -> Iterator[str]:
    names = ("vendor",) if is_expanded else ("vendor", "model")
    for name in names:
        if text := told.findtext(name, "").strip():
            yield f"{name}:{text}"


def _features(told: ET.Element) -> Iterator[str]:
    return (each.get("name", "") for each in told.iterfind("feature") if each.get("policy") != "disable")


def _bridges() -> Iterator[str]:
    return (f"bridge:{each.parent.name}" for each in NETWORK_DEVICES.glob("*/bridge"))


def _networks(connection: libvirt.virConnect) -> Sequence[str]:
    with suppress(libvirt.libvirtError):  # a daemon without the networks' driver
        return [f"network:{each}" for each in connection.listNetworks()]
    return ()


def _is_there(connection: libvirt.virConnect, storage: SharedStorage) -> bool:
    if storage.path is not None:
        return _is_mounted(storage.path)
    with suppress(libvirt.libvirtError):  # no such pool, or a daemon without the pools' driver
        return bool(connection.storagePoolLookupByName(storage.pool).isActive())
    return False


def _is_mounted(path: Path) -> bool:
    """Whether it is there, and no folder of the host's own disk: so looks a place where nothing is mounted just now."""
    with suppress(OSError):
        device = path.stat().st_dev
        return path.is_relative_to(DEVICES) or device != ROOT.stat().st_dev
    return False


def _xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - libvirt's own output; expat bounds what entities expand to

"""What a domain's XML says that concerns a balancer: what it needs of a host, and what stands against moving it.

Rule: text in, values out; libvirt is not asked. Storage that the configuration does not name is this host's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from agents.hypervisor.terms import SharedStorage

TAGS_NAMESPACE: Final = "urn:xen-balancer:tags:1"

GUESTS: Final[Mapping[str, str]] = MappingProxyType({"linux": "pv", "xen": "pv", "xenpvh": "pvh", "hvm": "hvm"})
"""By libvirt's type of operating system; another one stands for itself."""
PLACES: Final[Mapping[str, str]] = MappingProxyType({"file": "file", "block": "dev", "dir": "dir"})
"""Types of disk whose source is a path here, and the attribute that has it."""
NETWORK: Final = "network"
"""The type of a disk that is the same from everywhere."""


@dataclass(frozen=True, slots=True)
class Traits:
    """`needs` as a report tells them; `passthrough` means devices of this very host."""

    passthrough: bool = False
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def traits_of(xml: str, shared: Sequence[SharedStorage] = ()) -> Traits:
    """The traits in a domain's XML; tags stand in `<metadata>`, as the text of our own `tags` element."""
    domain = ET.fromstring(xml)  # noqa: S314 - libvirt's own output; expat bounds what entities expand to
    passes = domain.find("devices/hostdev") is not None or domain.find("devices/interface[@type='hostdev']") is not None
    tags = domain.findtext(f"metadata/{{{TAGS_NAMESPACE}}}tags", "").split()
    needs = (*_guest(domain), *_networks(domain), *_storage(domain, shared))
    return Traits(passes, tuple(tags), tuple(dict.fromkeys(needs)))


def _guest(domain: ET.Element) -> Iterator[str]:
    kind = domain.findtext("os/type", "").strip()
    if kind:
        yield f"guest:{GUESTS.get(kind, kind)}"


def _networks(domain: ET.Element) -> Iterator[str]:
    for interface in domain.iterfind("devices/interface"):
        kind, source = interface.get("type", ""), interface.find("source")
        if source is not None and kind in {"bridge", "network"} and source.get(kind):
            yield f"{kind}:{source.get(kind)}"


def _storage(domain: ET.Element, shared: Sequence[SharedStorage]) -> Iterator[str]:
    """Where each disk is that has something in it, and whatever it builds upon."""
    for disk in domain.iterfind("devices/disk"):
        for layer in (disk, *disk.iter("backingStore")):
            source = layer.find("source")
            if source is not None and source.attrib:
                yield from _place(layer.get("type", ""), source, shared)
        if disk.find("transient") is not None:
            yield "local:what is written to a transient disk"


def _place(kind: str, source: ET.Element, shared: Sequence[SharedStorage]) -> Iterator[str]:
    if kind == "volume":
        pool = source.get("pool", "")
        word = next((each.word for each in shared if each.pool == pool), None)
        yield word or f"local:{pool}/{source.get('volume', '')}"
    elif kind in PLACES:
        path = source.get(PLACES[kind], "")
        word = next((each.word for each in shared if each.holds(path)), None)
        yield word or f"local:{path}"
    elif kind != NETWORK:
        yield f"local:{kind}"

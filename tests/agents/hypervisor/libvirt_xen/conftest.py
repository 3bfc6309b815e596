"""What the tests of the libvirt driver share: a host of libvirt's own test driver, and domains as libxl shows them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

WEB1 = "11111111-1111-1111-1111-111111111111"


@pytest.fixture(autouse=True)
def _with_libvirt(needs_libvirt: None) -> None:
    """Nothing here can be tried without it."""


@pytest.fixture
def hypervisor(node_file: Path) -> Any:
    from agents.hypervisor.libvirt_xen import LibvirtHypervisor  # noqa: PLC0415 - only where libvirt is installed

    return LibvirtHypervisor("hv1", f"test://{node_file}")


@dataclass
class ShownByLibxl:
    """A domain as libxl was seen to show it, in states that libvirt's test driver never comes into."""

    state_and_reason: tuple[int, int] = (1, 0)
    cpu_ns: int = 0
    job: int = 0
    xml: str = "<domain type='xen'><os><type machine='xenpvh'>xenpvh</type></os></domain>"
    uuid: str = WEB1
    id: int = 7
    saved: bool = False
    errors: dict[str, Exception] = field(default_factory=dict)

    def _answer(self, question: str, answer: Any) -> Any:
        if question in self.errors:
            raise self.errors[question]
        return answer

    def info(self) -> list[int]:
        answer: list[int] = self._answer("info", [self.state_and_reason[0], 98304, 98368, 1, self.cpu_ns])
        return answer

    def state(self) -> list[int]:
        return list(self.state_and_reason)

    def jobInfo(self) -> list[int]:  # noqa: N802 - libvirt's name
        answer: list[int] = self._answer("jobInfo", [self.job, 1200, 0])
        return answer

    def hasManagedSaveImage(self) -> int:  # noqa: N802 - libvirt's name
        return int(self.saved)

    def name(self) -> str:
        return "web1"

    def UUIDString(self) -> str:  # noqa: N802 - libvirt's name
        return self.uuid

    def ID(self) -> int:  # noqa: N802 - libvirt's name
        return self.id

    def isPersistent(self) -> int:  # noqa: N802 - libvirt's name
        return 1

    def isActive(self) -> int:  # noqa: N802 - libvirt's name
        return int(self.id >= 0)

    def XMLDesc(self) -> str:  # noqa: N802 - libvirt's name
        return self.xml

    def listAllDomains(self, _flags: int = 0) -> "list[ShownByLibxl]":  # noqa: N802 - libvirt's name
        return [self]

    def lookupByUUIDString(self, _uuid: str) -> "ShownByLibxl":  # noqa: N802 - libvirt's name
        return self

    def connect(self) -> "ShownByLibxl":
        return self


@pytest.fixture
def shown() -> Callable[..., ShownByLibxl]:
    """Makes a domain, which is all that its connection has."""
    return ShownByLibxl


@pytest.fixture
def complaint() -> Callable[[int], Exception]:
    """Makes an error of libvirt's, of that code."""
    import libvirt  # noqa: PLC0415 - only where it is installed

    def make(code: int) -> Exception:
        error = libvirt.libvirtError("as libvirt says it")
        error.err = (code, 0, "as libvirt says it", 2, None, None, None, 0, 0)
        return error

    return make

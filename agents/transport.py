"""How one hypervisor's libvirt reaches another's: the URI of a migration's target.

Rule: made of checked parts only, never of text that somebody sent.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field

from agents.documents import Document

TransportName = Literal["tls", "tcp", "ssh"]

SCHEMES: Final[Mapping[TransportName, str]] = MappingProxyType({"tls": "", "tcp": "+tcp", "ssh": "+ssh"})


class Transport(Document):
    """tls, tcp (neither encrypted nor authenticated) or ssh as `user`; `port` where it is not libvirt's own.

    `driver` is libvirt's name for the kind of hypervisor: xen, or qemu where hosts run QEMU or KVM.
    """

    transport: TransportName = "tls"
    driver: Literal["xen", "qemu"] = "xen"
    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]*$", max_length=32)] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None

    def uri(self, address: str) -> str:
        """The libvirt URI of the hypervisor at this name or IP address."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.driver}{SCHEMES[self.transport]}://{user}{bracketed(address)}{port}/system"


def bracketed(address: str) -> str:
    """The address as it stands in a URI."""
    return f"[{address}]" if ":" in address else address

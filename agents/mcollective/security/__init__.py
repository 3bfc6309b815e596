"""Who says so: MCollective's security plugins, one file each, behind two shapes: a caller's end and a host's.

Rule: a signature is checked over the exact bytes of a body before these are parsed; what an envelope claims beside is
believed only as far as the signed body does not contradict it.
"""

from typing import Protocol

from agents.mcollective.message import Reply, Request


class CallerEnd(Protocol):
    """Signs requests and takes replies; `name` is what this caller is called."""

    @property
    def name(self) -> str:
        """Such as `cert=balancer` or `uid=0`."""
        ...

    def seal(self, request: Request) -> bytes:
        """The request on the wire, in this caller's name; EncodeError where its body has no form there."""
        ...

    def open(self, payload: bytes) -> Reply:
        """The reply in untrusted bytes; MessageError where it cannot be believed."""
        ...


class HostEnd(Protocol):
    """Takes requests and signs replies."""

    @property
    def name(self) -> str:
        """What this host is called where it asks others, as in a registration."""
        ...

    def open(self, payload: bytes) -> Request:
        """The request in untrusted bytes; MessageError where it cannot be believed."""
        ...

    def seal(self, reply: Reply) -> bytes:
        """The reply on the wire; EncodeError where its body has no form there."""
        ...

    def announce(self, request: Request) -> bytes:
        """A request of the host itself on the wire, such as a registration."""
        ...

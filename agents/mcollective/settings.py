"""What the wire needs to know, as agents and balancer write it under `mcollective:` in their configuration.

Rule: unknown keys are refused, every number has bounds, a secret is named by its file; MCollective's words are kept.
"""

import socket
from typing import Annotated, Final

from pydantic import Field

from agents.documents import Document, FileName, Mebibytes, Seconds

NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$"
"""A collective, an identity, an agent, a key: nothing that could mean something to a path or a selector."""


Name = Annotated[str, Field(pattern=NAME)]


def host_name() -> Name:
    """What this machine calls itself: the identity where none is configured."""
    return socket.gethostname()


class Tls(Document):
    """Transport security to a broker; without `ca` the system's authorities are trusted."""

    ca: FileName | None = None
    certificate: FileName | None = None
    key: FileName | None = None


class Broker(Document):
    """One STOMP broker of the pool."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 61613
    user: str | None = None
    password_file: FileName | None = None
    tls: Tls | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class ServerKeys(Document):
    """The ssl plugin's files on a hypervisor; `client_cert_dir` holds NAME.pem for every caller `cert=NAME`."""

    server_private: FileName
    server_public: FileName
    client_cert_dir: FileName


class ClientKeys(Document):
    """The ssl plugin's files of a caller; it is known as `cert=` and the name of its public key's file."""

    client_private: FileName
    client_public: FileName
    server_public: FileName


class Settings(Document):
    """What both ends need. Without `direct_addressing` every request is a broadcast with an identity filter."""

    collective: Name = "mcollective"
    identity: Name = Field(default_factory=host_name)
    brokers: Annotated[tuple[Broker, ...], Field(min_length=1, max_length=20)] = (Broker(),)
    vhost: Annotated[str, Field(min_length=1, max_length=255)] = "mcollective"
    direct_addressing: bool = True
    heartbeat: Annotated[Seconds, Field(ge=0, le=600)] = 30.0
    connect_timeout: Annotated[Seconds, Field(ge=0.1, le=300)] = 10.0
    reconnect_max: Annotated[Seconds, Field(ge=0.1, le=600)] = 30.0
    max_message: Annotated[Mebibytes, Field(ge=0.015625, le=64)] = 1.0

    @property
    def max_message_bytes(self) -> int:
        """The same in bytes."""
        return int(self.max_message * 1024 * 1024)


class ServerSettings(Settings):
    """An agent's end. `policies` holds AGENT.policy; `max_ttl`, `max_ahead`: what a caller may claim of time."""

    ssl: ServerKeys
    policies: FileName
    max_ttl: Annotated[Seconds, Field(ge=1, le=3600)] = 300.0
    max_ahead: Annotated[Seconds, Field(ge=0, le=3600)] = 30.0
    max_remembered: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
    max_waiting: Annotated[int, Field(ge=100, le=100_000)] = 1000
    workers: Annotated[int, Field(ge=1, le=100)] = 8


class ClientSettings(Settings):
    """A caller's end. Up to `direct_threshold` hosts are asked one by one, more at once; `ttl` is a request's life."""

    ssl: ClientKeys
    ttl: Annotated[Seconds, Field(ge=5, le=300)] = 60.0
    direct_threshold: Annotated[int, Field(ge=0, le=1000)] = 10
    max_waiting: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000

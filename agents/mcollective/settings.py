"""What the wire needs to know, as agents and balancer write it under `mcollective:` in their configuration.

Rule: unknown keys are refused, every number has bounds, a secret is named by its file; MCollective's words are kept.
"""

import socket
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dsl.syntax import Kind
from dsl.units import quantity

NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}\Z"
"""A collective, an identity, an agent, a key: nothing that could mean something to a path or a selector."""


def _seconds(value: object) -> object:
    return quantity(value, Kind.TIME) if isinstance(value, str) else value


def _mebibytes(value: object) -> object:
    return quantity(value, Kind.SIZE) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds)]
Mebibytes = Annotated[float, BeforeValidator(_mebibytes)]
Name = Annotated[str, Field(pattern=NAME)]


def host_name() -> Name:
    """What this machine calls itself: the identity where none is configured."""
    return socket.gethostname()


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(_Section):
    """Transport security to a broker; without `ca` the system's authorities are trusted."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Broker(_Section):
    """One STOMP broker of the pool."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 61613
    user: str | None = None
    password_file: Path | None = None
    tls: Tls | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class ServerKeys(_Section):
    """The ssl plugin's files on a hypervisor; `client_cert_dir` holds NAME.pem for every caller `cert=NAME`."""

    server_private: Path
    server_public: Path
    client_cert_dir: Path


class ClientKeys(_Section):
    """The ssl plugin's files of a caller; it is known as `cert=` and the name of its public key's file."""

    client_private: Path
    client_public: Path
    server_public: Path


class Settings(_Section):
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
    policies: Path
    max_ttl: Annotated[Seconds, Field(ge=1, le=3600)] = 300.0
    max_ahead: Annotated[Seconds, Field(ge=0, le=3600)] = 30.0
    max_remembered: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
    max_waiting: Annotated[int, Field(ge=1, le=100_000)] = 1000
    workers: Annotated[int, Field(ge=1, le=100)] = 8


class ClientSettings(Settings):
    """A caller's end. Up to `direct_threshold` hosts are asked one by one, more at once; `ttl` is a request's life."""

    ssl: ClientKeys
    ttl: Annotated[Seconds, Field(ge=5, le=300)] = 60.0
    direct_threshold: Annotated[int, Field(ge=0, le=1000)] = 10
    max_waiting: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000

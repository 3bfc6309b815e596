"""What the wire needs to know, as agents and balancer write it under `mcollective:` in their configuration.

Rule: unknown keys are refused, every number has bounds, a secret is named by its file, or stands where
MCollective's own files have it, and is never shown again; MCollective's words are kept.
"""

import socket
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from agents.documents import Document, FileName, Mebibytes, Seconds

NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$"
"""A collective, an identity, an agent, a key: nothing that could mean something to a path or a selector."""

Name = Annotated[str, Field(pattern=NAME)]
SerializerName = Literal["yaml", "marshal"]
ConnectorName = Literal["activemq", "rabbitmq"]
CallerType = Literal["uid", "gid", "user", "group", "identity"]


def host_name() -> Name:
    """What this machine calls itself: the identity where none is configured."""
    return socket.gethostname()


class Tls(Document):
    """Transport security to a broker; without `ca` the system's authorities are trusted."""

    ca: FileName | None = None
    certificate: FileName | None = None
    key: FileName | None = None


class Broker(Document):
    """One STOMP broker of the pool. `password` is for MCollective's own files, where it stands in the open."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 61613
    user: str | None = None
    password_file: FileName | None = None
    password: SecretStr | None = None
    tls: Tls | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class ServerKeys(Document):
    """The ssl plugin's files on a hypervisor; `client_cert_dir` holds NAME.pem for every caller `cert=NAME`."""

    server_private: FileName
    server_public: FileName
    client_cert_dir: FileName
    serializer: SerializerName = "yaml"


class ClientKeys(Document):
    """The ssl plugin's files of a caller; it is known as `cert=` and the name of its public key's file."""

    client_private: FileName
    client_public: FileName
    server_public: FileName
    serializer: SerializerName = "yaml"


class SharedKey(Document):
    """The psk plugin: one key that all know, always Marshal. Who has it can be anybody; `caller` is what is said."""

    key_file: FileName | None = None
    key: SecretStr | None = None
    caller: CallerType = "uid"

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if (self.key is None) == (self.key_file is None):
            raise ValueError("name the file that holds the key: key_file")
        return self


class Settings(Document):
    """What both ends need. Without `direct_addressing` every request is a broadcast with an identity filter.

    `collective` is the main one, `collectives` are further ones. `agents_multiplex`, `reply_exchange` and `priority`
    are MCollective's options of the same names; all sides must agree on the first.
    """

    connector: ConnectorName = "activemq"
    collective: Name = "mcollective"
    collectives: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    identity: Name = Field(default_factory=host_name)
    brokers: Annotated[tuple[Broker, ...], Field(min_length=1, max_length=20)] = (Broker(),)
    randomize: bool = False
    vhost: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    direct_addressing: bool = True
    agents_multiplex: bool = False
    reply_exchange: bool = False
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    heartbeat: Annotated[Seconds, Field(ge=0, le=600)] = 30.0
    connect_timeout: Annotated[Seconds, Field(ge=0.1, le=300)] = 10.0
    reconnect_max: Annotated[Seconds, Field(ge=0.1, le=600)] = 30.0
    max_message: Annotated[Mebibytes, Field(ge=0.015625, le=64)] = 1.0

    @property
    def max_message_bytes(self) -> int:
        """The same in bytes."""
        return int(self.max_message * 1024 * 1024)

    @property
    def all_collectives(self) -> tuple[str, ...]:
        """Every collective, the main one first, each once."""
        return tuple(dict.fromkeys((self.collective, *self.collectives)))


class Registration(Document):
    """What a server says of itself unasked: every `interval` (0: never), the first time within `splay`."""

    interval: Annotated[Seconds, Field(ge=0, le=86400)] = 0.0
    splay: Annotated[Seconds, Field(ge=0, le=86400)] = 0.0
    content: Literal["agentlist", "meta"] = "agentlist"
    collective: Name | None = None


class ActionPolicy(Document):
    """Who may ask for what: AGENT.policy in `directory`, read at each request.

    `default`: the name of the policy for agents without one of their own. `allow_unconfigured`: an agent without any
    policy may be asked by all. `all_agents`: also those agents need one that do not ask for it themselves.
    """

    directory: FileName
    default: Name | None = None
    allow_unconfigured: bool = False
    all_agents: bool = True


class ServerSettings(Settings):
    """An agent's end. `max_ttl`, `max_ahead`: what a caller may claim of time.

    `facts`: YAML files, later ones win. `classes`: a file of one class a line. `audit`: a file for one line for each
    authorized request. `agents`: folders of further agents; `inactive`: agents that are not to be served.
    """

    ssl: ServerKeys | None = None
    psk: SharedKey | None = None
    policies: ActionPolicy
    facts: Annotated[tuple[FileName, ...], Field(max_length=50)] = ()
    classes: FileName | None = None
    audit: FileName | None = None
    registration: Registration = Registration()
    agents: Annotated[tuple[FileName, ...], Field(max_length=20)] = ()
    inactive: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    max_ttl: Annotated[Seconds, Field(ge=1, le=3600)] = 300.0
    max_ahead: Annotated[Seconds, Field(ge=0, le=3600)] = 30.0
    max_remembered: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
    max_waiting: Annotated[int, Field(ge=100, le=100_000)] = 1000
    workers: Annotated[int, Field(ge=1, le=100)] = 8

    @model_validator(mode="before")
    @classmethod
    def _policies_may_be_their_folder(cls, data: Any) -> Any:
        """`policies: FOLDER` is short for `policies: {directory: FOLDER}`."""
        if isinstance(data, dict) and not isinstance(data.get("policies"), dict | ActionPolicy | None):
            return data | {"policies": {"directory": data["policies"]}}
        return data

    @model_validator(mode="after")
    def _has_one_security(self) -> Self:
        _check_security(self.ssl, self.psk)
        return self


class ClientSettings(Settings):
    """A caller's end. Up to `direct_threshold` hosts are asked one by one, more at once; `ttl` is a request's life."""

    ssl: ClientKeys | None = None
    psk: SharedKey | None = None
    ttl: Annotated[Seconds, Field(ge=5, le=300)] = 60.0
    direct_threshold: Annotated[int, Field(ge=0, le=1000)] = 10
    max_waiting: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000

    @model_validator(mode="after")
    def _has_one_security(self) -> Self:
        _check_security(self.ssl, self.psk)
        return self


def _check_security(ssl: Document | None, psk: Document | None) -> None:
    if (ssl is None) == (psk is None):
        raise ValueError("one security plugin is wanted: ssl (keys of their own for callers) or psk (one key for all)")

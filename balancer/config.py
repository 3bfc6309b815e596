"""The daemon's configuration: one YAML file, every key with its default, its unit and its bounds.

Rule: nothing is dangerous by omission (the default mode is `dry-run`) or by a slip (what no farm wants is out of
bounds).
"""

import csv
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from agents.documents import MAX_BYTES, Document, DocumentError, FileName, Mebibytes, Mistake, Seconds, load
from agents.mcollective.settings import ClientSettings, Name

PLACES: Final = (Path("xen-balancer.yaml"), Path("/etc/xen-balancer/balancer.yaml"))
"""Where `run` looks when nobody says `--config`."""

Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9:][A-Za-z0-9_.:-]*$", max_length=253)]
"""A name or an IP address; IPv6 without brackets. None begins like an option of ssh."""

SCHEMES: Final = {"tls": "xen", "tcp": "xen+tcp", "ssh": "xen+ssh"}


class HostEntry(Document):
    """One hypervisor: its MCollective identity, where libvirt is reached, where guests' memory is sent."""

    name: Name
    address: Address | None = None
    migration_address: Address | None = None
    maintenance: bool = False


class Migration(Document):
    """How the source's libvirtd reaches the target's, and after how long a move that has not ended is in doubt."""

    transport: Literal["tls", "tcp", "ssh"] = "tls"
    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]*$", max_length=32)] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    overdue: Annotated[Seconds, Field(ge=30, le=86400)] = 1800.0

    def uri(self, host: HostEntry) -> str:
        """The libvirt URI under which another hypervisor reaches this one."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{SCHEMES[self.transport]}://{user}{_bracketed(host.address or host.name)}{port}/system"

    @staticmethod
    def data_uri(host: HostEntry) -> str | None:
        """Where guests' memory is sent, when a network is set apart for it."""
        return f"tcp://{_bracketed(host.migration_address)}" if host.migration_address else None


class JournalSettings(Document):
    """How much of the past is kept."""

    keep: Annotated[Seconds, Field(ge=3600, le=3650 * 86400)] = 14 * 86400.0
    size: Annotated[Mebibytes, Field(ge=16, le=1024 * 1024)] = 512.0


class Metrics(Document):
    """Where Prometheus scrapes; `per_vm` adds a series for each VM."""

    listen: Annotated[str, Field(pattern=r"^[\w.:\[\]-]*:\d{1,5}$")] = "127.0.0.1:9460"
    per_vm: bool = False


class Configuration(Document):
    """The whole file."""

    mode: Literal["dry-run", "active"] = "dry-run"
    rules: FileName | None = None
    state: FileName = Path("/var/lib/xen-balancer")
    interval: Annotated[Seconds, Field(ge=1, le=3600)] | None = None
    deadline: Annotated[Seconds, Field(ge=0.5, le=600)] = 10.0
    hosts: Annotated[tuple[HostEntry, ...], Field(max_length=10_000)] = ()
    hosts_file: FileName | None = None
    migration: Migration = Migration()
    journal: JournalSettings = JournalSettings()
    metrics: Metrics = Metrics()
    mcollective: ClientSettings

    @model_validator(mode="after")
    def _knows_hosts(self) -> Self:
        if not self.hosts and self.hosts_file is None:
            raise ValueError("no host is named: list them under “hosts”, or name a “hosts_file” of lines name,ip")
        return self

    @cached_property
    def inventory(self) -> tuple[HostEntry, ...]:
        """All hosts, by name: those listed, and those of the hosts file that are not. Read once."""
        listed = {host.name: host for host in self.hosts}
        named = read_mappings(self.hosts_file) if self.hosts_file else ()
        return tuple(each for _, each in sorted(({host.name: host for host in named} | listed).items()))


def read_configuration(path: Path) -> Configuration:
    """The configuration in a file; DocumentError names every mistake with its place."""
    configuration = load(path, Configuration, _mistakes)
    if not configuration.inventory:
        raise DocumentError(f"{configuration.hosts_file}:1:1: empty: no host is named; write lines of name,ip")
    return configuration


def read_mappings(path: Path) -> tuple[HostEntry, ...]:
    """The hosts of a `xen-mappings.csv` of 2010: lines `name,ip`, blank ones and # comments apart."""
    entries: dict[str, HostEntry] = {}
    for line, text in enumerate(_text(path).splitlines(), 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        host = _mapping(f"{path}:{line}:1", text)
        if host.name in entries:
            raise DocumentError(f"{path}:{line}:1: duplicate: “{host.name}” stands above already; keep one of the two")
        entries[host.name] = host
    return tuple(entries.values())


def _mapping(place: str, line: str) -> HostEntry:
    try:
        (row,) = csv.reader(io.StringIO(line), skipinitialspace=True)
        name, address = (cell.strip() for cell in row)
        return HostEntry(name=name, address=address)
    except (csv.Error, ValueError):
        raise DocumentError(f"{place}: syntax: “{line[:80]}” is not name,ip, such as hv1,192.0.2.11") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
        if len(source) > MAX_BYTES:
            raise DocumentError(f"{path}:1:1: too-large: more than {MAX_BYTES} bytes")
        return source.decode("utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{path}:1:1: unreadable: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}:1:1: encoding: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _mistakes(configuration: Configuration) -> Iterator[Mistake]:
    names = [host.name for host in configuration.hosts]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Mistake(("hosts", index, "name"), f"“{name}” stands in this list already", "duplicate")
    if configuration.interval is not None and configuration.deadline >= configuration.interval:
        message = f"must be more than the deadline, which is {configuration.deadline:g} s; change either"
        yield Mistake(("interval",), message, "out-of-range")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address

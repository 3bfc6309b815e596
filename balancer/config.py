"""The daemon's configuration: one YAML file, every key with its default, its unit and its bounds.

Rule: nothing is dangerous by omission (the default mode is `dry-run`) or by a slip (what no farm wants is out of
bounds).
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from agents.documents import Document, DocumentError, FileName, Mebibytes, Mistake, Seconds, load
from agents.mcollective.settings import ClientSettings

PLACES: Final = (Path("xen-balancer.yaml"), Path("/etc/xen-balancer/balancer.yaml"))
"""Where `run` looks when nobody says `--config`."""

HostName = Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=200)]
Address = Annotated[str, Field(pattern=r"^[\w.:-]+$", max_length=253)]

SCHEMES: Final = {"tls": "xen", "tcp": "xen+tcp", "ssh": "xen+ssh"}


class HostEntry(Document):
    """One hypervisor: its MCollective identity, where libvirt is reached, where guests' memory is sent."""

    name: HostName
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

    @property
    def inventory(self) -> tuple[HostEntry, ...]:
        """All hosts, by name: those listed, and those of the hosts file that are not."""
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
    """The hosts of an `xen-mappings.csv` of 2010: lines `name,ip`, blank ones and # comments apart."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}:1:1: unreadable: {error}") from None
    reader = csv.reader(io.StringIO(text), skipinitialspace=True)
    entries = []
    for row in reader:
        if not row or row[0].startswith("#"):
            continue
        try:
            name, address = (cell.strip() for cell in row)
            entries.append(HostEntry(name=name, address=address))
        except ValueError:
            raise DocumentError(f"{path}:{reader.line_num}:1: syntax: “{','.join(row)}” is not name,ip") from None
    return tuple(entries)


def _mistakes(configuration: Configuration) -> Iterator[Mistake]:
    names = [host.name for host in configuration.hosts]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Mistake(("hosts", index, "name"), f"“{name}” stands in this list already", "duplicate")
    if configuration.interval is not None and configuration.deadline >= configuration.interval:
        yield Mistake(("deadline",), f"must be less than the interval, {configuration.interval:g} s", "out-of-range")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address

"""The daemon's configuration: one YAML file, every key with its default, its unit and its bounds.

Rule: nothing is dangerous by omission (the default mode is `dry-run`) or by a slip (what no farm wants is out of
bounds, what the chosen dialect has no use for is refused).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from functools import cached_property
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agents.documents import MAX_BYTES, Document, DocumentError, FileName, Mebibytes, Mistake, Rate, Seconds, load
from agents.mcollective.cfg.field import from_client_cfg
from agents.mcollective.errors import MessageError
from agents.mcollective.selection.filters import MAX_ENTRIES, filter_for, parse_fact
from agents.mcollective.settings import ClientSettings, Name
from agents.transport import Transport, bracketed

PLACES: Final = (Path("xen-balancer.yaml"), Path("/etc/xen-balancer/balancer.yaml"))
"""Where `run` looks when nobody says `--config`."""

AGENT: Final = "xenagent"
"""The agent that every host must have."""

Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9:][A-Za-z0-9_.:-]*$", max_length=253)]
"""A name or an IP address; IPv6 without brackets. None begins like an option of ssh."""

Words = Annotated[str, Field(min_length=1, max_length=200)]
Cores = Annotated[float, Field(gt=0, le=100_000)]
Memory = Annotated[Mebibytes, Field(gt=0, le=1024 * 1024 * 1024)]


class HostEntry(Document):
    """One hypervisor: its MCollective identity, where libvirt is reached, where guests' memory is sent.

    `cores` and `memory` are for the classic dialect, whose agents do not tell them.
    """

    name: Name
    address: Address | None = None
    migration_address: Address | None = None
    maintenance: bool = False
    cores: Cores | None = None
    memory: Memory | None = None

    @property
    def reached(self) -> str:
        """Where other hypervisors reach it."""
        return self.address or self.name

    @property
    def data_uri(self) -> str | None:
        """Where guests' memory is sent, when a network is set apart for it."""
        return f"tcp://{bracketed(self.migration_address)}" if self.migration_address else None

    @property
    def ipv4(self) -> str | None:
        """Its address where that is an IPv4 address."""
        try:
            return str(IPv4Address(self.reached))
        except AddressValueError:
            return None


class Classic(Document):
    """What the agent of 2010 does not tell of any host: the memory to reckon for each VM, and for Domain-0."""

    vm_memory: Memory
    dom0_memory: Annotated[Mebibytes, Field(ge=0, le=1024 * 1024)]


class Migration(Transport):
    """How the source's libvirtd reaches the target's, and how long a move may take before it is in doubt.

    That is `grace` and six times its VM's memory, at the rate of earlier moves or at `bandwidth` where that is less.
    With `hand_over` a VM arrives paused, and runs on once its source is seen to be rid of it.
    """

    bandwidth: Annotated[Rate, Field(ge=0.1, le=1e6)] = 100.0
    grace: Annotated[Seconds, Field(ge=10, le=86400)] = 150.0
    hand_over: bool = False


def _fact(text: str) -> str:
    try:
        parse_fact(text)
    except MessageError as error:
        raise ValueError(error.message) from None
    return text


class Discovery(Document):
    """Hosts are found as well: a ping to all that the filter lets through, `every` so often, answered within `wait`.

    `facts`, `classes`, `names` and `compound` are mco's -F, -C, -I and -S. A found host that has not reported for
    `forget` is a stranger again.
    """

    every: Annotated[Seconds, Field(ge=5, le=86400)] = 300.0
    wait: Annotated[Seconds, Field(ge=0.5, le=60)] = 2.0
    forget: Annotated[Seconds, Field(ge=60, le=30 * 86400)] = 3600.0
    facts: Annotated[tuple[Annotated[Words, AfterValidator(_fact)], ...], Field(max_length=MAX_ENTRIES)] = ()
    classes: Annotated[tuple[Words, ...], Field(max_length=MAX_ENTRIES)] = ()
    names: Annotated[tuple[Words, ...], Field(max_length=MAX_ENTRIES)] = ()
    compound: Annotated[str, Field(min_length=1, max_length=4096)] | None = None

    @model_validator(mode="after")
    def _has_a_filter(self) -> Self:
        try:
            self.wanted()
        except MessageError as error:
            raise ValueError(error.message) from None
        return self

    def wanted(self) -> Mapping[str, Any]:
        """The filter as it travels."""
        return filter_for(
            AGENT,
            identities=self.names,
            classes=self.classes,
            facts=map(parse_fact, self.facts),
            compound=self.compound,
        )


class JournalSettings(Document):
    """How much of the past is kept."""

    keep: Annotated[Seconds, Field(ge=3600, le=3650 * 86400)] = 14 * 86400.0
    size: Annotated[Mebibytes, Field(ge=16, le=1024 * 1024)] = 512.0


class Metrics(Document):
    """Where Prometheus scrapes; `per_vm` adds a series for each VM."""

    listen: Annotated[str, Field(pattern=r"^[\w.:\[\]-]*:\d{1,5}$")] = "127.0.0.1:9460"
    per_vm: bool = False


class Configuration(Document):
    """The whole file.

    A daemon that starts orders nothing in its first `warm_up` rounds with reports enough. `own_vm` is the VM that it
    runs in and never moves, by name or uuid: found out where nobody says so, `none` where it may be moved.
    """

    mode: Literal["dry-run", "active"] = "dry-run"
    dialect: Literal["modern", "classic"] = "modern"
    rules: FileName | None = None
    state: FileName = Path("/var/lib/xen-balancer")
    interval: Annotated[Seconds, Field(ge=1, le=3600)] | None = None
    deadline: Annotated[Seconds, Field(ge=0.5, le=600)] = 10.0
    hosts: Annotated[tuple[HostEntry, ...], Field(max_length=10_000)] = ()
    hosts_file: FileName | None = None
    discovery: Discovery | None = None
    classic: Classic | None = None
    migration: Migration = Migration()
    warm_up: Annotated[int, Field(ge=0, le=100)] = 2
    own_vm: Words | None = None
    journal: JournalSettings = JournalSettings()
    metrics: Metrics = Metrics()
    mcollective: Annotated[ClientSettings, BeforeValidator(from_client_cfg)]

    @model_validator(mode="after")
    def _knows_hosts(self) -> Self:
        if not self.hosts and self.hosts_file is None and self.discovery is None:
            raise ValueError(
                "no host is named: list them under “hosts”, name a “hosts_file” of lines name,ip, "
                "or have them found by “discovery”"
            )
        return self

    @cached_property
    def inventory(self) -> tuple[HostEntry, ...]:
        """All configured hosts, by name: those listed, and those of the hosts file that are not. Read once."""
        listed = {host.name: host for host in self.hosts}
        named = read_mappings(self.hosts_file) if self.hosts_file else ()
        return tuple(each for _, each in sorted(({host.name: host for host in named} | listed).items()))


def read_configuration(path: Path) -> Configuration:
    """The configuration in a file; DocumentError names every mistake with its place."""
    configuration = load(path, Configuration, _mistakes)
    if not configuration.inventory and configuration.discovery is None:
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


# -- what types cannot say


def _mistakes(configuration: Configuration) -> Iterator[Mistake]:
    names = [host.name for host in configuration.hosts]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Mistake(("hosts", index, "name"), f"“{name}” stands in this list already", "duplicate")
    if configuration.interval is not None and configuration.deadline >= configuration.interval:
        message = f"must be more than the deadline, which is {configuration.deadline:g} s; change either"
        yield Mistake(("interval",), message, "out-of-range")
    yield from _OF_DIALECT[configuration.dialect](configuration)


def _mistakes_of_modern(configuration: Configuration) -> Iterator[Mistake]:
    if configuration.classic is not None:
        yield Mistake(("classic",), "is for “dialect: classic” alone; leave it out")
    for index, host in enumerate(configuration.hosts):
        for key in host.model_fields_set & {"cores", "memory"}:
            message = "is for “dialect: classic” alone; the host's agent tells it itself: leave it out"
            yield Mistake(("hosts", index, key), message)


def _mistakes_of_classic(configuration: Configuration) -> Iterator[Mistake]:
    if configuration.classic is None:
        message = "is missing: “dialect: classic” needs vm_memory and dom0_memory, which that agent does not tell"
        yield Mistake(("classic",), message, "missing-key")
    if configuration.discovery is not None:
        message = "finds hosts whose cores and memory nobody tells; list them under “hosts” for “dialect: classic”"
        yield Mistake(("discovery",), message)
    for key in sorted(configuration.migration.model_fields_set - {"bandwidth", "grace"}):
        yield Mistake(
            ("migration", key), "is not for “dialect: classic”, whose agents find their own way; leave it out"
        )
    for index, host in enumerate(configuration.hosts):
        yield from _mistakes_of_classic_host(index, host, configuration.classic)
    listed = {host.name for host in configuration.hosts}
    if bare := [host.name for host in configuration.inventory if host.name not in listed]:
        message = f"“{bare[0]}” stands there alone; list it under “hosts” too, with its cores and memory"
        yield Mistake(("hosts_file",), message, "missing-key")


def _mistakes_of_classic_host(index: int, host: HostEntry, classic: Classic | None) -> Iterator[Mistake]:
    for key in ("cores", "memory"):
        if getattr(host, key) is None:
            message = "is missing: “dialect: classic” needs it, for that agent does not tell it"
            yield Mistake(("hosts", index, key), message, "missing-key")
    if host.memory is not None and classic is not None and host.memory <= classic.dom0_memory:
        message = f"must be more than classic.dom0_memory, which is {classic.dom0_memory:g} MiB; change either"
        yield Mistake(("hosts", index, "memory"), message, "out-of-range")
    if host.migration_address is not None:
        message = "is not for “dialect: classic”, whose agents find their own way; leave it out"
        yield Mistake(("hosts", index, "migration_address"), message)


_OF_DIALECT: Final = {"modern": _mistakes_of_modern, "classic": _mistakes_of_classic}

"""What a host says of itself and its VMs: the one thing that agents and the balancer's core share.

Rule: cumulative counters, each with the instant of its own reading, so that a lost report costs nothing; nothing here
is trusted before `decode` has checked it.

Units: CPU time in ns, memory in MiB, seconds elsewhere. `instant` is of the host's monotonic clock, comparable only
within one boot id. As JSON a report is one object, `"format": "report/1"`; unknown keys are ignored (a newer agent may
say more).

What a VM needs of a host and what a host offers are words of one kind, `WHAT:NAME`: `guest:pvh`, `bridge:xenbr0`,
`storage:nfs1`. A disk on no storage that hosts share is `local:PATH`, which nobody offers.
"""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Annotated, Any, Final, Literal

from msgspec import DecodeError, Meta, Struct, convert, field, to_builtins
from msgspec.json import Decoder, Encoder
from pydantic_core import CoreSchema, core_schema

from dsl.units import version_number

FORMAT: Final = "report/1"
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_VMS: Final = 10_000
RUNNING: Final = frozenset({"running", "blocked"})
"""The states in which a VM runs, and may be moved."""
ARRIVING: Final = "arriving"
"""The state of a VM that is on its way here and does not run yet."""
FALSELY_PAUSED: Final = "falsely paused"
"""The note of a VM that libvirt calls paused since a migration was refused, and that runs."""
UNKNOWN_TO_LIBVIRT: Final = "unknown to libvirt"
"""The note of a VM that Xen has and libvirt does not show, so that nothing but `xl` can do anything to it."""

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=200)]
Words = Annotated[str, Meta(max_length=8000)]
Thing = Annotated[str, Meta(max_length=1000)]
Finite = Annotated[float, Meta(ge=0, le=1e15)]
Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class ReportError(Exception):
    """A report that cannot be used; the message says what is wrong with it."""


class _Told(Struct, frozen=True):
    """A Struct is read in two thirds of a dataclass's time; pydantic, which knows dataclasses alone, is told of it."""

    @classmethod
    def __get_pydantic_core_schema__(cls, *_about: Any) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(to_builtins)
        return core_schema.no_info_plain_validator_function(partial(convert, type=cls), serialization=written)


class Counter(_Told, frozen=True):
    """Cumulative CPU time and the instant it was read; `eaten_ns` over `interval` s since the agent's previous sample.

    Both are None at the agent's first sight of that counter's identity.
    """

    cpu_ns: Nanoseconds
    instant: Finite
    eaten_ns: Nanoseconds | None = None
    interval: Finite | None = None


class VmReport(_Told, frozen=True):
    """One VM, never Domain-0.

    `state` is running, blocked, paused, shutdown, shutoff, crashed, pmsuspended or, of one that is on its way here and
    does not run yet, arriving. `note` says what its state does not: `falsely paused` of one that libvirt calls paused
    and that runs, `unknown to libvirt` of one that Xen alone shows. `needs` that are not told are none: the VM can
    live anywhere.
    """

    uuid: Id
    name: Id
    domain_id: Annotated[int, Meta(ge=-1)]
    state: Text
    vcpus: Annotated[int, Meta(ge=0, le=100_000)]
    memory_mb: Finite
    counter: Counter
    persistent: bool = True
    passthrough: bool = False
    tags: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    needs: Annotated[tuple[Thing, ...], Meta(max_length=500)] = ()
    note: Text = ""


class OrderReport(_Told, frozen=True):
    """How an order stands that this agent was given, by the hypervisor's own word: no more than a hint.

    `state` is under way, done, failed or lost (its process ended and nobody knows how). `seconds` is how long it took,
    or takes until now, `age` how long ago it was given.
    """

    id: Id
    state: Literal["under way", "done", "failed", "lost"]
    error: Annotated[str, Meta(max_length=1000)] = ""
    seconds: Finite = 0.0
    age: Finite = 0.0
    vm: Text = ""
    target: Text = ""


class Report(_Told, frozen=True):
    """One host at one moment; `time` is its clock's, since the epoch: for people, and to see whether clocks agree.

    `own` is Domain-0's counter, None where the hypervisor has none. `stolen` counts the time that each of Domain-0's
    CPUs, on average, was ready to run and had to wait. `cpu` is what the CPUs can do, names with blanks between.
    `epoch` is the highest of those whose orders this agent has taken.
    """

    host: Id
    boot_id: Id
    sequence: Annotated[int, Meta(ge=0)]
    time: Finite
    cores: Annotated[float, Meta(gt=0, le=100_000)]
    memory_mb: Finite
    memory_free_mb: Finite
    load: Finite
    uptime: Finite | None = None
    own: Counter | None = None
    stolen: Counter | None = None
    vms: Annotated[tuple[VmReport, ...], Meta(max_length=MAX_VMS)] = ()
    orders: Annotated[tuple[OrderReport, ...], Meta(max_length=1000)] = ()
    maintenance: bool = False
    xen: Text | None = None
    cpu_group: Text | None = None
    cpu: Words | None = None
    offers: Annotated[tuple[Thing, ...], Meta(max_length=1000)] = ()
    epoch: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    tags: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    facts: Annotated[Mapping[Text, Text], Meta(max_length=1000)] = field(default_factory=dict)
    format: Literal["report/1"] = FORMAT


def lacking(needs: Collection[str], offers: Collection[str]) -> tuple[str, ...]:
    """What is needed and not offered, in the order in which it is needed."""
    return tuple(need for need in needs if need not in offers)


def can_do_all(source: str | None, target: str | None) -> bool:
    """Whether the target's CPUs can do all that the source's can; unknown at one end only counts as no."""
    if source is None or target is None:
        return source is target
    return set(source.split()) <= set(target.split())


def is_as_new(source: str | None, target: str | None) -> bool:
    """Whether the target's Xen is not older than the source's; unknown at one end only counts as no."""
    if source is None or target is None:
        return source is target
    return version_number(source) <= version_number(target)


_ENCODER: Final = Encoder()
_DECODER: Final = Decoder(Report)


def encode(report: Report) -> str:
    """The report as one line of JSON."""
    return _ENCODER.encode(report).decode()


def decode(text: str | bytes) -> Report:
    """The report in untrusted JSON; ReportError where it is too large, no JSON, or not as the schema says."""
    if len(text) > MAX_BYTES:
        raise ReportError(f"{len(text)} bytes, more than {MAX_BYTES}")
    try:
        return _DECODER.decode(text)
    except (DecodeError, UnicodeError, RecursionError) as error:
        what, _, where = str(error).partition(" - at `$")
        raise ReportError(f"{where.strip('.`') or 'report'}: {what}") from None

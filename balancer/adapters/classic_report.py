"""A report made of what the agent of 2010 says of its host: its slices' names, their CPU seconds, its load.

Rule: pure. What that agent does not say is what the configuration says, or what moves least: a VM has as many CPUs as
its host, and one in transit is where its name still stands. A name is all the identity there is, so two VMs of one name
are one VM in two places, which is left alone.
"""

import re
import uuid
from math import ceil
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.mcollective.errors import MessageError
from agents.report import MAX_VMS, Counter, Report, VmReport
from balancer.config import Classic, HostEntry

BOOT: Final = "classic"
"""That agent tells no boot; counters that begin anew run backwards, and that shows."""
DOMAIN_0: Final = "Domain-0"
NANOSECONDS: Final = 1e9
MAX_SECONDS: Final = 1e9

_TRANSIT: Final = re.compile(r"\Amigrating-|--(?:incoming|migratedaway)\Z")
"""What xm (in front) and xl (behind) add to a VM's name at either end while it migrates."""

_HARMLESS: Final = re.compile(r"[A-Za-z0-9_.:/+][A-Za-z0-9_.:/+-]*")
"""Xen's own names. That agent hands a name to a shell, so a VM of another is not to be moved."""


_Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Stat(BaseModel):
    """The reply of `stat`; `times` are texts of seconds."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    slices: Annotated[tuple[_Name, ...], Field(max_length=MAX_VMS)]
    load: Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]
    times: Annotated[
        dict[_Name, Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]], Field(max_length=MAX_VMS + 1)
    ]


def identity(name: str) -> str:
    """A uuid for the name, the same for ever."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.vm.classic.xen-balancer"))


def read_stat(host: HostEntry, classic: Classic, data: Any, asked: float, sequence: int) -> Report:
    """The report in the data of a `stat` that was asked for at `asked`, s; MessageError where it is none.

    The host has cores and memory. Counters are of the moment of the question: that one is the same for all hosts, and
    no silent one moves it.
    """
    try:
        stat = _Stat.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "data"
        raise MessageError("unreadable report", f"{host.name}: {where}: {first['msg']}") from None
    cores, memory = host.cores, host.memory
    assert cores is not None  # the configuration has both of every host in this dialect
    assert memory is not None
    vms = tuple(_vm(name, stat, ceil(cores), classic.vm_memory, asked) for name in _domus(host.name, stat))
    return Report(
        host=host.name, boot_id=BOOT, sequence=sequence, time=asked, cores=cores, memory_mb=memory,
        memory_free_mb=max(0.0, memory - classic.dom0_memory - len(vms) * classic.vm_memory), load=stat.load,
        vms=vms, maintenance=host.maintenance,
    )  # fmt: skip


def _domus(host: str, stat: _Stat) -> list[str]:
    """The names of its VMs; MessageError where a time is missing."""
    names = [name for name in stat.slices if name != DOMAIN_0]
    if timeless := [name for name in names if name not in stat.times]:
        raise MessageError("unreadable report", f"{host}: times: there is none of {timeless[0]}")
    return names


def _vm(told: str, stat: _Stat, vcpus: int, memory: float, asked: float) -> VmReport:
    name = _TRANSIT.sub("", told) or told
    return VmReport(
        uuid=identity(name), name=name, domain_id=0, state="running" if name == told else "migrating", vcpus=vcpus,
        memory_mb=memory, counter=Counter(round(stat.times[told] * NANOSECONDS), asked),
        passthrough=_HARMLESS.fullmatch(name) is None,
    )  # fmt: skip

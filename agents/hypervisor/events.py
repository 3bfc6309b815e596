"""The events of a scenario: which there are, and to whom each may happen.

Rule: one event, one row in each table here, and one where it is played.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from agents.documents import Document, Mistake

Name = Annotated[str, Field(min_length=1, max_length=200)]

EventKind = Literal[
    "silent", "answers", "lost", "reboot", "maintenance", "ready", "appears",
    "libvirtd-stops", "libvirtd-hangs", "libvirtd-restart",
    "vm-started", "vm-stopped", "moved", "destroyed", "resumed",
    "migration-fails", "migration-hangs", "migration-refused", "migration-orphans", "migration-lost",
    "migration-doubles", "migration-stands", "migration-suspends", "migration-vanishes", "migration-forgotten",
]  # fmt: skip

_HOST: Final = frozenset({"host"})
_VM: Final = frozenset({"vm"})
_EITHER: Final = _HOST | _VM

SUBJECTS: Final[Mapping[EventKind, frozenset[str]]] = {
    "silent": _HOST,
    "answers": _HOST,
    "lost": _HOST,
    "appears": _HOST,
    "maintenance": _HOST,
    "ready": _HOST,
    "reboot": _EITHER,
    "libvirtd-stops": _HOST,
    "libvirtd-hangs": _HOST,
    "libvirtd-restart": _HOST,
    "vm-started": _VM,
    "vm-stopped": _VM,
    "moved": _VM,
    "destroyed": _VM,
    "resumed": _VM,
    "migration-fails": _EITHER,
    "migration-hangs": _EITHER,
    "migration-refused": _EITHER,
    "migration-orphans": _EITHER,
    "migration-lost": _EITHER,
    "migration-doubles": _EITHER,
    "migration-stands": _EITHER,
    "migration-suspends": _EITHER,
    "migration-vanishes": _EITHER,
    "migration-forgotten": _EITHER,
}
"""To whom each event may happen."""

FURTHER: Final[Mapping[EventKind, tuple[str, str]]] = {
    "moved": ("to", "needs the host it moves to: write to: NAME"),
    "destroyed": ("host", "needs the host on which that happens: write host: NAME"),
}
"""What else an event has to name."""


class Event(Document):
    """What happens just before that round's reports."""

    round: Annotated[int, Field(ge=1, le=10_000_000)]
    event: EventKind
    host: Name | None = None
    vm: Name | None = None
    to: Name | None = None


def unknown(path: tuple[str | int, ...], what: str, name: str) -> Mistake:
    """That nobody in the scenario bears the name."""
    return Mistake(path, f"no {what} of this scenario is named “{name}”", f"unknown-{what}")


def event_mistakes(path: tuple[str | int, ...], event: Event, known: Mapping[str, set[str]]) -> Iterator[Mistake]:
    """What the event lacks or has too much, given the names that are `known` under each of its keys."""
    named = {key: getattr(event, key) for key in ("host", "vm", "to") if getattr(event, key) is not None}
    for key, name in named.items():
        if name not in known[key]:
            yield unknown((*path, key), "vm" if key == "vm" else "host", name)
    subjects = SUBJECTS[event.event]
    further, wanted = FURTHER.get(event.event, ("", ""))
    if len(subjects & named.keys()) != 1 or not named.keys() <= {*subjects, "to", further}:
        whom = " or ".join(sorted(subjects))
        yield Mistake(path, f"“{event.event}” happens to one {whom}: write {whom}: NAME", "wrong-event")
    if further and further not in named:
        yield Mistake(path, f"“{event.event}” {wanted}", "wrong-event")
    if "to" in named and further != "to":
        yield Mistake(path, f"“{event.event}” has no `to`", "wrong-event")


def begins_with(events: Iterable[Event], subject: str, first: EventKind, others: set[EventKind]) -> set[str]:
    """Hosts or VMs whose first coming or going is `first`: they are not there from the start."""
    told = sorted((event for event in events if event.event in {first, *others}), key=lambda event: event.round)
    begins: dict[str, str] = {}
    for event in told:
        name = getattr(event, subject)
        if name is not None:
            begins.setdefault(name, event.event)
    return {name for name, kind in begins.items() if kind == first}

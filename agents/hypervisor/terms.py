"""On which terms a host takes VMs in: what it shares with others, what it can let run on, what it keeps free.

Rule: plain values out of the configuration. What is not told here is not shared.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from agents.documents import Document

GuestType = Literal["pv", "pvh", "hvm"]

LIVE_GUESTS: tuple[GuestType, ...] = ("pvh", "hvm")
"""Debian's Xen is built without shadow paging, so its PV guests cannot be migrated live."""
MEMORY_MARGIN = 64.0


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"“{path}” is not absolute")
    return path


class SharedStorage(Document):
    """Storage that several hosts have: under one name, at one `path` or in one libvirt `pool`, on all of them alike.

    A path is below `/dev`, or on another file system than `/`: what is on that one is not mounted, or not shared.
    """

    name: Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=100)]
    path: Annotated[Path, AfterValidator(_absolute)] | None = None
    pool: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _in_one_way(self) -> Self:
        if (self.path is None) == (self.pool is None):
            raise ValueError("shared storage has either a path or a pool")
        return self

    @property
    def word(self) -> str:
        """As a report tells it."""
        return f"storage:{self.name}"

    def holds(self, file: str) -> bool:
        """Whether the file is in it, by its name and by what links make of that. A device is what its name says."""
        if self.path is None or not _is_within(os.path.normpath(file), self.path):
            return False
        return file.startswith("/dev/") or _is_within(os.path.realpath(file), Path(os.path.realpath(self.path)))


@dataclass(frozen=True, slots=True)
class Terms:
    """`live_guests` can be migrated here while they run; `memory_margin` MiB stay free whoever comes."""

    shared_storage: Sequence[SharedStorage] = ()
    live_guests: Sequence[GuestType] = LIVE_GUESTS
    memory_margin: float = MEMORY_MARGIN


def _is_within(file: str, folder: Path) -> bool:
    return PurePath(file).is_relative_to(folder)

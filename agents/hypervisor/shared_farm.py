"""One host of a simulated farm that several agent processes share, as they would share real machines.

Rule: what is shared is the past, not the state: the instant at which the farm began and whatever was done to it since,
one JSON line each, in one file under a lock. Each process replays it on its own `SimulatedFarm` up to now, and since
that farm is deterministic they all see the same.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeVar

from msgspec.structs import replace
from pydantic import TypeAdapter, ValidationError

from agents.hypervisor import Guest, HypervisorError, Migration
from agents.hypervisor.scenario import Scenario
from agents.hypervisor.simulated import SECOND, SimulatedFarm
from agents.report import Report

FILE: Final = "farm.jsonl"
POLL_SECONDS: Final = 0.05
NOT_TOLD: Final = "End of file while reading data: Input/output error"
"""What libvirt says where its daemon goes away before it has answered."""


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The file's first line: when, on this machine's monotonic clock, the farm's time 0 was."""

    start_ns: int
    format: Literal["simulated-farm/1"] = "simulated-farm/1"


@dataclass(frozen=True, slots=True)
class _Started:
    """A further line: a migration that was started `at` seconds after the beginning."""

    at: float
    migration: Migration


@dataclass(frozen=True, slots=True)
class _TakenOver:
    """A further line: a VM that had arrived paused on `host`, and was let run `at` seconds after the beginning."""

    at: float
    host: str
    vm_uuid: str


Line = TypeVar("Line")

_BEGINNING: Final = TypeAdapter(_Beginning)
_DONE: Final[TypeAdapter[_Started | _TakenOver]] = TypeAdapter(_Started | _TakenOver)


class SimulatedHypervisor:
    """The host named `host` of the farm whose past is kept in `directory`; whoever comes first begins it."""

    def __init__(self, host: str, scenario: Scenario, directory: Path) -> None:
        if host not in {each.name for each in scenario.hosts}:
            raise HypervisorError(f"the scenario has no host named “{host}”; set `identity` to one that it has")
        self._host: Final = host
        self._farm: Final = SimulatedFarm(scenario)
        self._path: Final = directory / FILE
        self._start_ns: int | None = None
        self._read_to = 0
        self._turn: Final = threading.Lock()
        with self._shared():
            pass

    @property
    def placement(self) -> dict[str, str]:
        """Where every running VM of the farm is now: host by name of the VM."""
        with self._shared():
            return self._farm.placement

    def report(self) -> Report:
        """The host as it is now; HypervisorError while it is silent or lost."""
        with self._shared():
            report = self._farm.report(self._host)
        if report is None:
            raise HypervisorError(f"{self._host} does not answer: the scenario wants it so")
        return replace(report, time=time.time())

    def departure(self, migration: Migration) -> tuple[str, ...]:
        """What stands against sending the VM away just now."""
        with self._shared():
            return self._elsewhere(migration) or self._farm.departure(migration)

    def arrival(self, guest: Guest, reserved_mb: float) -> tuple[str, ...]:
        """What stands against taking the VM in just now, with so much memory promised to others."""
        with self._shared():
            return self._farm.arrival(self._host, guest, reserved_mb)

    def migrate(self, migration: Migration) -> None:
        """Start the migration and wait, in real time, until it has ended; a hanging one waits for ever."""
        with self._shared() as file:
            for obstacle in self._elsewhere(migration):
                raise HypervisorError(obstacle)
            self._append(file, _DONE.dump_json(_Started(self._farm.now, migration)))
            self._farm.migrate(migration, self._farm.now)
        while not self._has_ended(migration.order):
            time.sleep(POLL_SECONDS)

    def take_over(self, vm_uuid: str) -> None:
        """Let the VM run that arrived here paused."""
        with self._shared() as file:
            self._farm.take_over(self._host, vm_uuid, self._farm.now)
            self._append(file, _DONE.dump_json(_TakenOver(self._farm.now, self._host, vm_uuid)))

    def start(self, name: str) -> None:
        """VMs of a simulated farm start and stop by its scenario alone."""
        raise HypervisorError(f"{name} cannot be started: the scenario alone says when VMs start")

    def destroy(self, name: str) -> None:
        """VMs of a simulated farm start and stop by its scenario alone."""
        raise HypervisorError(f"{name} cannot be destroyed: the scenario alone says when VMs stop")

    def _has_ended(self, order: str) -> bool:
        with self._shared():
            outcome = self._farm.outcome(order)
        if outcome is None or outcome.state == "under way":
            return False
        if outcome.state == "done":
            return True
        raise HypervisorError(outcome.error or NOT_TOLD)

    def _elsewhere(self, migration: Migration) -> tuple[str, ...]:
        if self._farm.host_of(migration.vm_uuid) in {self._host, None}:
            return ()
        return (f"Domain not found: {migration.vm_name} does not run on {self._host}",)

    @contextmanager
    def _shared(self) -> Iterator[BinaryIO]:
        """The file, locked, with this process' farm brought up to now."""
        try:
            with self._turn, self._opened() as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                self._catch_up(file)
                yield file
        except OSError as error:
            raise HypervisorError(f"the simulated farm in {self._path} cannot be used: {error.strerror}") from None

    def _opened(self) -> BinaryIO:
        return os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")

    def _catch_up(self, file: BinaryIO) -> None:
        file.seek(self._read_to)
        if self._start_ns is None:
            self._start_ns = self._begin(file)
        for line in file:
            self._replay(self._parse(_DONE, line))
        self._read_to = file.tell()
        now = time.monotonic_ns() - self._start_ns
        if now < 0:
            raise HypervisorError(f"{self._path} is from before this machine's last boot; remove it")
        self._farm.advance(now / SECOND)

    def _replay(self, done: _Started | _TakenOver) -> None:
        if isinstance(done, _Started):
            self._farm.migrate(done.migration, done.at)
        else:
            self._farm.take_over(done.host, done.vm_uuid, done.at)

    def _begin(self, file: BinaryIO) -> int:
        """The beginning that the file tells, or now where it is empty."""
        if line := file.readline():
            return self._parse(_BEGINNING, line).start_ns
        beginning = _Beginning(time.monotonic_ns())
        self._append(file, _BEGINNING.dump_json(beginning))
        return beginning.start_ns

    def _append(self, file: BinaryIO, line: bytes) -> None:
        file.seek(0, os.SEEK_END)
        file.write(line + b"\n")
        file.flush()
        self._read_to = file.tell()

    def _parse(self, adapter: TypeAdapter[Line], line: bytes) -> Line:
        try:
            return adapter.validate_json(line)
        except ValidationError:
            raise HypervisorError(f"{self._path} is damaged; remove it and start all agents anew") from None

"""Two hosts for tests of moves, with a hand on what may break in them: real Xen (hypervisor.py), or its quick half, two
hosts of libvirt's QEMU driver (namespaces.py).

Rule: what is so is read in the hypervisor itself and on the guests' consoles, never where our agents read it.
"""

import re
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = ROOT / "deploy" / "lab"
TICK: Final = re.compile(r"TICK (\d+) uptime")

TELLS: Final = """
until [ $SECONDS -gt {seconds:.0f} ]; do
    told=$(grep -c '{words}' {file} 2>/dev/null)
    [ "${{told:-0}}" -lt {times} ] || exit 0
    sleep 0.5
done
exit 1
"""

Line = Literal["broker", "migration"]
Signal = Literal["STOP", "CONT", "KILL"]


@dataclass(frozen=True)
class Guest:
    """A VM of the lab, by what stays the same wherever it runs."""

    name: str
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Domain:
    """What Xen says of a domain; `state` is `xl list`'s six letters."""

    name: str
    id: int
    memory: int
    state: str
    uuid: str

    @property
    def runs(self) -> bool:
        return not set(self.state) & set("psc") and self.name != "(null)"


class Host(Protocol):
    """One of the two: `dom0-1` or `dom0-2`."""

    name: str
    uri: str
    """Its libvirt, as the other one sees it."""
    driver: str
    """libvirt's name for what it is: xen or qemu."""
    consoles: str
    """Where `guest-NAME.log` is what a guest has said in here."""
    broker_seen: tuple[str, int]
    """Where an agent in there finds the broker."""

    def start(self) -> None:
        """Return once libvirt answers in there, and our code is."""

    def stop(self) -> None:
        """As by pulling the plug."""

    def tidy(self) -> None:
        """No guests, no agent, a fresh libvirtd."""

    def tried(self, command: str, given: bytes = b"", *, seconds: float = 120) -> tuple[int, str]:
        """Exit code of a shell command in there, and what it printed."""
        ...

    def cut(self, line: Line) -> AbstractContextManager[None]:
        """While the context is open nothing passes the line."""
        ...

    def begin_agent(self, config: Path, log: str) -> None:
        """Ours in there; its id is in /run/agent.pid, and what it says is added to the log."""

    def create(self, guest: "Guest", work: int, memory: int) -> None:
        """Begin a guest, which works for `work` percent of the time; `memory` in MiB."""

    def domains(self) -> list["Domain"]:
        """All that there are, the host's own apart."""
        ...

    def libvirtd(self, how: Signal) -> None:
        """Send it a signal."""

    def start_libvirtd(self) -> None:
        """Return once it answers."""

    def run(self, command: str, given: bytes = b"", *, seconds: float = 120) -> str:
        """What a shell command in there printed; it must succeed."""
        code, output = self.tried(command, given, seconds=seconds)
        assert code == 0, f"{self.name}: {command}: {code}\n{output}"
        return output

    def tells(self, file: str, words: str, times: int, *, seconds: float) -> bool:
        """So many lines of a file in there have these words, now or in that time.

        It is looked for in there: each look from here takes ten times as much of a hypervisor's one CPU.
        """
        command = TELLS.format(file=file, words=words, times=times, seconds=seconds)
        return self.tried(command, seconds=seconds + 30)[0] == 0

    def console(self, guest: "Guest") -> str:
        return f"{self.consoles}/guest-{guest.name}.log"

    def ticks(self, guest: "Guest") -> list[int]:
        """What a guest has counted here."""
        return [int(tick) for tick in TICK.findall(self.tried(f"cat {self.console(guest)}")[1])]


@dataclass
class Lab:
    """Both hosts."""

    hosts: tuple[Host, Host]

    def start(self) -> None:
        self.each(lambda host: host.start())

    def stop(self) -> None:
        self.each(lambda host: host.stop())

    def tidy(self) -> None:
        """No guests, no agents, a fresh libvirtd, whole lines."""
        self.each(lambda host: host.tidy())

    def guest(self, host: Host, name: str, *, work: int = 0, memory: int = 96) -> Guest:
        """A guest that has begun to count, and works for `work` percent of the time."""
        guest = Guest(name)
        host.create(guest, work, memory)
        assert host.tells(host.console(guest), "TICK", 2, seconds=60)
        return guest

    def seen(self, guest: Guest) -> dict[str, Domain]:
        """Where there is a domain with the guest's uuid, running or not."""
        return {host.name: domain for host in self.hosts for domain in host.domains() if domain.uuid == guest.uuid}

    def counts_on(self, guest: Guest) -> list[str]:
        """Where it runs: the hosts on whose consoles its count goes on within 4 s."""
        before = [len(host.ticks(guest)) for host in self.hosts]
        time.sleep(4)
        return [host.name for host, ticks in zip(self.hosts, before, strict=True) if len(host.ticks(guest)) > ticks]

    def count(self, guest: Guest) -> "Count":
        """What it has counted on both consoles."""
        return Count(Counter(tick for host in self.hosts for tick in host.ticks(guest)))

    def each(self, act: Callable[[Host], None]) -> None:
        """Done to both at once."""
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            list(pool.map(act, self.hosts))


@dataclass(frozen=True)
class Count:
    """The ticks of one guest. One that ran all the time, and once at a time, has said every number once."""

    ticks: Counter[int]

    @property
    def lost(self) -> list[int]:
        return [tick for tick in range(1, max(self.ticks) + 1) if tick not in self.ticks]

    @property
    def twice(self) -> list[int]:
        return sorted(tick for tick, times in self.ticks.items() if times > 1)


def built() -> Path:
    """The folder of the lab's image, built where it has not been."""
    command = [str(SCRIPTS / "build.sh"), sys.executable]
    return Path(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def soon(claim: Callable[[], bool], seconds: float = 30.0) -> bool:
    """The claim comes true in that time. It is looked at seldom: each look is work for a hypervisor's one CPU."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True

"""Two real Xen hypervisors for tests: deploy/lab, as it is started by hand, with a hand on what may break in it.

Rule: what is so is read in Xen itself and on the guests' consoles, never where our agents read it. Started once for all
tests; `tidy` makes the two as they were, by starting one anew where nothing else helps.
"""

import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal

from deploy.lab.door import through
from tests.brokers import free_ports

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = ROOT / "deploy" / "lab"
BOOT: Final = 150.0
"""Seconds a hypervisor may take to start; it takes 15 on a quiet machine."""

Line = Literal["broker", "migration"]

TIDY: Final = """
for group in /sys/fs/cgroup/agent; do [ ! -e $group ] || echo 1 >$group/cgroup.kill; done
kill -KILL $(cat /run/libvirtd.pid)
for domain in $(xl list | awk 'NR > 2 { print $2 }'); do xl destroy $domain; done
for name in $(ls /etc/libvirt/libxl | grep xml); do rm /etc/libvirt/libxl/$name; done
rm -rf /var/log/xen/guest-* /var/log/agent /var/lib/xen-balancer-agent
lab-libvirtd
for attempt in $(seq 100); do virsh -c xen:///system list >/dev/null 2>&1 && break; sleep 0.1; done
xl list | wc -l
"""


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


@dataclass
class Hypervisor:
    """One of the two: `dom0-1` or `dom0-2`."""

    number: int
    image: Path
    folder: Path
    broker: int
    commands: int
    libvirt: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def name(self) -> str:
        return f"dom0-{self.number}"

    @property
    def uri(self) -> str:
        """Its libvirt, as the other hypervisor sees it."""
        return f"xen+tcp://{self.name}/system"

    def start(self) -> None:
        """Return once libvirt answers in there, and our code is."""
        ports = {"COMMANDS": self.commands, "LIBVIRT": self.libvirt, "BROKER": self.broker}
        environment = os.environ | {name: str(port) for name, port in ports.items()}
        command = [SCRIPTS / "start.sh", self.image, str(self.number), self.folder]
        with (self.folder / f"qemu-{self.number}").open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        console = self.folder / f"console-{self.number}"
        assert soon(lambda: console.exists() and b"LAB-UP" in console.read_bytes(), BOOT), self.name
        self.run("mkdir -p /srv/code && tar x -C /srv/code", our_code())

    def stop(self) -> None:
        """As by pulling the plug."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def run(self, command: str, given: bytes = b"", *, seconds: float = 120) -> str:
        """What a shell command in there printed; it must succeed."""
        code, output = self.tried(command, given, seconds=seconds)
        assert code == 0, f"{self.name}: {command}: {code}\n{output}"
        return output

    def tried(self, command: str, given: bytes = b"", *, seconds: float = 120) -> tuple[int, str]:
        """Exit code of a shell command in there, and what it printed."""
        code, output = through(self.commands, command, given, seconds)
        return code, output.decode(errors="replace")

    @contextmanager
    def cut(self, line: Line) -> Iterator[None]:
        """While the context is open nothing passes the line."""
        self._monitor(f"set_link {line} off")
        try:
            yield
        finally:
            self._monitor(f"set_link {line} on")

    def domains(self) -> list[Domain]:
        """All of Xen's, Domain-0 apart."""
        rows = [line.split() for line in self.run("xl list -v").splitlines()[1:]]
        found = [Domain(row[0], int(row[1]), int(row[2]), row[4], row[6]) for row in rows]
        return [domain for domain in found if domain.id != 0]

    def ticks(self, guest: Guest) -> list[int]:
        """What a guest has counted here."""
        log = self.run(f"cat /var/log/xen/guest-{guest.name}.log /var/log/xen/guest-{guest.name}--incoming.log || :")
        return [int(tick) for tick in re.findall(r"TICK (\d+) uptime", log)]

    def libvirtd(self, signal: Literal["STOP", "CONT", "KILL"]) -> None:
        self.run(f"kill -{signal} $(cat /run/libvirtd.pid)")

    def start_libvirtd(self) -> None:
        """Return once it answers."""
        self.run("lab-libvirtd; until virsh -c xen:///system list; do sleep 0.1; done")

    def tidy(self) -> bool:
        """Whether nothing but Domain-0 is left in it."""
        return self.tried(TIDY)[1].splitlines()[-1:] == ["2"]

    def _monitor(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.folder / f"monitor-{self.number}"))
            with monitor.makefile("rwb", 0) as stream:
                _until_prompt(stream)
                stream.write(f"{command}\n".encode())
                _until_prompt(stream)


@dataclass
class Lab:
    """Both hypervisors, on a broker's port of this machine."""

    hosts: tuple[Hypervisor, Hypervisor]

    def start(self) -> None:
        self._each(Hypervisor.start)

    def stop(self) -> None:
        self._each(Hypervisor.stop)

    def tidy(self) -> None:
        """No guests, no agents, a fresh libvirtd, whole lines."""
        self._each(_made_tidy)

    def guest(self, host: Hypervisor, name: str, *, work: int = 0, memory: int = 96) -> Guest:
        """A guest that has begun to count, and works for `work` percent of the time."""
        guest = Guest(name)
        host.run(f"lab-guest {guest.name} {guest.uuid} {work} {memory}")
        assert soon(lambda: len(host.ticks(guest)) > 1, 60)
        return guest

    def seen(self, guest: Guest) -> dict[str, Domain]:
        """Where Xen has a domain with the guest's uuid, running or not."""
        return {host.name: domain for host in self.hosts for domain in host.domains() if domain.uuid == guest.uuid}

    def counts_on(self, guest: Guest) -> list[str]:
        """Where it runs: the hosts on whose consoles its count goes on within 4 s."""
        before = [len(host.ticks(guest)) for host in self.hosts]
        time.sleep(4)
        return [host.name for host, ticks in zip(self.hosts, before, strict=True) if len(host.ticks(guest)) > ticks]

    def count(self, guest: Guest) -> "Count":
        """What it has counted on both consoles."""
        return Count(Counter(tick for host in self.hosts for tick in host.ticks(guest)))

    def _each(self, act: Callable[[Hypervisor], None]) -> None:
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


def new_lab(folder: Path, broker: int) -> Lab:
    """The lab, built where it has not been; `folder` has a short path."""
    built = subprocess.run([SCRIPTS / "build.sh", sys.executable], stdout=subprocess.PIPE, text=True, check=True)
    image = Path(built.stdout.strip())
    ports = free_ports(4)
    first, second = (
        Hypervisor(number, image, folder, broker, *ports[2 * number - 2 : 2 * number]) for number in (1, 2)
    )
    return Lab((first, second))


def soon(claim: Callable[[], bool], seconds: float = 30.0) -> bool:
    """The claim comes true in that time. It is looked at seldom: each look is work for a hypervisor's one CPU."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def our_code() -> bytes:
    """What runs in a hypervisor, as a tar."""
    command = ["tar", "c", "--exclude", "__pycache__", "-C", ROOT, "agents", "dsl"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def _made_tidy(host: Hypervisor) -> None:
    if not host.tidy():
        host.stop()
        host.start()


def _until_prompt(stream: IO[bytes]) -> None:
    said = b""
    while not said.endswith(b"(qemu) "):
        said += stream.read(1)

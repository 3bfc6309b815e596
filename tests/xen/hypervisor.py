"""Two real Xen hypervisors: deploy/lab, as it is started by hand.

Rule: started once for all tests; `tidy` makes one as it was, by starting it anew where nothing else helps.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.lab.door import through
from tests.brokers import free_ports
from tests.xen.lab import ROOT, SCRIPTS, Domain, Guest, Host, Lab, Line, Signal, built, soon

BOOT: Final = 150.0
"""Seconds a hypervisor may take to start; it takes 15 on a quiet machine."""

TIDY: Final = """
kill -KILL $(pwdx $(pgrep python3) | sed -n 's|: /srv/code$||p')
kill -KILL $(cat /run/libvirtd.pid)
for domain in $(xl list | awk 'NR > 2 { print $2 }'); do xl destroy $domain; done
for name in $(ls /etc/libvirt/libxl | grep xml); do rm /etc/libvirt/libxl/$name; done
rm -f /var/log/xen/guest-* /run/agent.*
lab-libvirtd
for attempt in $(seq 100); do virsh -c xen:///system list >/dev/null 2>&1 && break; sleep 0.1; done
xl list | wc -l
"""

PRELOADED: Final = """
mkdir -p /srv/code && tar x -C /srv/code && cd / || exit
export PYTHONPATH=/usr/local/lib/xen-balancer:/srv/code
setsid python3 -m tests.xen.preloaded >/run/preloaded.log 2>&1 </dev/null &
until [ -p /run/agents ]; do sleep 1; done
"""


@dataclass
class Hypervisor(Host):
    """One of the two: `dom0-1` or `dom0-2`."""

    number: int
    image: Path
    folder: Path
    broker: int
    commands: int
    libvirt: int
    process: "subprocess.Popen[bytes] | None" = None

    driver = "xen"
    consoles = "/var/log/xen"
    broker_seen = ("10.0.3.100", 61613)

    def __post_init__(self) -> None:
        self.name = f"dom0-{self.number}"
        self.uri = f"xen+tcp://{self.name}/system"

    def start(self) -> None:
        """Return once libvirt answers in there, and our code is."""
        ports = {"COMMANDS": self.commands, "LIBVIRT": self.libvirt, "BROKER": self.broker}
        environment = os.environ | {name: str(port) for name, port in ports.items()}
        command = [str(SCRIPTS / "start.sh"), str(self.image), str(self.number), str(self.folder)]
        with (self.folder / f"qemu-{self.number}").open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        console = self.folder / f"console-{self.number}"
        assert soon(lambda: console.exists() and b"LAB-UP" in console.read_bytes(), BOOT), self.name
        self.run(PRELOADED, our_code())

    def stop(self) -> None:
        """As by pulling the plug."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

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

    def begin_agent(self, config: Path, log: str) -> None:
        """By the process that has it loaded already (preloaded.py)."""
        self.run(f"echo {config} {log} >/run/agents")

    def create(self, guest: Guest, work: int, memory: int) -> None:
        self.run(f"lab-guest {guest.name} {guest.uuid} {work} {memory}")

    def domains(self) -> list[Domain]:
        """All of Xen's, Domain-0 apart."""
        rows = [line.split() for line in self.run("xl list -v").splitlines()[1:]]
        found = [Domain(row[0], int(row[1]), int(row[2]), row[4], row[6]) for row in rows]
        return [domain for domain in found if domain.id != 0]

    def libvirtd(self, how: Signal) -> None:
        self.run(f"kill -{how} $(cat /run/libvirtd.pid)")

    def start_libvirtd(self) -> None:
        """Return once it answers."""
        self.run("lab-libvirtd; until virsh -c xen:///system list; do sleep 0.1; done")

    def tidy(self) -> None:
        """Where something but Domain-0 is left in it, it is started anew."""
        if self.tried(TIDY)[1].splitlines()[-1:] != ["2"]:
            self.stop()
            self.start()

    def _monitor(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.folder / f"monitor-{self.number}"))
            with monitor.makefile("rwb", 0) as stream:
                _until_prompt(stream)
                stream.write(f"{command}\n".encode())
                _until_prompt(stream)


def new_lab(folder: Path, broker: int) -> Lab:
    """The lab, built where it has not been; `folder` has a short path."""
    image = built()
    ports = free_ports(4)
    first = Hypervisor(1, image, folder, broker, ports[0], ports[1])
    return Lab((first, Hypervisor(2, image, folder, broker, ports[2], ports[3])))


def our_code() -> bytes:
    """What runs in a hypervisor, as a tar."""
    command = ["tar", "c", "--exclude", "__pycache__", "-C", str(ROOT), "agents", "dsl", "tests/xen/preloaded.py"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def _until_prompt(stream: socket.SocketIO) -> None:
    said = b""
    while not said.endswith(b"(qemu) "):
        said += stream.read(1) or b""

"""Two hosts of libvirt's QEMU driver, each in namespaces of its own on this machine: the lab's quick half.

Rule: what can be said of both is said by the same tests, so it has what tests/xen/lab.py has. A guest is moved in 3 s
instead of 10, a host is there in 5 s. What CPUs and memory it has are this machine's, and nothing of Xen is here.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from deploy.lab.relay import between
from tests.xen.lab import ROOT, Domain, Guest, Host, Lab, Line, Signal, built

CLONE_NEWNET: Final = 0x40000000

SCRIPT: Final = """
set -e
hostname dom0-{number}
for place in /run /etc/libvirt /var/lib/libvirt /var/log/libvirt; do
    mkdir -p $place
    mount -t tmpfs tmpfs $place
done
mkdir -p /var/cache/libvirt
mount --bind {cache} /var/cache/libvirt
printf '127.0.0.1 localhost\\n192.168.77.1 dom0-1\\n192.168.77.2 dom0-2\\n' >/run/hosts
(cat /etc/passwd; grep -q libvirt-qemu /etc/passwd || echo libvirt-qemu:x:64055:64055::/:/bin/false) >/run/passwd
(cat /etc/group; grep -q libvirt-qemu /etc/group || echo libvirt-qemu:x:64055:) >/run/group
for name in hosts passwd group; do mount --bind /run/$name /etc/$name; done
cat >/etc/libvirt/libvirtd.conf <<END
listen_tls = 0
listen_tcp = 1
listen_addr = "0.0.0.0"
auth_tcp = "none"
auth_unix_rw = "none"
host_uuid = "0000000{number}-2222-4222-8333-44444444444{number}"
END
cat >/etc/libvirt/qemu.conf <<END
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
END
ip link set lo up
echo ready
exec sleep infinity
"""
"""What a host's first process does in its new namespaces."""

AGENT: Final = """
cd {code}
setsid {python} -m agents.cli --config {config} >>{log} 2>&1 </dev/null &
echo $! >/run/agent.pid
"""

GUEST: Final = """
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{image}/vmlinux</kernel>
    <initrd>{image}/guest.initrd</initrd>
    <cmdline>console=ttyS0 loglevel=1 work={work}</cmdline>
  </os>
  <devices>
    <serial type='file'><source path='/var/log/libvirt/guest-{name}.log' append='on'/><target port='0'/></serial>
  </devices>
</domain>
"""


@dataclass
class Namespaces(Host):
    """One of the two: `dom0-1` or `dom0-2`."""

    number: int
    image: Path
    cache: Path
    broker: int
    first: "subprocess.Popen[str] | None" = None
    doors: list[socket.socket] = field(default_factory=list)

    driver = "qemu"
    consoles = "/var/log/libvirt"

    def __post_init__(self) -> None:
        self.name = f"dom0-{self.number}"
        self.uri = f"qemu+tcp://{self.name}/system"
        self.broker_seen = ("127.0.0.1", self.broker)

    @property
    def pid(self) -> int:
        assert self.first is not None
        return self.first.pid

    def start(self) -> None:
        """Its namespaces, without a line to the other one and without libvirt yet."""
        unshare = ["unshare", "--net", "--uts", "--mount", "--propagation", "private"]
        script = SCRIPT.format(number=self.number, cache=self.cache)
        self.first = subprocess.Popen(
            [*unshare, "bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self.first.stdout is not None
        assert self.first.stdout.readline() == "ready\n"
        self.doors.append(door(self.pid, self.broker))

    def tidy(self) -> None:
        """It is made anew for each test."""

    @contextmanager
    def cut(self, line: Line) -> Iterator[None]:
        """The one between the two."""
        assert line == "migration"
        self.run("ip link set eth0 down")
        try:
            yield
        finally:
            self.run("ip link set eth0 up")

    def stop(self) -> None:
        """Whatever runs in it, and itself."""
        for process in list(self._processes()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for each in self.doors:
            each.shutdown(socket.SHUT_RDWR)
            each.close()
        if self.first is not None:
            self.first.wait()
            assert self.first.stdout is not None
            self.first.stdout.close()

    def tried(self, command: str, given: bytes = b"", *, seconds: float = 120) -> tuple[int, str]:
        """Exit code of a shell command in there, and what it printed."""
        enter = ["nsenter", "-t", str(self.pid), "--net", "--uts", "--mount", "bash", "-c", command]
        done = subprocess.run(
            enter, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False
        )
        return done.returncode, done.stdout.decode(errors="replace")

    def begin_agent(self, config: Path, log: str) -> None:
        self.run(AGENT.format(code=ROOT, python=sys.executable, config=config, log=log))

    def create(self, guest: Guest, work: int, memory: int) -> None:
        xml = GUEST.format(name=guest.name, uuid=guest.uuid, image=self.image, work=work, memory=memory)
        self.run("cat >/run/guest.xml; virsh -q -c qemu:///system create /run/guest.xml", xml.encode())

    def domains(self) -> list[Domain]:
        """A process of QEMU each."""
        return list(self._guests())

    def libvirtd(self, how: Signal) -> None:
        os.kill(int(self.run("cat /run/libvirtd.pid")), signal.Signals[f"SIG{how}"])

    def start_libvirtd(self) -> None:
        """Return once it answers."""
        self.run(
            "rm -f /run/libvirtd.pid; libvirtd --listen --daemon --pid-file /run/libvirtd.pid >/run/libvirtd.log 2>&1;"
            # It asks QEMU what it can do, once and for long, and puts it in the cache; an agent would not wait for it.
            "until virsh -c qemu:///system capabilities; do sleep 0.1; done"
        )

    def _guests(self) -> Iterator[Domain]:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                words = process.cmdline()
                if "-uuid" in words:
                    name = words[words.index("-name") + 1].removeprefix("guest=").partition(",")[0]
                    state = self.tried(f"virsh -q -c qemu:///system domstate {name}")[1].strip()
                    letters = "r-----" if state == "running" else "--p---"
                    yield Domain(name, process.pid, 0, letters, words[words.index("-uuid") + 1])

    def _processes(self) -> Iterator[psutil.Process]:
        """All that are in its network."""
        ours = Path(f"/proc/{self.pid}/ns/net").readlink()
        for process in psutil.process_iter():
            with suppress(OSError, psutil.NoSuchProcess):
                if Path(f"/proc/{process.pid}/ns/net").readlink() == ours:
                    yield process


@contextmanager
def pair(cache: Path, broker: int) -> Iterator[Lab]:
    """Both, with a line between them, while the context is open; `cache` takes what their libvirts know of QEMU."""
    image = built()
    first, second = Namespaces(1, image, cache, broker), Namespaces(2, image, cache, broker)
    lab = Lab((first, second))
    try:
        lab.start()
        first.run(f"ip link add eth0 type veth peer name eth0 netns {second.pid}")
        for host in (first, second):
            host.run(f"ip addr add 192.168.77.{host.number}/24 dev eth0; ip link set eth0 up")
        lab.each(lambda host: host.start_libvirtd())
        yield lab
    finally:
        lab.stop()


def door(pid: int, port: int) -> socket.socket:
    """From the loopback of a process's network to the same port of this one's; open until it is closed."""
    listener = _entered(pid, lambda: socket.create_server(("127.0.0.1", port)))

    def serve() -> None:
        with suppress(OSError):
            while True:
                visitor, _ = listener.accept()
                ends = visitor, socket.create_connection(("127.0.0.1", port))
                threading.Thread(target=between, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def _entered(pid: int, make: Callable[[], socket.socket]) -> socket.socket:
    """What is made in a process's network, by a thread that is in it and ends there."""
    made: list[socket.socket] = []

    def enter() -> None:
        with Path(f"/proc/{pid}/ns/net").open() as network:
            assert ctypes.CDLL(None).setns(network.fileno(), CLONE_NEWNET) == 0
        made.append(make())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]

"""What the kernel of this machine (on Xen: Domain-0's) says of itself and its processes.

Rule: read afresh each time, nothing is kept. On Xen the load average is Domain-0's own: it does not see the VMs.
"""

import os
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
ENDED: Final = "ZX"
"""States of a process that has ended and was not fetched yet."""


def load_average() -> float:
    """The load average over one minute."""
    return os.getloadavg()[0]


def boot_id() -> str:
    """A text that is another one after each boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def uptime() -> float:
    """Seconds since boot."""
    return float((PROC / "uptime").read_text().split()[0])


def process(number: int) -> str | None:
    """A text that no other process has, before or after that one; None where it has ended."""
    try:
        line = (PROC / str(number) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name, in brackets, may hold anything; what follows are state, then other figures, the 20th the time of start.
    state, *figures = line.rpartition(")")[2].split()
    return None if state in ENDED else f"{number} {figures[18]} {boot_id()}"


def pid(told: str) -> int:
    """The number of the process of which `process` told this."""
    return int(told.partition(" ")[0])


def is_alive(told: str) -> bool:
    """Whether the process of which `process` told this is there still."""
    return process(pid(told)) == told


def stolen_ns() -> int:
    """Nanoseconds since boot that each CPU, on average, was ready to run and had to wait for the hypervisor."""
    lines = [line.split() for line in (PROC / "stat").read_text().splitlines() if line.startswith("cpu")]
    (total,) = (int(fields[8]) for fields in lines if fields[0] == "cpu")
    return total * 10**9 // os.sysconf("SC_CLK_TCK") // (len(lines) - 1)

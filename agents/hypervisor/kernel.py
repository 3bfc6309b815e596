"""What the kernel of this machine (on Xen: Domain-0's) says of itself.

Rule: read afresh each time, nothing is kept. On Xen the load average is Domain-0's own: it does not see the VMs.
"""

import os
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


def load_average() -> float:
    """The load average over one minute."""
    return os.getloadavg()[0]


def boot_id() -> str:
    """A text that is another one after each boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def uptime() -> float:
    """Seconds since boot."""
    return float((PROC / "uptime").read_text().split()[0])

"""Agents in a Domain-0 without their start, which by software takes ten seconds: a process there that has loaded them.

Rule: each line that it reads, CONFIG LOG, makes a child that is what `python -m agents.cli --config CONFIG` would be.
What an agent starts itself is started as ever.
"""

import os
import signal
from pathlib import Path
from typing import Final

from agents.cli import main
from agents.hypervisor.libvirt_xen import driver
from agents.plugins import controller, discovery, process, rpcutil, xenagent

PIPE: Final = Path("/run/agents")
OURS: Final = "/srv/code"

LATE: Final = (driver, controller, discovery, process, rpcutil, xenagent)
"""What an agent loads once it knows its configuration."""


def become(config: str, log: str) -> None:
    """An agent in a session of its own."""
    os.setsid()
    os.chdir(OURS)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    told = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 1)
    os.dup2(told, 2)
    Path("/run/agent.pid").write_text(f"{os.getpid()}\n")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os._exit(main(["--config", config]))


def serve() -> None:
    """For as long as the hypervisor runs."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.mkfifo(PIPE)
    while True:
        with PIPE.open() as lines:
            for line in lines:
                if os.fork() == 0:
                    become(*line.split())


if __name__ == "__main__":
    serve()

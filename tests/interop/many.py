"""Many of our nodes in one process: `-m tests.interop.many CONFIG…` serves with each file until it is ended."""

import signal
import sys
from pathlib import Path

from agents.config import load_config
from agents.daemon import Daemon, assemble
from agents.drivers import open_hypervisor


def node(file: Path) -> Daemon:
    config = load_config(file)
    return assemble(config, file, open_hypervisor(config))


def main(files: list[str]) -> None:
    nodes = [node(Path(file)) for file in files]
    for one in nodes:
        one.service.start()
    sys.stdout.write(f"{len(nodes)} serve\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])

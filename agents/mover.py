"""One migration in a process of its own, so that one that hangs holds up nothing and the agent's end does not end it.

Rule: an order stands in the book before its process is started; the process claims it there, so that of two one does
nothing; how it ended is written there, and nowhere else. Nobody waits for it.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from agents.book import BookError
from agents.hypervisor import HypervisorError, Migration
from agents.orders import Orders

LOG = logging.getLogger(__name__)


def begin(config: Path, order: str, orders: Orders) -> None:
    """Start the process that carries out an order of the book; it outlives this one."""
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program; no shell reads it, and no id begins as an option
            [sys.executable, "-m", __name__, str(config), str(orders.directory), order],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        orders.give_up(order, f"its process cannot be started: {error.strerror}")
        return
    threading.Thread(target=_tell_the_end, args=(process, order, orders), name="migration", daemon=True).start()


def _tell_the_end(process: "subprocess.Popen[bytes]", order: str, orders: Orders) -> None:
    """Fetch the process when it has ended, so that it is seen to have, and log how."""
    code = process.wait()
    try:
        command = f"python -m {__name__} CONFIG {orders.directory} {order}"
        orders.give_up(order, f"its process ended with {code} before it began; to see why: {command}")
        told = orders.state(order)
    except BookError as error:
        LOG.error("order %s: %s", order, error)  # noqa: TRY400 - one line is enough
        return
    if told is not None:
        how = told.state + (f": {told.error}" if told.error else "")
        LOG.info("order %s: %s to %s %s", order, told.vm, told.target, how)


def main(arguments: Sequence[str]) -> int:
    """Carry out an order, given the configuration's file, the book's folder and the order's id.

    Nothing where somebody else does or did.
    """
    # The agent, which fetches its signals one by one, has them blocked.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    file, directory, order = arguments
    orders = Orders(Path(directory))
    migration = orders.claim(order, os.getpid())
    if migration is not None:
        orders.end(order, _failure(Path(file), migration))
    return 0


def _failure(file: Path, migration: Migration) -> str | None:
    """What the migration failed of, in the hypervisor's words; None where it did not."""
    try:
        from agents.config import load_config  # noqa: PLC0415 - the order is claimed before what takes long to load
        from agents.drivers import open_hypervisor  # noqa: PLC0415 - and whatever cannot be loaded fails the order

        open_hypervisor(load_config(file)).migrate(migration)
    except HypervisorError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever happens, the order must be told to have ended
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

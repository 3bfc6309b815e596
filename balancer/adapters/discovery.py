"""Who is there, asked in the background: no round ever waits for it.

Rule: a thread of its own with a connection of its own; what it finds is fetched when the next round begins. A broker
that is away is told by those who need it for more than this.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from agents.mcollective.client import Client, FabricError
from balancer.config import Configuration, Discovery

RETRY: Final = 5.0
"""Seconds until a question that could not be asked is tried again."""

Found = Callable[[], Collection[str]]
"""The names found since it was last called."""


def nobody() -> Collection[str]:
    """Where nobody looks nobody is found."""
    return ()


@contextmanager
def finding(configuration: Configuration) -> Iterator[Found]:
    """Looks for hosts while the context is open, where the configuration wants that."""
    if configuration.discovery is None:
        yield nobody
        return
    search = _Search(Client(configuration.mcollective), configuration.discovery)
    threading.Thread(target=search.run, name="discovery", daemon=True).start()
    try:
        yield search.found
    finally:
        search.close()


class _Search:
    """One thread runs it, another asks it."""

    def __init__(self, client: Client, settings: Discovery) -> None:
        self._client = client
        self._settings = settings
        self._wanted = settings.wanted()
        self._closing = threading.Event()
        self._turn = threading.Lock()
        self._found: set[str] = set()

    def run(self) -> None:
        """Look until closed."""
        with suppress(FabricError):
            self._client.connect()
        pause = 0.0
        while not self._closing.wait(pause):
            pause = self._look()

    def found(self) -> Collection[str]:
        """Whoever was found since the last call."""
        with self._turn:
            found, self._found = self._found, set()
        return found

    def close(self) -> None:
        """End it; what is being asked just now comes to nothing."""
        self._closing.set()
        self._client.close()

    def _look(self) -> float:
        """Look once; the seconds until the next time."""
        try:
            names = self._client.discover(self._wanted, self._settings.wait)
        except FabricError:
            return RETRY
        with self._turn:
            self._found |= set(names)
        return self._settings.every

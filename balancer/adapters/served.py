"""Small servers that nobody can hold up: a thread a connection, few of them, each with little time.

Rule: a slow, broken or greedy client is its own problem; it neither stops the others nor prints a traceback.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer, ThreadingMixIn
from threading import BoundedSemaphore, Thread
from typing import Any, Final

CONNECTIONS: Final = 16
SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.1


class Bounded(ThreadingMixIn, BaseServer):
    """Mixed into a socketserver: at most `CONNECTIONS` at a time, the next ones are closed at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._places = BoundedSemaphore(CONNECTIONS)
        super().__init__(*arguments, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve it where there is a place left."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it and free the place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Nothing: the client went away, or said nothing in time."""


@contextmanager
def serving(server: BaseServer, name: str) -> Iterator[None]:
    """Serve in a daemon thread of this name while the context is open."""
    thread = Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

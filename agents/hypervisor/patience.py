"""A time limit for calls into a library that has none of its own.

Rule: one call at a time; one that overstays keeps its thread, which cannot be ended, and until it returns every further
call is refused. So a hypervisor that hangs costs one thread, not one more each round.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

Result = TypeVar("Result")


class Patience:
    """Makes calls and waits `seconds` for each, its turn included; TimeoutError where that was not enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds: Final = seconds
        self._turn: Final = threading.Lock()

    def call(self, function: Callable[[], Result]) -> Result:
        """What the function returns or raises."""
        deadline = time.monotonic() + self._seconds
        if not self._turn.acquire(timeout=self._seconds):
            raise TimeoutError
        future: Future[Result] = Future()
        # A daemon thread: one that is stuck in the library must not keep the process from ending.
        threading.Thread(target=self._run, args=(function, future), name="patience", daemon=True).start()
        return future.result(max(0.0, deadline - time.monotonic()))

    def _run(self, function: Callable[[], Result], future: Future[Result]) -> None:
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 - it is handed on, to be raised where it was waited for
            future.set_exception(error)
        finally:
            self._turn.release()

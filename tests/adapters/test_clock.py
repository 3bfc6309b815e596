import os
import signal
import threading
import weakref

from balancer.adapters.clock import SystemClock, VirtualClock


def test_a_virtual_clock_is_where_somebody_waited_for() -> None:
    clock = VirtualClock()
    clock.wait_until(3600.0)
    assert clock.now() == 3600.0


def test_virtual_time_never_runs_backwards() -> None:
    clock = VirtualClock(start=100.0)
    clock.wait_until(50.0)
    assert clock.now() == 100.0


def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.wait_until(before - 1000.0)
    assert clock.now() >= before


def test_waiting_reaches_its_moment() -> None:
    clock = SystemClock()
    moment = clock.now() + 0.05
    clock.wait_until(moment)
    assert clock.now() >= moment - 0.01


class Circle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


def test_who_waits_collects_garbage() -> None:
    clock = SystemClock()
    gone = weakref.ref(Circle())
    clock.wait_until(clock.now())
    assert gone() is None


def test_another_thread_ends_a_wait_early() -> None:
    clock = SystemClock()
    moment = clock.now() + 60.0
    threading.Timer(0.05, clock.wake).start()
    clock.wait_until(moment)
    assert clock.now() < moment


def test_a_signal_ends_a_wait_early() -> None:
    clock = SystemClock()
    moment = clock.now() + 60.0
    before = signal.signal(signal.SIGUSR1, lambda *_: clock.wake())
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        clock.wait_until(moment)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert clock.now() < moment


def test_a_call_before_the_wait_is_not_lost_and_many_count_as_one() -> None:
    clock = SystemClock()
    for _ in range(3):
        clock.wake()
    far = clock.now() + 60.0
    clock.wait_until(far)
    assert clock.now() < far
    near = clock.now() + 0.05
    clock.wait_until(near)
    assert clock.now() >= near - 0.01

"""What this machine's kernel says."""

import os
import re
import subprocess
import sys

from agents.hypervisor import kernel


def test_the_load_average_is_that_of_one_minute() -> None:
    assert kernel.load_average() >= 0


def test_the_boot_id_stays_the_same_within_a_boot() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", kernel.boot_id())
    assert kernel.boot_id() == kernel.boot_id()


def test_the_uptime_only_grows() -> None:
    first = kernel.uptime()
    assert 0 < first <= kernel.uptime()


def test_stolen_time_only_grows() -> None:
    first = kernel.stolen_ns()
    assert 0 <= first <= kernel.stolen_ns()


def test_a_process_is_alive_until_it_has_ended_even_if_nobody_fetches_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        told = kernel.process(process.pid)
        assert told is not None
        assert kernel.is_alive(told)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert kernel.process(process.pid) is None
        assert not kernel.is_alive(told)
    assert kernel.process(process.pid) is None


def test_another_process_of_the_same_number_is_another_process() -> None:
    own = kernel.process(os.getpid())
    assert own is not None
    pid, started, boot_id = own.split()
    assert not kernel.is_alive(f"{pid} {int(started) - 1} {boot_id}")
    assert not kernel.is_alive(f"{pid} {started} another-boot")

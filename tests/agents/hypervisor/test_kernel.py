"""What this machine's kernel says."""

import re

from agents.hypervisor import kernel


def test_the_load_average_is_that_of_one_minute() -> None:
    assert kernel.load_average() >= 0


def test_the_boot_id_stays_the_same_within_a_boot() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", kernel.boot_id())
    assert kernel.boot_id() == kernel.boot_id()


def test_the_uptime_only_grows() -> None:
    first = kernel.uptime()
    assert 0 < first <= kernel.uptime()

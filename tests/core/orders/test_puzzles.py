"""What one VM in several places looks like, in words."""

import pytest

from agents.report import Counter, VmReport
from balancer.core.orders.puzzles import puzzle, runs


def vm(state: str, note: str = "") -> VmReport:
    return VmReport("u-web1", "web1", 3, state, 1, 1024.0, Counter(0, 0.0), note=note)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["running", "running"], "web1 RUNS TWICE, on xen1 and xen2; stop all but one of them at once"),
        (["running", "blocked", "paused"], "web1 RUNS TWICE, on xen1 and xen2; stop all but one of them at once"),
        (["running", "arriving"], "web1 runs on xen1 and is on its way to xen2"),
        (
            ["paused", "running"],
            (
                "web1 runs on xen2, and a copy that does not run (paused) is left on xen1; "
                "on xen1 restart libvirtd, then `virsh destroy web1`"
            ),
        ),
        (["paused", "crashed"], "web1 runs nowhere: paused on xen1 and crashed on xen2; keep one of them"),
    ],
    ids=["twice", "twice and more", "on its way", "orphan", "nowhere"],
)  # fmt: skip
def test_each_picture_has_its_words_and_a_way_out(states: list[str], words: str) -> None:
    assert puzzle([(f"xen{number}", vm(state)) for number, state in enumerate(states, 1)]) == words


def test_a_copy_that_libvirt_does_not_know_is_destroyed_without_it() -> None:
    assert puzzle([("xen1", vm("paused", "unknown to libvirt")), ("xen2", vm("running"))]) == (
        "web1 runs on xen2, and a copy that does not run (paused) is left on xen1; on xen1 `xl destroy 3`"
    )


def test_a_vm_that_one_host_shows_twice_runs_twice() -> None:
    assert puzzle([("xen1", vm("running")), ("xen1", vm("running"))]).startswith("web1 RUNS TWICE, on xen1 and xen1")


@pytest.mark.parametrize(
    ("state", "told"), [("running", True), ("blocked", True), ("paused", False), ("arriving", False)]
)
def test_blocked_is_running_and_waiting(state: str, *, told: bool) -> None:
    assert runs(vm(state)) is told
    assert not runs(None)

"""Whether a host is fit for a guest."""

import pytest

from agents.hypervisor import Guest
from agents.hypervisor.fitness import unfitness


def guest(*needs: str, cpu: str | None = None, xen: str | None = None) -> Guest:
    return Guest("u1", "web1", 512, needs, cpu, xen)


def test_xen_may_go_up() -> None:
    assert list(unfitness("hv2", (), None, "4.17.5", guest(xen="4.17"))) == []


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("4.17", "4.9", "hv2 runs Xen 4.9, 'web1' comes from 4.17"),
        (None, "4.17", "hv2 runs Xen 4.17, 'web1' comes from an unknown one"),
        ("4.17", None, "hv2 runs Xen an unknown one, 'web1' comes from 4.17"),
    ],
)
def test_xen_does_not_go_down(source: str | None, target: str | None, words: str) -> None:
    assert list(unfitness("hv2", (), None, target, guest(xen=source))) == [words]


def test_cpus_that_can_do_more_are_fit_and_those_that_can_do_less_are_not() -> None:
    assert list(unfitness("hv2", (), "avx sse svm", None, guest(cpu="sse svm"))) == []
    assert list(unfitness("hv2", (), "sse", None, guest(cpu="sse svm"))) == [
        "hv2's CPUs cannot do all that 'web1' may use: they lack svm"
    ]


def test_what_is_needed_and_not_offered_is_named() -> None:
    offers = ("bridge:xenbr0", "guest:pvh")
    assert list(unfitness("hv2", offers, None, None, guest("guest:pvh", "local:/disk", "bridge:xenbr1"))) == [
        "hv2 does not offer local:/disk, bridge:xenbr1"
    ]

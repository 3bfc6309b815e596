"""What stands against a move, as both ends tell it before anything is done."""

from dataclasses import replace

import pytest

from agents.hypervisor import Guest
from tests.agents.hypervisor.playing import farm, migration, move

HOSTS = """
hosts:
  - {name: hv1, cores: 4, memory: 8GiB, xen: 4.17.7, cpu: EPYC svm npt}
  - {name: hv2, cores: 4, memory: 8GiB, xen: 4.17.7, cpu: EPYC svm npt avx, offers: [bridge:br0, guest:pvh]}
  - {name: hv3, cores: 4, memory: 1GiB, xen: 4.9.1, cpu: EPYC npt}
vms:
  - {name: web1, host: hv1, memory: 2200MiB, uuid: u1, needs: [guest:pvh, bridge:br0]}
  - {name: gpu1, host: hv1, memory: 1GiB, uuid: u2, passthrough: true}
"""
WEB1 = Guest("u1", "web1", 2200, ("guest:pvh", "bridge:br0"), "EPYC svm npt", "4.17.7")


def test_a_running_vm_may_leave() -> None:
    playing = farm(HOSTS)
    assert playing.departure(migration(playing, "web1", "hv2")) == ()


def test_one_that_is_another_domain_or_has_devices_of_its_host_may_not() -> None:
    playing = farm(HOSTS)
    assert playing.departure(replace(migration(playing, "gpu1", "hv2"), domain_id=7)) == (
        "domain 'gpu1' has the id 2 by now, not 7",
        "domain 'gpu1' has assigned host devices",
    )


def test_one_that_is_on_its_way_may_not() -> None:
    playing = farm(HOSTS)
    move(playing, "web1", "hv2")
    assert playing.departure(migration(playing, "web1", "hv2")) == ("domain 'web1' is being migrated already",)


@pytest.mark.parametrize(
    ("event", "objection"),
    [
        ("vm: web1, event: vm-stopped", "Domain not found: no domain with matching uuid 'u1' (web1)"),
        ("host: hv1, event: libvirtd-hangs", "hv1 does not answer"),
        ("host: hv1, event: silent", "hv1 does not answer"),
    ],
)
def test_one_that_is_not_there_or_cannot_be_asked_for_may_not(event: str, objection: str) -> None:
    playing = farm(f"{HOSTS}events: [{{round: 1, {event}}}]")
    assert playing.departure(migration(playing, "web1", "hv2")) == (objection,)


def test_one_that_is_suspended_may_not() -> None:
    playing = farm(f"{HOSTS}events: [{{round: 1, vm: web1, event: migration-suspends}}]")
    move(playing, "web1", "hv2")
    playing.advance(30)
    assert playing.departure(migration(playing, "web1", "hv2")) == (
        "Requested operation is not valid: domain 'web1' is paused, not running",
    )


def test_a_host_that_has_all_that_is_needed_takes_the_vm_in() -> None:
    assert farm(HOSTS).arrival("hv2", WEB1, 5992) == ()


def test_memory_that_was_promised_is_not_free() -> None:
    assert farm(HOSTS).arrival("hv2", WEB1, 5993) == ("hv2 has 2199 MiB free, 'web1' needs 2200",)


def test_all_that_stands_against_a_host_is_told() -> None:
    assert farm(HOSTS).arrival("hv3", WEB1) == (
        "hv3 has 1024 MiB free, 'web1' needs 2200",
        "hv3 does not offer guest:pvh, bridge:br0",
        "hv3's CPUs cannot do all that 'web1' may use: they lack svm",
        "hv3 runs Xen 4.9.1, 'web1' comes from 4.17.7",
    )


def test_what_is_known_at_one_end_alone_counts_as_no() -> None:
    assert farm(HOSTS).arrival("hv2", replace(WEB1, cpu=None, xen=None)) == (
        "hv2's CPUs cannot do all that 'web1' may use: what they can do is not known at both ends",
        "hv2 runs Xen 4.17.7, 'web1' comes from an unknown one",
    )


@pytest.mark.parametrize("there", [Guest("u9", "web1", 1), Guest("u1", "web9", 1)])
def test_a_name_or_uuid_that_is_there_stays_alone(there: Guest) -> None:
    objections = farm(HOSTS).arrival("hv1", replace(there, cpu="EPYC", xen="4.17"))
    assert objections == ("hv1 has a domain 'web1' already, which is running",)


def test_a_host_that_cannot_be_asked_takes_nothing() -> None:
    playing = farm(f"{HOSTS}events: [{{round: 1, host: hv2, event: libvirtd-stops}}]")
    assert playing.arrival("hv2", WEB1) == ("hv2 does not answer",)

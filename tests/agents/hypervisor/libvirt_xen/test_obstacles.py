"""What stands against a move, at its source and at its target."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agents.hypervisor import Guest, Migration

RUNNING, PAUSED, SHUTOFF = 1, 3, 5
BY_USER, BY_MIGRATION = 1, 2
BUSY, NO_DOMAIN = 2, 42
WEB1 = "11111111-1111-1111-1111-111111111111"
OTHER = "33333333-3333-3333-3333-333333333333"
HOSTDEV = "<domain type='xen'><devices><hostdev/></devices></domain>"
GUEST = Guest(WEB1, "web1", 512, ("guest:hvm", "bridge:xenbr0"), "sse svm", "4.17.5")
CALLED_PAUSED = (
    "libvirt calls web1 paused since a migration; where its CPU time goes on it runs nevertheless: restart "
    "libvirtd (virtxend) here, then it can be moved"
)


@pytest.fixture
def obstacles() -> Any:
    from agents.hypervisor.libvirt_xen import obstacles  # noqa: PLC0415 - only where libvirt is installed

    return obstacles


@pytest.fixture
def against(obstacles: Any) -> Callable[..., list[str]]:
    def ask(connection: Any, **change: Any) -> list[str]:
        migration = Migration("o1", WEB1, "web1", "hv2", "xen://hv2/system", domain_id=7)
        return list(obstacles.against_departure(connection, replace(migration, **change)))

    return ask


def test_a_vm_that_runs_may_go(against: Any, shown: Any) -> None:
    assert against(shown()) == []
    assert against(shown(), domain_id=None) == []


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"id": 8}, "web1 has the domain id 8 by now, not 7"),
        ({"state_and_reason": (PAUSED, BY_USER)}, "web1 is paused, only a running VM is moved"),
        ({"xml": HOSTDEV}, "web1 has devices of this host passed through"),
        ({"job": BUSY}, "web1 is busy: a migration, a save or a dump of it is under way"),
        ({"saved": True}, "web1 has a managed save image: `virsh managedsave-remove web1`"),
        (
            {"state_and_reason": (PAUSED, BY_MIGRATION)},
            CALLED_PAUSED,
        ),
    ],
)
def test_what_stands_against_a_departure_is_told(against: Any, shown: Any, seen: dict[str, Any], words: str) -> None:
    assert against(shown(**seen)) == [words]


def test_all_that_stands_against_it_is_told_at_once(against: Any, shown: Any) -> None:
    own = shown(uuid="00000000-0000-0000-0000-000000000000", id=0, xml=HOSTDEV)
    assert against(own) == [
        "this is Domain-0, the host itself",
        "web1 has the domain id 0 by now, not 7",
        "web1 has devices of this host passed through",
    ]


def test_a_vm_that_is_on_its_way_here_goes_nowhere(against: Any, shown: Any) -> None:
    assert against(shown((SHUTOFF, 0), job=BUSY))[0] == "web1 is arriving, only a running VM is moved"


def test_a_vm_that_is_not_here_is_told_by_its_uuid(against: Any, hypervisor: Any) -> None:
    hypervisor.report()
    assert against(hypervisor._connection, vm_uuid=OTHER) == [
        f"web1 is not here: libvirt has no domain with the uuid {OTHER}"
    ]


# -- arriving


@pytest.fixture
def coming(obstacles: Any) -> Callable[..., list[str]]:
    from agents.hypervisor.libvirt_xen.host import Host  # noqa: PLC0415 - only where libvirt is installed

    here = Host("hv2", 4, 8192.0, 1000.0, "4.17.5", "sse svm", ("bridge:xenbr0", "guest:hvm"))

    def ask(connection: Any, guest: Guest = GUEST, kept: tuple[float, float] = (0.0, 64.0), **change: Any) -> list[str]:
        return list(obstacles.against_arrival(connection, replace(here, **change), guest, kept))

    return ask


def test_a_guest_that_has_room_and_finds_all_it_needs_may_come(coming: Any, shown: Any) -> None:
    assert coming(shown(uuid=OTHER), replace(GUEST, name="web2")) == []


def test_memory_must_be_free_besides_what_is_promised_and_what_is_kept(coming: Any, shown: Any) -> None:
    guest = replace(GUEST, name="web2")
    assert coming(shown(uuid=OTHER), guest, (424.0, 64.0)) == []
    assert coming(shown(uuid=OTHER), guest, (425.0, 64.0)) == [
        "hv2 has 511 MiB to give, 'web2' needs 512: 1000 are free, 425 promised to others, 64 kept"
    ]


@pytest.mark.parametrize(
    ("there", "guest", "words"),
    [
        ({}, GUEST, f"hv2 has a domain 'web1' already, which is running (uuid {WEB1})"),
        ({"uuid": OTHER}, GUEST, f"hv2 has a domain 'web1' already, which is running (uuid {OTHER})"),
        (
            {"uuid": OTHER, "id": -1, "state_and_reason": (SHUTOFF, 0)},
            GUEST,
            f"hv2 has a domain 'web1' already, which is shutoff (uuid {OTHER})",
        ),
        (
            {"id": -1, "state_and_reason": (SHUTOFF, 0)},
            replace(GUEST, name="web2"),
            f"hv2 has a domain 'web1' already, which is shutoff (uuid {WEB1})",
        ),
    ],
)
def test_a_name_or_a_uuid_is_there_once(coming: Any, shown: Any, there: Any, guest: Guest, words: str) -> None:
    assert coming(shown(**there), guest) == [words]


def test_the_same_domain_may_be_defined_there_and_off(coming: Any, shown: Any) -> None:
    assert coming(shown((SHUTOFF, 0), id=-1)) == []


def test_a_host_that_is_not_fit_is_told_with_what_it_lacks(coming: Any, shown: Any) -> None:
    assert coming(shown(uuid=OTHER), replace(GUEST, name="web2"), cpu="sse", xen="4.11", offers=()) == [
        "hv2 does not offer guest:hvm, bridge:xenbr0",
        "hv2's CPUs cannot do all that 'web2' may use: they lack svm",
        "hv2 runs Xen 4.11, 'web2' comes from 4.17.5",
    ]

"""What reports would have said, had VMs been elsewhere."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from agents.report import ARRIVING
from balancer.core.cycle import primed
from balancer.core.model import Gathering, Observation, State
from balancer.core.observation import observe
from balancer.core.replays.displacement import Displaced, Told, displaced
from tests.farms import Farm, farm

SECONDS = 30.0


class Days:
    """Rounds of a farm as recorded, and as the model tells them."""

    def __init__(self, made: Farm) -> None:
        self.farm = made
        self.recorded = primed(State(), made.gathering(), made.time)
        self.modelled = self.recorded
        self.told: Mapping[str, Told] = {}

    def next(self, silent: tuple[str, ...] = (), **where: str) -> Observation:
        """What a balancer sees in the next round, had these VMs been there."""
        self.farm.pass_time(SECONDS)
        gathering, now = self.farm.gathering(silent), self.farm.time
        seen = observe(self.recorded, gathering, now)
        self.recorded = State(seen.observation.round, now, seen.references, seen.sightings)
        shown = self.shown(gathering, seen.observation, where)
        self.told = shown.told
        again = observe(self.modelled, Gathering(shown.reports, gathering.expected), now)
        self.modelled = State(again.observation.round, now, again.references, again.sightings)
        return again.observation

    def shown(self, gathering: Gathering, seen: Observation, where: Mapping[str, str]) -> Displaced:
        by_uuid = {f"uuid-{name}": host for name, host in where.items()}
        return displaced(gathering.reports, seen, by_uuid, self.told, SECONDS)


def figures(seen: Observation, host: str) -> tuple[float, float, float]:
    """Busy CPUs, load, memory free."""
    its = seen.host(host)
    assert its is not None
    return round(its.busy or 0.0, 6), round(its.load, 6), its.memory_free


def cpus(seen: Observation) -> dict[str, tuple[str, float]]:
    return {vm.name: (vm.host, round(vm.cpu or 0.0, 6)) for vm in seen.vms}


def test_where_nothing_is_moved_reports_are_what_they_were() -> None:
    made = farm("xen1: web1 2.4, web2 1.4 | xen2: db1 0.5")
    play = Days(made)
    seen = observe(play.recorded, made.gathering(), 0.0).observation
    shown = play.shown(made.gathering(), seen, {"web1": "xen1", "db1": "xen2"})
    assert shown.reports == made.gathering().reports


def test_busy_load_and_memory_go_with_the_vm() -> None:
    play = Days(farm("xen1: web1 2.0, web2 1.5 | xen2: db1 0.5").with_(web1={"memory": 2048.0}, xen2={"own": 0.25}))
    play.next()
    play.next(web1="xen2")
    seen = play.next(web1="xen2")
    assert cpus(seen) == {"web1": ("xen2", 2.0), "web2": ("xen1", 1.5), "db1": ("xen2", 0.5)}
    assert figures(seen, "xen1") == (1.5, 1.5, 15360.0)
    assert figures(seen, "xen2") == (2.75, 2.5, 13312.0)


def test_a_vm_that_arrives_is_known_by_what_it_used_before() -> None:
    play = Days(farm("xen1: web1 2.0 | xen2:"))
    play.next()
    assert cpus(play.next(web1="xen2")) == {"web1": ("xen2", 2.0)}


def test_what_waited_on_an_overloaded_host_is_shared_out_by_use() -> None:
    made = farm("xen1: web1 3.0, web2 1.0 | xen2:").with_(xen1={"load": 6.0})
    play = Days(made)
    play.next()
    play.next(web1="xen2")
    seen = play.next(web1="xen2")
    assert cpus(seen) == {"web1": ("xen2", 4.0), "web2": ("xen1", 1.5)}
    assert figures(seen, "xen1")[:2] == (1.5, 2.0)


def test_where_more_is_wanted_than_there_is_each_gets_its_share() -> None:
    play = Days(farm("xen1: web1 3.0 | xen2: db1 3.0").with_(xen2={"own": 0.5}))
    play.next()
    play.next(web1="xen2")
    seen = play.next(web1="xen2")
    assert cpus(seen) == {"web1": ("xen2", 1.75), "db1": ("xen2", 1.75)}
    assert figures(seen, "xen2")[:2] == (4.0, 6.0)


def test_a_vm_wants_no_more_than_its_cpus() -> None:
    play = Days(farm("xen1: web1 2.0, web2 2.0 | xen2:").with_(xen1={"load": 12.0}, web1={"vcpus": 2}))
    play.next()
    play.next(web1="xen2")
    assert cpus(play.next(web1="xen2"))["web1"] == ("xen2", 2.0)


def test_a_move_that_was_made_and_is_not_shows_its_vm_where_it_would_have_stayed() -> None:
    play = Days(farm("xen1: web1 2.0 | xen2:"))
    play.next(web1="xen1")
    play.farm.move("web1", "xen2")
    play.next(web1="xen1")
    seen = play.next(web1="xen1")
    assert cpus(seen) == {"web1": ("xen1", 2.0)}
    assert (figures(seen, "xen1"), figures(seen, "xen2")) == ((2.0, 2.0, 15360.0), (0.0, 0.0, 16384.0))
    assert seen.journeys == ()


def test_a_vm_on_its_way_in_the_record_alone_has_never_come_near() -> None:
    made = farm("xen1: web1 2.0 | xen2:")
    play = Days(made)
    made.pass_time(SECONDS)
    gathering = made.gathering()
    (source, target) = gathering.reports
    coming = replace(source.vms[0], state=ARRIVING, domain_id=9)
    filled = replace(target, vms=(coming,), memory_free_mb=target.memory_free_mb - 1024.0)
    both = Gathering((source, filled), gathering.expected)
    seen = observe(play.recorded, both, made.time).observation
    assert play.shown(both, seen, {"web1": "xen1"}).reports == (source, target)
    assert play.shown(both, seen, {}).reports == (source, filled)


def test_a_vm_that_two_hosts_show_is_left_as_it_is() -> None:
    made = farm("xen1: web1 2.0 | xen2: web2 1 | xen3:")
    made.vms["web2"].uuid = "uuid-web1"
    play = Days(made)
    made.pass_time(SECONDS)
    seen = observe(play.recorded, made.gathering(), made.time).observation
    assert play.shown(made.gathering(), seen, {"web1": "xen3"}).reports == made.gathering().reports


def test_who_is_on_a_silent_host_is_not_seen() -> None:
    play = Days(farm("xen1: web1 2.0 | xen2: db1 1 | xen3:"))
    play.next()
    seen = play.next(silent=("xen2",), web1="xen2")
    assert cpus(seen) == {}
    assert figures(seen, "xen1") == (0.0, 0.0, 16384.0)


@pytest.mark.parametrize("field", ["cpu_ns", "instant"])
def test_counters_never_run_backwards(field: str) -> None:
    play = Days(farm("xen1: web1 2.0 | xen2: db1 1"))
    last = 0.0
    for where in ({}, {"web1": "xen2"}, {"web1": "xen2"}, {"web1": "xen1"}, {"web1": "xen1"}):
        play.next(**where)
        counter = play.told["uuid-web1"]
        assert getattr(counter, field) >= last
        last = getattr(counter, field)

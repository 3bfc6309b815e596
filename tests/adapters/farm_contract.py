"""What every farm port must keep to, whatever is behind it: run against the simulated farm and the real wire alike.

The farm is `SCENARIO`; `wait` lets a little time pass there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from balancer.core.model import Gathering, Move, Order, OrderState
from balancer.core.orders.verdict import Verdict, by_host, look, verdict
from balancer.ports import Farm

SCENARIO = """
format: scenario/1
interval: 1s
migration: {bandwidth: 1GiB/s}
hosts:
  - {name: hv1, cores: 4, memory: 16GiB}
  - {name: hv2, cores: 4, memory: 16GiB}
  - {name: hv3, cores: 4, memory: 16GiB}
vms:
  - {name: web1, host: hv1, uuid: u-web1, vcpus: 4, memory: 1GiB, cpu: "2.2"}
  - {name: db1, host: hv1, uuid: u-db1, vcpus: 4, memory: 1GiB, cpu: "1.4"}
  - {name: dns1, host: hv2, uuid: u-dns1, vcpus: 1, memory: 1GiB, cpu: "0.1"}
events:
  - {round: 1, host: hv3, event: silent}
"""
HOSTS = ("hv1", "hv2", "hv3")


@dataclass(frozen=True)
class Staged:
    farm: Farm
    wait: Callable[[], None]


def order(name: str, vm: str = "web1", source: str = "hv1", target: str = "hv2", number: int = 1) -> Order:
    move = Move(vm, f"u-{vm}", source, target, "relieve", 1, "overload", "because", {}, memory=1024.0, domain_id=1)
    return Order(name, 1, number, move, OrderState.INTENT, started=0.0)


def placement(gathering: Gathering) -> dict[str, str]:
    return {vm.name: report.host for report in gathering.reports for vm in report.vms}


def ended(staged: Staged, given: Order) -> Verdict:
    """How it ended by what both hosts report, looked at as often as it takes."""
    while True:
        told = verdict(given, look(given, by_host(staged.farm.look([given]))), now=given.started)
        if told.state not in {OrderState.INTENT, OrderState.UNDER_WAY}:
            return told
        staged.wait()


def every_host_that_is_not_silent_reports_and_all_are_expected(staged: Staged) -> None:
    gathering = staged.farm.observe(1)
    assert [report.host for report in gathering.reports] == ["hv1", "hv2"]
    assert sorted(gathering.expected) == list(HOSTS)
    assert placement(gathering) == {"web1": "hv1", "db1": "hv1", "dns1": "hv2"}


def counters_and_their_instants_never_run_backwards(staged: Staged) -> None:
    def counters() -> dict[str, tuple[int, float]]:
        reports = staged.farm.observe(1).reports
        return {vm.uuid: (vm.counter.cpu_ns, vm.counter.instant) for each in reports for vm in each.vms}

    before = counters()
    staged.wait()
    after = counters()
    assert before.keys() == after.keys()
    assert [uuid for uuid in before if after[uuid] < before[uuid]] == []
    assert after["u-web1"] > before["u-web1"]


def a_move_that_was_ordered_comes_to_its_end_and_is_seen(staged: Staged) -> None:
    given = order("contract-1")
    staged.farm.observe(1)
    assert list(staged.farm.examine(given)) == []
    assert staged.farm.migrate(given).state == "under way"
    assert ended(staged, given).state is OrderState.DONE
    assert placement(staged.farm.observe(2))["web1"] == "hv2"


def an_order_given_twice_is_one_move(staged: Staged) -> None:
    given = order("contract-2")
    told = [staged.farm.migrate(given).state, staged.farm.migrate(given).state]
    assert told == ["under way", "under way"]
    assert ended(staged, given).state is OrderState.DONE


def a_vm_that_is_not_there_cannot_be_moved_and_it_says_why(staged: Staged) -> None:
    given = order("contract-3", vm="nobody")
    told = staged.farm.examine(given) or [staged.farm.migrate(given).detail]
    assert "nobody" in told[0]
    assert staged.farm.look([given])[0].orders == ()


def what_a_target_has_no_room_for_is_not_admitted(staged: Staged) -> None:
    given = order("contract-7")
    staged.farm.observe(1)
    too_large = replace(given, move=replace(given.move, memory=100_000.0))
    assert ["MiB" in each for each in staged.farm.examine(too_large)] == [True]


def of_an_order_that_nobody_gave_nothing_is_claimed(staged: Staged) -> None:
    given = order("contract-4")
    seen = look(given, by_host(staged.farm.look([given])))
    assert (seen.silent, seen.call) == ((), None)
    assert verdict(given, seen, now=given.started).state is OrderState.INTENT


def several_orders_are_told_of_by_their_names(staged: Staged) -> None:
    first, second = order("contract-5"), order("contract-6", vm="dns1", source="hv2", target="hv1", number=2)
    for given in (first, second):
        staged.farm.migrate(given)
    told = {each.id for report in staged.farm.look([first, second]) for each in report.orders}
    assert told == {"contract-5", "contract-6"}
    assert [ended(staged, given).state for given in (first, second)] == [OrderState.DONE] * 2
    assert placement(staged.farm.observe(2)) == {"web1": "hv2", "db1": "hv1", "dns1": "hv1"}


CONTRACT = (
    every_host_that_is_not_silent_reports_and_all_are_expected,
    counters_and_their_instants_never_run_backwards,
    a_move_that_was_ordered_comes_to_its_end_and_is_seen,
    an_order_given_twice_is_one_move,
    a_vm_that_is_not_there_cannot_be_moved_and_it_says_why,
    what_a_target_has_no_room_for_is_not_admitted,
    of_an_order_that_nobody_gave_nothing_is_claimed,
    several_orders_are_told_of_by_their_names,
)

"""What holds on any farm, for the shipped rules and any walls beside them."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from balancer.core.cycle import step, suppose
from balancer.core.formats import plan_document
from balancer.core.model import Decision, Gathering, Move, OrderState
from tests.farms import Farm, Rounds, farm, journey, moves

DEFAULT = (Path(__file__).parents[2] / "rules" / "default.rules").read_text()
WALLS = (
    'keep vms tagged "db" apart\n',
    'keep vms tagged "app" with vms tagged "cache"\n',
    'keep vms tagged "db" on hosts tagged "licensed"\n',
    'never move vms tagged "pet"\n',
    'drain hosts tagged "old"\n',
    'keep at most 1 of vms tagged "db" per rack\n',
    'keep vms tagged "db" apart from vms tagged "app"\n',
    "reserve memory for 1 lost host\n",
    'avoid moving vms tagged "app" cost 2\n',
    'prefer vms tagged "db" apart\n',
    "limit 5 at once\n",
    "limit 3 at once, 2 per host\n",
)
KINDS: dict[str, dict[str, Any]] = {
    "plain": {}, "db": {"tags": ("db",)}, "app": {"tags": ("app",)}, "cache": {"tags": ("cache",)},
    "pet": {"tags": ("pet",)}, "paused": {"state": "paused"}, "blocked": {"state": "blocked"},
    "bound": {"passthrough": True},
}  # fmt: skip
RACKS = (("rack:a",), ("rack:a",), ("rack:b",), ("rack:b", "rack:c"), ())
VMS = st.tuples(
    st.integers(0, 20), st.sampled_from(["db", "db", "app", "cache", *KINDS]), st.sampled_from([256.0, 512.0, 1024.0])
)
"""What a VM uses, in eighths of a CPU, what kind of VM it is, and its memory."""


@st.composite
def farms(draw: st.DrawFn) -> Farm:
    """Two to six hosts, the first three with VMs; all figures are such that sums of them are exact."""
    made = farm(" | ".join(f"xen{number}:" for number in range(draw(st.integers(2, 6)))))
    for name in made.hosts:
        figures: dict[str, Any] = {
            "cores": draw(st.sampled_from([4.0, 8.0])),
            "memory": draw(st.sampled_from([3072.0, 8192.0, 32768.0])),
            "tags": draw(st.sampled_from([("licensed",), (), ("old",)])) + draw(st.sampled_from(RACKS)),
            "maintenance": draw(st.integers(0, 9)) == 9,
        }
        made.with_(**{name: figures})
    homes = sorted(made.hosts)[: draw(st.integers(1, 3))]
    size = draw(st.integers(0, 20))
    for number, (cpu, kind, memory) in enumerate(draw(st.lists(VMS, min_size=size, max_size=size))):
        made.add(homes[number % len(homes)], f"vm{number:02}", cpu / 8, memory=memory, **KINDS[kind])
    return made


def texts() -> st.SearchStrategy[str]:
    """The shipped rules, with some walls."""
    limits = st.sampled_from(WALLS[-2:]).map(lambda limit: [limit]) | st.just([])
    walls = st.lists(st.sampled_from(WALLS[:-2]), unique=True)
    return st.tuples(walls, limits).map(lambda chosen: DEFAULT + "".join(chosen[0] + chosen[1]))


def in_trouble(play: Rounds, *, gathering: Gathering | None = None) -> Decision:
    """A round that finds hosts in trouble for long enough."""
    play.farm.pass_time(play.interval)
    told = gathering or play.farm.gathering()
    play.state = suppose(play.state, told, play.rules, play.interval, None)
    decision = step(play.state, told, play.rules, play.farm.time)
    play.state = decision.state
    return decision


def measured(made: Farm, text: str) -> Rounds:
    """Rounds in which every VM has been measured."""
    play = Rounds(made, text)
    play.next()
    return play


class Placement:
    """Where VMs are, reckoned without the core. One that is on its way is at both ends."""

    def __init__(self, made: Farm, text: str) -> None:
        self.farm, self.text = made, text
        self.at = {vm.name: {vm.host} for vm in made.vms.values()}

    def overfull(self) -> set[str]:
        """Hosts on which more memory is wanted than there is."""
        used: dict[str, float] = dict.fromkeys(self.farm.hosts, 0.0)
        for name, hosts in self.at.items():
            for host in hosts:
                used[host] += self.farm.vms[name].memory
        return {name for name, host in self.farm.hosts.items() if used[name] > host.memory}

    def lacking(self) -> float:
        """What of the fullest host's VMs finds no room elsewhere, the largest first, each where it fits best."""
        on = {
            name: [vm.memory for vm in self.farm.vms.values() if name in self.at[vm.name]] for name in self.farm.hosts
        }
        lost = max(sorted(on), key=lambda name: sum(on[name]))
        gives = [
            name
            for name, host in self.farm.hosts.items()
            if name != lost and not host.maintenance and not ("old" in host.tags and WALLS[4] in self.text)
        ]
        room, left = {name: self.farm.hosts[name].memory - sum(on[name]) for name in gives}, 0.0
        for size in sorted(on[lost], reverse=True):
            fits = [name for name in room if room[name] >= size]
            if fits:
                room[min(fits, key=lambda name: room[name])] -= size
            else:
                left += size
        return left

    def broken_by(self, move: Move) -> list[str]:
        """The walls of this file that the move breaks, while the others are where they are."""
        at_source, at_target = self._tags_at(move.source, move.vm), self._tags_at(move.target, move.vm)
        tags = self.farm.vms[move.vm].tags
        breaches = {
            WALLS[0]: "db" in tags and "db" in at_target[0],
            WALLS[1]: ("app" in tags and "cache" not in at_target[1])
            or ("cache" in tags and "app" in at_source[0] and "cache" not in at_source[1]),
            WALLS[2]: "db" in tags and "licensed" not in self.farm.hosts[move.target].tags,
            WALLS[3]: "pet" in tags,
            WALLS[5]: "db" in tags and self._is_too_many(move),
            WALLS[6]: ("db" in tags and "app" in at_target[0]) or ("app" in tags and "db" in at_target[0]),
        }
        passed = () if move.transit is None else move.transit.walls
        broken = (wall for wall, is_broken in breaches.items() if is_broken and wall in self.text)
        return [wall for wall in broken if wall.strip() not in passed]

    def _is_too_many(self, move: Move) -> bool:
        """Whether the target is outside all racks, or another database is in one that the move enters."""
        own, entered = self._racks(move.source), self._racks(move.target)
        taken = {
            rack
            for vm in self.farm.vms.values()
            if vm.name != move.vm and "db" in vm.tags
            for host in self.at[vm.name]
            for rack in self._racks(host)
        }
        return not entered or bool((entered - own) & taken)

    def _racks(self, host: str) -> set[str]:
        return {tag for tag in self.farm.hosts[host].tags if tag.startswith("rack:")}

    def _tags_at(self, host: str, without: str) -> tuple[set[str], set[str]]:
        """The tags of all other VMs there, and of those of them that stay."""
        others = [vm for vm in self.farm.vms.values() if vm.name != without and host in self.at[vm.name]]
        staying = [vm for vm in others if len(self.at[vm.name]) == 1]
        return {tag for vm in others for tag in vm.tags}, {tag for vm in staying for tag in vm.tags}


@given(farms(), texts())
def test_executed_one_by_one_no_move_exceeds_memory_or_breaks_a_wall(made: Farm, text: str) -> None:
    placement = Placement(made, text)
    for move in in_trouble(measured(made, text)).plan.moves:
        overfull = placement.overfull()
        assert placement.at[move.vm] == {move.source}
        assert placement.broken_by(move) == []
        placement.at[move.vm] = {move.target}
        assert placement.overfull() <= overfull


@given(farms(), texts())
def test_executed_wave_by_wave_with_both_ends_counted_none_does_either(made: Farm, text: str) -> None:
    placement = Placement(made, text)
    planned = in_trouble(measured(made, text)).plan.moves
    for wave in sorted({move.wave for move in planned}):
        side_by_side = [move for move in planned if move.wave == wave]
        overfull = placement.overfull()
        placement.at |= {move.vm: {move.source, move.target} for move in side_by_side}
        assert [placement.broken_by(move) for move in side_by_side] == [[] for _ in side_by_side]
        assert placement.overfull() <= overfull
        placement.at |= {move.vm: {move.target} for move in side_by_side}


@given(farms(), texts(), st.data())
def test_in_whatever_order_the_moves_of_a_wave_end_none_leaves_less_room_for_a_lost_host(
    made: Farm, text: str, data: st.DataObject
) -> None:
    placement = Placement(made, text)
    planned = in_trouble(measured(made, text if WALLS[7] in text else text + WALLS[7])).plan.moves
    for wave in sorted({move.wave for move in planned}):
        before = placement.lacking()
        for move in data.draw(st.permutations([move for move in planned if move.wave == wave])):
            placement.at[move.vm] = {move.target}
            assert placement.lacking() <= before


@given(farms(), texts())
def test_waves_keep_the_limits(made: Farm, text: str) -> None:
    planned = in_trouble(measured(made, text)).plan.moves
    farm_wide = 5 if "limit 5" in text else 3 if "limit 3" in text else 2
    per_host = len(planned) if "limit 5" in text else 2 if "limit 3" in text else 1
    for wave in {move.wave for move in planned}:
        side_by_side = [move for move in planned if move.wave == wave]
        ends = Counter(end for move in side_by_side for end in (move.source, move.target))
        assert len(side_by_side) <= farm_wide
        assert max(ends.values()) <= per_host


@given(farms(), texts())
def test_what_may_not_move_does_not_and_no_host_is_its_own_target(made: Farm, text: str) -> None:
    planned = in_trouble(measured(made, text)).plan.moves
    assert len({move.vm for move in planned}) == len(planned)
    for move in planned:
        vm, target = made.vms[move.vm], made.hosts[move.target]
        assert move.source == vm.host != move.target
        assert (vm.passthrough, vm.state == "paused", target.maintenance) == (False, False, False)
        assert not ("pet" in vm.tags and WALLS[3] in text)
        assert not ("old" in target.tags and WALLS[4] in text)


@given(farms(), texts(), st.randoms(use_true_random=False))
def test_the_order_of_reports_changes_nothing_and_the_same_input_gives_the_same_bytes(
    made: Farm, text: str, chance: Any
) -> None:
    play = measured(made, text)
    play.farm.pass_time(30.0)
    told = play.farm.gathering()
    shuffled = list(told.reports)
    chance.shuffle(shuffled)
    state = suppose(play.state, told, play.rules, 30.0, None)
    one, other = (
        step(state, each, play.rules, play.farm.time) for each in (told, replace(told, reports=tuple(shuffled)))
    )
    assert json.dumps(plan_document(one, 0.0)) == json.dumps(plan_document(other, 0.0))
    assert one == other


@given(farms())
def test_a_plan_applied_leaves_nothing_to_do(made: Farm) -> None:
    play = measured(made, DEFAULT)
    for move in in_trouble(play).plan.moves:
        play.farm.move(move.vm, move.target)
    play.next()
    assert moves(in_trouble(play)) == []


@given(farms(), texts())
def test_once_orders_are_done_a_farm_comes_to_rest(made: Farm, text: str) -> None:
    play = measured(made, text)
    for _ in range(2):
        for move in in_trouble(play).plan.moves:
            play.carry_out(move)
    assert [move for move in in_trouble(play).plan.moves if move.rule != "drain"] == []


@given(farms(), texts())
def test_other_names_in_the_same_order_give_the_same_plan_under_other_names(made: Farm, text: str) -> None:
    renamed = Farm(
        {f"z-{name}": replace(host, name=f"z-{name}") for name, host in made.hosts.items()},
        {f"q-{name}": replace(vm, name=f"q-{name}", host=f"z-{vm.host}") for name, vm in made.vms.items()},
    )  # fmt: skip
    told = [f"q-{move.vm}: z-{move.source} -> z-{move.target}" for move in in_trouble(measured(made, text)).plan.moves]
    assert moves(in_trouble(measured(renamed, text))) == told


@given(farms(), texts(), st.sampled_from([2.0, 4.0, 0.5]))
def test_a_farm_that_is_larger_in_all_things_gets_the_same_plan(made: Farm, text: str, times: float) -> None:
    hosts = made.hosts.values()
    scaled = Farm(
        {each.name: replace(each, cores=each.cores * times, memory=each.memory * times) for each in hosts},
        {
            each.name: replace(each, cpu=each.cpu * times, memory=each.memory * times, vcpus=16)
            for each in made.vms.values()
        },
    )  # fmt: skip
    assert moves(in_trouble(measured(scaled, text))) == moves(in_trouble(measured(made, text)))


@given(farms(), texts(), st.data())
def test_a_counter_set_back_never_causes_a_move(made: Farm, text: str, data: st.DataObject) -> None:
    assume(made.vms)
    play, same = measured(made, text), measured(made, text)
    same.farm = play.farm
    victim = data.draw(st.sampled_from(sorted(made.vms)))
    play.farm.pass_time(play.interval)
    state = suppose(play.state, play.farm.gathering(), play.rules, play.interval, None)
    undisturbed = step(state, play.farm.gathering(), play.rules, play.farm.time)
    play.farm.vms[victim].cpu_ns = data.draw(st.sampled_from([0, 1, 10**9]))
    disturbed = step(state, play.farm.gathering(), play.rules, play.farm.time)
    assert moves(disturbed) == moves(undisturbed)


@given(farms(), texts(), st.data())
def test_what_is_silent_takes_no_part(made: Farm, text: str, data: st.DataObject) -> None:
    play = measured(made, text + "freeze when reports < 10%\n")
    silent = data.draw(st.sets(st.sampled_from(sorted(made.hosts)), max_size=2))
    play.farm.pass_time(play.interval)
    decision = in_trouble(play, gathering=play.farm.gathering(silent))
    assert not silent & {end for move in decision.plan.moves for end in (move.source, move.target)}


@given(farms(), texts(), st.data())
def test_too_few_reports_freeze_all_there_is(made: Farm, text: str, data: st.DataObject) -> None:
    play = measured(made, text)
    most = len(made.hosts) - 1 - int(0.8 * (len(made.hosts) - 1))
    silent = data.draw(st.sets(st.sampled_from(sorted(made.hosts)), min_size=most + 1))
    assume(len(made.hosts) - len(silent) < 0.8 * len(made.hosts))
    plan = in_trouble(play, gathering=play.farm.gathering(silent)).plan
    assert (plan.moves, plan.frozen is None) == ((), False)


@given(farms(), texts(), st.data())
def test_what_rests_or_is_in_doubt_does_not_move(made: Farm, text: str, data: st.DataObject) -> None:
    assume(made.vms)
    play = measured(made, text)
    names = st.sampled_from(sorted(made.vms))
    resting, doubted, ordered = data.draw(names), data.draw(names), data.draw(names)
    assume(len({resting, doubted, ordered}) == 3)
    hosts = sorted(made.hosts)
    play.order(_journey(play, resting, hosts), OrderState.DONE)
    play.order(_journey(play, ordered, hosts), OrderState.UNDER_WAY)
    made.add(hosts[-1], "copy", 0.0)
    made.with_(copy={"uuid": made.vms[doubted].uuid, "domain_id": 9})
    play.next()
    decision = in_trouble(play)
    doubtful = {host for doubt in decision.observation.doubts for host in doubt.hosts}
    for move in decision.plan.moves:
        assert move.vm not in {doubted, ordered, "copy"}
        assert move.vm != resting or move.rule == "drain"
        assert not {move.source, move.target} & doubtful


def _journey(play: Rounds, vm: str, hosts: list[str]) -> Move:
    source = play.farm.vms[vm].host
    return journey(vm, source, next(host for host in hosts if host != source))


@given(farms(), texts())
def test_refusals_are_told_with_figures_that_refuse(made: Farm, text: str) -> None:
    plan = in_trouble(measured(made, text)).plan
    told = Counter(rejection.reason for rejection in plan.rejections)
    assert all(plan.tally[reason] >= count for reason, count in told.items())
    for each in plan.rejections:
        assert each.host != each.vm
        if isinstance(each.value, float) and isinstance(each.limit, float):
            assert each.value > each.limit if each.reason in {"memory", "full"} else True
            assert each.value >= each.limit if each.reason in {"max load", "max VMs", "max memory"} else True
            assert each.value <= each.limit if each.reason in {"rest", "no return", "too small to help"} else True


@given(farms(), texts())
def test_after_the_plan_of_rules_the_busiest_host_is_no_busier(made: Farm, text: str) -> None:
    plan = in_trouble(measured(made, text)).plan
    assume({move.reason for move in plan.moves} <= {"overload"})
    assert plan.after.cpu_max <= plan.before.cpu_max

"""Repairs of random small farms beside the best possible: the fewest moves that mend most, and portions of many."""

from random import Random

import pytest

from balancer.core.drafting.groups import Party, Way
from balancer.core.steps.fewest import Repair
from tests.farms import Farm, Rounds, farm
from tests.repairs_solver import Best, Keep, best_repair
from tests.reserve_search import following, free, least_shortfall, shortfall

WORDS = {
    "apart": 'keep vms tagged "{0}" apart',
    "at_most": 'keep at most {count} of vms tagged "{0}" per host',
    "per_rack": 'keep at most {count} of vms tagged "{0}" per rack',
    "apart_from": 'keep vms tagged "{0}" apart from vms tagged "{1}"',
    "with": 'keep vms tagged "{0}" with vms tagged "{1}"',
    "on": 'keep vms tagged "{0}" on hosts tagged "{0}"',
    "together": 'keep vms tagged "{0}" together',
}
GROUPS = ("db", "app", "web")


def random_farm(chance: Random, *, memory: float) -> Farm:
    """Two to six hosts, up to fourteen VMs of three groups and of none; all stand where there is room for them."""
    made = farm(" | ".join(f"xen{number}:" for number in range(chance.randint(2, 6))))
    for name in made.hosts:
        made.with_(**{name: {"memory": memory, "tags": tuple(group for group in GROUPS if chance.random() < 0.4)}})
    for number in range(chance.randint(2, 14)):
        size, cpu = chance.choice([512.0, 1024.0, 2048.0]), chance.randint(0, 4) / 8
        room = [
            host for host in made.hosts
            if sum(vm.memory for vm in made.vms.values() if vm.host == host) + size <= memory
        ]  # fmt: skip
        if room:
            group = chance.choice([*GROUPS, ""])
            made.add(chance.choice(room), f"vm{number:02}", cpu, memory=size, tags=(group,) if group else ())
    return made


def random_keeps(chance: Random, made: Farm, kinds: list[str]) -> list[tuple[Keep, str]]:
    """One to three keeps, each with its text."""
    chosen = []
    for how in chance.sample(kinds, k=min(len(kinds), chance.randint(1, 3))):
        one, other = chance.sample(GROUPS, k=2)
        members, others = ({vm.name for vm in made.vms.values() if group in vm.tags} for group in (one, other))
        if how == "on":
            others = {host.name for host in made.hosts.values() if one in host.tags}
        count = chance.randint(2, 3) if how in {"at_most", "per_rack"} else 1
        text = WORDS[how].format(one, other, count=count)
        chosen.append((Keep(how, frozenset(members), frozenset(others), count, racks(made)), text))
    return chosen


def with_racks(chance: Random, made: Farm) -> Farm:
    """Each host in one of two racks, now and then in both or in none."""
    for host in made.hosts.values():
        host.tags += chance.choice([("rack:a",), ("rack:a",), ("rack:b",), ("rack:b",), ("rack:a", "rack:b"), ()])
    return made


def racks(made: Farm) -> tuple[frozenset[str], ...]:
    """The hosts of each rack."""
    tags = sorted({tag for host in made.hosts.values() for tag in host.tags if tag.startswith("rack:")})
    return tuple(frozenset(host.name for host in made.hosts.values() if tag in host.tags) for tag in tags)


def strays(keep: Keep, at: dict[str, str], made: Farm) -> int:
    """How many stand against a keep, reckoned without the core and without the solver."""
    on = {host: [vm for vm in sorted(keep.members) if at[vm] == host] for host in made.hosts}
    met = {host: [vm for vm in sorted(keep.others) if at.get(vm) == host] for host in made.hosts}
    match keep.how:
        case "apart" | "at_most":
            return sum(max(0, len(vms) - keep.count) for vms in on.values())
        case "per_rack":
            outside = made.hosts.keys() - frozenset().union(*keep.domains)
            held = [sum(len(on[host]) for host in domain) for domain in keep.domains]
            return sum(max(0, count - keep.count) for count in held) + sum(len(on[host]) for host in outside)
        case "apart_from":
            return sum(len(on[host]) * len(met[host]) for host in made.hosts)
        case "with":
            return sum(len(on[host]) for host in made.hosts if not met[host])
        case "on":
            return sum(len(vms) for host, vms in on.items() if host not in keep.others)
    return len(keep.members) - max(map(len, on.values()))


def measured(seed: int, kinds: list[str], memory: float) -> tuple[Best, Best]:
    """What the balancer plans for a farm, and the best possible. No move breaks a keep, or fills a host too far."""
    chance = Random(seed)
    made = random_farm(chance, memory=memory)
    made = with_racks(chance, made) if "per_rack" in kinds else made
    keeps = random_keeps(chance, made, kinds)
    at = {vm.name: vm.host for vm in made.vms.values()}
    before = [strays(keep, at, made) for keep, _ in keeps]
    plan = Rounds(made, "\n".join(text for _, text in keeps)).next().plan
    for move in plan.moves:
        then = [strays(keep, at, made) for keep, _ in keeps]
        assert at[move.vm] == move.source
        at[move.vm] = move.target
        now = [strays(keep, at, made) for keep, _ in keeps]
        assert move.transit or all(each <= earlier for each, earlier in zip(now, then, strict=True)), plan.moves
        assert sum(made.vms[vm].memory for vm, host in at.items() if host == move.target) <= memory
        assert sum(made.vms[vm].cpu for vm, host in at.items() if host == move.target) <= made.hosts[move.target].cores
    after = [strays(keep, at, made) for keep, _ in keeps]
    assert all(each <= earlier for each, earlier in zip(after, before, strict=True))
    ours = Best(sum(after), len(plan.moves))
    return ours, best_repair(made, [keep for keep, _ in keeps], before)


def gaps(kinds: list[str], memory: float, seeds: range) -> dict[int, tuple[Best, Best]]:
    """The farms, by seed, for which the best possible is better; it never is worse."""
    found = {}
    for seed in seeds:
        ours, best = measured(seed, kinds, memory)
        assert (best.strays, best.moves) <= (ours.strays, ours.moves), seed
        if ours != best:
            found[seed] = (ours, best)
    return found


AMPLE, SCARCE = 65536.0, 4096.0
SEVERAL = ["apart", "at_most", "apart_from", "on", "with"]


@pytest.mark.parametrize("kind", [*SEVERAL, "per_rack"])
def test_where_there_is_room_one_keep_is_mended_by_the_fewest_moves_possible(kind: str) -> None:
    assert gaps([kind], AMPLE, range(25)) == {}


def test_a_group_that_stands_asunder_is_gathered_and_once_where_more_memory_stands_rather_than_by_fewest_moves() -> (
    None
):
    assert gaps(["together"], AMPLE, range(25)) == {20: (Best(0, 2), Best(0, 1))}


def test_several_keeps_with_room_are_mended_as_well_as_possible_but_where_vms_would_have_to_change_places_at_once() -> (
    None
):
    found = gaps(SEVERAL, AMPLE, range(100))
    assert len(found) == 5
    assert {seed for seed, (ours, best) in found.items() if ours.strays == best.strays} == {68}, "the budget was spent"


def test_several_keeps_without_much_room() -> None:
    assert len(gaps(SEVERAL, SCARCE, range(60))) <= 3


def test_racks_among_several_keeps_but_where_a_full_host_would_have_to_take_one_more() -> None:
    assert gaps([*SEVERAL, "per_rack"], AMPLE, range(60)).keys() == {46}


# -- reserve: beside all that moves can come to ------------------------------------------------------------------------


def small_farm(chance: Random) -> Farm:
    """Two to four hosts, up to six VMs that use no CPU."""
    made = farm(" | ".join(f"xen{number}:" for number in range(chance.randint(2, 4))))
    for host in made.hosts.values():
        host.memory = chance.choice([4096.0, 6144.0, 8192.0])
    for number in range(chance.randint(2, 6)):
        size = chance.choice([1024.0, 2048.0, 3072.0])
        room = [host for host in made.hosts if size <= free(made, {vm.name: vm.host for vm in made.vms.values()}, host)]
        if room:
            made.add(chance.choice(room), f"vm{number}", 0.0, memory=size)
    return made


def test_a_reserve_is_mended_by_the_fewest_moves_possible() -> None:
    were_short = 0
    for seed in range(60):
        made = small_farm(Random(seed))
        at = {vm.name: vm.host for vm in made.vms.values()}
        best, short = least_shortfall(made, at), shortfall(made, at)
        plan = Rounds(made, "reserve memory for 1 lost host").next().plan
        for move in plan.moves:
            assert move.target in {each[move.vm] for each in following(made, at)}
            at[move.vm] = move.target
        assert (shortfall(made, at), len(plan.moves)) == best, seed
        were_short += short > 0
    assert were_short > 15


# -- portions ----------------------------------------------------------------------------------------------------------


def repair(*after: float) -> Repair:
    """One way after the other, each of one move; what the walls are like after each."""
    begun = Repair(10.0)
    for strays in after:
        begun = begun.and_then(Way(Party((0,)), 1), strays)
    return begun


def test_a_portion_is_so_many_moves_and_says_that_it_goes_on() -> None:
    portion = repair(9, 8, 7, 6).portion(2)
    assert (portion.strays, portion.moves, len(portion.ways), portion.goes_on) == (8, 2, 2, True)


def test_what_makes_room_is_not_left_half_done() -> None:
    portion = repair(9, 9, 8, 7).portion(2)
    assert (portion.strays, portion.moves, portion.goes_on) == (8, 3, True)


def test_what_there_is_room_for_is_done_whole() -> None:
    assert not repair(9, 8, 7).portion(3).goes_on
    assert not repair(9, 9, 8).portion(2).goes_on
    assert repair(9, 8).portion(20) == repair(9, 8)

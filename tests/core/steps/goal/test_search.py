"""The search of `balance` against an exact solver on small farms: unlike hosts, large VMs, walls."""

import random
from collections.abc import Sequence

import pytest

from balancer.core.steps.goal.search import PAIRS_EXCHANGED, WIDTH, Hop, Search, Track
from tests.farms import Farm, Rounds, farm
from tests.solver import Placements, Walls, excess

WITHIN = 0.03
TEXT = """
balance cpu within 3% by at most {} moves
keep vms tagged "db" apart
keep vms tagged "ora" on hosts tagged "licensed"
never move vms except goal
"""
FARMS = 60
"""In a hundred and fifty of these the worst was 1.7 % away from the optimum, and 146 were at it."""
AT_MOST = 0.02


def unlike(chance: random.Random) -> Farm:
    """Up to 6 hosts of 4 to 16 cores and 16 VMs of up to 3 CPUs, most of them on the first hosts."""
    hosts = chance.randint(2, 6)
    made = farm(" | ".join(f"hv{number}:" for number in range(hosts)))
    for name in made.hosts:
        made.with_(**{name: {
            "cores": chance.choice([4.0, 8.0, 16.0]),
            "memory": chance.choice([16384.0, 32768.0]),
            "tags": chance.choice([(), ("licensed",)]),
        }})  # fmt: skip
    for number in range(chance.randint(2, 16)):
        home = min(chance.randrange(hosts), chance.randrange(hosts))
        memory, tags = chance.choice([1024.0, 2048.0, 4096.0]), chance.choice([(), (), ("db",), ("ora",)])
        made.add(f"hv{home}", f"vm{number:02}", chance.randint(0, 24) / 8, memory=memory, tags=tags)
    return made


@pytest.mark.parametrize("seed", range(FARMS))
def test_no_placement_of_as_many_moves_is_more_than_two_per_cent_better(seed: int) -> None:
    chance = random.Random(seed)
    made, most = unlike(chance), chance.choice([1, 2, 3, 5, 10])
    where = {vm.name: vm.host for vm in made.vms.values()}
    before = excess(made, where, WITHIN)

    planned = Rounds(made, TEXT.format(most)).next().plan.moves
    where |= {move.vm: move.target for move in planned}

    best = Placements(made, _walls(made), len(planned)).least_excess(WITHIN)
    assert excess(made, where, WITHIN) <= best + AT_MOST * before + 1e-5


def _walls(made: Farm) -> Walls:
    def tagged(tag: str) -> frozenset[str]:
        return frozenset(each.name for each in (*made.vms.values(), *made.hosts.values()) if tag in each.tags)

    return Walls(apart=tagged("db"), bound=tagged("ora"), hosts=tagged("licensed"))


def test_once_its_exchanges_are_spent_the_search_reckons_out_none(monkeypatch: pytest.MonkeyPatch) -> None:
    made = farm("|".join(f"hv{number:02}:" for number in range(16)))
    for number in range(200):
        made.add("hv00", f"vm{number:03}", 0.3, memory=64.0)
    made.with_(hv00={"cores": 64.0})
    reckoned: list[int] = []
    after = Search._after

    def counted(search: Search, track: Track, hops: Sequence[Hop]) -> Track:
        reckoned.append(1)
        return after(search, track, hops)

    monkeypatch.setattr(Search, "_after", counted)
    plan = Rounds(made, "balance cpu within 1% by at most 60 moves\nlimit 99 at once").next().plan
    exchanges = PAIRS_EXCHANGED // (16 * 200)
    assert len(plan.moves) == 60
    assert len(reckoned) <= 2 * exchanges + 60 * (WIDTH + 60)

"""What a plan leaves behind, for any farm and all that can be kept or preferred: nothing more to do."""

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.walls.keeps import keep_wall
from tests.farms import Farm, Rounds, farm, moves

RELATIONS = (
    'vms tagged "a" apart', 'at most 2 of vms tagged "a" per host', 'at most 1 of vms tagged "b" per rack',
    'vms tagged "a" apart from vms tagged "b"', 'vms tagged "a" with vms tagged "b"',
    'vms tagged "b" with vms tagged "c"',
    'vms tagged "c" on hosts tagged "a"', 'vms tagged "b" together', 'vms tagged "c" together',
)  # fmt: skip
TAGS = ("rack:1", "rack:2", "a")


@st.composite
def farms(draw: st.DrawFn) -> Farm:
    """Two to five hosts, up to ten VMs, each of one of three groups or of none."""
    made = farm(" | ".join(f"xen{number}:" for number in range(draw(st.integers(2, 5)))))
    for name in made.hosts:
        tags = tuple(sorted(draw(st.sets(st.sampled_from(TAGS)))))
        made.with_(**{name: {"tags": tags, "memory": draw(st.sampled_from([6144.0, 16384.0]))}})
    for number in range(draw(st.integers(0, 10))):
        host, group = draw(st.sampled_from(sorted(made.hosts))), draw(st.sampled_from(["a", "b", "c", ""]))
        stays = draw(st.integers(0, 9)) == 9
        figures = {"memory": draw(st.sampled_from([512.0, 1024.0])), "passthrough": stays}
        made.add(host, f"vm{number}", draw(st.integers(0, 6)) / 8, tags=(group,) if group else (), **figures)
    return made


RULES = (
    st.tuples(st.lists(st.sampled_from(RELATIONS), max_size=3), st.lists(st.sampled_from(RELATIONS), max_size=2))
    .map(lambda said: [f"keep {each}" for each in said[0]] + [f"prefer {each} cost 2" for each in said[1]])
    .map(lambda lines: "\n".join([*lines, "limit 99 at once"]))
)


def strays(play: Rounds) -> list[int]:
    """How broken each keep is, as things stand."""
    reported = Projection(play.next().observation)
    sets = Sets.of((), reported)
    return [keep_wall(keep, sets).strays(reported) for keep in play.rules.keeps]


def settle(play: Rounds) -> int:
    """Carry plans out until there is nothing to do: how many it took."""
    for number in range(20):
        planned = play.next().plan.moves
        if not planned:
            return number
        for move in planned:
            play.farm.move(move.vm, move.target)
        play.next()
    return 20


@given(farms(), RULES)
def test_a_plan_carried_out_leaves_nothing_to_do(made: Farm, text: str) -> None:
    assert settle(Rounds(made, text)) <= 1


@given(farms(), RULES)
def test_no_keep_is_more_broken_afterwards_and_no_move_is_made_where_all_is_well(made: Farm, text: str) -> None:
    play = Rounds(made, text)
    before = strays(play)
    planned = play.next().plan.moves
    for move in planned:
        made.move(move.vm, move.target)
    play.next()
    after = strays(play)
    assert all(one <= other for one, other in zip(after, before, strict=True))
    repairs = [move for move in planned if move.reason == "repair"]
    assert not repairs or sum(after) < sum(before)


@given(farms(), RULES)
def test_carried_out_a_wave_at_a_time_with_every_round_planned_anew_it_settles_as_well(made: Farm, text: str) -> None:
    play = Rounds(made, text.replace("limit 99 at once", "limit 1 at once\nrest vm 0 s"))
    for _ in range(30):
        first = [move for move in play.next().plan.moves if move.wave == 1]
        if not first:
            break
        for move in first:
            play.carry_out(move)
    assert moves(play.next()) == []

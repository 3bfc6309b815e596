"""What each wall means, on farms small enough to count on one's fingers.

A farm is written `a: v1 v2 | b: v3`; a VM that stands on two hosts is on its way from one to the other.
"""

from dataclasses import replace

import pytest

from balancer.core.model import Host, Order, OrderState
from balancer.core.trials.meanings import Kept, Stand, missing_memory, over_the_limit
from dsl.parser import parse
from dsl.syntax import Cap, Keep, Limit
from tests.farms import journey

TAGS = {"a": ("rack:1",), "b": ("rack:1",), "c": ("rack:2",), "d": ()}


def host(name: str) -> Host:
    return Host(name, "boot", 8.0, 16384.0, 8192.0, 0.0, 0.0, tags=TAGS.get(name, ()))


def stand(text: str) -> Stand:
    at: dict[str, frozenset[str]] = {}
    hosts = {}
    for part in text.split("|"):
        name, _, vms = part.partition(":")
        hosts[name.strip()] = host(name.strip())
        for vm in vms.split():
            at[vm] = at.get(vm, frozenset()) | {name.strip()}
    return Stand(hosts, at, dict.fromkeys(at, 1024.0), dict.fromkeys(hosts, 2048.0))


def kept(statement: str, members: str, others: str = "") -> Kept:
    (keep,) = parse(statement).statements
    assert isinstance(keep, Keep)
    return Kept(keep, frozenset(members.split()), frozenset(others.split()))


APART = kept("keep vms apart", "x y z")
PER_HOST = kept("keep at most 2 of vms per host", "x y z w")
PER_RACK = kept("keep at most 1 of vms per rack", "x y z")
MIXED = kept("keep db apart from batch", "x y", "y z")
TOGETHER = kept("keep erp together", "x y z")
BESIDE = kept("keep app with cache", "x y", "k l")
ON = kept("keep oracle on licensed", "x y", "a b")


@pytest.mark.parametrize(
    ("wall", "farm", "broken"),
    [
        (APART, "a: x o | b: y | c: z", 0),
        (APART, "a: x y | b: z", 1),
        (APART, "a: x y z", 3),
        (APART, "a: x | b: x y", 1),  # x is on its way to y
        (PER_HOST, "a: x y | b: z w", 0),
        (PER_HOST, "a: x y z w", 2),
        (PER_HOST, "a: x y z | b: z", 1),  # z leaves, and is not gone
        (PER_RACK, "a: x | c: y", 0),
        (PER_RACK, "a: x | b: y | c: z", 1),  # a and b are one rack
        (PER_RACK, "a: x | b: x", 0),  # x goes from one host of its rack to another
        (PER_RACK, "a: x | c: x y", 1),  # x goes to another rack
        (PER_RACK, "c: x | d: y", 1),  # d has no rack, and takes nobody
        (MIXED, "a: x o | b: z", 0),
        (MIXED, "a: x z", 1),
        (MIXED, "a: x y z", 3),  # x-y, x-z, y-z
        (MIXED, "a: y", 0),  # nobody is his own neighbour
        (TOGETHER, "a: x y z | b:", 0),
        (TOGETHER, "a: x y | b: z", 1),
        (TOGETHER, "a: x | b: y | c: z", 2),
        (BESIDE, "a: x k | b: y l", 0),
        (BESIDE, "a: x k | b: y", 1),
        (BESIDE, "a: x y | b: k", 2),
        (BESIDE, "a: x k | b: k", 1),  # who is leaving is no company
        (ON, "a: x | b: y", 0),
        (ON, "a: x | c: y", 1),
        (ON, "a: x | c: x | d: y", 2),
    ],
)
def test_how_badly_a_wall_is_broken(wall: Kept, farm: str, broken: int) -> None:
    assert wall.broken(stand(farm)) == broken


def test_only_those_that_live_together_or_need_company_may_be_parted_on_the_way() -> None:
    assert [each.is_in_transit for each in (APART, PER_HOST, MIXED, TOGETHER, BESIDE, ON)] == [
        False, False, False, True, True, False,
    ]  # fmt: skip


def test_a_vm_on_its_way_takes_memory_at_both_ends() -> None:
    begun = stand("a: x | b:").arriving("x", "b")
    ended = begun.arrived("x", "a")
    assert (begun.at["x"], begun.free) == ({"a", "b"}, {"a": 2048.0, "b": 1024.0})
    assert (ended.at["x"], ended.free) == ({"b"}, {"a": 3072.0, "b": 1024.0})


@pytest.mark.parametrize(
    ("farm", "lost", "closed", "missing"),
    [
        ("a: x y | b: z", 1, "", 0.0),
        ("a: x y z | b: w", 1, "", 1024.0),
        ("a: x y | b: z w | c:", 2, "", 2048.0),
        ("a: x y | b: z | c:", 1, "c", 0.0),
        ("a: x y z | b: | c:", 1, "b", 1024.0),
        ("a: x y | b: y z | c:", 1, "b", 0.0),  # y is on its way: its 2 GiB on c
        ("a: x", 0, "", 0.0),
    ],
)
def test_what_ran_on_the_fullest_must_fit_on_the_others(farm: str, lost: int, closed: str, missing: float) -> None:
    assert missing_memory(stand(farm), lost, frozenset(closed.split())) == missing


def test_each_vm_goes_where_it_leaves_least_free_and_the_largest_first() -> None:
    made = replace(stand("a: x y z | b: | c:"), free={"a": 0.0, "b": 1500.0, "c": 2048.0})
    sized = replace(made, memory={"x": 1024.0, "y": 1500.0, "z": 1024.0})
    assert missing_memory(sized, 1, frozenset()) == 0.0
    assert missing_memory(replace(sized, free=made.free | {"c": 2000.0}), 1, frozenset()) == 1024.0


def orders(*told: tuple[str, str, float, float | None, int]) -> tuple[Order, ...]:
    """Source, target, begin, end and round of each."""
    return tuple(
        Order(f"o{n}", 1, at, journey(f"v{n}", source, target), OrderState.UNDER_WAY, started, ended)
        for n, (source, target, started, ended, at) in enumerate(told)
    )


SIDE_BY_SIDE = orders(("a", "b", 0.0, 9.0, 1), ("c", "d", 5.0, 12.0, 1))
ONE_BY_ONE = orders(("a", "b", 0.0, 9.0, 1), ("b", "c", 9.0, 12.0, 2))


@pytest.mark.parametrize(
    ("limit", "given", "told"),
    [
        ("1 at once", SIDE_BY_SIDE, [1]),
        ("1 at once", ONE_BY_ONE, []),
        ("2 at once", SIDE_BY_SIDE, []),
        ("1 per host", SIDE_BY_SIDE, []),
        ("1 per host", orders(("a", "b", 0.0, None, 1), ("c", "b", 99.0, None, 3)), [3]),
        ("1 per round", SIDE_BY_SIDE, [1]),
        ("1 per round", ONE_BY_ONE, []),
        ("1 per hour", orders(("a", "b", 0.0, 9.0, 1), ("c", "d", 3599.0, None, 9)), [9]),
        ("1 per hour", orders(("a", "b", 0.0, 9.0, 1), ("c", "d", 3600.0, None, 9)), []),
        ("1 per day per host", orders(("a", "b", 0.0, 9.0, 1), ("b", "d", 3600.0, None, 9)), [9]),
        ("1 at once per rack", orders(("a", "c", 0.0, None, 1), ("b", "d", 1.0, None, 1)), [1]),
        ("1 at once per rack", orders(("a", "b", 0.0, None, 1), ("c", "d", 1.0, None, 1)), []),
    ],
)
def test_the_rounds_in_which_a_limit_was_exceeded(limit: str, given: tuple[Order, ...], told: list[int]) -> None:
    (statement,) = parse(f"limit {limit}").statements
    assert isinstance(statement, Limit)
    cap: Cap = statement.caps[0]
    hosts = {name: host(name) for name in TAGS}
    assert sorted({at for at, _ in over_the_limit(cap, given, hosts)}) == told


def test_what_never_began_costs_nothing() -> None:
    first, second = SIDE_BY_SIDE
    cap = Cap(1, None, None, parse("limit 1").statements[0].span)
    assert list(over_the_limit(cap, (replace(first, never_begun=True), second), {})) == []

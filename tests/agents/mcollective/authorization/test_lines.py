"""Lines that decide: the first that is about a request, on the side of no."""

import pytest

from agents.mcollective.authorization.lines import Condition, Decision, Default, Line, Policy, Request
from agents.mcollective.errors import MessageError
from agents.mcollective.node import Node
from tests.nodes import ToldNode

A, B = frozenset({"cert=a"}), frozenset({"cert=b"})
BOTH = A | B
READ, WRITE = frozenset({"read"}), frozenset({"write"})


def cannot_be_told(_node: Node) -> bool:
    raise MessageError("policy", "No plugin puppet_data defined")


YES = Condition("xen", lambda _node: True)
NO = Condition("kvm", lambda _node: False)
DOUBT = Condition("puppet().enabled=true", cannot_be_told)


def line(
    verdict: str = "allow",
    callers: frozenset[str] | None = None,
    actions: frozenset[str] | None = None,
    *conditions: Condition,
    number: int = 1,
) -> Line:
    return Line("echo.policy", number, "the line", verdict == "allow", callers, actions, conditions)


def request(caller: str = "cert=a", action: str = "read", *, explicit: bool = False) -> Request:
    return Request(caller, action, ToldNode(), explicit)


@pytest.mark.parametrize(
    ("one", "obstacle"),
    [
        (line(), None),
        (line("allow", A, READ, YES), None),
        (line("allow", B), "the caller is not cert=b"),
        (line("allow", frozenset()), "the caller is not anybody: its groups are empty"),
        (line("allow", A, WRITE), "the action is not write"),
        (line("allow", A, READ, YES, NO), "kvm does not hold"),
        (line("allow", A, READ, DOUBT), "puppet().enabled=true cannot be told: No plugin puppet_data defined"),
        (line("deny", A, READ, NO), "kvm does not hold"),
        (line("deny", A, READ, DOUBT), None),
        (line("deny", A, READ, DOUBT, NO), "kvm does not hold"),
    ],
)
def test_a_line_is_about_a_request_when_nothing_stands_against_it(one: Line, obstacle: str | None) -> None:
    assert one.obstacle(request()) == obstacle


@pytest.mark.parametrize(
    ("one", "decides"),
    [(line("allow"), False), (line("allow", None, READ), True), (line("deny"), True), (line("deny", None, READ), True)],
)
def test_an_action_that_must_be_named_is_not_allowed_by_a_star(one: Line, *, decides: bool) -> None:
    assert (one.obstacle(request(explicit=True)) is None) is decides


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (line("allow"), line("deny", A, READ, YES), True),
        (line("allow", BOTH), line("allow", A, READ), False),
        (line("deny", BOTH), line("allow", A, READ), True),
        (line("allow", BOTH, READ), line("deny", A, READ), True),
        (line("allow", A), line("allow", B), False),
        (line("allow", A), line("allow"), False),
        (line("allow", A, READ), line("allow", A), False),
        (line("allow", A, None, YES), line("allow", A), False),
    ],
)
def test_a_line_covers_another_where_that_one_can_never_come_to_decide(one: Line, other: Line, *, covers: bool) -> None:
    assert one.covers(other) is covers


def test_the_first_line_that_is_about_a_request_decides() -> None:
    policy = Policy("echo.policy", (line("allow", B), line("deny", A, number=2), line("allow", A, number=3)))

    assert policy.decide(request()) == Decision(allowed=False, why="echo.policy:2: the line")
    assert policy.decide(request("cert=b")) == Decision(allowed=True, why="echo.policy:1: the line")


def test_the_steps_end_with_the_line_that_decides() -> None:
    first, second, third = (line("allow", callers, number=number) for number, callers in ((1, B), (2, A), (3, A)))

    steps = list(Policy("echo.policy", (first, second, third)).steps(request()))

    assert steps == [(first, "the caller is not cert=b"), (second, None)]


@pytest.mark.parametrize(
    ("default", "unconfigured", "allowed", "why"),
    [
        (Default("echo.policy", 7, allows=True), False, True, "echo.policy:7: policy default allow"),
        (Default("echo.policy", 7, allows=False), True, False, "echo.policy:7: policy default deny"),
        (None, False, False, "echo.policy: no line and no policy default is about it; allow_unconfigured is off"),
        (None, True, True, "echo.policy: no line and no policy default is about it; allow_unconfigured is on"),
    ],
)
def test_where_no_line_decides_the_default_does(
    default: Default | None, unconfigured: bool, allowed: bool, why: str  # noqa: FBT001 - columns of a table
) -> None:  # fmt: skip
    policy = Policy("echo.policy", (line("allow", B),), default)

    assert policy.decide(request(), unconfigured) == Decision(allowed, why)


def test_no_default_allows_an_action_that_must_be_named() -> None:
    policy = Policy("echo.policy", (), Default("echo.policy", 7, allows=True))

    decision = policy.decide(request(explicit=True), allow_unconfigured=True)

    assert decision == Decision(allowed=False, why="echo.policy: no line allows read by name")

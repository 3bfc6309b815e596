"""What is in force under a rule file."""

from pathlib import Path
from typing import get_args

import pytest

from balancer.core.drafting.wishes import SOFT
from balancer.core.explanation.rulebook import Rulebook, Setting, rulebook, thing_of
from balancer.core.model import OrderState
from balancer.core.planning import STEPS
from dsl.syntax import (
    Balance,
    Drain,
    Every,
    Freeze,
    Keep,
    Let,
    Limit,
    Never,
    Pack,
    Reserve,
    Rest,
    Rule,
    Statement,
    Window,
)
from tests.farms import AT_ONCE, Rounds, farm, journey, rules

HOT = "xen1: web1 2.4, web2 1.4 | xen2:"


def settings(text: str) -> dict[str, list[tuple[str, int | None]]]:
    told: dict[str, list[tuple[str, int | None]]] = {}
    for each in rulebook(rules(text)).settings:
        assert isinstance(each, Setting)
        told.setdefault(each.name, []).append((each.told, each.line))
    return told


def stops(text: str, step: str) -> dict[str, str]:
    return next(dict(each.stops) for each in rulebook(rules(text)).order if each.step == step)


def test_silence_is_told_as_what_holds_without_a_word() -> None:
    assert settings("# nothing\n") == {
        "every": [("a round takes 30 s", None)],
        "freeze": [("no move starts while reports < 80%, or while nobody knows", None)],
        "window": [("moves start at any hour", None)],
        "limit": [("at most 2 moves at once", None), ("at most 1 move at once for each host", None)],
        "rest vm": [("a VM that has moved rests for 15 min", None)],
        "rest host": [("no host rests", None)],
        "no return": [("no VM goes back within 2 h", None)],
        "reserve": [("no memory is kept free for a lost host", None)],
        "goal": [("none: what is in no trouble stays as it is", None)],
    }


def test_what_the_file_says_is_told_with_its_line() -> None:
    told = settings(
        "every 60 s\nfreeze when hosts < 3\nfreeze when moves > 9\n"
        "window mon-fri 20:00-06:00 Europe/Paris except drains\n"
        "limit 3 at once, 20 per hour\nrest host 5 min\n"
        "balance cpu within 5% by at most 10 moves, each gaining 1%\n"
    )
    assert told["every"] == [("a round takes 60 s", 1)]
    assert [line for _, line in told["freeze"]] == [2, 3]
    assert told["window"] == [("moves start only mon-fri 20:00-06:00 Europe/Paris, drains excepted", 4)]
    assert told["limit"] == [("at most 3 moves at once", 5), ("at most 20 moves within an hour", 5)]
    assert told["rest vm"] + told["rest host"] + told["no return"] == [
        ("no VM rests", 6), ("a host that took part in a move rests for 5 min", 6), ("a VM may go back at once", 6),
    ]  # fmt: skip
    assert told["goal"] == [
        ("every host within 5% of the farm's mean cpu, by at most 10 moves a round, each gaining at least 1%", 7)
    ]


def test_the_other_goal() -> None:
    told = settings("pack onto fewest hosts where after.cpu < 70% by at most 4 moves\n")["goal"]
    assert told == [("as few hosts as will do, as long as after.cpu < 70%, by at most 4 moves a round", 1)]


def test_the_order_of_evaluation_is_the_planners() -> None:
    assert [each.step for each in rulebook(rules(AT_ONCE)).order] == [kind for kind, _ in STEPS]


def test_a_window_stops_what_it_does_not_except() -> None:
    text = "window mon-fri 12:00-13:00 Europe/Paris except drains\n"
    assert [stops(text, step)["window"] for step in ("drains", "rules")] == ["-", "stops while closed"]
    assert stops("every 30 s\n", "rules")["window"] == "-"
    host_drained = 'drain host "xen1"\n'
    shut = Rounds(farm(HOT), text + host_drained + AT_ONCE).next().plan
    assert shut.waiting == tuple(step for step, _ in STEPS if stops(text, step)["window"] == "stops while closed")
    assert [move.rule for move in shut.moves] == ["drain", "drain"]


ONE_OF_EACH = {
    Every: "every 60 s\n",
    Let: 'let db = vms tagged "db"\n',
    Rule: AT_ONCE.removeprefix("\n"),
    Drain: 'drain hosts where facts.status == "retired"\n',
    Keep: 'keep at most 2 of vms tagged "db" per rack\n',
    Never: "never move vms to hosts where xen < source.xen\n",
    Reserve: "reserve memory for 2 lost hosts\n",
    Limit: "limit 2 at once, 1 per rack\n",
    Rest: "rest vm 1 h\n",
    Window: "window daily 01:00-04:00 Europe/Paris except drains\n",
    Freeze: "freeze when sum(failures, 15 min) >= 2\n",
    Balance: "balance load within 0.5 by at most 2 moves\n",
    Pack: "pack onto fewest hosts where after.cpu < 70% by at most 4 moves\n",
}


def test_there_is_one_of_each_statement() -> None:
    assert ONE_OF_EACH.keys() == set(get_args(Statement))


@pytest.mark.parametrize("text", [*ONE_OF_EACH.values(), 'prefer vms tagged "db" apart\n', "avoid moving vms cost 5\n"])
def test_no_statement_is_left_out(text: str) -> None:
    book = rulebook(rules(f"# the first line\n{text}"))
    assert 2 in {each.line for each in (*book.settings, *book.sets, *book.statements)}


def test_all_that_may_stand_against_moves_is_explained() -> None:
    book = rulebook(rules(AT_ONCE))
    assert {tuple(each.stops) for each in book.order} == {tuple(book.against)}


def test_costs_weigh_on_what_is_wanted_and_bar_what_is_only_wished() -> None:
    costly = ONE_OF_EACH[Let] + "avoid moving db cost 5\n"
    told = {step: stops(costly, step)["prefer, avoid"] for step, _ in STEPS}
    assert told == dict.fromkeys(["repairs", "drains", "rules"], "least cost") | dict.fromkeys(SOFT, "never raised")


@pytest.mark.parametrize(("step", "rest"), [("drains", "-"), ("rules", "waits")])
def test_rest_binds_the_steps_that_it_is_said_to_bind(step: str, rest: str) -> None:
    assert stops(AT_ONCE, step)["rest"] == rest
    hot = AT_ONCE.replace('where after.cpu < 70%  as "max load"', "")
    play = Rounds(farm("xen1: web1 3.6 | xen2: | xen3:"), 'drain host "xen1"\n' if step == "drains" else hot)
    play.order(journey("web1", "xen2", "xen1"), OrderState.DONE, ago=300.0)
    moves = play.next().plan.moves
    assert bool(moves) is (rest == "-")


def test_sets_are_told_with_their_members_where_a_farm_is_looked_at() -> None:
    book = rules('let db = vms tagged "db"\nlet old = hosts named "xen1" or named "xen2"\n')
    assert [(each.line, each.name, each.text, each.members) for each in rulebook(book).sets] == [
        (1, "db", 'vms tagged "db"', None), (2, "old", 'hosts named "xen1" or named "xen2"', None),
    ]  # fmt: skip
    assert [each.members for each in rulebook(book, lambda let: (let.name,)).sets] == [("db",), ("old",)]


def test_a_set_under_another_name_is_of_the_same_things() -> None:
    book = rules('let a = hosts named "x"\nlet b = a\nlet c = vm "y"\n')
    assert {let.name: thing_of(let.set, book.lets) for let in book.lets} == {"a": "host", "b": "host", "c": "vm"}


def test_every_shipped_file_has_a_rulebook() -> None:
    for file in sorted((Path(__file__).parents[2] / "rules").glob("*.rules")):
        book = rulebook(rules(file.read_text(encoding="utf-8")))
        assert isinstance(book, Rulebook)
        assert len(book.settings) >= 9

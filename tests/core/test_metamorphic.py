"""What a plan must not depend on, for any farm and any rule file of the whole language.

Each test plays some rounds twice: once as it is, and once with something changed that says the same in other words.
"""

import json
import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from balancer.core.cycle import step
from dsl.formatting import format_source
from tests.farms import INTERVAL, Farm, Host, Rounds
from tests.rulefiles import documents, farms, files, journeys, may_be_run, played, told, without_lines

File = tuple[str, ...]

ENOUGH = settings(max_examples=40)


def runnable(statements: File) -> str:
    """The text of a file; those that the checker refuses are of no interest here."""
    text = told(statements)
    assume(may_be_run(text))
    return text


def renamed(text: str) -> str:
    """The same with other names of hosts and VMs, in the same order."""
    return re.sub(r"\bvm(?=[\d*])", "guest-", re.sub(r"\bxen(?=[\d*])", "a.node-", text))


def under_other_names(made: Farm) -> Farm:
    """The same farm, renamed; what else tells VMs apart is renamed with them."""
    return Farm(
        {renamed(name): replace(host, name=renamed(name)) for name, host in made.hosts.items()},
        {
            renamed(name): replace(vm, name=renamed(name), host=renamed(vm.host), uuid=renamed(vm.uuid))
            for name, vm in made.vms.items()
        },
    )


@ENOUGH
@given(farms(), files())
def test_other_names_in_the_same_order_are_other_names_in_the_plan_and_nothing_else(made: Farm, file: File) -> None:
    text = runnable(file)
    expected = json.loads(renamed(json.dumps(documents(played(made, text)))))
    assert documents(played(under_other_names(made), renamed(text))) == expected


def shuffled(things: Sequence[Any], chance: Random) -> list[Any]:
    return chance.sample(things, k=len(things))


@ENOUGH
@given(farms(), files(), st.randoms(use_true_random=False))
def test_the_order_in_which_hosts_report_and_list_their_vms_changes_nothing(
    made: Farm, file: File, chance: Random
) -> None:
    text = runnable(file)
    other = Farm(dict(shuffled(list(made.hosts.items()), chance)), dict(shuffled(list(made.vms.items()), chance)))
    assert documents(played(other, text)) == documents(played(made, text))


@ENOUGH
@given(farms(), files(), st.randoms(use_true_random=False))
def test_the_order_of_statements_matters_between_rules_alone(made: Farm, file: File, chance: Random) -> None:
    text = runnable(file)
    order = shuffled(range(len(file)), chance)
    rules = iter(sorted(place for place in order if file[place].startswith("rule ")))
    mixed = [next(rules) if file[place].startswith("rule ") else place for place in order]
    one, other = played(made, text), played(made, told([file[place] for place in mixed]))
    assert journeys(other) == journeys(one)
    assert [(each.plan.frozen, each.plan.after, each.plan.broken) for each in other] == [
        (each.plan.frozen, each.plan.after, each.plan.broken) for each in one
    ]


@ENOUGH
@given(farms(), files())
def test_the_canonical_layout_says_the_same(made: Farm, file: File) -> None:
    text = runnable(file)
    laid_out = format_source(text.encode()).text
    assert laid_out is not None
    assert without_lines(documents(played(made, laid_out))) == without_lines(documents(played(made, text)))


@ENOUGH
@given(farms(), files(), st.sampled_from([0.5, 2.0, 4.0]), st.sampled_from([0.5, 2.0, 4.0]))
def test_larger_cpus_and_memories_everywhere_change_no_move(made: Farm, file: File, cpu: float, memory: float) -> None:
    runnable(file)
    larger = Farm(
        {each.name: replace(each, cores=each.cores * cpu, memory=each.memory * memory) for each in made.hosts.values()},
        {
            each.name: replace(each, cpu=each.cpu * cpu, vcpus=int(each.vcpus * cpu), memory=each.memory * memory)
            for each in made.vms.values()
        },
    )
    assert journeys(played(larger, told(file, cpu=cpu, memory=memory))) == journeys(played(made, told(file)))


@ENOUGH
@given(farms(), files())
def test_a_host_that_nobody_hears_of_changes_nothing_but_the_share_of_reports(made: Farm, file: File) -> None:
    text = runnable(tuple(each for each in file if "reports" not in each)) + "freeze when farm.vms > 1000\n"
    other = deepcopy(made)
    one, with_silent = played(made, text), []
    play = Rounds(other, text)
    other.hosts["unheard"] = Host("unheard")
    for _ in one:
        decision = play.next(silent=["unheard"])
        with_silent.append(decision)
        for move in decision.plan.moves:
            if move.wave == 1:
                play.carry_out(move)
    told_of = [{**each, "complete": None} for each in documents(one)]
    assert [{**each, "complete": None} for each in documents(with_silent)] == told_of


@ENOUGH
@given(farms(), files(), st.sampled_from(["xen0", "xen1"]))
def test_a_tag_that_no_rule_names_changes_nothing(made: Farm, file: File, host: str) -> None:
    text = runnable(file)
    tagged = deepcopy(made).with_(**{host: {"tags": (*made.hosts[host].tags, "unrelated", "building:7")}})
    for name in list(tagged.vms)[:3]:
        tagged.with_(**{name: {"tags": (*tagged.vms[name].tags, "unrelated")}})
    assert documents(played(tagged, text)) == documents(played(made, text))


def inlined(statements: File) -> File:
    """The file without its `let`s: in their place what they stand for, in the only words that can."""
    said = " ".join(statements)
    assume("in large" not in said)
    assume("in licensed" not in said)
    sets = dict(each.removeprefix("let ").split(" = ") for each in statements if each.startswith("let "))
    others = [each for each in statements if not each.startswith("let ")]
    for name, meant in sets.items():
        others = [_put(meant, name, each) for each in others]
    return tuple(others)


def _put(meant: str, name: str, statement: str) -> str:
    """The words for a set in place of its name; a name in quotes is the farm's."""
    return re.sub(rf"\b{name}\b(?!\")", lambda _: meant, statement)


@ENOUGH
@given(farms(), files())
def test_a_let_stands_for_its_set(made: Farm, file: File) -> None:
    text = runnable(file)
    assert journeys(played(made, told(inlined(file)))) == journeys(played(made, text))


@ENOUGH
@given(farms(), files(), st.sampled_from([0.5, 2.0]))
def test_slower_clocks_change_no_move(made: Farm, file: File, time: float) -> None:
    slow = tuple(each for each in file if not re.search(r"per (hour|day)|during|window", each))
    runnable(slow)
    calm = "rest vm <s 900>, host <s 0>, no return within <s 7200>"
    slow = slow if any(each.startswith("rest") for each in slow) else (*slow, calm)
    text = told(slow, time=time)
    assume(may_be_run(text))
    other = Farm(
        {name: replace(host, uptime=(host.uptime or 0.0) * time) for name, host in made.hosts.items()}, made.vms
    )
    assert journeys(played(other, text, interval=INTERVAL * time)) == journeys(played(made, told(slow)))


@ENOUGH
@given(farms(), files())
def test_the_same_round_is_decided_the_same_again_to_the_byte(made: Farm, file: File) -> None:
    text = runnable(file)
    play = Rounds(deepcopy(made), text)
    play.next()
    play.farm.pass_time(INTERVAL)
    told_now = play.farm.gathering()
    once, again = (step(play.state, told_now, play.rules, play.farm.time, play.wall()) for _ in range(2))
    assert json.dumps(documents([once])) == json.dumps(documents([again]))
    assert once == again

"""Rounds of a journal decided again, under the rules of then or under others."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from balancer.adapters.journal import open_journal
from balancer.adapters.journal_reader import BEGINNING, END, Mark, read_journal
from balancer.core.cycle import unheard
from balancer.core.model import State
from balancer.errors import UsageError
from balancer.ports import OperatorActed
from balancer.replay import Days, again, compared, days, parting, recalled
from tests.adapters.samples import decided, decision
from tests.farms import rules
from tests.recorded import RELIEVE, Recording

LATER = RELIEVE.replace("3 rounds", "6 rounds")
EAGER = "rest vm 5 min\n" + RELIEVE.replace("3 rounds", "2 rounds").replace("85%", "70%") + "  until source.cpu < 60%\n"


def quietly(_done: int) -> None:
    """Nobody looks on."""


@contextmanager
def opened(recording: Recording, first: Mark = BEGINNING, last: Mark = END) -> Iterator[Days]:
    with days(recording.state, first, last) as its:
        yield its


def crowd(seed: int) -> str:
    """Five hosts, two of them full of VMs whose load changes now and then."""
    chance = random.Random(seed)
    lines = ["format: scenario/1", "interval: 30s", f"seed: {seed}", "hosts:"]
    lines += [f"  - {{name: hv{number}, cores: 8, memory: 64GiB}}" for number in range(5)]
    lines.append("vms:")
    for number in range(16):
        series = " ".join(f"{chance.choice([0.2, 0.5, 1, 1.5, 2, 3])}x{chance.randint(10, 40)}" for _ in range(4))
        its = f"name: vm{number:02}, host: hv{number % 3}, vcpus: 4, memory: {chance.choice([1, 2, 4])}GiB"
        lines.append(f'  - {{{its}, cpu: "{series}"}}')
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return Recording(tmp_path_factory.mktemp("farm")).run(120)


# -- under the rules of then -------------------------------------------------------------------------------------------


def test_every_decision_comes_out_the_same(recording: Recording) -> None:
    told: list[int] = []
    with opened(recording) as its:
        assert (found := again(its, told.append)).difference is None
    assert (found.rounds, found.first, found.last, told) == (120, 1, 120, list(range(1, 121)))


def test_also_over_drains_resumes_restarts_lost_rounds_and_new_rules(tmp_path: Path) -> None:
    recording = Recording(tmp_path, crowd(2))

    def operators(its: Recording) -> None:
        its.controls.in_force, its.controls.again = rules(EAGER), its.loop.state.time

    def lost(its: Recording) -> None:
        its.loop.state = replace(its.loop.state, round=its.loop.state.round + 1)

    recording.meanwhile |= {9: operators, 14: lost}
    recording.run(30)
    with closing(read_journal(recording.state)) as journal:
        state = journal.last_state(recording.rounds[-1].decision.observation.now + 60.0, 60.0)
    recording.meanwhile = {}
    recording.run(20, state)
    with opened(recording) as its:
        found = again(its, quietly)
    assert (found.difference, found.rounds) == (None, 50)
    assert len({event.decision.rules_sha256 for event in recording.rounds}) == 2


def test_rules_that_look_back_are_held_against_from_where_the_rounds_reach_as_far(tmp_path: Path) -> None:
    text = RELIEVE.replace("host.cpu > 85%", "avg(host.cpu, 5 min) > 70%").replace("most cpu", "most p95(cpu, 3 min)")
    looking = Recording(tmp_path, text=text).run(80)
    assert any(event.decision.plan.moves for event in looking.rounds)
    with days(looking.state, BEGINNING, END) as its:
        assert (found := again(its, quietly)).difference is None
        assert found.rounds == 80
    first = next(event.decision.plan.round for event in looking.rounds if event.decision.plan.moves)
    with days(looking.state, Mark(first - 2), END) as its:
        assert again(its, quietly).difference is None, "nobody can tell again what was known then"
        assert parting(its, None, rules(text), quietly).decisions is None
    later = text.replace("70%", "71%").replace("5 min", "4 min")
    with days(looking.state, BEGINNING, END) as its:
        assert parting(its, None, rules(text), quietly).decisions is None
        assert parting(its, None, rules(later), quietly).decisions is not None


def test_the_first_that_does_not_is_told(tmp_path: Path) -> None:
    recording = Recording(tmp_path).run(12)
    with opened(recording) as its:
        tenth = its.journal.round(10)
    assert tenth is not None
    with open_journal(tmp_path / "other", lambda: 0.0) as journal:
        for event in recording.rounds[:9]:
            journal.record(event)
        journal.record(replace(tenth, before=replace(tenth.before, streaks=())))
    with days(tmp_path / "other", BEGINNING, END) as its:
        found = again(its, quietly)
    assert found.difference is not None
    then, now = found.difference
    assert (then.plan.sentence, now.plan.sentence) == (
        "move web1 from hv1 to hv3",
        "no action: hv1 in trouble for 1 of 3 rounds",
    )
    assert found.last == 10


def test_a_state_that_comes_out_otherwise_is_a_difference_though_the_plan_is_the_same(tmp_path: Path) -> None:
    recording = Recording(tmp_path).run(9)
    last = recording.rounds[-1]
    assert last.decision.state.streaks
    forgetful = replace(last.decision, state=replace(last.decision.state, streaks=()))
    with open_journal(tmp_path / "other", lambda: 0.0) as journal:
        for event in (*recording.rounds[:8], replace(last, decision=forgetful)):
            journal.record(event)
    with days(tmp_path / "other", BEGINNING, END) as its:
        found = again(its, quietly)
    assert found.difference is not None
    then, now = found.difference
    assert (then.plan.sentence, found.last) == (now.plan.sentence, 9)


# -- where two sets of rules part --------------------------------------------------------------------------------------


def test_the_first_round_that_other_rules_decide_otherwise(recording: Recording) -> None:
    with opened(recording) as its:
        found = parting(its, None, rules(LATER), quietly)
    assert found.decisions is not None
    then, now = found.decisions
    assert (then.plan.round, then.plan.sentence) == (10, "move web1 from hv1 to hv3")
    assert now.plan.sentence == "no action: hv1 in trouble for 3 of 6 rounds"


def test_rules_that_say_the_same_in_other_words_never_part(recording: Recording) -> None:
    with opened(recording) as its:
        assert parting(its, None, rules("# the same\n" + RELIEVE), quietly).decisions is None


def test_streaks_of_both_run_on_from_round_to_round(tmp_path: Path) -> None:
    with opened(Recording(tmp_path, text="every 30 s\n").run(20)) as its:
        found = parting(its, rules(LATER), rules(RELIEVE.replace("3 rounds", "7 rounds")), quietly)
    assert found.decisions is not None
    assert [each.plan.sentence for each in found.decisions][1] == "no action: hv1 in trouble for 6 of 7 rounds"


# -- under other rules -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_the_rules_of_then_would_have_done_what_they_did(seed: int, tmp_path: Path) -> None:
    with opened(Recording(tmp_path, crowd(seed), EAGER).run(80)) as its:
        both = compared(its, rules(EAGER), quietly)
    assert both.new == both.old
    assert both.old.moves > 5


def forgets(its: Recording) -> None:
    """As after a restart that came too late to go on."""
    its.loop.state = replace(State(), round=its.loop.state.round, orders=its.loop.state.orders)


def misses_two(its: Recording) -> None:
    its.loop.state = unheard(unheard(its.loop.state))


@pytest.mark.parametrize("what", [forgets, misses_two])
def test_what_was_forgotten_then_is_forgotten_under_other_rules_as_well(
    what: Callable[[Recording], None], tmp_path: Path
) -> None:
    with opened(Recording(tmp_path, meanwhile={9: what}).run(20)) as its:
        both = compared(its, rules(f"# the same\n{RELIEVE}"), quietly)
    assert both.new == both.old
    assert both.old.moves == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_what_other_rules_would_have_done_is_near_to_what_they_do(seed: int, tmp_path: Path) -> None:
    """The simulated farm knows what really happens under the other rules; the model has the reports of these alone."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with opened(Recording(tmp_path / "a", crowd(seed)).run(80)) as its:
        modelled = compared(its, rules(EAGER), quietly)
    with opened(Recording(tmp_path / "b", crowd(seed), EAGER).run(80)) as its:
        real = compared(its, rules(EAGER), quietly).old
    assert modelled.new.moves == pytest.approx(real.moves, rel=0.35)
    assert modelled.new.imbalance == pytest.approx(real.imbalance, rel=0.2)
    assert (modelled.new.imbalance or 1.0) < (modelled.old.imbalance or 0.0)


def test_rules_that_want_nothing_move_nothing(recording: Recording) -> None:
    with opened(recording) as its:
        both = compared(its, rules("every 30 s\n"), quietly)
    assert (both.old.moves, both.new.moves, both.old.rounds, both.new.rounds) == (2, 0, 120, 120)
    assert (both.new.imbalance or 0.0) > (both.old.imbalance or 0.0)


def test_a_pause_of_then_holds_for_other_rules_as_well(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.meanwhile[5] = lambda its: its.loop._journal.record(OperatorActed("root", "pause"))
    with opened(recording.run(20)) as its:
        assert compared(its, rules(RELIEVE), quietly).new.moves == 0


# -- which rounds ------------------------------------------------------------------------------------------------------


def test_the_rounds_between_two_marks(recording: Recording) -> None:
    with opened(recording, Mark(number=5), Mark(8, 1e9)) as its:
        assert (found := again(its, quietly)).rounds == 4
    assert (found.first, found.last) == (5, 8)


def test_where_there_is_none_it_says_which_there_are(recording: Recording, tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="no round is there to be replayed; it has rounds 1 to 120"),
        opened(recording, Mark(number=200)),
    ):
        pass
    with open_journal(tmp_path / "state", lambda: 0.0):
        pass
    with pytest.raises(UsageError, match="no round was held yet"), recalled(tmp_path / "state", None, None):
        pass


def test_rounds_of_which_the_past_is_no_longer_kept_are_passed_over(tmp_path: Path) -> None:
    gone = replace(decided(decision(4)), before=replace(decided(decision(4)).before, orders=()))
    with open_journal(tmp_path / "state", lambda: 0.0) as journal:
        journal.record(gone)
        journal._connection.execute("DELETE FROM rules")
    with (
        days(tmp_path / "state", BEGINNING, END) as its,
        pytest.raises(UsageError, match="none of these rounds is whole"),
    ):
        again(its, quietly)
    with (
        pytest.raises(UsageError, match="round 4 is not in the journal, which has 4 to 4"),
        recalled(tmp_path / "state", 4, None),
    ):
        pass

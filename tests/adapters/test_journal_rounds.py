"""What a round was decided from comes back from the journal as it was, and so can be decided again."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from balancer.adapters.journal import Keep, open_journal
from balancer.adapters.journal_reader import BEGINNING, END, Mark, read_journal
from balancer.adapters.journal_rounds import written
from balancer.core.cycle import step
from balancer.core.model import Drained, Order, State
from balancer.ports import OrderChanged, RoundDecided
from tests.adapters.samples import changed, decided, decision
from tests.farms import rules
from tests.recorded import RELIEVE, Recording


def kept(folder: Path, first: Mark = BEGINNING, last: Mark = END) -> list[RoundDecided]:
    """The rounds of a journal."""
    with closing(read_journal(folder)) as journal:
        return list(journal.rounds(journal.rows(first, last)))


def without_ended(event: RoundDecided) -> RoundDecided:
    """As the journal keeps the state after a round."""
    after = replace(event.decision.state, orders=opened(event.decision.state.orders))
    return replace(event, decision=replace(event.decision, state=after))


def opened(orders: Iterable[Order]) -> tuple[Order, ...]:
    return tuple(order for order in orders if order.is_open)


def test_every_round_comes_back_with_what_it_was_decided_from(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.meanwhile[20] = lambda its: setattr(its.controls, "emptied", (Drained("hv3", "alice", 570.0),))
    recording.run(120)
    assert sum(isinstance(event, OrderChanged) for event in recording.told) > 4
    assert kept(recording.state) == [without_ended(event) for event in recording.rounds]
    assert any(not order.is_open for event in kept(recording.state) for order in event.before.orders)


def test_decided_again_it_is_the_same_decision(tmp_path: Path) -> None:
    recording = Recording(tmp_path).run(120)
    for event in kept(recording.state):
        again = step(event.before, event.gathering, rules(event.rules), event.decision.observation.now)
        assert again.plan == event.decision.plan
        assert replace(again.state, orders=opened(again.state.orders)) == event.decision.state


def test_a_round_that_follows_the_last_keeps_only_what_has_changed_since(tmp_path: Path) -> None:
    recording = Recording(tmp_path).run(3)
    first, second, _ = recording.rounds
    assert len(written(second, (1, first.decision.state)).before) < 120
    assert len(written(second, None).before) > 300


def test_rounds_are_found_by_number_and_by_time(tmp_path: Path) -> None:
    folder = Recording(tmp_path).run(6).state
    assert [event.decision.plan.round for event in kept(folder, Mark(number=3), Mark(5, 1e9))] == [3, 4, 5]
    assert [event.decision.plan.round for event in kept(folder, Mark(time=60.0), Mark(99, 90.0))] == [3, 4]


def test_a_daemon_that_starts_anew_does_not_lean_on_what_another_has_written(tmp_path: Path) -> None:
    recording = Recording(tmp_path).run(3)
    recording.run(2, State(round=3, sightings=recording.rounds[-1].decision.state.sightings))
    assert [event.before.round for event in kept(recording.state)] == [0, 1, 2, 3, 4]
    assert kept(recording.state) == [without_ended(event) for event in recording.rounds]


def test_where_the_row_that_it_follows_is_pruned_a_round_is_left_out(tmp_path: Path) -> None:
    times = iter([0.0, 1.0, 2.0, *[3.0] * 20])
    with open_journal(tmp_path / "state", lambda: next(times), Keep(days=40.0 / 86400.0)) as journal:
        state = State()
        for number in (1, 2, 3):
            event = decided(decision(number, now=30.0 * number), before=state)
            journal.record(event)
            state = event.decision.state
        assert [event.decision.plan.round for event in journal.rounds(journal.rows(BEGINNING, END))] == [3]
        assert journal.round(2) is None


def test_where_an_order_that_counted_is_no_longer_kept_a_round_is_left_out(tmp_path: Path) -> None:
    done = changed("done", ended=70.0).order  # type: ignore[arg-type]
    with open_journal(tmp_path / "state", lambda: 90.0) as journal:
        journal.record(decided(decision(4), before=State(3, orders=(done,))))
        assert journal.round(4) is None
        journal.record(OrderChanged(done))
        found = journal.round(4)
    assert found is not None
    assert found.before.orders == (done,)


def test_the_text_of_rules_is_kept_once_and_no_longer_than_its_rounds(tmp_path: Path) -> None:
    with open_journal(tmp_path / "state", lambda: 0.0, Keep(days=40.0 / 86400.0)) as journal:
        for number, text in ((1, "old"), (2, "old"), (3, "new"), (4, "new"), (5, "new")):
            event = replace(decided(decision(number, now=30.0 * number)), rules=text)
            journal.record(replace(event, decision=replace(event.decision, rules_sha256=text)))
        assert journal._connection.execute("SELECT sha256, text FROM rules").fetchall() == [("new", "new")]


def test_a_rule_file_comes_back_byte_for_byte(tmp_path: Path) -> None:
    text = f"# unveränderlich\r\n{RELIEVE}\n\n"
    (event,) = kept(Recording(tmp_path, text=text).run(1).state)
    assert event.rules == text
    assert rules(event.rules).sha256 == event.decision.rules_sha256

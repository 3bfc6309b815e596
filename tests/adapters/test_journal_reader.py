"""What a journal knows, for whoever looks back; how it is written is in `test_journal`."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from balancer.adapters.journal import open_journal
from balancer.adapters.journal_file import FILE
from balancer.adapters.journal_reader import JournalReader, read_journal
from balancer.core.model import OrderState
from balancer.ports import OperatorActed, OrderChanged, RoundLost
from tests.adapters.samples import decided, decision, move, order


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Three rounds, two orders for test3 and one for another, and what two operators said."""
    moments = iter(range(100))
    with open_journal(tmp_path / "state", lambda: float(next(moments))) as journal:
        for number in (3, 4, 5):
            journal.record(decided(decision(number)))
        journal.record(OperatorActed("root", "pause"))
        journal.record(RoundLost(6, "the broker does not answer"))
        journal.record(OperatorActed("alice", "resume"))
        for name, started, of in (("1", 60.0, move()), ("2", 90.0, move()), ("3", 95.0, move("test4"))):
            given = order(name=name, started=started, of=of)
            journal.record(OrderChanged(given))
            journal.record(OrderChanged(replace(given, state=OrderState.DONE, ended=started + 9.0)))
    return tmp_path / "state"


@pytest.fixture
def journal(state: Path) -> Iterator[JournalReader]:
    with closing(read_journal(state)) as reader:
        yield reader


def test_its_ends_are_the_oldest_and_the_newest_round(journal: JournalReader, tmp_path: Path) -> None:
    assert journal.ends == (3, 5)
    with open_journal(tmp_path / "empty", lambda: 0.0) as empty:
        assert empty.ends is None


def test_the_moves_of_a_vm_are_the_latest_that_were_given_by_then(journal: JournalReader) -> None:
    assert [each.id for each in journal.moves_of("test3", until=100.0, limit=5)] == ["1", "2"]
    assert [each.id for each in journal.moves_of("test3", until=100.0, limit=1)] == ["2"]
    assert [each.id for each in journal.moves_of("test3", until=89.0, limit=5)] == ["1"]


def test_the_past_has_every_order_as_it_ended_and_what_operators_said_when(journal: JournalReader) -> None:
    past = journal.past()
    assert [(each.id, each.state) for each in past.orders] == [(name, OrderState.DONE) for name in "123"]
    assert [said for _, said in past.said] == [OperatorActed("root", "pause"), OperatorActed("alice", "resume")]
    (first, _), (second, _) = past.said
    assert first < second


def test_it_is_found_by_its_directory_and_by_its_own_name(state: Path) -> None:
    for place in (state, state / FILE):
        with closing(read_journal(place)) as journal:
            assert journal.ends == (3, 5)

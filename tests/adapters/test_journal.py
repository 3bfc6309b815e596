import math
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from balancer.adapters.journal import Keep, SqliteJournal, open_journal
from balancer.adapters.journal_file import FILE
from balancer.adapters.journal_reader import Said, read_journal
from balancer.core.model import Drained, OrderState, Rejection, Sighting, Spread, State
from balancer.ports import JournalError, OperatorActed, OrderChanged, OrderHeld, RoundLost, RulesRead, Waiting
from tests.adapters.samples import changed, decided, decision, move, order, report, streak

DAY = 86400.0
LONG = 1e9


class Hands:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def journal(home: Path, clock: Hands) -> Iterator[SqliteJournal]:
    with open_journal(home, clock.now) as journal:
        yield journal


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_a_round_comes_back_as_it_was_recorded(journal: SqliteJournal) -> None:
    refused = Rejection("test3", "hypervisor4", "relieve", 6, "xen", "4.9", "4.17")
    event = decided(
        decision(moves=(move(),), streaks=(streak("hypervisor3", 3),), rejections=(refused,), tally={"xen": 1}),
        refused={"signature": 2},
        reports=(report("hypervisor2"), report("hypervisor3")),
    )
    journal.record(event)
    assert journal.round(3) == event


def test_the_newest_round_is_the_last_that_was_recorded(journal: SqliteJournal) -> None:
    assert journal.newest() is None
    for number in (7, 8):
        journal.record(decided(decision(number)))
    newest = journal.newest()
    assert newest is not None
    assert newest.decision.plan.round == 8


def test_a_round_that_is_not_kept_is_none(journal: SqliteJournal) -> None:
    assert journal.round(3) is None


def test_figures_that_nobody_knows_survive(journal: SqliteJournal) -> None:
    seen = decision()
    unknown = replace(seen.plan, before=Spread(math.nan, math.nan, 0.0, 0.0), tally=MappingProxyType({"a": 1}))
    journal.record(decided(replace(seen, plan=unknown)))
    kept = journal.round(3)
    assert kept is not None
    assert math.isnan(kept.decision.plan.before.cpu_max)
    assert kept.decision.plan.tally == {"a": 1}


def test_the_history_has_the_newest_last(journal: SqliteJournal, clock: Hands) -> None:
    for number in (1, 2, 3):
        journal.record(decided(decision(number, sentence=f"sentence {number}")))
    journal.record(OrderHeld("web1", "hv1", "hv2", "paused by root"))
    clock.time = 2000.0
    journal.record(RoundLost(4, "the broker does not answer"))
    journal.record(RulesRead("farm.rules", None))
    journal.record(Waiting(30.0))
    history = journal.history(limit=2)
    assert [line.sentence for line in history.rounds] == ["sentence 2", "sentence 3"]
    assert [(note.time, note.event) for note in history.notes] == [
        (2000.0, RoundLost(4, "the broker does not answer")),
        (2000.0, RulesRead("farm.rules", None)),
    ]


def test_an_order_is_kept_in_each_of_its_states(journal: SqliteJournal, clock: Hands) -> None:
    for state in (OrderState.INTENT, OrderState.UNDER_WAY, OrderState.DONE):
        clock.time += 10.0
        journal.record(changed(state, detail="9 s" if state is OrderState.DONE else ""))
    assert [(change.time, change.state, change.detail) for change in journal.changes("a-1-3-1")] == [
        (1010.0, "intent", ""),
        (1020.0, "under way", ""),
        (1030.0, "done", "9 s"),
    ]
    assert journal.history(10).orders == (order(OrderState.DONE, detail="9 s"),)


def test_a_pause_holds_over_a_restart_until_somebody_resumes(home: Path, clock: Hands) -> None:
    with open_journal(home, clock.now) as journal:
        assert journal.said() == Said()
        journal.record(OperatorActed("root", "pause", "power works"))
    with open_journal(home, clock.now) as journal:
        assert journal.said() == Said("paused by root: power works")
        clock.time += 60.0
        journal.record(OperatorActed("root", "resume"))
    with open_journal(home, clock.now) as journal:
        assert journal.said() == Said(None, 1060.0)


def test_a_drain_holds_over_a_restart_until_somebody_says_undrain(home: Path, clock: Hands) -> None:
    with open_journal(home, clock.now) as journal:
        journal.record(OperatorActed("john doe", "drain", "hv7"))
        clock.time += 60.0
        journal.record(OperatorActed("root", "drain", "hv 1"))
    with open_journal(home, clock.now) as journal:
        assert journal.said().drained == (Drained("hv 1", "root", 1060.0), Drained("hv7", "john doe", 1000.0))
        journal.record(OperatorActed("root", "undrain", "hv7"))
    with open_journal(home, clock.now) as journal:
        assert journal.said().drained == (Drained("hv 1", "root", 1060.0),)


def test_a_word_for_an_order_holds_over_a_restart_until_the_order_has_ended(home: Path, clock: Hands) -> None:
    with open_journal(home, clock.now) as journal:
        journal.record(changed(OrderState.IN_DOUBT, name="a-1-3-1"))
        journal.record(OperatorActed("john doe", "resolve", "a-1-3-1 failed"))
    with open_journal(home, clock.now) as journal:
        assert journal.said().resolutions == {"a-1-3-1": ("failed", "john doe")}
        journal.record(changed(OrderState.FAILED, name="a-1-3-1", ended=70.0))
        assert journal.said().resolutions == {}


def test_a_journal_that_was_moved_away_leaves_no_epoch_behind_that_is_later(home: Path, clock: Hands) -> None:
    for _ in range(3):
        with open_journal(home, clock.now) as journal:
            before = journal.epoch
    (home / FILE).rename(home / "away")
    clock.time += 60.0
    with open_journal(home, clock.now) as journal:
        assert journal.epoch > before


def test_each_opening_is_an_epoch_of_the_same_instance(home: Path, clock: Hands) -> None:
    seen = []
    for _ in range(3):
        with open_journal(home, clock.now) as journal:
            seen.append((journal.instance, journal.epoch))
    assert [epoch for _, epoch in seen] == [1000, 1001, 1002]
    assert len({instance for instance, _ in seen}) == 1
    assert len(seen[0][0]) == 36


# -- what the next round starts from -----------------------------------------------------------------------------------


def test_an_empty_journal_gives_an_empty_state(journal: SqliteJournal, clock: Hands) -> None:
    assert journal.last_state(clock.now(), max_age=60.0) == State()


def test_a_restart_goes_on_with_the_last_rounds_state(journal: SqliteJournal) -> None:
    event = decided(decision(3, streaks=(streak("hypervisor3", 2),)))
    journal.record(event)
    assert journal.last_state(now=90.0, max_age=60.0) == event.decision.state


def test_orders_count_as_they_stand_now_not_as_the_round_knew_them(journal: SqliteJournal) -> None:
    journal.record(decided(decision(3, orders=(order(OrderState.UNDER_WAY, name="old"),))))
    journal.record(OrderChanged(order(OrderState.DONE, name="old", ended=70.0)))
    journal.record(OrderChanged(order(OrderState.INTENT, name="new", started=61.0)))
    orders = journal.last_state(now=90.0, max_age=60.0).orders
    assert [(each.id, each.state) for each in orders] == [("old", OrderState.DONE), ("new", OrderState.INTENT)]


def test_a_move_that_ended_since_has_set_its_sources_streaks_to_0(journal: SqliteJournal) -> None:
    hot = (streak("hypervisor2", 2), streak("hypervisor3", 3))
    journal.record(decided(decision(3, streaks=hot)))
    journal.record(changed(OrderState.FAILED, ended=75.0))
    assert journal.last_state(now=90.0, max_age=60.0).streaks == (streak("hypervisor2", 2),)


def test_an_old_state_keeps_its_round_its_sightings_and_its_orders(journal: SqliteJournal) -> None:
    seen = decision(3, streaks=(streak("hypervisor3", 2),))
    sightings = (Sighting("uuid-test3", 0.0, 60.0, 0.1),)
    journal.record(decided(replace(seen, state=replace(seen.state, sightings=sightings))))
    journal.record(changed(OrderState.UNDER_WAY))
    assert journal.last_state(now=5000.0, max_age=60.0) == State(
        round=3, time=60.0, sightings=sightings, orders=(order(OrderState.UNDER_WAY),)
    )


def test_orders_that_ended_longer_ago_than_any_rest_are_history(journal: SqliteJournal) -> None:
    journal.record(changed(OrderState.DONE, name="last month", ended=100.0))
    journal.record(changed(OrderState.DONE, name="yesterday", ended=100.0 + 29 * DAY))
    journal.record(changed(OrderState.IN_DOUBT, name="unknown"))
    orders = journal.last_state(now=100.0 + 30 * DAY, max_age=60.0).orders
    assert sorted(each.id for each in orders) == ["unknown", "yesterday"]


def test_a_round_does_not_carry_what_the_orders_own_rows_tell(journal: SqliteJournal) -> None:
    ended, open_ = order(OrderState.DONE, name="ended", ended=70.0), order(OrderState.UNDER_WAY, name="open")
    seen = decision(3)
    journal.record(decided(replace(seen, state=replace(seen.state, orders=(ended, open_)))))
    kept = journal.round(3)
    assert kept is not None
    assert [each.id for each in kept.decision.state.orders] == ["open"]


def test_what_was_only_rehearsed_does_not_bind_the_next_daemon(journal: SqliteJournal) -> None:
    journal.record(changed(OrderState.DONE, "dry-run", ended=70.0))
    assert journal.last_state(now=90.0, max_age=60.0).orders == ()


# -- how much is kept --------------------------------------------------------------------------------------------------


def test_rounds_and_notes_go_when_they_are_too_old_and_orders_once_no_limit_or_rest_can_count_them(
    home: Path, clock: Hands
) -> None:
    clock.time = 60.0
    with open_journal(home, clock.now, Keep(days=1.0)) as journal:
        journal.record(decided(decision(1, now=0.0)))
        journal.record(RoundLost(2, "no broker"))
        journal.record(changed(OrderState.DONE, name="ended", ended=60.0))
        journal.record(changed(OrderState.UNDER_WAY, name="open"))
        clock.time = 2 * DAY
        journal.record(decided(decision(3, now=2 * DAY)))
        history = journal.history(10)
        assert [line.number for line in history.rounds] == [3]
        assert history.notes == ()
        assert [each.id for each in history.orders] == ["ended", "open"]
        clock.time = 40 * DAY
        journal.record(decided(decision(4, now=40 * DAY)))
        assert [each.id for each in journal.history(10).orders] == ["open"]
        assert journal.changes("ended") == ()


def test_old_rounds_go_a_few_at_a_time(home: Path, clock: Hands) -> None:
    with open_journal(home, clock.now, Keep(days=1.0)) as journal:
        for number in range(1, 21):
            journal.record(decided(decision(number, now=float(number))))
        journal.record(decided(decision(21, now=3 * DAY)))
        assert [line.number for line in journal.history(99).rounds] == list(range(9, 22))


def bulky(number: int) -> Rejection:
    """Something that compression cannot make small."""
    return Rejection("test3", "hypervisor2", "relieve", 3, os.urandom(150_000).hex(), float(number))


def test_a_large_journal_drops_its_oldest_rounds_and_the_file_shrinks(home: Path, clock: Hands) -> None:
    with open_journal(home, clock.now) as journal:
        for number in range(1, 31):
            journal.record(decided(decision(number, rejections=(bulky(number),))))
    before = (home / FILE).stat().st_size
    with open_journal(home, clock.now, Keep(mebibytes=1.0)) as journal:
        for number in range(31, 41):
            journal.record(decided(decision(number, rejections=(bulky(number),))))
        numbers = [line.number for line in journal.history(99).rounds]
        assert numbers[-1] == 40
        assert numbers[0] > 30
        assert journal.round(40) is not None
    assert (home / FILE).stat().st_size < min(before / 2, 2 * 1024 * 1024)


# -- what happens to it ------------------------------------------------------------------------------------------------

CRASH = """
import os, signal, sys
from pathlib import Path
from balancer.adapters.journal import open_journal
from balancer.core.model import OrderState
from tests.adapters.samples import changed, decided, decision
journal = open_journal(Path(sys.argv[1]), lambda: 60.0)
journal.record(decided(decision(3)))
journal.record(changed(OrderState.INTENT))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_order_survives_a_kill_right_after_it_was_recorded(home: Path, clock: Hands) -> None:
    crashed = subprocess.run([sys.executable, "-c", CRASH, str(home)], check=False, timeout=60)
    assert crashed.returncode == -signal.SIGKILL
    with open_journal(home, clock.now) as journal:
        assert journal.last_state(now=90.0, max_age=60.0).orders == (order(OrderState.INTENT),)


def test_half_a_transaction_never_happened(journal: SqliteJournal) -> None:
    journal._connection.execute("DROP TABLE order_changes")
    with pytest.raises(JournalError, match="no such table"):
        journal.record(changed(OrderState.INTENT))
    assert journal.history(10).orders == ()


HOLD = """
import sys
from pathlib import Path
from balancer.adapters.journal import open_journal
journal = open_journal(Path(sys.argv[1]), lambda: 1764547200.0)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_daemon_learns_who_holds_the_directory(home: Path, clock: Hands) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(
            JournalError, match=f"held by process {first.pid} on .* since 2025-12-01 00:00:00 UTC: stop"
        ):
            open_journal(home, clock.now)
        first.kill()
    with open_journal(home, clock.now) as journal:
        assert journal.epoch == 1764547201


def test_commands_read_while_the_daemon_writes(home: Path, journal: SqliteJournal) -> None:
    journal.record(decided(decision(3)))
    with closing(read_journal(home)) as reader:
        assert [line.number for line in reader.history(10).rounds] == [3]
        journal.record(decided(decision(4)))
        assert [line.number for line in reader.history(10).rounds] == [3, 4]


def test_a_reader_cannot_write(home: Path, journal: SqliteJournal) -> None:
    with closing(read_journal(home)) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM rounds")


def test_without_a_journal_the_command_says_what_to_do(home: Path) -> None:
    with pytest.raises(JournalError, match="no journal yet: start the daemon with xen-balancer run"):
        read_journal(home)


def test_the_state_directory_is_its_users_alone(home: Path, journal: SqliteJournal) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_directory_where_others_may_write_is_refused(home: Path, clock: Hands) -> None:
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(JournalError, match=r"others may write here \(mode 777\): chmod 700"):
        open_journal(home, clock.now)


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path, clock: Hands) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="Not a directory: check the disk"):
        open_journal(tmp_path / "file" / "state", clock.now)


@contextmanager
def no_page_left(journal: SqliteJournal) -> Iterator[None]:
    """A disk without room for another page."""
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    yield
    journal._connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def no_byte_left(journal: SqliteJournal) -> Iterator[None]:
    """A quota that is used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("disk", "remedy"),
    [
        (no_page_left, "database or disk is full: free some space there"),
        (no_byte_left, "check the disk, the space on it"),
    ],
)
def test_a_full_disk_is_an_error_and_the_journal_recovers_alone(
    journal: SqliteJournal, disk: Callable[[SqliteJournal], AbstractContextManager[None]], remedy: str
) -> None:
    journal.record(changed(OrderState.INTENT, name="before"))
    with disk(journal):
        with pytest.raises(JournalError, match=remedy):
            journal.record(decided(decision(3, rejections=(bulky(3),))))
        assert journal.round(3) is None
    journal.record(decided(decision(4)))
    journal.record(changed(OrderState.DONE, name="before"))
    assert [line.number for line in journal.history(10).rounds] == [4]
    assert journal._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def closed_journal(home: Path) -> Path:
    with open_journal(home, lambda: 1000.0) as journal:
        for number in range(1, 11):
            journal.record(decided(decision(number, rejections=(bulky(number),))))
    return home / FILE


def test_a_damaged_file_is_said_to_be_so_and_left_alone(home: Path, clock: Hands) -> None:
    path = closed_journal(home)
    damaged = bytearray(path.read_bytes())
    for page in range(1, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    path.write_bytes(damaged)
    with pytest.raises(JournalError, match="move the file away or bring back a copy"):
        open_journal(home, clock.now)
    assert path.read_bytes() == damaged


def test_a_file_that_is_no_journal_is_left_alone(home: Path, clock: Hands) -> None:
    home.mkdir(mode=0o700)
    (home / FILE).write_bytes(b"these are somebody's holiday plans" * 200)
    with pytest.raises(JournalError, match="file is not a database: move the file away"):
        open_journal(home, clock.now)
    assert (home / FILE).read_bytes().startswith(b"these are")


def test_a_round_whose_content_is_damaged_is_an_error(home: Path, clock: Hands) -> None:
    path = closed_journal(home)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE rounds SET content = x'00ff' WHERE number = 10")
    with open_journal(home, clock.now) as journal:
        with pytest.raises(JournalError, match="what stands in it cannot be read"):
            journal.last_state(clock.now(), LONG)
        assert journal.round(9) is not None


def test_a_journal_of_another_schema_is_left_alone(home: Path, clock: Hands) -> None:
    path = closed_journal(home)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for opening in (lambda: open_journal(home, clock.now), lambda: read_journal(home)):
        with pytest.raises(JournalError, match="a journal of schema 99, this version of xen-balancer knows 2"):
            opening()


def test_after_a_failed_opening_the_directory_is_free_again(home: Path, clock: Hands) -> None:
    home.mkdir(mode=0o700)
    (home / FILE).write_bytes(b"x" * 5000)
    with pytest.raises(JournalError):
        open_journal(home, clock.now)
    (home / FILE).unlink()
    with open_journal(home, clock.now) as journal:
        assert journal.epoch == 1000

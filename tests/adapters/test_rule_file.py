import os
from pathlib import Path

import pytest

from balancer.adapters.rule_file import RuleFile, RulesError, write_text
from balancer.core.figures.signals import VOCABULARY
from balancer.ports import RulesRead
from tests.adapters.samples import Memory

GOOD = """\
rule relieve
  when  host.load > 0.4 for 3 rounds
  move  vm   by most cpu_time
  to    host by least load    where vms < 10    as "max VMs"
"""
BETTER = GOOD.replace("3 rounds", "5 rounds")
BROKEN = GOOD.replace("rounds", "runds")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "farm.rules"
    path.write_text(GOOD)
    return path


def test_the_start_says_which_rules_are_in_force(path: Path) -> None:
    journal = Memory()
    rules = RuleFile(path, VOCABULARY, journal)
    assert [rule.name for rule in rules.current().rules] == ["relieve"]
    assert journal.events == [RulesRead(str(path), None)]


def test_a_broken_file_does_not_start(path: Path) -> None:
    path.write_text(BROKEN)
    with pytest.raises(RulesError, match=r"farm\.rules:2:31: syntax: “runds”"):
        RuleFile(path, VOCABULARY, Memory())


def test_all_mistakes_are_told_at_once(path: Path) -> None:
    path.write_text(GOOD.replace("host.load", "host.lod").replace("cpu_time", "cpu_tme"))
    with pytest.raises(RulesError) as error:
        RuleFile(path, VOCABULARY, Memory())
    assert "farm.rules:2:" in str(error.value)
    assert "farm.rules:3:" in str(error.value)


@pytest.mark.parametrize(
    ("make", "why"),
    [(Path.exists, "No such file"), (Path.mkdir, "not a regular file"), (os.mkfifo, "not a regular file")],
    ids=["missing", "directory", "fifo"],
)
def test_what_cannot_be_read_does_not_start(tmp_path: Path, make: object, why: str) -> None:
    path = tmp_path / "no.rules"
    make(path)  # type: ignore[operator]
    with pytest.raises(RulesError, match=why):
        RuleFile(path, VOCABULARY, Memory())


def test_a_changed_file_is_in_force_from_the_next_round(path: Path) -> None:
    journal = Memory()
    rules = RuleFile(path, VOCABULARY, journal)
    before = rules.current()
    path.write_text(BETTER + "# and more\n")
    assert rules.current().sha256 != before.sha256
    assert journal.events == [RulesRead(str(path), None)] * 2


def test_an_unchanged_file_is_read_once(path: Path) -> None:
    journal = Memory()
    rules = RuleFile(path, VOCABULARY, journal)
    assert rules.current() is rules.current()
    assert len(journal.events) == 1


def test_a_reload_reads_an_unchanged_file_again(path: Path) -> None:
    journal = Memory()
    rules = RuleFile(path, VOCABULARY, journal)
    rules.reload()
    rules.current()
    rules.current()
    assert journal.events == [RulesRead(str(path), None)] * 2


def test_a_broken_file_leaves_the_last_good_rules_and_is_told_once(path: Path) -> None:
    journal = Memory()
    rules = RuleFile(path, VOCABULARY, journal)
    good = rules.current()
    path.write_text(BROKEN)
    assert [rules.current() for _ in range(3)] == [good] * 3
    _, news = journal.events
    assert isinstance(news, RulesRead)
    assert news.problem is not None
    assert "runds" in news.problem


def test_a_file_that_vanishes_leaves_the_last_good_rules(path: Path) -> None:
    journal = Memory()
    rules = RuleFile(path, VOCABULARY, journal)
    good = rules.current()
    path.unlink()
    assert [rules.current() for _ in range(3)] == [good] * 3
    assert [event.problem is None for event in journal.events if isinstance(event, RulesRead)] == [True, False]


def test_a_mended_file_is_in_force_again(path: Path) -> None:
    rules = RuleFile(path, VOCABULARY, Memory())
    path.write_text(BROKEN)
    rules.current()
    path.write_text(BETTER + "# mended\n")
    rules.current()
    assert rules.problem is None
    assert rules.in_force.rules[0].when.hold is not None
    assert rules.in_force.rules[0].when.hold.value == 5


def test_while_the_journal_is_full_the_rules_go_on_and_the_news_wait(path: Path) -> None:
    journal = Memory()
    rules = RuleFile(path, VOCABULARY, journal)
    journal.failure = "disk full"
    path.write_text(BETTER + "# now\n")
    in_force = rules.current()
    assert in_force.rules[0].when.hold is not None
    assert in_force.rules[0].when.hold.value == 5
    journal.failure = None
    rules.current()
    rules.current()
    assert journal.events == [RulesRead(str(path), None)] * 2


def test_a_file_is_written_wholly_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RulesError, match="unwritable: No space left on device; the file is as it was"):
        write_text(path, BETTER)

    assert path.read_text() == GOOD
    assert list(path.parent.iterdir()) == [path]


def test_a_running_balancer_sees_that_a_file_was_written(path: Path) -> None:
    rules = RuleFile(path, VOCABULARY, Memory())
    write_text(path, BETTER)
    hold = rules.current().rules[0].when.hold
    assert hold is not None
    assert hold.value == 5

"""What several commands say."""

import pytest

from balancer.adapters.journal_reader import Note
from balancer.commands.words import in_short, many
from balancer.ports import OperatorActed, OrderHeld, RoundLost, RulesRead


def test_one_is_one_and_any_other_number_is_several() -> None:
    assert [many(count, "host") for count in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (OrderHeld("web1", "hv1", "hv2", "limit 2 at once: 2 already"),
         ["held web1 from hv1 to hv2: limit 2 at once: 2 already"]),
        (RoundLost(4, "no broker"), ["round 4 lost: no broker"]),
        (RulesRead("a.rules", None), ["rules in force: a.rules"]),
        (RulesRead("a.rules", "a.rules:1:1: syntax: x\n  wen\n  ^"),
         ["rules not read: a.rules cannot be run with; the last good rules stay in force",
          "a.rules:1:1: syntax: x", "  wen", "  ^"]),
        (OperatorActed("root", "pause", "rack b"), ["pause by root: rack b"]),
        (OperatorActed("root", "resume"), ["resume by root"]),
    ],
)  # fmt: skip
def test_what_happened_is_told_in_words(event: Note, words: list[str]) -> None:
    assert list(in_short(event)) == words

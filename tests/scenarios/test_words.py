"""Each word of the language on a farm on which it makes a difference."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
import yaml

from dsl.manual import CLAUSES, STATEMENTS, WORDS
from tests.scenarios.words import budgets, kinds, rules, walls
from tests.scenarios.words.ground import Row, ground
from tests.trials import record

ROWS = (*rules.ROWS, *walls.ROWS, *kinds.ROWS, *budgets.ROWS)


def moved(row: Row, text: str, folder: Path) -> str:
    """Every move that began, with its round."""
    farm = ground(row)
    series = farm.pop("series")
    case = {"name": row.word, "farm": "small", "series": series, "rounds": row.rounds, "moves": "any"}  # fmt: skip
    document = {"format": "rules-test/1", "rules": "farm.rules", "farms": {"small": farm}, "tests": [case]}
    played = record(folder, yaml.safe_dump(document), text)
    assert not played.lost
    return ", ".join(
        f"{order.round} {order.move.vm}: {order.move.source} -> {order.move.target}" for order in played.orders
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.word)
def test_a_word_makes_the_difference(row: Row, tmp_path: Path) -> None:
    without, within = (moved(row, text, tmp_path) for text in (row.without, row.within))
    assert (without, within) == (row.moves_without, row.moves_within)
    assert without != within


TOLD: Final = frozenset({"as"})
"""What is only told to people, and decides nothing."""


def spoken(text: str) -> Counter[str]:
    return Counter(re.findall(r"[a-z0-9]+\.?", re.sub(r'"[^"]*"', "", text)))


def test_every_word_of_the_manual_makes_a_difference_somewhere() -> None:
    words = {entry.word for entry in (*STATEMENTS, *CLAUSES, *WORDS)}
    added = {word for row in ROWS for word in spoken(row.within) - spoken(row.without)}
    assert words - added == TOLD

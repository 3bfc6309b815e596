"""The manual for rule authors says nothing that the language does not do."""

import re
from pathlib import Path

import pytest

from balancer.adapters.calendar import LANGUAGE
from dsl.findings import render
from dsl.loading import load
from dsl.vocabulary import Word

MANUAL = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
OWNERS = {"host": "Of a host", "vm": "Of a VM", "farm": "Of the farm"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", MANUAL, flags=re.MULTILINE | re.DOTALL)


def told(text: str) -> str:
    loaded = load("farm.rules", text.encode(), LANGUAGE)
    return "".join(f"{render(finding, 'farm.rules', loaded.text)}\n" for finding in loaded.findings)


def described(owner: str) -> dict[str, str]:
    """The names in the manual's table of an owner, each with its kind."""
    table = MANUAL.partition(f"\n{OWNERS[owner]} (")[2].partition("\n\n")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]
    return {name: kind for names, kind, _ in rows for name in re.findall(r"`(\w+)`", names)}


@pytest.mark.parametrize("text", blocks("rules"), ids=lambda text: text.partition("\n")[0])
def test_every_example_can_be_run_with(text: str) -> None:
    assert told(text) == ""


def test_the_mistakes_are_told_as_the_manual_says() -> None:
    (mistaken,), (said,) = blocks("mistaken"), blocks("said")

    assert told(mistaken) == said


@pytest.mark.parametrize("owner", OWNERS)
def test_the_tables_name_what_can_be_measured(owner: str) -> None:
    kinds = {"bool": "yes or no"}
    words = [word for word in LANGUAGE.words.values() if word.owner == owner and word.supported]

    assert described(owner) == {word.name: kinds.get(word.kind, str(word.kind)) for word in words}


@pytest.mark.parametrize("word", LANGUAGE.words.values(), ids=lambda word: f"{word.owner}.{word.name}")
def test_every_word_has_a_meaning_to_show(word: Word) -> None:
    assert word.meaning

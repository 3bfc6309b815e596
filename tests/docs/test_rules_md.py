"""The manual for rule authors says nothing that the language does not do."""

import re
from pathlib import Path

import pytest

from balancer.adapters.calendar import LANGUAGE
from balancer.core.trials.expectations import CLAIMS
from dsl.findings import render
from dsl.formatting import format_source
from dsl.loading import load
from dsl.vocabulary import Word
from tests.scripts import script
from tests.trials import said, verdicts

DOCS = Path(__file__).parents[2] / "docs"
MANUAL = (DOCS / "rules.md").read_text(encoding="utf-8")
REFERENCE = script(DOCS / "reference.py")
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


@pytest.mark.parametrize("text", blocks("rules"), ids=lambda text: text.partition("\n")[0])
def test_every_example_is_laid_out(text: str) -> None:
    assert format_source(text.encode()).text == text


def test_the_tested_rules_pass_the_test_that_is_shown(tmp_path: Path) -> None:
    (rules,), (tests,) = blocks("tested rules"), blocks("yaml rules-test/1")
    assert told(rules) == ""
    assert [(each.name, said(each)) for each in verdicts(tmp_path, tests, rules)] == [
        ("two hot rounds move nothing, the third does", ""),
        ("whatever happens, nothing is broken", ""),
    ]


def test_every_claim_is_in_the_table() -> None:
    assert {claim for claim in CLAIMS if f"| `{claim}: " not in MANUAL} == set()


def test_the_mistakes_are_told_as_the_manual_says() -> None:
    (mistaken,), (said,) = blocks("mistaken"), blocks("said")

    assert told(mistaken) == said


def test_a_file_is_laid_out_as_the_manual_says() -> None:
    (anyhow,), (laid_out,) = blocks("anyhow"), blocks("laid-out")

    assert format_source(anyhow.encode()).text == laid_out
    assert told(laid_out) == ""


@pytest.mark.parametrize("owner", OWNERS)
def test_the_tables_name_what_can_be_measured(owner: str) -> None:
    kinds = {"bool": "yes or no"}
    words = [word for word in LANGUAGE.words.values() if word.owner == owner]

    assert described(owner) == {word.name: kinds.get(word.kind, str(word.kind)) for word in words}


@pytest.mark.parametrize("word", LANGUAGE.words.values(), ids=lambda word: f"{word.owner}.{word.name}")
def test_every_word_has_a_meaning_to_show(word: Word) -> None:
    assert word.meaning


def test_the_tables_of_all_words_are_those_of_today() -> None:
    assert REFERENCE.renewed(MANUAL) == MANUAL, "make reference writes them anew"

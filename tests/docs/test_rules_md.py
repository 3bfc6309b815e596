"""The pages for rule authors say nothing that the language does not do."""

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
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("rules*.md"))}
MANUAL = "\n".join(PAGES.values())
REFERENCE = script(DOCS / "reference.py")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", MANUAL, flags=re.MULTILINE | re.DOTALL)


def told(text: str) -> str:
    loaded = load("farm.rules", text.encode(), LANGUAGE)
    return "".join(f"{render(finding, 'farm.rules', loaded.text)}\n" for finding in loaded.findings)


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


def test_a_file_is_laid_out_as_the_manual_says() -> None:
    (anyhow,), (laid_out,) = blocks("anyhow"), blocks("laid-out")

    assert format_source(anyhow.encode()).text == laid_out
    assert told(laid_out) == ""


@pytest.mark.parametrize("word", LANGUAGE.words.values(), ids=lambda word: f"{word.owner}.{word.name}")
def test_every_word_has_a_meaning_to_show(word: Word) -> None:
    assert word.meaning


def test_the_tables_of_all_words_are_those_of_today() -> None:
    page = PAGES["rules-words.md"]
    assert REFERENCE.renewed(page) == page, "make reference writes them anew"

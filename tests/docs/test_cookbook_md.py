"""Every recipe of the cookbook passes its test, and no line of it can be taken out without the test noticing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from balancer.adapters.calendar import LANGUAGE
from dsl.findings import render
from dsl.formatting import format_source
from dsl.loading import load
from tests.trials import said, verdicts

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")
TAIL = re.compile(r" and (?!.* for \d)[^#]*|, each [^#]*| except [^#]*")


class Recipe(NamedTuple):
    """What is written below a heading."""

    title: str
    rules: str
    tests: str


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def recipes() -> Iterator[Recipe]:
    for section in PAGE.split("\n## ")[1:]:
        (rules,), (tests,) = blocks(section, "rules"), blocks(section, "yaml tests")
        yield Recipe(section.partition("\n")[0], rules, tests)


def without_something(rules: str) -> Iterator[tuple[str, str]]:
    """What was taken out (a statement, a line of one, a line's tail) and what is left, where it can be run with."""
    for cut in re.finditer(r"^\S.*\n(?: +.*\n)*", rules, re.MULTILINE):
        yield from _left(rules, cut.start(), cut.end())
        for line in re.finditer(r"^ +.*\n", cut[0], re.MULTILINE):
            yield from _left(rules, cut.start() + line.start(), cut.start() + line.end())
    for tail in TAIL.finditer(rules):
        yield from _left(rules, tail.start(), tail.end())


def _left(rules: str, start: int, end: int) -> Iterator[tuple[str, str]]:
    left = rules[:start] + rules[end:]
    if load("farm.rules", left.encode(), LANGUAGE).ruleset is not None:
        yield rules[start:end].strip(), left


def played(folder: Path, recipe: Recipe, rules: str) -> list[str]:
    """What went wrong, test by test."""
    (farms,) = blocks(PAGE, "yaml farms")
    return [said(each) for each in verdicts(folder, f"{farms}\ntests:\n{recipe.tests}", rules)]


RECIPES = tuple(recipes())


def test_there_are_twenty() -> None:
    assert len(RECIPES) == 20


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_is_laid_out_and_nothing_is_to_be_said_of_it(recipe: Recipe) -> None:
    loaded = load("farm.rules", recipe.rules.encode(), LANGUAGE)
    assert [render(each, "farm.rules", loaded.text) for each in loaded.findings] == []
    assert format_source(recipe.rules.encode()).text == recipe.rules


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_does_what_its_test_says(recipe: Recipe, tmp_path: Path) -> None:
    assert set(played(tmp_path, recipe, recipe.rules)) == {""}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_nothing_of_a_recipe_can_be_taken_out(recipe: Recipe, tmp_path: Path) -> None:
    variants = list(without_something(recipe.rules))
    assert variants
    assert [cut for cut, left in variants if set(played(tmp_path, recipe, left)) == {""}] == []

"""What the manual says of each finding is what is said."""

import re
import subprocess
from pathlib import Path

import pytest

from balancer.adapters.calendar import LANGUAGE
from balancer.assembly.moment import observe_snapshot
from balancer.core.audit import audit
from dsl.codes import CODES
from dsl.findings import render
from dsl.loading import load

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([a-z-]+)`\n(.*?)(?=^##|\Z)", MANUAL, flags=re.MULTILINE | re.DOTALL))
FARM = observe_snapshot(ROOT / "deploy" / "examples" / "farm.json")
EXAMPLES = [
    pytest.param(code, with_farm, text, said, id=f"{code}{with_farm}")
    for code, section in SECTIONS.items()
    for with_farm, text, said in re.findall(
        r"^```mistaken( with a farm)?\n(.*?)^```\n\n```said\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL
    )
]
MADE = [
    pytest.param(code, *each, id=code)
    for code, section in SECTIONS.items()
    for each in re.findall(r"^```made\n(.*?)\n```\n\n```ends\n(.*?)\n```$", section, flags=re.MULTILINE | re.DOTALL)
]


def told(text: str, *, with_farm: bool) -> list[tuple[str, str]]:
    """Each finding's code, and all that is said of it."""
    loaded = load("farm.rules", text.encode(), LANGUAGE)
    findings = loaded.findings
    if with_farm and loaded.ruleset is not None:
        findings = loaded.with_more(audit(loaded.ruleset, FARM))
    return [(each.code, render(each, "farm.rules", loaded.text)) for each in findings]


def test_each_code_has_a_section_in_the_order_of_the_table() -> None:
    assert list(SECTIONS) == list(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_section_begins_with_what_the_table_says(code: str) -> None:
    said = " ".join(SECTIONS[code].split())

    assert said.startswith(f"{CODES[code].severity.capitalize()}: {CODES[code].meaning}.")


@pytest.mark.parametrize("code", CODES)
def test_a_section_has_an_example(code: str) -> None:
    assert code in {each.values[0] for each in (*EXAMPLES, *MADE)}


@pytest.mark.parametrize(("code", "with_farm", "text", "said"), EXAMPLES)
def test_what_is_said_of_an_example(code: str, with_farm: str, text: str, said: str) -> None:
    findings = told(text, with_farm=bool(with_farm))

    assert {each for each, _ in findings} == {code}
    assert "".join(f"{each}\n" for _, each in findings) == said


@pytest.mark.parametrize(("code", "made", "ends"), MADE)
def test_what_is_said_of_a_file_that_is_made(code: str, made: str, ends: str) -> None:
    text = subprocess.run(["bash", "-c", made], capture_output=True, check=True, text=True).stdout
    code_told, said = told(text, with_farm=False)[-1]

    assert (code_told, said.splitlines()[0]) == (code, ends)


def test_the_example_that_allows_a_warning_can_be_run_with() -> None:
    (text,) = re.findall(r"^```rules\n(.*?)^```$", MANUAL, flags=re.MULTILINE | re.DOTALL)

    assert told(text, with_farm=False) == []

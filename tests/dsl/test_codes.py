"""The table of codes is what the code says."""

import re
from collections.abc import Iterator
from pathlib import Path

from dsl.codes import CODES

ROOT = Path(__file__).parents[2]


def told() -> Iterator[tuple[str, str]]:
    """Each severity and code that some line of the language or of the balancer makes a finding with."""
    for package in ("dsl", "balancer"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            for made, code in re.findall(r'\b(error|warning|_complain)\(\s*"([a-z-]+)"', text):
                yield "warning" if made == "warning" else "error", code


def test_every_finding_is_as_grave_as_its_code() -> None:
    assert {
        (severity, code) for severity, code in told() if code in CODES and CODES[code].severity != severity
    } == set()


def test_every_code_that_is_told_has_its_row() -> None:
    assert {code for _, code in told()} - CODES.keys() == set()

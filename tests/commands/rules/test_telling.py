import json

import pytest

from balancer.commands.rules.telling import FINDINGS
from dsl.findings import error
from dsl.syntax import Span

FINDING = error("syntax", "“runds” cannot stand after “3”", Span(2, 5, 2, 10), "did you mean rounds?")
TEXT = "rule r\n  3 runds\n"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (
            "text",
            "my.rules:2:5: syntax: “runds” cannot stand after “3”\n"
            "    2 |   3 runds\n"
            "      |     ^^^^^ did you mean rounds?",
        ),
        ("lines", "my.rules:2:5: syntax: “runds” cannot stand after “3” (did you mean rounds?)"),
    ],
)
def test_a_finding_is_told_to_a_person_and_to_an_editor(form: str, told: str) -> None:
    assert FINDINGS[form](FINDING, "my.rules", TEXT) == told


def test_a_finding_is_told_to_a_program() -> None:
    assert json.loads(FINDINGS["json"](FINDING, "my.rules", TEXT)) == {
        "format": "finding/1", "file": "my.rules", "line": 2, "column": 5, "severity": "error", "code": "syntax",
        "message": "“runds” cannot stand after “3”", "hint": "did you mean rounds?",
    }  # fmt: skip

import json

from balancer.commands.rules.telling import FINDINGS
from dsl.findings import error
from dsl.syntax import Span

FINDING = error("syntax", "“runds” cannot stand after “3”", Span(2, 5, 2, 10), "did you mean rounds?")
TEXT = "rule r\n  3 runds\n"


def test_a_finding_is_told_to_a_person() -> None:
    assert FINDINGS["text"](FINDING, "my.rules", TEXT).splitlines() == [
        "my.rules:2:5: syntax: “runds” cannot stand after “3” [error]",
        "    2 |   3 runds",
        "      |     ^^^^^ did you mean rounds?",
    ]


def test_a_finding_is_told_to_an_editor() -> None:
    told = "my.rules:2:5: syntax: “runds” cannot stand after “3” (did you mean rounds?) [error]"
    assert FINDINGS["lines"](FINDING, "my.rules", TEXT) == told


def test_a_finding_is_told_to_a_program() -> None:
    assert json.loads(FINDINGS["json"](FINDING, "my.rules", TEXT)) == {
        "format": "finding/1", "file": "my.rules", "line": 2, "column": 5, "severity": "error", "code": "syntax",
        "message": "“runds” cannot stand after “3”", "hint": "did you mean rounds?",
    }  # fmt: skip

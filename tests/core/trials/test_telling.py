"""How the outcome of tests is told."""

from balancer.core.trials.coverage import Coverage, Spot
from balancer.core.trials.record import Failure
from balancer.core.trials.telling import Verdict, coverage_lines, document, summary_line, verdict_lines

GOOD = Verdict("a.test.yaml", "calm", "a.rules", 1, 0)
BAD = Verdict(
    "a.test.yaml",
    "hot",
    "a.rules",
    7,
    2,
    (Failure("moves", ("- one", "+ other"), 12),),
    again="format: x\nrules: y",
    line=9,
    seconds=1.25,
)
COVERAGE = Coverage(
    "a.rules",
    {Spot(9, "where max load", ("true", "false")): {"true": 3, "false": 0}, Spot(2, "rule r", ("used",)): {"used": 1}},
)


def test_a_test_is_a_line_and_what_went_wrong_stands_below_it() -> None:
    assert verdict_lines(GOOD) == ["ok     calm (1 round, 0 moves)"]
    assert verdict_lines(BAD) == [
        "FAILED hot (7 rounds, 2 moves)",
        "       a.test.yaml:12: moves",
        "         - one",
        "         + other",
        "       this test fails in the same way:",
        "         format: x",
        "         rules: y",
    ]


def test_the_end_counts_them() -> None:
    assert summary_line([GOOD]) == "1 test: 1 passed, 0 failed"
    assert summary_line([GOOD, BAD, BAD]) == "3 tests: 1 passed, 2 failed"


def test_coverage_is_told_by_line_and_what_was_never_seen_stands_out() -> None:
    assert coverage_lines([COVERAGE]) == [
        "a.rules:2: rule r: used 1 time",
        "a.rules:9: where max load: true 3 times, NEVER FALSE",
        "a.rules: 67% covered",
    ]


def test_for_programs_it_is_one_document() -> None:
    assert document([GOOD, BAD], [COVERAGE]) == {
        "format": "rules-test-result/1",
        "passed": 1,
        "failed": 1,
        "tests": [
            {"file": "a.test.yaml", "line": 1, "name": "calm", "rules": "a.rules", "passed": True, "rounds": 1,
             "moves": 0, "seconds": 0.0, "failures": [], "again": None},
            {"file": "a.test.yaml", "line": 9, "name": "hot", "rules": "a.rules", "passed": False, "rounds": 7,
             "moves": 2, "seconds": 1.25, "failures": [{"line": 12, "what": "moves", "details": ["- one", "+ other"]}],
             "again": "format: x\nrules: y"},
        ],
        "coverage": [
            {"rules": "a.rules", "percent": 66.7, "spots": [
                {"line": 9, "name": "where max load", "true": 3, "false": 0}, {"line": 2, "name": "rule r", "used": 1},
            ]},
        ],
    }  # fmt: skip

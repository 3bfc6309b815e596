"""The outcome as a CI reads it."""

from pathlib import Path
from xml.etree import ElementTree as ET

from balancer.adapters.trials.junit import write_junit
from balancer.core.trials.record import Failure
from balancer.core.trials.telling import Verdict

GOOD = Verdict("a.test.yaml", "good", "a.rules", 3, 0, line=4, seconds=0.25)
BAD = Verdict(
    "a.test.yaml",
    "bad <&> \x1b",
    "a.rules",
    3,
    1,
    (Failure("moves", ("- one", "+ other \x00"), 12), Failure("x")),
    line=9,
    seconds=1.5,
)
OTHER = Verdict("b.test.yaml", "good", "b.rules", 1, 0)


def test_a_suite_a_file_a_case_a_test_and_the_words_of_the_terminal(tmp_path: Path) -> None:
    write_junit(tmp_path / "report.xml", [GOOD, BAD, OTHER])
    root = ET.parse(tmp_path / "report.xml").getroot()
    assert root.tag == "testsuites"
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "0", "time": "1.750"}
    first, second = root
    assert first.attrib == {"name": "a.test.yaml", "tests": "2", "failures": "1", "errors": "0", "time": "1.750"}
    assert second.attrib == {"name": "b.test.yaml", "tests": "1", "failures": "0", "errors": "0", "time": "0.000"}
    good, bad = first
    place = {"file": "a.test.yaml", "line": "4", "time": "0.250"}
    assert (good.attrib, list(good)) == ({"name": "good", "classname": "a.rules"} | place, [])
    assert [bad.attrib[key] for key in ("name", "line", "time")] == ["bad <&> \\x1b", "12", "1.500"]
    (failure,) = bad
    assert (failure.tag, failure.attrib) == ("failure", {"message": "moves"})
    assert failure.text == "a.test.yaml:12: moves\n  - one\n  + other \\x00\na.test.yaml:9: x"

"""The outcome as a CI reads it."""

from pathlib import Path
from xml.etree import ElementTree as ET

from balancer.adapters.trials.junit import write_junit
from balancer.core.trials.record import Failure
from balancer.core.trials.telling import Verdict

GOOD = Verdict("a.test.yaml", "good", "a.rules", 3, 0)
BAD = Verdict(
    "a.test.yaml", "bad <&> \x1b", "a.rules", 3, 1, (Failure("moves", ("- one", "+ other \x00")), Failure("x"))
)
OTHER = Verdict("b.test.yaml", "good", "b.rules", 1, 0)


def test_a_suite_a_file_a_case_a_test_and_the_words_of_the_terminal(tmp_path: Path) -> None:
    write_junit(tmp_path / "report.xml", [GOOD, BAD, OTHER])
    root = ET.parse(tmp_path / "report.xml").getroot()
    assert root.tag == "testsuites"
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "0"}
    first, second = root
    assert first.attrib == {"name": "a.test.yaml", "tests": "2", "failures": "1", "errors": "0"}
    assert second.attrib == {"name": "b.test.yaml", "tests": "1", "failures": "0", "errors": "0"}
    good, bad = first
    assert (good.attrib, list(good)) == ({"name": "good", "classname": "a.rules"}, [])
    assert bad.attrib["name"] == "bad <&> \\x1b"
    (failure,) = bad
    assert (failure.tag, failure.attrib) == ("failure", {"message": "moves"})
    assert failure.text == "moves\n  - one\n  + other \\x00\nx"

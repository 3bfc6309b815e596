"""The outcome of tests as JUnit's XML, which every CI shows.

Rule: one suite a test file, one case a test and rule file; the same words as on the terminal. `file` and `line` are
where the first thing that failed is expected, `time` is seconds.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from balancer.core.formats import printable
from balancer.core.trials.telling import Verdict, failure_lines


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write the report; OSError as the system tells it."""
    root = Element("testsuites", _counts(verdicts))
    for file, of_file in groupby(verdicts, key=lambda each: each.file):
        cases = list(of_file)
        suite = SubElement(root, "testsuite", {"name": file} | _counts(cases))
        for verdict in cases:
            _case(suite, verdict)
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _counts(verdicts: Sequence[Verdict]) -> dict[str, str]:
    failed = sum(not each.is_passed for each in verdicts)
    seconds = sum(each.seconds for each in verdicts)
    return {"tests": str(len(verdicts)), "failures": str(failed), "errors": "0", "time": f"{seconds:.3f}"}


def _case(suite: Element, verdict: Verdict) -> None:
    line = next((each.line for each in verdict.failures if each.line is not None), verdict.line)
    place = {"file": verdict.file, "line": str(line), "time": f"{verdict.seconds:.3f}"}
    case = SubElement(suite, "testcase", {"name": printable(verdict.name), "classname": verdict.rules} | place)
    if not verdict.is_passed:
        failure = SubElement(case, "failure", {"message": printable(verdict.failures[0].what)})
        failure.text = "\n".join(printable(line) for line in failure_lines(verdict))

"""How the verbs of `rules` tell a finding: to a person, to a program, to an editor.

Rule: one row a format.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from dsl.findings import Finding, in_one_line, render


def _document(finding: Finding, file: str, _text: str) -> str:
    place = {"file": file, "line": finding.span.line, "column": finding.span.column}
    said = {"severity": finding.severity, "code": finding.code, "message": finding.message, "hint": finding.hint}
    return json.dumps({"format": "finding/1"} | place | said)


FINDINGS: Final[Mapping[str, Callable[[Finding, str, str], str]]] = MappingProxyType({
    "text": render,
    "json": _document,
    "lines": lambda finding, file, _text: in_one_line(finding, file),
})  # fmt: skip
"""From a finding, its file and the text of that file."""

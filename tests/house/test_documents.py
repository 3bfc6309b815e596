"""What the documents name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"(?<![\w./-])(?:deploy|docs|rules|tests|balancer|agents|dsl)/[\w./-]*\w")
DOCUMENTS = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_that_a_document_names_exist(document: Path) -> None:
    named = {name for name in NAMED.findall(document.read_text()) if "NAME" not in name}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

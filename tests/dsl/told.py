"""Cases in text files: `== title`, a rule file, `--`, what becomes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest


def cases(folder: Path) -> Iterator[object]:
    """One parameter set a case: the text in, the text out."""
    for file in sorted(folder.glob("*.txt")):
        for case in file.read_text(encoding="utf-8").split("\n\n== "):
            title, _, rest = case.removeprefix("== ").strip("\n").partition("\n")
            text, _, told = rest.partition("\n--\n")
            yield pytest.param(text, told, id=f"{file.stem}: {title}")

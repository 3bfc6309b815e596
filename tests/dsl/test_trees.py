"""Statements and the trees they are read as; the folder `trees` shows what binds closer, and what may be left out."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from dsl.parser import parse
from dsl.syntax import WHERE_IT_STANDS, Kind
from tests.dsl.told import cases


def drawn(node: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """A node with its plain fields on a line and its branches below; without places, without what is not there."""
    parts = [(field.name, getattr(node, field.name)) for field in fields(node) if field.name not in WHERE_IT_STANDS]
    branches = [(field, each) for field, part in parts for each in (part if isinstance(part, tuple) else (part,))]
    plain = [
        f"{field}={part!r}"
        for field, part in branches
        if not is_dataclass(part) and part not in {None, "", Kind.NUMBER}
    ]
    yield "  " * depth + " ".join([*([f"{name}:"] if name else []), type(node).__name__, *plain])
    for field, part in branches:
        if is_dataclass(part):
            yield from drawn(part, field, depth + 1)


@pytest.mark.parametrize(("text", "tree"), list(cases(Path(__file__).parent / "trees")))
def test_this_is_read_as(text: str, tree: str) -> None:
    parsed = parse(text)

    assert parsed.findings == ()
    assert "\n".join(line for statement in parsed.statements for line in drawn(statement)) == tree

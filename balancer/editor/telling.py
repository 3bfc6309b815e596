"""What is told of a word of the language, of a name of the vocabulary and of a set, as Markdown.

Rule: every sentence comes from `dsl.manual` or from the vocabulary.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from balancer.editor.document import Document
from dsl.manual import Entry, entry
from dsl.syntax import Kind, Let
from dsl.units import UNITS
from dsl.vocabulary import Word

_WHOSE: Final[Mapping[str, str]] = MappingProxyType({"vm": "of a VM", "host": "of a host", "farm": "of the farm"})
_THINGS: Final[Mapping[str | None, str]] = MappingProxyType({"vm": "VMs", "host": "hosts", None: "nobody knows what"})
_WRITTEN: Final[Mapping[Kind, str]] = MappingProxyType({
    Kind.NUMBER: "a plain number", Kind.VERSION: "such as 4.17", Kind.TEXT: "in quotes", Kind.BOOL: "it stands alone",
})  # fmt: skip


FACT: Final = "a fact of a host"


def kind(of: Kind) -> str:
    """A kind, and how it is written: `share (%)`, `time (s, min, h, d)`."""
    units = ", ".join(unit for unit, (measured, _) in UNITS.items() if measured is of)
    return f"{of} ({units or _WRITTEN[of]})"


def whose(word: Word) -> str:
    """A name's kind and owner on one line."""
    return f"{kind(word.kind)}, {_WHOSE[word.owner]}"


def name(written: str, word: Word) -> str:
    """A name as it is written, with its owner's meaning where one is written."""
    prefix = written.removesuffix(word.name)
    owner = entry(prefix, "")
    lines = [f"**{written}**: {whose(word)}", word.meaning, f"`{prefix}` is {owner.meaning}" if owner else ""]
    return "\n\n".join(filter(None, lines))


def manual(of: Entry) -> str:
    """A word's shape, meaning and example."""
    return _with_code(f"`{of.shape}`\n\n{of.meaning}", of.example)


def things(document: Document, let: Let) -> str:
    """What a set is made of, in a few words."""
    return f"a set of {_THINGS[document.thing(let)]}"


def members(document: Document, let: Let) -> str:
    """A set, with its own text."""
    where = document.stretch(let.span)
    return _with_code(f"**{let.name}**: {things(document, let)}", document.text[where.start : where.end])


def _with_code(text: str, code: str) -> str:
    return f"{text}\n\n```rules\n{code}\n```" if code else text

"""A rule file as it is being written: `|` is where the cursor stands."""

from balancer.core.figures.signals import VOCABULARY
from balancer.editor.document import Document, Stretch


def written(text: str) -> tuple[Document, int]:
    """The document without the cursor, and where that stands."""
    before, cursor, after = text.partition("|")
    assert cursor
    return Document.read(before + after, VOCABULARY), len(before)


def document(text: str) -> Document:
    return Document.read(text, VOCABULARY)


def shown(of: Document, where: Stretch) -> str:
    return of.text[where.start : where.end]

"""From our values to those of the Language Server Protocol, and its places to our offsets.

Rule: tables and constructors only; what is told is decided elsewhere.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lsprotocol import types

from balancer.editor.completion import Offer
from balancer.editor.document import Document, Stretch
from balancer.editor.hovering import Told
from balancer.editor.layout import Layout, Place
from balancer.editor.outline import Heading
from dsl.findings import Finding

_SEVERITIES: Final[Mapping[str, types.DiagnosticSeverity]] = MappingProxyType({
    "error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning,
})  # fmt: skip
_SORTS: Final[Mapping[str, types.CompletionItemKind]] = MappingProxyType({
    "name": types.CompletionItemKind.Field,
    "set": types.CompletionItemKind.Variable,
    "unit": types.CompletionItemKind.Unit,
    "word": types.CompletionItemKind.Keyword,
    "snippet": types.CompletionItemKind.Snippet,
})  # fmt: skip
_HEADINGS: Final[Mapping[str, types.SymbolKind]] = MappingProxyType({
    "rule": types.SymbolKind.Function, "let": types.SymbolKind.Variable,
})  # fmt: skip


def position(layout: Layout, offset: int) -> types.Position:
    """A place in the client's units."""
    place = layout.place(offset)
    return types.Position(place.line, place.column)


def offset(layout: Layout, where: types.Position) -> int:
    """The character at a place that the client names."""
    return layout.offset(Place(where.line, where.character))


def span(layout: Layout, where: Stretch) -> types.Range:
    """A stretch of the text in the client's units."""
    return types.Range(position(layout, where.start), position(layout, where.end))


def diagnostic(document: Document, layout: Layout, finding: Finding) -> types.Diagnostic:
    """A finding at its place, the way out behind the message."""
    return types.Diagnostic(
        range=span(layout, document.shown(finding)),
        message=f"{finding.message}; {finding.hint}" if finding.hint else finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source="xen-balancer",
    )


def item(layout: Layout, offer: Offer, instead: Stretch, rank: int) -> types.CompletionItem:
    """Something to write in place of the begun word; editors sort by the rank."""
    is_snippet = offer.sort == "snippet"
    return types.CompletionItem(
        label=offer.label,
        kind=_SORTS[offer.sort],
        detail=offer.detail or None,
        documentation=markdown(offer.telling) if offer.telling else None,
        sort_text=f"{rank:04}",
        insert_text_format=types.InsertTextFormat.Snippet if is_snippet else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(span(layout, instead), offer.insert or offer.label),
    )


def hover(layout: Layout, told: Told) -> types.Hover:
    """What is told of a word, and which word it is."""
    return types.Hover(markdown(told.text), span(layout, told.where))


def symbol(layout: Layout, heading: Heading) -> types.DocumentSymbol:
    """A rule or set of the outline."""
    return types.DocumentSymbol(
        name=heading.name,
        detail=heading.sort,
        kind=_HEADINGS[heading.sort],
        range=span(layout, heading.whole),
        selection_range=span(layout, heading.where),
    )


def fold(layout: Layout, where: Stretch) -> types.FoldingRange:
    """Lines that can be folded into their first."""
    return types.FoldingRange(layout.place(where.start).line, layout.place(where.end).line)


def markdown(text: str) -> types.MarkupContent:
    """A text with its markup."""
    return types.MarkupContent(types.MarkupKind.Markdown, text)

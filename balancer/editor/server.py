"""The language server: hears what an editor asks over standard input, and answers over standard output.

Rule: one row for each thing that is said or asked. It knows the documents that are open and nothing else: no file is
read, none is written.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from balancer.editor import protocol
from balancer.editor.completion import completion
from balancer.editor.document import Document, Stretch
from balancer.editor.hovering import hovering
from balancer.editor.layout import Layout
from balancer.editor.names import Mention, RefusedError, mentioned, places, renamed
from balancer.editor.outline import folds, outline
from dsl.vocabulary import Vocabulary

_SNIPPETS: Final = "text_document.completion.completion_item.snippet_support"
_REFUSED: Final = -32803
"""The protocol's RequestFailed: it was understood, and will not be done."""


@dataclass(frozen=True, slots=True)
class Open:
    """A document that is open in the editor, where its lines are, and whether the editor can fill in snippets."""

    uri: str
    document: Document
    layout: Layout
    takes_snippets: bool

    def offset(self, where: types.Position) -> int:
        """The character at a place that the editor names."""
        return protocol.offset(self.layout, where)

    def span(self, where: Stretch) -> types.Range:
        """A stretch as the editor counts."""
        return protocol.span(self.layout, where)


class Server(LanguageServer):
    """The documents that are open, each as its last change left it."""

    def __init__(self, version: str, vocabulary: Vocabulary) -> None:
        # The whole text each time: pygls ends lines at more characters than the protocol does, and so would lose count.
        super().__init__("xen-balancer", version, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.open: dict[str, Open] = {}
        self._vocabulary = vocabulary

    def read(self, uri: str) -> Open:
        """Take in what the editor has sent."""
        document = Document.read(self.workspace.get_text_document(uri).source, self._vocabulary)
        encoding = types.PositionEncodingKind(self.workspace.position_encoding).value
        takes_snippets = bool(get_capability(self.client_capabilities, _SNIPPETS, default=False))
        self.open[uri] = Open(uri, document, Layout.of(document.text, encoding), takes_snippets)
        return self.open[uri]


def serve(version: str, vocabulary: Vocabulary) -> None:
    """Answer an editor until it says goodbye or is gone; `vocabulary` is what rules can speak of."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the editor's terminal is for the editor
    _tell_the_client_alone()
    server = Server(version, vocabulary)
    for name, hear in EVENTS.items():
        server.feature(name)(hear)
    for name, (answer, options) in QUESTIONS.items():
        server.feature(name, options)(_of_an_open_document(answer))
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:  # pygls closes it at the end
        server.start_io(sys.stdin.buffer, out)


def _tell_the_client_alone() -> None:
    """Whatever goes wrong is an answer to the client; pygls would print its traceback, too."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)


def _of_an_open_document(answer: Callable[[Open, Any], Any]) -> Callable[[Server, Any], Any]:
    """Of any other nothing is known."""

    def asked(ls: Server, question: Any) -> Any:
        opened = ls.open.get(question.text_document.uri)
        return None if opened is None else answer(opened, question)

    return asked


# -- what the editor says ----------------------------------------------------------------------------------------------


def _changed(ls: Server, said: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
    opened = ls.read(said.text_document.uri)
    findings = [protocol.diagnostic(opened.document, opened.layout, each) for each in opened.document.loaded.findings]
    told = types.PublishDiagnosticsParams(opened.uri, findings, said.text_document.version)
    ls.text_document_publish_diagnostics(told)


def _closed(ls: Server, said: types.DidCloseTextDocumentParams) -> None:
    ls.open.pop(said.text_document.uri, None)
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(said.text_document.uri, []))


# -- what it asks ------------------------------------------------------------------------------------------------------


def _completion(opened: Open, asked: types.CompletionParams) -> Sequence[types.CompletionItem]:
    found = completion(opened.document, opened.offset(asked.position))
    offers = [each for each in found.offers if opened.takes_snippets or each.sort != "snippet"]
    return [protocol.item(opened.layout, each, found.instead, rank) for rank, each in enumerate(offers)]


def _hover(opened: Open, asked: types.HoverParams) -> types.Hover | None:
    told = hovering(opened.document, opened.offset(asked.position))
    return protocol.hover(opened.layout, told) if told else None


def _definition(opened: Open, asked: types.DefinitionParams) -> Sequence[types.Location]:
    return [types.Location(opened.uri, opened.span(each.where)) for each in _same_set(opened, asked) if each.gives]


def _references(opened: Open, asked: types.ReferenceParams) -> Sequence[types.Location]:
    found = (each for each in _same_set(opened, asked) if asked.context.include_declaration or not each.gives)
    return [types.Location(opened.uri, opened.span(each.where)) for each in found]


def _same_set(opened: Open, asked: types.DefinitionParams | types.ReferenceParams) -> Sequence[Mention]:
    """All places of the set that is named at a place."""
    mention = mentioned(opened.document, opened.offset(asked.position))
    return places(opened.document, mention.name) if mention else ()


def _prepare_rename(opened: Open, asked: types.PrepareRenameParams) -> types.Range | None:
    mention = mentioned(opened.document, opened.offset(asked.position))
    return opened.span(mention.where) if mention else None


def _rename(opened: Open, asked: types.RenameParams) -> types.WorkspaceEdit:
    try:
        where = renamed(opened.document, opened.offset(asked.position), asked.new_name)
    except RefusedError as refusal:
        raise JsonRpcException(str(refusal), _REFUSED) from None
    return types.WorkspaceEdit({opened.uri: [types.TextEdit(opened.span(each), asked.new_name) for each in where]})


def _symbols(opened: Open, _asked: types.DocumentSymbolParams) -> Sequence[types.DocumentSymbol]:
    return [protocol.symbol(opened.layout, each) for each in outline(opened.document)]


def _folds(opened: Open, _asked: types.FoldingRangeParams) -> Sequence[types.FoldingRange]:
    return [protocol.fold(opened.layout, each) for each in folds(opened.document)]


def _formatting(opened: Open, _asked: types.DocumentFormattingParams) -> Sequence[types.TextEdit]:
    text, laid_out = opened.document.text, opened.document.laid_out()
    if laid_out is None or laid_out == text:
        return ()
    return [types.TextEdit(opened.span(Stretch(0, len(text))), laid_out)]


EVENTS: Final[Mapping[str, Callable[[Server, Any], None]]] = MappingProxyType({
    types.TEXT_DOCUMENT_DID_OPEN: _changed,
    types.TEXT_DOCUMENT_DID_CHANGE: _changed,
    types.TEXT_DOCUMENT_DID_CLOSE: _closed,
})  # fmt: skip

QUESTIONS: Final[Mapping[str, tuple[Callable[[Open, Any], Any], Any]]] = MappingProxyType({
    types.TEXT_DOCUMENT_COMPLETION: (_completion, types.CompletionOptions(trigger_characters=["."])),
    types.TEXT_DOCUMENT_HOVER: (_hover, None),
    types.TEXT_DOCUMENT_DEFINITION: (_definition, None),
    types.TEXT_DOCUMENT_REFERENCES: (_references, None),
    types.TEXT_DOCUMENT_PREPARE_RENAME: (_prepare_rename, None),
    types.TEXT_DOCUMENT_RENAME: (_rename, types.RenameOptions(prepare_provider=True)),
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (_symbols, None),
    types.TEXT_DOCUMENT_FOLDING_RANGE: (_folds, None),
    types.TEXT_DOCUMENT_FORMATTING: (_formatting, None),
})  # fmt: skip

"""The language server: hears what an editor asks over standard input, and answers over standard output.

Rule: one row a request. It knows the documents that are open and nothing else: no file is read, none is written.
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
    """A document that is open in the editor, and where its lines are."""

    document: Document
    layout: Layout


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
        opened = Open(document, Layout.of(document.text, encoding))
        self.open[uri] = opened
        return opened


def serve(version: str, vocabulary: Vocabulary) -> None:
    """Answer an editor until it says goodbye or is gone; `vocabulary` is what rules can speak of."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the editor's terminal is for the editor
    _tell_the_client_alone()
    server = Server(version, vocabulary)
    for name, (answer, options) in REQUESTS.items():
        server.feature(name, options)(answer)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:  # pygls closes it at the end
        server.start_io(sys.stdin.buffer, out)


def _tell_the_client_alone() -> None:
    """Whatever goes wrong is an answer to the client; pygls would print its traceback, too."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)


def _changed(server: Server, uri: str, version: int) -> None:
    opened = server.read(uri)
    findings = [protocol.diagnostic(opened.document, opened.layout, each) for each in opened.document.loaded.findings]
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, findings, version))


def _did_open(ls: Server, asked: types.DidOpenTextDocumentParams) -> None:
    _changed(ls, asked.text_document.uri, asked.text_document.version)


def _did_change(ls: Server, asked: types.DidChangeTextDocumentParams) -> None:
    _changed(ls, asked.text_document.uri, asked.text_document.version)


def _did_close(ls: Server, asked: types.DidCloseTextDocumentParams) -> None:
    ls.open.pop(asked.text_document.uri, None)
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(asked.text_document.uri, []))


def _completion(ls: Server, asked: types.CompletionParams) -> Sequence[types.CompletionItem]:
    opened = ls.open.get(asked.text_document.uri)
    if opened is None:
        return ()
    found = completion(opened.document, protocol.offset(opened.layout, asked.position))
    takes_snippets = get_capability(ls.client_capabilities, _SNIPPETS, default=False)
    offers = [each for each in found.offers if takes_snippets or each.sort != "snippet"]
    return [protocol.item(opened.layout, each, found.instead, rank) for rank, each in enumerate(offers)]


def _hover(ls: Server, asked: types.HoverParams) -> types.Hover | None:
    opened = ls.open.get(asked.text_document.uri)
    told = opened and hovering(opened.document, protocol.offset(opened.layout, asked.position))
    return protocol.hover(opened.layout, told) if opened and told else None


def _definition(ls: Server, asked: types.DefinitionParams) -> Sequence[types.Location]:
    return _locations(ls, asked, lambda mention: mention.gives)


def _references(ls: Server, asked: types.ReferenceParams) -> Sequence[types.Location]:
    return _locations(ls, asked, lambda mention: asked.context.include_declaration or not mention.gives)


def _locations(
    ls: Server, asked: types.DefinitionParams | types.ReferenceParams, wanted: Callable[[Mention], bool]
) -> Sequence[types.Location]:
    uri = asked.text_document.uri
    opened = ls.open.get(uri)
    mention = opened and mentioned(opened.document, protocol.offset(opened.layout, asked.position))
    if not opened or not mention:
        return ()
    found = filter(wanted, places(opened.document, mention.name))
    return [types.Location(uri, protocol.span(opened.layout, each.where)) for each in found]


def _prepare_rename(ls: Server, asked: types.PrepareRenameParams) -> types.Range | None:
    opened = ls.open.get(asked.text_document.uri)
    mention = opened and mentioned(opened.document, protocol.offset(opened.layout, asked.position))
    return protocol.span(opened.layout, mention.where) if opened and mention else None


def _rename(ls: Server, asked: types.RenameParams) -> types.WorkspaceEdit | None:
    opened = ls.open.get(asked.text_document.uri)
    if opened is None:
        return None
    try:
        where = renamed(opened.document, protocol.offset(opened.layout, asked.position), asked.new_name)
    except RefusedError as refusal:
        raise JsonRpcException(str(refusal), _REFUSED) from None
    edits = [types.TextEdit(protocol.span(opened.layout, each), asked.new_name) for each in where]
    return types.WorkspaceEdit(changes={asked.text_document.uri: edits})


def _symbols(ls: Server, asked: types.DocumentSymbolParams) -> Sequence[types.DocumentSymbol]:
    opened = ls.open.get(asked.text_document.uri)
    return [protocol.symbol(opened.layout, each) for each in outline(opened.document)] if opened else ()


def _folds(ls: Server, asked: types.FoldingRangeParams) -> Sequence[types.FoldingRange]:
    opened = ls.open.get(asked.text_document.uri)
    return [protocol.fold(opened.layout, each) for each in folds(opened.document)] if opened else ()


def _formatting(ls: Server, asked: types.DocumentFormattingParams) -> Sequence[types.TextEdit]:
    opened = ls.open.get(asked.text_document.uri)
    laid_out = opened.document.laid_out() if opened else None
    if opened is None or laid_out in {None, opened.document.text}:
        return ()
    return [types.TextEdit(protocol.span(opened.layout, Stretch(0, len(opened.document.text))), laid_out)]


REQUESTS: Final[Mapping[str, tuple[Callable[..., Any], Any]]] = MappingProxyType({
    types.TEXT_DOCUMENT_DID_OPEN: (_did_open, None),
    types.TEXT_DOCUMENT_DID_CHANGE: (_did_change, None),
    types.TEXT_DOCUMENT_DID_CLOSE: (_did_close, None),
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

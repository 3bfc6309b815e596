"""The language server, as an editor meets it: a process that is spoken to over its standard input."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dsl.reading import FILE_BYTES
from tests.editor.session import URI, Session, session

CLEF = "\U0001d11e"
SNIPPETS: dict[str, Any] = {
    "text_document": types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(snippet_support=True)
        )
    )
}
FILE = """\
let db = vms tagged "db"
keep db apart
rule relieve
  when  host.cpu > 85% for 3 rounds
  move  vm   by most cpu          where not in db
  to    host by least after.cpu   where after.cpu < 65%
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Session]:
    with session() as begun:
        begun.initialize(**SNIPPETS)
        yield begun


@pytest.fixture
def editor(running: Session) -> Iterator[Session]:
    """A server that has no document open, before and after."""
    yield running
    assert running.close() == []
    assert running.client.messages == []


def place(line: int, start: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(line, end))


# -- diagnostics -------------------------------------------------------------------------------------------------------


def test_good_rules_have_nothing_to_be_said_of(editor: Session) -> None:
    assert editor.open(FILE) == []


def test_a_mistake_is_underlined_with_its_code_and_the_way_out(editor: Session) -> None:
    (told,) = editor.open(FILE.replace("host.cpu", "host.cpuu"))

    assert told.range == place(3, 8, 17)
    assert told.message == "a host has no “cpuu”; did you mean host.cpu?"
    assert (told.code, told.severity, told.source) == ("unknown-name", types.DiagnosticSeverity.Error, "xen-balancer")


def test_a_warning_is_one(editor: Session) -> None:
    (told,) = editor.open(FILE.replace("65%", "95%"))

    assert (told.code, told.severity) == ("back-and-forth", types.DiagnosticSeverity.Warning)


def test_each_change_is_looked_at(editor: Session) -> None:
    assert editor.open("keep") != []
    assert editor.change(FILE) == []
    assert [told.code for told in editor.change("kep vms apart\nevery 30 GiB\n")] == ["syntax", "wrong-unit"]


def test_columns_are_counted_as_the_protocol_counts_them(editor: Session) -> None:
    (told,) = editor.open(f'keep vms named "{CLEF}é" apartt\n')

    assert told.range == place(0, 21, 27)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("# one\r\n# two\r\n\tkeep\r\n", "syntax", types.Position(2, 1)),
        ("# one\rkeep\n", "encoding", types.Position(0, 5)),
        ("# one\r\n\u2028\x0c", "encoding", types.Position(1, 0)),
    ],
    ids=["CRLF", "CR", "U+2028"],
)
def test_lines_are_counted_as_the_protocol_counts_them(
    text: str, code: str, place: types.Position, editor: Session
) -> None:
    told, *_ = editor.open(text)

    assert (told.code, told.range.start) == (code, place)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\0", "encoding"),
        ("\ufeffevery 30 s", "encoding"),
        ("#" * (FILE_BYTES + 1), "too-big"),
        (f"keep vms where {'(' * 999}", "too-deep"),
        ("rule r\n  when", "syntax"),
        ('keep vms tagged "', "syntax"),
        ("keep vms apart from", "syntax"),
    ],
    ids=lambda text: text[:12],
)
def test_hostile_and_half_written_files_are_answered(text: str, code: str, editor: Session) -> None:
    assert [told.code for told in editor.open(text)] == [code]
    for line, column in ((0, 0), (0, 5), (1, 6), (99, 99)):
        editor.ask("completion", types.CompletionParams, line, column)
        editor.ask("hover", types.HoverParams, line, column)
        editor.ask("definition", types.DefinitionParams, line, column)
    editor.ask_of_all("document_symbol", types.DocumentSymbolParams)
    editor.ask_of_all("folding_range", types.FoldingRangeParams)


# -- what helps to write -----------------------------------------------------------------------------------------------


def test_completion_offers_names_with_their_meaning(editor: Session) -> None:
    editor.open(f"{FILE}drain hosts where mem")
    offered = editor.ask("completion", types.CompletionParams, 6, 21)
    first = {item.label: item for item in offered}["memory"]

    assert first.kind == types.CompletionItemKind.Field
    assert first.detail == "share (%), of a host"
    assert first.documentation.value.endswith("share of its memory in use, Domain-0 included")
    assert first.text_edit == types.TextEdit(place(6, 18, 21), "memory")


def test_completion_offers_sets_and_whole_statements(editor: Session) -> None:
    editor.open(f"{FILE}keep \n")
    sets = editor.ask("completion", types.CompletionParams, 6, 5)
    statements = editor.ask("completion", types.CompletionParams, 7, 0)

    assert [item.label for item in sets if item.kind == types.CompletionItemKind.Variable] == ["db"]
    rule = next(item for item in statements if item.label == "rule … until")
    assert rule.insert_text_format == types.InsertTextFormat.Snippet
    assert "rule ${1:relieve}" in rule.text_edit.new_text


def test_the_likeliest_is_sorted_first(editor: Session) -> None:
    editor.open("drain hosts where ")
    offered = editor.ask("completion", types.CompletionParams, 0, 18)

    assert [item.label for item in sorted(offered, key=lambda item: item.sort_text)][:2] == ["cpu", "memory"]


def test_hover_tells_what_a_name_is_and_of_whom(editor: Session) -> None:
    editor.open(FILE)
    told = editor.ask("hover", types.HoverParams, 5, 25)

    assert told.range == place(5, 22, 31)
    assert told.contents.kind == types.MarkupKind.Markdown
    assert told.contents.value.startswith("**after.cpu**: share (%), of a host")
    assert editor.ask("hover", types.HoverParams, 3, 20) is None


# -- sets --------------------------------------------------------------------------------------------------------------


def test_from_a_use_to_the_let_and_back(editor: Session) -> None:
    editor.open(FILE)
    context = types.ReferenceContext(include_declaration=False)

    assert list(editor.ask("definition", types.DefinitionParams, 4, 48)) == [types.Location(URI, place(0, 4, 6))]
    assert list(editor.ask("references", types.ReferenceParams, 0, 5, context=context)) == [
        types.Location(URI, place(1, 5, 7)),
        types.Location(URI, place(4, 47, 49)),
    ]
    assert not editor.ask("definition", types.DefinitionParams, 2, 6)


def test_a_set_gets_a_new_name_in_all_places(editor: Session) -> None:
    editor.open(FILE)
    assert editor.ask("prepare_rename", types.PrepareRenameParams, 1, 6) == place(1, 5, 7)
    edit = editor.ask("rename", types.RenameParams, 1, 6, new_name="databases")

    ((uri, edits),) = edit.changes.items()
    assert uri == URI
    assert [each.range for each in edits] == [place(0, 4, 6), place(1, 5, 7), place(4, 47, 49)]
    assert {each.new_text for each in edits} == {"databases"}


def test_what_is_no_set_cannot_be_renamed(editor: Session) -> None:
    editor.open(FILE)
    assert editor.ask("prepare_rename", types.PrepareRenameParams, 2, 6) is None


def test_a_name_that_is_taken_is_refused_with_a_sentence(editor: Session) -> None:
    editor.open(FILE)
    with pytest.raises(JsonRpcException) as refused:
        editor.ask("rename", types.RenameParams, 0, 5, new_name="host")

    assert (refused.value.code, refused.value.message) == (-32803, "“host” is a word of the language; call it my_host")


# -- the file as a whole -----------------------------------------------------------------------------------------------


def test_the_outline_names_rules_and_sets(editor: Session) -> None:
    editor.open(FILE)
    symbols = editor.ask_of_all("document_symbol", types.DocumentSymbolParams)

    assert [(each.name, each.detail, each.selection_range) for each in symbols] == [
        ("db", "let", place(0, 4, 6)), ("relieve", "rule", place(2, 5, 12)),
    ]  # fmt: skip
    assert symbols[1].range.end.line == 5


def test_a_rule_can_be_folded(editor: Session) -> None:
    editor.open(FILE)

    assert list(editor.ask_of_all("folding_range", types.FoldingRangeParams)) == [types.FoldingRange(2, 5)]


def test_the_file_is_laid_out_anew(editor: Session) -> None:
    options = types.FormattingOptions(tab_size=8, insert_spaces=False)
    editor.open("every 30s\r\nkeep  vms apart")
    (edit,) = editor.ask_of_all("formatting", types.DocumentFormattingParams, options=options)
    assert edit == types.TextEdit(
        types.Range(types.Position(0, 0), types.Position(1, 15)), "every 30 s\nkeep vms apart\n"
    )

    for text in (edit.new_text, "keep  vms apartt"):
        editor.change(text)
        assert not editor.ask_of_all("formatting", types.DocumentFormattingParams, options=options)


# -- the conversation --------------------------------------------------------------------------------------------------


def test_of_a_document_that_is_not_open_nothing_is_known(editor: Session) -> None:
    editor.open(FILE)
    for request, asked in (("hover", types.HoverParams), ("completion", types.CompletionParams)):
        assert not editor.ask(request, asked, 0, 0, uri="untitled:other.rules")


@pytest.mark.parametrize("encoding", [types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf32])
def test_an_editor_may_count_otherwise(encoding: types.PositionEncodingKind) -> None:
    columns = {types.PositionEncodingKind.Utf8: (24, 30), types.PositionEncodingKind.Utf32: (20, 26)}
    with session() as begun:
        capabilities = begun.initialize(general=types.GeneralClientCapabilities(position_encodings=[encoding]))
        (told,) = begun.open(f'keep vms named "{CLEF}é" apartt\n')

    assert capabilities.position_encoding == encoding
    assert told.range == place(0, *columns[encoding])


def test_an_editor_without_snippets_gets_none() -> None:
    with session() as begun:
        begun.initialize()
        begun.open("")
        offered = begun.ask("completion", types.CompletionParams, 0, 0)

    assert offered
    assert {item.insert_text_format for item in offered} == {types.InsertTextFormat.PlainText}


def test_after_goodbye_the_server_ends_without_a_word() -> None:
    with session() as begun:
        begun.initialize()
        begun.open(FILE)
        with pytest.raises(JsonRpcException):
            begun.ask("rename", types.RenameParams, 0, 5, new_name="host")

        assert begun.goodbye() == (0, "")


def test_ctrl_c_at_the_editors_terminal_is_not_for_the_server() -> None:
    with session() as begun:
        begun.initialize()
        server = begun.client._server
        assert server is not None
        server.send_signal(signal.SIGINT)

        assert begun.open(FILE) == []
        assert begun.goodbye() == (0, "")


def test_when_the_editor_is_gone_the_server_ends_too() -> None:
    with session() as begun:
        begun.initialize()
        server = begun.client._server
        assert server is not None
        assert server.stdin is not None
        server.stdin.close()

        assert begun.ended() == (0, "")


def test_what_is_no_message_is_answered_and_the_next_is_understood() -> None:
    with session() as begun:
        begun.initialize()
        server = begun.client._server
        assert server is not None
        assert server.stdin is not None
        for body in (b"{", b"[]", b'{"jsonrpc": "2.0", "id": 7, "method": "textDocument/hover", "params": 3}'):
            server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

        assert begun.open(FILE) == []
        assert begun.goodbye() == (0, "")

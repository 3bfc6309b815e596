"""What is read line by line is what the parser reads; what is not so plain is left to it."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from agents.mcollective.errors import DecodeError
from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.psych import encode, parsed
from agents.mcollective.serializers.psych_lines import lines_of_names

OURS = """\
---
:senderid: "hv1"
:msgtime: 1790000000
:body: |
  ---
  :statuscode: 0
  :statusmsg: "OK"
  :data:
    :report: '{"host": "hv1"}'
:hash: "bm8=\\nbm8=\\n"
"""
RUBYS = """\
---
:senderid: hv1.example.net
:agent: discovery
:data:
  :process_results: true
  :deeper:
    :path: 'a\\b'
  :again: 'it is # no comment: here'
:body: |-
  one
    two, further in
:collective: mcollective
"""


def test_an_answer_of_ours_is_read_with_the_one_inside_it() -> None:
    inside = '---\n:statuscode: 0\n:statusmsg: "OK"\n:data:\n  :report: \'{"host": "hv1"}\'\n'
    assert lines_of_names(OURS.encode(), Limits()) == {
        Symbol("senderid"): "hv1",
        Symbol("msgtime"): 1_790_000_000,
        Symbol("body"): inside,
        Symbol("hash"): "bm8=\nbm8=\n",
    }
    assert lines_of_names(inside.encode(), Limits()) == {
        Symbol("statuscode"): 0,
        Symbol("statusmsg"): "OK",
        Symbol("data"): {Symbol("report"): '{"host": "hv1"}'},
    }


def test_an_answer_of_rubys_is_read() -> None:
    assert lines_of_names(RUBYS.encode(), Limits()) == {
        Symbol("senderid"): "hv1.example.net",
        Symbol("agent"): "discovery",
        Symbol("data"): {
            Symbol("process_results"): True,
            Symbol("deeper"): {Symbol("path"): "a\\b"},
            Symbol("again"): "it is # no comment: here",
        },
        Symbol("body"): "one\n  two, further in",
        Symbol("collective"): "mcollective",
    }


@pytest.mark.parametrize(
    "document",
    [
        "",
        "---\n",
        "--- pong\n",
        "---\n:a: 1",
        "---\n:a:\n",
        "---\n:a:\n:b: 1\n",
        "---\n:a:\n  :b:\n:c: 1\n",
        "---\n:a:\n   :b: 1\n",
        "---\n  :a: 1\n:b: 1\n",
        "---\n:a: 1\n:a: 2\n",
        "---\n:a: 1\n  :b: 2\n",
        "---\n:a: one\n  two\n",
        "---\n:a:  1\n",
        "---\n:a: 1 \n",
        "---\n:a: 1 # comment\n",
        "---\n:a: 'it''s'\n",
        "---\n:a: '\n",
        '---\n:a: "\\x41"\n',
        '---\n:a: "a"b"\n',
        '---\n:a: "\\"\n',
        "---\n:a: [1]\n",
        "---\n:a: &x 1\n",
        "---\n:a: !ruby/sym x\n",
        "---\n:a: |\n",
        "---\n:a: |\n   b\n",
        "---\n:a: |\n  b\n\n",
        "---\n:a: |\n  b\n  \n",
        "---\n:a: |\n  b\n c\n",
        "---\n:a: |2\n  b\n",
        "---\n:a: \u00e9\n",
        "---\n:a: 1\r\n:b: 2\n",
        "---\n:a:\t1\n",
        "---\n:a: 1\n...\n",
        "---\n:a: 1\n---\n:b: 2\n",
        '---\n"a": 1\n',
        "---\na: 1\n",
        "---\n:a: :b\n",
        "---\n:a: 1.5\n",
        f"---\n:{'a' * 101}: 1\n",
    ],
)
def test_anything_else_is_left_to_the_parser(document: str) -> None:
    assert lines_of_names(document.encode(), Limits()) is None


@pytest.mark.parametrize(
    ("limits", "is_taken"),
    [(Limits(values=7, depth=2), True), (Limits(values=6, depth=2), False), (Limits(values=7, depth=1), False)],
)
def test_what_is_above_a_limit_is_left_to_the_parser(limits: Limits, *, is_taken: bool) -> None:
    document = b"---\n:a:\n  :b: 1\n:c: 2\n"

    assert (lines_of_names(document, limits) is not None) == is_taken
    with contextlib.nullcontext() if is_taken else pytest.raises(DecodeError):
        parsed(document, limits)


scalars = some.one_of(
    some.sampled_from(["true", "no", "null", "~", "0", "007", "1790000000", "a.b-c_d", "1.5", "-1", ":b"]),
    some.sampled_from(["|", "|-", ""]),
    some.text("ab: '\"\\n#|-%&*!?{}[],@`~", max_size=12),
    some.text("ab: '\"\\n#", max_size=12).map(lambda text: f'"{text}"'),
    some.text("ab: '\"\\n#", max_size=12).map(lambda text: f"'{text}'"),
)
lines = some.builds(
    lambda indent, name, scalar: " " * indent + name + scalar,
    some.integers(0, 5),
    some.sampled_from([":a:", ":b: ", ":c: ", ":yes: ", ":x1: ", ":a?: ", "a: ", "- ", ""]),
    scalars,
)
documents = some.lists(lines, max_size=8).map(lambda each: "\n".join(["---", *each, ""]).encode())


@given(documents)
@example(OURS.encode())
@example(RUBYS.encode())
def test_what_is_taken_is_what_the_parser_makes_of_it(document: bytes) -> None:
    taken = lines_of_names(document, Limits())
    if taken is not None:
        assert taken == parsed(document, Limits())


texts = some.text(some.characters(min_codepoint=10, max_codepoint=126), max_size=30) | some.text(
    "\n \"'a:#-", max_size=12
)
names = some.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True).map(Symbol)
hashes = some.recursive(
    some.dictionaries(names, texts | some.integers(0, 10**12) | some.booleans(), min_size=1, max_size=4),
    lambda inner: some.dictionaries(names, inner | texts, min_size=1, max_size=4),
    max_leaves=8,
)


@given(hashes)
def test_whatever_we_write_comes_back_either_way(value: dict[Symbol, object]) -> None:
    document = encode(value)

    assert parsed(document, Limits()) == value
    assert lines_of_names(document, Limits()) in (value, None)

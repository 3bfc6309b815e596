"""Untrusted YAML: what Ruby writes is read, what is hostile is refused by name."""

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.mcollective.codec import EncodeError, Limits, Regexp, Symbol, decode, encode
from agents.mcollective.errors import DecodeError
from tests.wire import values

RUBY = [
    ("--- pong\n", "pong"),
    ("---\n:value:\n", {Symbol("value"): None}),
    ("a: ~", {"a": None}),
    ("- yes\n- No\n- TRUE\n- off", [True, False, True, False]),
    ("- y\n- n", ["y", "n"]),
    ("- -5\n- 1,000\n- 1_000\n- 0", [-5, 1000, 1000, 0]),
    ("- 1.0\n- 1.0e+20\n- .5", [1.0, 1e20, 0.5]),
    ("- 010\n- 08:30\n- 2010-01-01\n- 0x1F\n- 1e5", ["010", "08:30", "2010-01-01", "0x1F", "1e5"]),
    (":g h: 1", {Symbol("g h"): 1}),
    (':"a b": 1', {Symbol("a b"): 1}),
    ("- !ruby/symbol foo\n- !ruby/sym bar", [Symbol("foo"), Symbol("bar")]),
    ('":foo"', ":foo"),
    ("!ruby/regexp /(a+)+$/i", Regexp("/(a+)+$/i")),
    ("!binary |-\n  AP8=", b"\x00\xff"),
    ("!!str '<<'", "<<"),
    ("- &1 [x]\n- *1", [["x"], ["x"]]),
    ("a: 1\n:a: 2", {"a": 1, Symbol("a"): 2}),
    ("{}", {}),
]

HOSTILE = [
    ("[" * 100_000, "too deep"),
    ("{? " * 100_000, "too deep"),
    ("x" * (1024 * 1024 + 1), "too large"),
    ("- 1\n" * 60_000, "too many values"),
    ("&a [*a]", "unknown alias"),
    ("*nobody", "unknown alias"),
    ("a: &a {x: 1}\nb: {<<: *a}", "merge key"),
    ("!ruby/object:Gem::Installer {}", "forbidden tag"),
    ("!!python/object/apply:os.system [id]", "forbidden tag"),
    ("!!set {a}", "forbidden tag"),
    ("!!float 1e400", "forbidden tag"),
    ("! x", "forbidden tag"),
    ("a: 1\na: 2", "duplicate key"),
    ("[a]: 1", "strange key"),
    ("~: 1", "strange key"),
    ("9" * 5000, "bad number"),
    (".nan", "bad number"),
    ("-.INF", "bad number"),
    ("1.0e+999", "bad number"),
    ("!binary '*'", "damaged"),
    ("", "damaged"),
    ("--- a\n--- b\n", "damaged"),
    ("a: b: c", "damaged"),
    ("\x00", "damaged"),
]


def bomb(levels: int) -> str:
    lines = ["- &x0 [lol, lol]", *(f"- &x{level} [*x{level - 1}, *x{level - 1}]" for level in range(1, levels))]
    return "\n".join(lines)


@pytest.mark.parametrize(("text", "value"), RUBY)
def test_what_psych_writes_is_read_as_ruby_means_it(text: str, value: Any) -> None:
    read = decode(text)

    assert read == value
    assert [type(one) for one in read] == [type(one) for one in value] if isinstance(read, list) else True


@pytest.mark.parametrize(("text", "reason"), HOSTILE, ids=[text[:20] for text, _ in HOSTILE])
def test_hostile_yaml_is_refused_and_the_reason_can_be_counted(text: str, reason: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(text.encode())

    assert refused.value.reason == reason


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(DecodeError, match="not UTF-8: at byte 1"):
        decode(b"a\xff")


def test_aliases_count_for_what_they_stand_for() -> None:
    assert len(decode(bomb(8))) == 8

    with pytest.raises(DecodeError, match="too many values"):
        decode(bomb(18))


def test_aliases_count_for_the_depth_they_stand_for() -> None:
    with pytest.raises(DecodeError, match="too deep"):
        decode(bomb(10), Limits(depth=8))


def test_aliases_count_for_the_characters_they_stand_for() -> None:
    text = f"- &a {'x' * 1000}\n" + "- *a\n" * 1000

    with pytest.raises(DecodeError, match="too large"):
        decode(text, Limits(size=100_000))


def test_a_symbol_is_not_the_string_of_its_name() -> None:
    text = "a"

    assert Symbol("a") == Symbol("a")
    assert Symbol("a") != text
    assert text != Symbol("a")
    assert len({Symbol("a"), "a"}) == 2


def test_strings_that_ruby_would_take_for_something_else_are_quoted() -> None:
    assert encode({Symbol("time"): "08:30", Symbol("word"): "yes", Symbol("sym"): ":a"}) == (
        '---\n:time: "08:30"\n:word: "yes"\n:sym: ":a"\n'
    )


def test_the_same_list_twice_is_written_twice_because_ruby_refuses_aliases() -> None:
    shared = ["x"]

    assert encode([shared, shared]) == '---\n- - "x"\n- - "x"\n'


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {"a": {1, 2}}.items(), "\ud800"])
def test_what_the_wire_has_no_form_for_is_said(value: Any) -> None:
    with pytest.raises(EncodeError):
        encode(value)


@given(values)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert decode(encode(value)) == value


@given(some.binary() | some.text("-:[]{}&*!?|>'\"%@`#, \n\tab1.<~").map(str.encode))
def test_no_bytes_bring_anything_but_a_value_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode(data)

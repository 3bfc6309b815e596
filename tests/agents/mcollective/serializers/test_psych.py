"""Untrusted YAML: what Ruby writes is read, what is hostile is refused by name."""

import contextlib
import datetime as dt
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.mcollective.errors import DecodeError
from agents.mcollective.serializers import EncodeError, Limits, Regexp, Symbol
from agents.mcollective.serializers.psych import YAML, decode, encode
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
    ("- &1 x\n- &1 y\n- *1", ["x", "y", "y"]),
    ("- 100% of %TAG\n- <\n- '%TAG'", ["100% of %TAG", "<", "%TAG"]),
    ("- ! ':a: b'\n- ! ': '\n- ! '12'\n- ! 'a: b'", [Symbol("a: b"), Symbol(" "), 12, "a: b"]),
    ("- 12:30\n- 1,\n- .\n- '-'\n- +\n- 1.2.3", ["12:30", "1,", ".", "-", "+", "1.2.3"]),
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
    ("! [x]", "forbidden tag"),
    ("a: 1\na: 2", "duplicate key"),
    ("[a]: 1", "strange key"),
    ("~: 1", "strange key"),
    (f"{2**61 - 1}: 1", "strange key"),
    ("%TAG ! tag:yaml.org,2002:\n--- x", "forbidden tag"),
    ("# x\r%TAG !a! x\n" * 30_000, "forbidden tag"),
    ("--- x\n...\n" + "%TAG !a! x\n" * 30_000, "forbidden tag"),
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


def bomb(levels: int) -> bytes:
    lines = ["- &x0 [lol, lol]", *(f"- &x{level} [*x{level - 1}, *x{level - 1}]" for level in range(1, levels))]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(("text", "value"), RUBY)
def test_what_psych_writes_is_read_as_ruby_means_it(text: str, value: Any) -> None:
    read = decode(text.encode())

    assert read == value
    assert repr(read) == repr(value)


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
        decode(text.encode(), Limits(size=100_000))


def test_a_symbol_is_not_the_string_of_its_name() -> None:
    text = "a"

    assert Symbol("a") == Symbol("a")
    assert Symbol("a") != text
    assert text != Symbol("a")
    assert len({Symbol("a"), "a"}) == 2


def test_strings_that_ruby_would_take_for_something_else_are_quoted() -> None:
    assert encode({Symbol("time"): "08:30", Symbol("word"): "yes", Symbol("sym"): ":a"}) == (
        b'---\n:time: "08:30"\n:word: "yes"\n:sym: ":a"\n'
    )


def test_the_same_list_twice_is_written_twice_because_ruby_refuses_aliases() -> None:
    shared = ["x"]

    assert encode([shared, shared]) == b'---\n- - "x"\n- - "x"\n'


def test_a_document_stands_in_another_as_its_text() -> None:
    inner = YAML.encode("pong\n")

    assert YAML.decode(YAML.encode([YAML.embed(inner)])) == [inner.decode()]


def test_keys_that_all_have_one_hash_are_refused_before_they_cost_anything() -> None:
    text = "".join(f"{number * (2**61 - 1)}: 0\n" for number in range(1, 20_000))

    with pytest.raises(DecodeError, match="strange key"):
        decode(text.encode())


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1}, dt.datetime.now(dt.UTC), Regexp("/a/"), "\ud800"])
def test_what_the_wire_has_no_form_for_is_said(value: Any) -> None:
    with pytest.raises(EncodeError):
        encode([value])


@given(values)
def test_what_is_written_is_read_back_the_same_and_of_the_same_types(value: Any) -> None:
    read = decode(encode(value))

    assert read == value
    assert repr(read) == repr(value)


@given(some.binary() | some.text("-:[]{}&*!?|>'\"%@`#, \n\tab1.<~").map(str.encode))
def test_no_bytes_bring_anything_but_a_value_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode(data)


STRINGS = [
    "",
    " ",
    "a\r\nb\x00\x1b\x7f\x85\u2028\ufeff\u200b",
    "é 😀",
    "= << ~ y on",
    *("08:30", "00:10:00", "1,000", "010", "0x1f", "0o7", "1e5", "1_000", "2010-01-01", "2010-01-01 00:00:00", ".inf"),
    *("null", "yes", "~", "=", "<<", ":a", ":", "- a", "a: b", "# c", "%TAG", "---", "...", "!a", "&a", "*a", "{", "["),
    *("ends with a newline\n", "two\n\nlines\n\n", " begins with a space", "'\"\\", "\ttab\t"),
    'a long line with "quotes" \u200b ' * 20,
    "--- pong\n",
]

NAMES = ["a", "a b", "a:", "a: b", "a #b", " a ", "", ":", "é", "1", "yes", "a?", "[x", "-", "a, b"]

TOLD = [
    ("nil", None),
    ("[true, false, nil]", [True, False, None]),
    ("[0, -1, 10**30, 1.0, -0.0, 1e20, 5e-324]", [0, -1, 10**30, 1.0, -0.0, 1e20, 5e-324]),
    ("STRINGS", STRINGS),
    ("STRINGS.to_h { |one| [one, one] }", {one: one for one in STRINGS}),
    ('"\\xFF\\x00".b', b"\xff\x00"),
    (str([Symbol(f'"{name}"') for name in NAMES]), [Symbol(name) for name in NAMES]),
    ("{:a => [], 'a' => {}, 1 => [[], {:b => [nil]}]}", {Symbol("a"): [], "a": {}, 1: [[], {Symbol("b"): [None]}]}),
]
"""Values as Ruby says them, and as we do."""

READ_ONLY = [
    (r'[/a\/b"/mix, Regexp.new("a/b")]', [Regexp(r'/a\/b"/mix'), Regexp(r"/a\/b/")]),
    ('(s = ["x"]; h = {:a => s}; [s, h, h, s])', [["x"], {Symbol("a"): ["x"]}, {Symbol("a"): ["x"]}, ["x"]]),
    ('(t = "é"; [t, t])', ["é", "é"]),
]
"""What is written in another way, or never."""

JUDGE = """
require "yaml"
KINDS = [Symbol, Regexp]
load = ->(line) {{ YAML.safe_load([line.chomp].pack("H*").force_encoding("UTF-8"), permitted_classes: KINDS) }}
STRINGS, *ours = STDIN.each_line.map(&load)
theirs = [{values}]
theirs.zip(ours) {{ |value, other| puts "#{{YAML.dump(value).unpack1("H*")}} #{{value == other}}" }}
"""


@pytest.mark.skipif(shutil.which("ruby") is None, reason="needs Ruby (Debian's package ruby)")
def test_ruby_reads_what_is_written_and_what_ruby_writes_is_read(tmp_path: Path) -> None:
    table = [*TOLD, *READ_ONLY]
    (tmp_path / "judge.rb").write_text(JUDGE.format(values=",\n".join(expression for expression, _ in table)))
    ours = "".join(f"{encode(value).hex()}\n" for value in [STRINGS, *(value for _, value in TOLD)])

    judged = subprocess.run(["ruby", tmp_path / "judge.rb"], input=ours, capture_output=True, text=True, check=True)

    answers = [line.split() for line in judged.stdout.splitlines()]
    read = [decode(bytes.fromhex(dumped)) for dumped, _ in answers]
    assert [repr(value) for value in read] == [repr(value) for _, value in table]
    assert [equal for _, equal in answers[: len(TOLD)]] == ["true"] * len(TOLD)

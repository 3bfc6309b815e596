"""Untrusted Marshal: what Ruby writes is read, what is hostile is refused by name, and Ruby reads what is written."""

import contextlib
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
from agents.mcollective.serializers.ruby_marshal import MARSHAL, decode, encode
from tests.wire import values

EDGES = [
    *(
        sign * 2**power + near
        for sign in (1, -1)
        for power in (0, 7, 8, 16, 24, 30, 31, 62, 100)
        for near in (-1, 0, 1)
    ),
    *(122, 123, -123, -124),
]
FLOATS = [0.0, -0.0, 1.5, -123456.789, 1e20, 1e-7, 5e-324, 1.7976931348623157e308]

RUBY = [
    ("nil", None),
    ("[true, false]", [True, False]),
    (str(EDGES), EDGES),
    (str(FLOATS), FLOATS),
    ('["", "é", "x" * 122, "x" * 123, "x" * 70_000]', ["", "é", "x" * 122, "x" * 123, "x" * 70_000]),
    (r'"\xFF\x00".b', b"\xff\x00"),
    ('"pong".force_encoding("US-ASCII")', "pong"),
    ('[:a, :"a b", :"", :a, "a"]', [Symbol("a"), Symbol("a b"), Symbol(""), Symbol("a"), "a"]),
    ('[:a, :é, "é", :é, :a]', [Symbol("a"), Symbol("é"), "é", Symbol("é"), Symbol("a")]),
    ('[:a, :b, "é", "ü", :c, "ö"]', [Symbol("a"), Symbol("b"), "é", "ü", Symbol("c"), "ö"]),
    ("[[], {}, [[]]]", [[], {}, [[]]]),
    ('{:a => 1, "a" => 2, 3 => {"b".b => nil}}', {Symbol("a"): 1, "a": 2, 3: {b"b": None}}),
    ('(s = ["x"]; [s, s, {:again => s}])', [["x"], ["x"], {Symbol("again"): ["x"]}]),
    ('(h = {:a => "x"}; [[h], h])', [[{Symbol("a"): "x"}], {Symbol("a"): "x"}]),
    ('(t = "é"; [t, 1, nil, :b, t])', ["é", 1, None, Symbol("b"), "é"]),
    ('(t = "é"; [2**40, 2**40, 2**80, 1.5, 1.5, t, t])', [2**40, 2**40, 2**80, 1.5, 1.5, "é", "é"]),
]  # fmt: skip
"""Values as Ruby says them, and as we do."""

READ_ONLY = [
    ('(a = "a".force_encoding("US-ASCII"); [a, "é", a.dup, "ü"])', ["a", "é", "a", "ü"]),
    ('(t = "x"; j = "あ".encode("Shift_JIS"); [j, "い".encode("Shift_JIS"), t, j, t])', ["あ", "い", "x", "あ", "x"]),
    (r'[/a\/b"/mix, /^\d+$/]', [Regexp(r'/a\/b"/mix'), Regexp(r"/^\d+$/")]),
    ('[/é/, Regexp.new("a/b"), /(a+)+$/n]', [Regexp("/é/"), Regexp(r"/a\/b/"), Regexp("/(a+)+$/n")]),
    ('(r = /a/; t = "x"; [r, t, r, t])', [Regexp("/a/"), "x", Regexp("/a/"), "x"]),
    ('Regexp.new("é".encode("ISO-8859-1"))', Regexp("/é/")),
]
"""What is written in another way, or never."""

JUDGE = """
theirs = [{values}]
ours = STDIN.each_line.map {{ |line| Marshal.load([line.chomp].pack("H*")) }}
theirs.zip(ours) {{ |value, other| puts "#{{Marshal.dump(value).unpack1("H*")}} #{{value == other}}" }}
"""


def marshalled(text: bytes) -> bytes:
    return b"\x04\x08" + text


def doubling(levels: int) -> bytes:
    """Arrays in one array, of which each but the first holds the one before twice, as links."""
    links = b"".join(b"[\x07@" + bytes([6 + level]) + b"@" + bytes([6 + level]) for level in range(levels))
    return marshalled(b"[" + bytes([6 + levels]) + b"[\x07i\x00i\x00" + links)


HOSTILE = [
    (b"", "damaged"),
    (b"\x04\x07" + b"0", "damaged"),
    (b"\x04\x09" + b"0", "damaged"),
    (b"--- pong\n", "damaged"),
    (marshalled(b""), "damaged"),
    (marshalled(b"00"), "damaged"),
    (marshalled(b"?"), "damaged"),
    (marshalled(b"[\x07i\x06"), "damaged"),
    (marshalled(b"[\xff\x00i\x06"), "damaged"),
    (marshalled(b"[\x04\xff\xff\xff\x7f"), "damaged"),
    (marshalled(b"{\xfa"), "damaged"),
    (marshalled(b'"\x0aab'), "damaged"),
    (marshalled(b'"\xfaab'), "damaged"),
    (marshalled(b'"\x04\xff\xff\xff\xffab'), "damaged"),
    (marshalled(b"i\x04\x01"), "damaged"),
    (marshalled(b"l+\xfa"), "damaged"),
    (marshalled(b'I"\x06a'), "damaged"),
    (marshalled(b'I"\x06a\x06"\x06ET'), "damaged"),
    (marshalled(b'I"\x06a\x06:\x06EI"\x06a\x06:\x06ET'), "damaged"),
    (marshalled(b"I[\x00\x06:\x06ET"), "damaged"),
    (marshalled(b"o:\x0bObject\x00"), "forbidden type"),
    (marshalled(b"u:\x09Time\x0dabcdefgh"), "forbidden type"),
    (marshalled(b"U:\x08Gem[\x00"), "forbidden type"),
    (marshalled(b"S:\x06S\x00"), "forbidden type"),
    (marshalled(b"e:\x06M[\x00"), "forbidden type"),
    (marshalled(b"c\x0bKernel"), "forbidden type"),
    (marshalled(b"m\x0bKernel"), "forbidden type"),
    (marshalled(b"M\x0bKernel"), "forbidden type"),
    (marshalled(b'C:\x06S"\x06a'), "forbidden type"),
    (marshalled(b"d:\x06D0"), "forbidden type"),
    (marshalled(b"}\x000"), "forbidden type"),
    (marshalled(b"Io:\x06A\x00\x06:\x06ET"), "forbidden type"),
    (marshalled(b'I"\x06a\x07:\x06ET:\x07@xi\x06'), "forbidden type"),
    (marshalled(b'I"\x06a\x00'), "forbidden type"),
    (marshalled(b'I"\x06a\x06:\x07@xT'), "strange encoding"),
    (marshalled(b'I"\x06a\x06:\rencoding"\x0bUTF-16'), "strange encoding"),
    (marshalled(b'[\x07[\x00I"\x06a\x06:\rencoding@\x06'), "strange encoding"),
    (marshalled(b'I"\x06\xff\x06:\x06ET'), "not UTF-8"),
    (marshalled(b'I"\x07\xc3\xa9\x06:\x06EF'), "not UTF-8"),
    (marshalled(b'I"\x08\xed\xa0\x80\x06:\x06ET'), "not UTF-8"),
    (marshalled(b":\x07\xc3\xa9"), "not UTF-8"),
    (marshalled(b"/\x06\xff\x00"), "not UTF-8"),
    (marshalled(b"@\x00"), "bad link"),
    (marshalled(b"[\x06@\x00"), "bad link"),
    (marshalled(b"[\x06@\xfa"), "bad link"),
    (marshalled(b"[\x07i\x06@\x06"), "bad link"),
    (marshalled(b'I"\x06a\x06:\rencoding@\x00'), "bad link"),
    (marshalled(b";\x00"), "bad link"),
    (marshalled(b"[\x07:\x06a;\xfa"), "bad link"),
    (marshalled(b"[\x07:\x06a;\x06"), "bad link"),
    (marshalled(b"I:\x06a\x06;\x06T"), "bad link"),
    (marshalled(b"{\x07:\x06a0;\x000"), "duplicate key"),
    (marshalled(b"{\x07i\x060i\x060"), "duplicate key"),
    (marshalled(b"{\x0600"), "strange key"),
    (marshalled(b"{\x06T0"), "strange key"),
    (marshalled(b"{\x06f\x0610"), "strange key"),
    (marshalled(b"{\x06[\x000"), "strange key"),
    (marshalled(b"{\x06l+\x09\xff\xff\xff\xff\xff\xff\xff\x1f0"), "strange key"),
    (marshalled(b"f\x08inf"), "bad number"),
    (marshalled(b"f\x09-inf"), "bad number"),
    (marshalled(b"f\x08nan"), "bad number"),
    (marshalled(b"f\x0a1e999"), "bad number"),
    (marshalled(b"f\x081_0"), "bad number"),
    (marshalled(b"f\x00"), "bad number"),
    (marshalled(b"f\x01\xc8" + b"1" * 200), "bad number"),
    (marshalled(b"l+\x02\xe8\x03" + b"\xff" * 2000), "bad number"),
    (marshalled(b"l?\x07\x01\x00\x00\x00"), "bad number"),
    (marshalled(b"[\x06" * 100_000), "too deep"),
    (marshalled(b"{\x06i\x00" * 100_000), "too deep"),
    (marshalled(b"[\x03\x60\xea\x00" + b"0" * 60_000), "too many values"),
    (marshalled(b'"\x03\x00\x00\x10' + b"x" * 1024 * 1024), "too large"),
    (marshalled(b"/\x02\x20\x4e" + b"/" * 20_000 + b"\x00"), "too large"),
    (doubling(30), "too many values"),
]


PIECES = [
    b"[\x07",
    b"{\x06",
    b'I"\x06a',
    b"\x06:\x06ET",
    b"@\x06",
    b";\x00",
    b":\x06b",
    b"i\x06",
    b"0",
    b"l+\x06",
    b"f\x061",
]


def test_what_is_cut_off_anywhere_is_refused() -> None:
    whole = encode({Symbol("a"): ["é", 1.5, 2**70, -300, Symbol("é"), b"x", {"y": None}]})

    for end in range(len(whole)):
        with pytest.raises(DecodeError):
            decode(whole[:end])


@pytest.mark.parametrize(("data", "reason"), HOSTILE, ids=[repr(data[2:22]) for data, _ in HOSTILE])
def test_hostile_marshal_is_refused_and_the_reason_can_be_counted(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(data)

    assert refused.value.reason == reason


def test_what_is_refused_is_called_by_its_name() -> None:
    with pytest.raises(DecodeError, match="forbidden type: a Struct"):
        decode(marshalled(b"S:\x06S\x00"))


def test_links_count_for_what_they_stand_for() -> None:
    assert len(decode(doubling(8))) == 9

    with pytest.raises(DecodeError, match="too many values"):
        decode(doubling(18))


def test_links_count_for_the_depth_they_stand_for() -> None:
    with pytest.raises(DecodeError, match="too deep"):
        decode(doubling(10), Limits(depth=8))


def test_links_count_for_the_characters_they_stand_for() -> None:
    data = marshalled(b"[\x02\xe9\x03" + b'"\x02\xe8\x03' + b"x" * 1000 + b"@\x06" * 1000)

    with pytest.raises(DecodeError, match="too large"):
        decode(data, Limits(size=100_000))


def test_an_empty_filter_of_a_real_ping_is_read() -> None:
    """As MCollective's psk plugin marshals the body of `mco ping`."""
    assert decode(b'\x04\x08I"\tping\x06:\x06ET') == "ping"


def test_the_same_list_twice_is_written_twice() -> None:
    shared = ["x"]

    assert b"@" not in encode([shared, shared])


def test_a_document_stands_in_another_as_its_bytes() -> None:
    inner = MARSHAL.encode("pong")

    assert MARSHAL.decode(MARSHAL.encode([MARSHAL.embed(inner)])) == [inner]


def around_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1}, Regexp("/a/"), "\ud800", around_itself()])
def test_what_the_wire_has_no_form_for_is_said(value: Any) -> None:
    with pytest.raises(EncodeError):
        encode([value])


@given(values)
def test_what_is_written_is_read_back_the_same_and_of_the_same_types(value: Any) -> None:
    read = decode(encode(value))

    assert read == value
    assert repr(read) == repr(value)


@given(some.binary() | some.lists(some.sampled_from(PIECES)).map(b"".join))
def test_no_bytes_bring_anything_but_a_value_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode(marshalled(data))


@pytest.mark.skipif(shutil.which("ruby") is None, reason="needs Ruby (Debian's package ruby)")
def test_ruby_reads_what_is_written_and_what_ruby_writes_is_read(tmp_path: Path) -> None:
    table = [*RUBY, *READ_ONLY]
    (tmp_path / "judge.rb").write_text(JUDGE.format(values=",\n".join(expression for expression, _ in table)))
    ours = "".join(f"{encode(value).hex()}\n" for _, value in RUBY)

    judged = subprocess.run(["ruby", tmp_path / "judge.rb"], input=ours, capture_output=True, text=True, check=True)

    answers = [line.split() for line in judged.stdout.splitlines()]
    read = [decode(bytes.fromhex(dumped)) for dumped, _ in answers]
    assert [repr(value) for value in read] == [repr(value) for _, value in table]
    assert [equal for _, equal in answers[: len(RUBY)]] == ["true"] * len(RUBY)

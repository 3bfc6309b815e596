"""Frames as brokers send them, in pieces of any size; and what no broker may send."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.mcollective.connector.frames import MAX_HEAD, Frame, FrameError, FrameReader

LIMIT = 100

CONNECTED = b"CONNECTED\nserver:ActiveMQ/5.17.2\nheart-beat:0,0\nversion:1.1\n\n\x00\n"
MESSAGE = (
    b"MESSAGE\ncontent-length:11\nmessage-id:ID\\chost-1\\c2\nmc_sender:rubynode1\n"
    b"reply-to:/queue/mcollective.reply.rubyclient_21043.2\n\n--- \x00pong\x00\n\x00\n"
)
UNMEASURED = b"MESSAGE\ndestination:/queue/a\n\nuntil the NUL\x00"
ERROR = b"ERROR\nmessage:not_found\ncontent-length:9\n\nNOT_FOUND\x00"

FRAMES = {
    CONNECTED: Frame("CONNECTED", {"server": "ActiveMQ/5.17.2", "heart-beat": "0,0", "version": "1.1"}, b""),
    MESSAGE: Frame(
        "MESSAGE",
        {
            "content-length": "11",
            "message-id": "ID:host-1:2",
            "mc_sender": "rubynode1",
            "reply-to": "/queue/mcollective.reply.rubyclient_21043.2",
        },
        b"--- \x00pong\x00\n",
    ),
    UNMEASURED: Frame("MESSAGE", {"destination": "/queue/a"}, b"until the NUL"),
    ERROR: Frame("ERROR", {"message": "not_found", "content-length": "9"}, b"NOT_FOUND"),
}


def message(body: bytes, *, measured: bool) -> bytes:
    length = b"content-length:%d\n" % len(body) if measured else b""
    return b"MESSAGE\n" + length + b"\n" + body + b"\x00"


@pytest.mark.parametrize("text", FRAMES, ids=["connected", "message", "without a length", "error"])
def test_a_frame_is_read_as_it_was_sent(text: bytes) -> None:
    assert FrameReader(LIMIT).feed(text) == [FRAMES[text]]


@given(some.lists(some.sampled_from([*FRAMES, b"\n", b"\r\n", message(b"x" * 300, measured=True)])), some.data())
def test_it_does_not_matter_in_which_pieces_frames_come(sent: list[bytes], data: some.DataObject) -> None:
    stream = b"".join(sent)
    cuts = sorted(data.draw(some.sets(some.integers(0, len(stream)), max_size=20)) | {0, len(stream)})
    reader = FrameReader(LIMIT)

    in_pieces = [frame for start, end in pairwise(cuts) for frame in reader.feed(stream[start:end])]

    assert in_pieces == FrameReader(LIMIT).feed(stream)
    assert len(in_pieces) == len([one for one in sent if one.strip()])


@pytest.mark.parametrize(
    ("head", "headers"),
    [
        (b"a:1\na:2", {"a": "1"}),
        (b"a:b:c", {"a": "b:c"}),
        (b"a:", {"a": ""}),
        (b"a\\cb:c\\nd\\\\e", {"a:b": "c\nd\\e"}),
        (b"a:\\x", {"a": "\\x"}),
        (b"a:\xff", {"a": "�"}),
    ],
    ids=["the first of two counts", "a colon", "nothing", "escapes", "no escape", "no UTF-8"],
)
def test_headers(head: bytes, headers: dict[str, str]) -> None:
    [frame] = FrameReader(LIMIT).feed(b"MESSAGE\n" + head + b"\n\n\x00")

    assert frame.headers == headers


@pytest.mark.parametrize("measured", [True, False])
def test_a_body_above_the_limit_is_passed_over_and_the_next_frame_is_read(measured: bool) -> None:  # noqa: FBT001
    reader = FrameReader(LIMIT)
    assert reader.feed(message(b"x" * LIMIT, measured=measured))[0].body == b"x" * LIMIT

    large, following = reader.feed(message(b"x" * (LIMIT + 1), measured=measured) + ERROR)

    assert large.body is None
    assert following == FRAMES[ERROR]


@pytest.mark.parametrize("measured", [True, False])
def test_however_large_it_is_it_is_not_kept(measured: bool) -> None:  # noqa: FBT001
    reader = FrameReader(LIMIT)
    large = message(b"x" * 1_000_000, measured=measured)

    for at in range(0, len(large) - 1, 1000):
        assert reader.feed(large[at : min(at + 1000, len(large) - 1)]) == []
        assert len(reader._buffer) <= 1000 + LIMIT

    assert [frame.body for frame in reader.feed(b"\x00")] == [None]


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak STOMP on this port"),
        (b"SSH-2.0-OpenSSH\r\n", "it does not speak STOMP on this port"),
        (b"\x15\x03\x03\x00\x02\x02\n", "it speaks TLS on this port; say how under `tls:`"),
        (b"MESS\n\n\x00", "it does not speak STOMP on this port"),
        (b"SEND\n\n\x00", "it does not speak STOMP on this port"),
        (b"message\n\n\x00", "it does not speak STOMP on this port"),
        (b"MESSAGE\nno colon\n\n\x00", "a header has no colon"),
        (b"MESSAGE\ncontent-length:-1\n\n\x00", "a content-length is no number"),
        (b"MESSAGE\ncontent-length:\n\n\x00", "a content-length is no number"),
        (b"MESSAGE\ncontent-length: 1\n\n\x00", "a content-length is no number"),
        (b"MESSAGE\ncontent-length:99999999999\n\n\x00", "a content-length is no number"),
        ("MESSAGE\ncontent-length:\N{ARABIC-INDIC DIGIT ONE}\n\n\x00".encode(), "a content-length is no number"),
        (b"MESSAGE\ncontent-length:2\n\nabc\x00", "a body is longer than its content-length"),
        (b"MESSAGE\n" + b"a:b\n" * MAX_HEAD, "a frame has more than 65536 bytes of headers"),
        (b"MESSAGE\na:" + b"b" * MAX_HEAD + b"\n\n\x00", "a frame has more than 65536 bytes of headers"),
    ],
)
def test_what_no_broker_may_send_ends_the_reading(sent: bytes, complaint: str) -> None:
    with pytest.raises(FrameError, match=complaint):
        FrameReader(LIMIT).feed(sent)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.reading import ALLOWANCES, FILE_BYTES, STATEMENTS, crowded, decoded, overgrown, passages
from dsl.syntax import Span


def refusal(source: bytes) -> tuple[str, str, int, int]:
    _, (finding, *_) = decoded(source)
    return finding.code, finding.message, finding.span.line, finding.span.column


def test_a_statement_begins_at_the_margin_and_indented_lines_go_on_with_it() -> None:
    text = "# head\nevery 30 s\nrule r\n  when a\n\n# between\n\tmove b\nlimit 2"

    assert [(passage.line, passage.text) for passage in passages(text)] == [
        (1, "# head"),
        (2, "every 30 s"),
        (3, "rule r\n  when a\n\n# between\n\tmove b"),
        (8, "limit 2"),
    ]


@given(st.text(alphabet='ab #\n\r\t"(', max_size=80))
def test_no_line_is_lost_and_none_is_read_twice(text: str) -> None:
    assert "\n".join(passage.text for passage in passages(text)) == text


def test_offsets_become_lines_and_columns_of_the_file() -> None:
    *_, passage = passages("every 30 s\nrule r\n  when a")

    assert passage.span(9, 13) == Span(3, 3, 3, 7)


def test_a_file_that_no_person_wrote_is_not_read() -> None:
    assert refusal(b"#" * (FILE_BYTES + 1)) == (
        "too-big", "the file has 1048577 bytes, at most 1048576 are read", 1, 1,
    )  # fmt: skip
    assert decoded(b"#" * FILE_BYTES)[1] == ()


def test_bytes_that_are_no_text_are_told_at_the_very_beginning() -> None:
    assert refusal("every 30 s\nlet ü".encode() + b"\xff\n") == ("encoding", "byte 0xff is not UTF-8", 2, 6)


def test_a_byte_order_mark_is_told() -> None:
    assert refusal(b"\xef\xbb\xbfevery 30 s")[1:] == ("the file begins with a byte order mark", 1, 1)


@pytest.mark.parametrize(
    ("stranger", "message"),
    [
        pytest.param("\0", "a character that nobody sees stands here, NUL", id="NUL"),
        pytest.param("\x1b", "a character that nobody sees stands here, ESC", id="what a terminal would obey"),
        pytest.param("\x85", "a character that nobody sees stands here, U+0085", id="an end of line of mainframes"),
        pytest.param("\u2028", "a character that nobody sees stands here, U+2028", id="an end of line to some editors"),
        pytest.param("\u202e", "a character that nobody sees stands here, U+202E", id="the other way round from here"),
        pytest.param("\u2066", "a character that nobody sees stands here, U+2066", id="an island of another direction"),
        pytest.param("\r", "a carriage return stands here that ends no line", id="the end of line of old Macs"),
    ],
)
def test_a_line_says_what_it_shows(stranger: str, message: str) -> None:
    in_words, in_a_comment = f"every 30 s\nlet{stranger}limit", f"every 30 s\n# a{stranger}limit 2"

    assert refusal(in_words.encode()) == ("encoding", message, 2, 4)
    assert refusal(in_a_comment.encode()) == ("encoding", message, 2, 4)


def test_the_line_ends_of_windows_are_line_ends() -> None:
    assert decoded(b"every 30 s\r\nlimit 2\r\n") == ("every 30 s\r\nlimit 2\r\n", ())


def test_brackets_in_quotes_and_comments_are_no_brackets() -> None:
    (passage,) = passages('freeze when named "' + "(" * 100 + '" # ' + "(" * 100)

    assert overgrown(passage) is None


def test_there_is_a_limit_on_words_signs_and_statements() -> None:
    (long,) = passages("limit 1" + ", 1" * 5000)
    (tangled,) = passages("freeze when a" + " or a" * 201)

    assert [finding.code for finding in map(overgrown, (long, tangled)) if finding] == ["too-long", "too-long"]


def test_so_is_a_file_of_too_many_comments_that_allow_something() -> None:
    assert crowded("# allow: redundant so\n" * ALLOWANCES) is None

    crowd = crowded("# allow: redundant so\n" * (ALLOWANCES + 1))
    assert crowd is not None
    assert (crowd.code, crowd.span) == ("too-many", Span(5_001, 3, 5_001, 9))


def test_a_file_of_too_many_statements_is_refused_at_the_first_that_is_too_much() -> None:
    assert crowded("# head\n\nlimit 1\n  at once\n" * STATEMENTS) is None

    crowd = crowded("limit 1\n  at once\n" * (STATEMENTS + 1))
    assert crowd is not None
    assert (crowd.code, crowd.span) == ("too-many", Span(10_001, 1, 10_001, 2))

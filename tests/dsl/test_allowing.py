from dsl.allowing import allowances, unused, without_allowed
from dsl.findings import error, warning
from dsl.syntax import Span


def line(number: int, last: int | None = None) -> Span:
    return Span(number, 1, last or number, 2)


def test_a_warning_is_allowed_on_its_own_line_with_a_reason() -> None:
    text = 'a # allow: x because\nb # allow: x\nc # allow: y because\nd "# allow: x because"'
    told = without_allowed([warning("x", "", line(number)) for number in (1, 2, 3, 4)], allowances(text))

    assert [finding.span.line for finding in told] == [2, 3, 4]


def test_a_warning_of_several_lines_is_allowed_on_any_of_them() -> None:
    allowed = allowances("a\n  b  # allow: x because\nc")

    assert list(without_allowed([warning("x", "", line(1, 2))], allowed)) == []
    assert len(list(without_allowed([warning("x", "", line(3))], allowed))) == 1


def test_an_error_cannot_be_allowed() -> None:
    assert len(list(without_allowed([error("x", "", line(1))], allowances("a # allow: x because")))) == 1


def test_words_may_stand_before() -> None:
    (allowed,) = allowances("a  # as in 2010, allow: back-and-forth it rests")

    assert (allowed.code, allowed.span) == ("back-and-forth", Span(1, 18, 1, 39))


def test_what_allows_nothing_is_told() -> None:
    allowed = allowances(
        "a # allow: redundant so\nb # allow: redundant so\nc # allow: conflict so\nd # allow: redundand so\n"
        "e # allow: matches-nothing so"
    )
    found = list(unused(allowed, [warning("redundant", "", line(1))]))

    assert [(each.code, each.span.line, each.hint) for each in found] == [
        ("unused-allow", 2, "take the comment out"),
        ("unused-allow", 3, "mend it"),
        ("unused-allow", 4, "did you mean redundant?"),
    ]

from dsl.formatting.remarks import Remark, Remarks, remarks, shared_out
from dsl.reading import Passage
from dsl.syntax import Span


def alone(text: str, *place: int) -> Remark:
    line, column = place
    return Remark(text, (line, column), is_alone=True)


def behind(text: str, *place: int) -> Remark:
    line, column = place
    return Remark(text, (line, column), is_alone=False)


def test_comments_are_found_where_they_begin_and_not_in_quotes() -> None:
    passage = Passage('drain hosts named "#1"  # why \r\n\t# and more\n  # "quoted # twice"\n', 7)

    assert list(remarks(passage)) == [
        behind("# why", 7, 25), alone("# and more", 8, 2), alone('# "quoted # twice"', 9, 3),
    ]  # fmt: skip


def test_each_piece_gets_what_stands_above_and_behind_it() -> None:
    pieces = [Span(1, 1, 1, 1), Span(2, 3, 2, 20), Span(4, 3, 5, 20)]
    said = [behind("# head", 1, 9), behind("# first", 2, 30), alone("# above", 3, 3), behind("# second", 4, 12)]

    assert shared_out(said, pieces) == [
        Remarks((), "# head"), Remarks((), "# first"), Remarks(("# above",), "# second"),
    ]  # fmt: skip


def test_what_stands_in_the_midst_of_a_piece_or_below_the_last_goes_above_it() -> None:
    said = [alone("# within", 2, 3), alone("# below", 9, 3)]

    assert shared_out(said, [Span(1, 1, 3, 9)]) == [Remarks(("# within", "# below"))]


def test_of_several_behind_one_piece_an_allowance_stays_else_the_last() -> None:
    piece = [Span(1, 1, 3, 9)]
    usual = [behind("# one", 1, 9), behind("# two", 2, 9)]

    assert shared_out(usual, piece) == [Remarks(("# one",), "# two")]
    assert shared_out([behind("#allow: x why", 1, 5), *usual], piece) == [Remarks(("# one", "# two"), "#allow: x why")]

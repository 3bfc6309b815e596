from dsl.findings import SHOWN, Speller, did_you_mean, error, in_one_line, in_order, nearest, render, warning
from dsl.syntax import NOWHERE, Span


def test_a_finding_shows_the_line_the_place_and_the_way_out() -> None:
    finding = error("wrong-unit", "host.cpu is a share, 0.85 a number", Span(2, 20, 2, 24), "write 85%")

    assert render(finding, "farm.rules", "rule r\n  when  host.cpu > 0.85 for 3 rounds\n") == (
        "farm.rules:2:20: wrong-unit: host.cpu is a share, 0.85 a number [error]\n"
        "    2 |   when  host.cpu > 0.85 for 3 rounds\n"
        "      |                    ^^^^ write 85%"
    )


def test_how_grave_it_is_stands_behind_what_it_is() -> None:
    doubt = warning("redundant", "no more than another", Span(1, 1, 1, 6), "against line 2")

    assert render(doubt, "f", "drain").splitlines()[0] == "f:1:1: redundant: no more than another [warning]"
    assert in_one_line(doubt, "f") == "f:1:1: redundant: no more than another (against line 2) [warning]"


def test_carets_stand_right_behind_tabs() -> None:
    assert render(error("syntax", "no", Span(1, 3, 1, 5)), "f", "\t\tab").splitlines()[2] == "      | \t\t^^"


def test_a_statement_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert render(error("twice", "no", Span(1, 1, 3, 4)), "f", "rule r\n a\n b").splitlines()[2] == "      | ^^^^^^"


def test_of_a_long_line_the_part_round_the_place_is_shown() -> None:
    shown = render(error("syntax", "no", Span(1, 5000, 1, 5003), "so"), "f", "a" * 4999 + "bbb" + "a" * 4999)
    _, line, caret = shown.splitlines()

    assert len(line) < 140
    assert line[caret.index("^") : caret.rindex("^") + 1] == "bbb"
    assert caret.endswith("^^^ so")


def test_nothing_that_a_terminal_would_obey_is_shown() -> None:
    assert "\x1b" not in render(error("syntax", "no", Span(1, 1, 1, 2)), "f", "\x1b[2Jdrain")


def test_a_place_outside_the_text_has_a_headline_only() -> None:
    assert render(error("too-big", "too big", Span(1, 1, 1, 2)), "f", "") == "f:1:1: too-big: too big [error]"
    assert render(error("x", "y", NOWHERE, "z"), "f", "text") == "f:0:0: x: y: z [error]"


def test_a_name_whose_parts_are_turned_round_is_the_nearest() -> None:
    assert nearest("free_memory", ["memory", "memory_free", "free_memo"]) == "memory_free"


def test_findings_stand_in_the_order_of_the_file() -> None:
    late, early = error("b", "", Span(2, 1, 2, 2)), error("a", "", Span(1, 9, 1, 10))

    assert in_order([late, early]) == (early, late)


def test_who_made_too_many_mistakes_is_told_the_first_hundred() -> None:
    told = in_order([error("a", "", Span(line, 1, line, 2)) for line in range(1, 201)])

    assert len(told) == SHOWN + 1
    assert told[-1].message == "and 100 more mistakes; mend these first"


def test_warnings_are_left_out_before_any_error_is() -> None:
    lines = range(1, 151)
    told = in_order(
        [*(warning("w", "", Span(line, 1, line, 2)) for line in lines), error("e", "", Span(151, 1, 151, 2))]
    )

    assert [finding.code for finding in told] == ["w"] * 99 + ["e", "and-more"]
    assert (told[-1].severity, told[-1].message) == ("warning", "and 51 more warnings")


def test_the_nearest_word_is_near() -> None:
    assert nearest("runds", {"round", "rounds", "s"}) == "rounds"
    assert nearest("zebra", {"round", "rounds", "s"}) is None


def test_a_hint_is_not_looked_for_among_thousands_of_words() -> None:
    sets = {f"set_{number:05}" for number in range(15_000)}
    assert did_you_mean("set_99999", sets) == ""
    assert nearest("set_99999", sets) is not None


def test_hints_are_looked_for_until_that_has_taken_long_for_one_file() -> None:
    speller = Speller()
    hints = [speller.did_you_mean("Europe/Pariss", ["Europe/Paris"] * 600) for _ in range(30)]

    assert hints[0] == "did you mean Europe/Paris?"
    assert hints[-1] == ""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.formatting import format_source
from dsl.formatting.remarks import remarks
from dsl.loading import load
from dsl.parser import parse
from dsl.reading import Passage
from dsl.syntax import without_places
from dsl.vocabulary import Vocabulary
from tests.dsl.sentences import STATEMENTS, files, laid_out


def formatted(text: str) -> str:
    result = format_source(text.encode())
    assert result.findings == ()
    assert result.text is not None
    return result.text


def comments(text: str) -> Counter[str]:
    return Counter(remark.text for remark in remarks(Passage(text, 1)))


@pytest.mark.parametrize("name", STATEMENTS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_statement_says_the_same_in_its_new_layout(name: str, data: st.DataObject) -> None:
    text = data.draw(laid_out(STATEMENTS[name]))
    before = parse(text)
    assert before.findings == ()

    after = parse(formatted(text))

    assert after.findings == ()
    assert without_places(after.statements) == without_places(before.statements)


@given(files())
def test_laid_out_twice_it_stays_as_it_is(text: str) -> None:
    once = formatted(text)

    assert formatted(once) == once


@given(files())
def test_no_comment_is_lost(text: str) -> None:
    assert comments(formatted(text)) == comments(text)


@given(text=files())
def test_nothing_else_is_said_of_the_file(vocabulary: Vocabulary, text: str) -> None:
    before, after = (load("f", each.encode(), vocabulary).findings for each in (text, formatted(text)))

    assert Counter(finding.code for finding in after) == Counter(finding.code for finding in before)


@pytest.mark.parametrize("name", STATEMENTS)
@settings(max_examples=25)
@given(data=st.data())
def test_the_layout_that_was_does_not_show(name: str, data: st.DataObject) -> None:
    words = data.draw(STATEMENTS[name])
    blanks = data.draw(st.lists(st.sampled_from([" ", "   ", "\t", "\n  ", "\n\n "]), min_size=20, max_size=20))

    anyhow = "".join(word + blanks[number % 20] for number, word in enumerate(words))

    assert formatted(anyhow) == formatted(" ".join(words))


@given(st.one_of(st.text(), st.binary()))
def test_whatever_it_is_it_ends_with_a_layout_or_with_findings(source: str | bytes) -> None:
    result = format_source(source if isinstance(source, bytes) else source.encode(errors="surrogatepass"))

    assert (result.text is None) == bool(result.findings)

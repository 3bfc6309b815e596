import pytest

from dsl.syntax import Kind
from dsl.vocabulary import Vocabulary, Word


def test_one_name_may_belong_to_several_owners() -> None:
    vocabulary = Vocabulary.of([Word("host", "cpu", Kind.SHARE, "a"), Word("vm", "cpu", Kind.NUMBER, "b")])

    found = vocabulary.find("vm", "cpu")
    assert found is not None
    assert found.kind is Kind.NUMBER
    assert vocabulary.find("farm", "cpu") is None


def test_a_name_that_stands_twice_is_refused() -> None:
    word = Word("host", "cpu", Kind.SHARE, "a")

    with pytest.raises(ValueError, match=r"host\.cpu stands twice in the vocabulary"):
        Vocabulary.of([word, Word("host", "cpu", Kind.NUMBER, "b")])

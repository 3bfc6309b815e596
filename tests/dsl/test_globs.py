from fnmatch import fnmatchcase
from itertools import product

import pytest

from dsl.globs import covers, is_literal, overlap

PATTERNS = ["".join(each) for length in range(4) for each in product("ab*?", repeat=length)]
NAMES = ["".join(each) for length in range(7) for each in product("ab", repeat=length)]
MATCHED = {pattern: frozenset(name for name in NAMES if fnmatchcase(name, pattern)) for pattern in PATTERNS}


@pytest.mark.parametrize("left", PATTERNS)
def test_patterns_overlap_where_they_share_a_name(left: str) -> None:
    assert [right for right in PATTERNS if overlap(left, right)] == [
        right for right in PATTERNS if MATCHED[left] & MATCHED[right]
    ]


@pytest.mark.parametrize("wide", PATTERNS)
def test_what_covers_matches_all_of_it(wide: str) -> None:
    assert all(MATCHED[narrow] <= MATCHED[wide] for narrow in PATTERNS if covers(wide, narrow))


@pytest.mark.parametrize(
    ("wide", "narrow"), [("*", "web*"), ("w*", "web*"), ("web*", "web1"), ("web*", "web*"), ("*1", "web?1"), ("?", "a")]
)
def test_it_covers(wide: str, narrow: str) -> None:
    assert covers(wide, narrow)


@pytest.mark.parametrize(("wide", "narrow"), [("web*", "w*"), ("web1", "web*"), ("a", "b"), ("?", "*"), ("", "a")])
def test_it_does_not_cover(wide: str, narrow: str) -> None:
    assert not covers(wide, narrow)


def test_a_literal_stands_for_itself() -> None:
    assert [pattern for pattern in ("web1", "web*", "web?", "") if is_literal(pattern)] == ["web1", ""]

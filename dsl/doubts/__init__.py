"""What an author did not mean, as far as the text alone tells: one file and one row for each analysis.

Rule: only what is certain whatever the farm is like, and nothing that takes longer than the file is long: what looks at
pairs of statements looks at a bounded number of them. What needs a farm is for whoever has one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from dsl.doubts.conflicts import conflicts
from dsl.doubts.loops import loops
from dsl.doubts.openings import openings
from dsl.doubts.repeats import repeats
from dsl.doubts.said import Said
from dsl.doubts.shadows import shadows
from dsl.doubts.truths import truths
from dsl.findings import Finding
from dsl.syntax import Statement
from dsl.vocabulary import Vocabulary

ANALYSES: Final[tuple[Callable[[Said], Iterator[Finding]], ...]] = (
    truths, loops, shadows, repeats, openings, conflicts,
)  # fmt: skip


def doubts(
    statements: Iterable[Statement], things: Mapping[str, str | None], vocabulary: Vocabulary
) -> Iterator[Finding]:
    """What is doubtful in checked statements that have no mistake of their own; `things` is what each set is one of."""
    said = Said.of(statements, things, vocabulary)
    for analysis in ANALYSES:
        yield from analysis(said)

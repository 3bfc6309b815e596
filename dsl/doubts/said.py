"""What every analysis looks at: the statements that could be understood, by place, and a reader for their tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from dsl.doubts.reading import Reader
from dsl.syntax import All, Let, Never, Statement
from dsl.vocabulary import Vocabulary

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Said:
    """The checked statements of one file, the earlier first."""

    statements: Sequence[Statement]
    reader: Reader

    @classmethod
    def of(cls, statements: Iterable[Statement], things: Mapping[str, str | None], vocabulary: Vocabulary) -> Self:
        """Statements that have no mistake of their own; `things` says of each set what it is one of."""
        by_place = sorted(statements, key=lambda each: each.span.line)
        lets = {each.name: each.set for each in by_place if isinstance(each, Let)}
        return cls(by_place, Reader(vocabulary, lets, things))

    def all(self, kind: type[Kept]) -> list[Kept]:
        """The statements of one kind."""
        return [each for each in self.statements if isinstance(each, kind)]


def is_of_all(never: Never) -> bool:
    """Whether a `never move` is about every VM and every journey."""
    every_vm = isinstance(never.vms, All) and never.vms.test is None
    return every_vm and never.source is None and never.target is None

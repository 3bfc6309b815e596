"""What every analysis looks at: the statements that could be understood, by place, and a reader for their tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from dsl.doubts.reading import Reader
from dsl.phrases import set_phrase
from dsl.syntax import All, Drain, Freeze, Keep, Let, Never, Rule, Statement, Window
from dsl.vocabulary import Vocabulary

Kept = TypeVar("Kept")

NAMED: Final = 8
"""Other statements that one hint names."""


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


def in_short(statement: Statement) -> str:
    """The statement in its author's words, or in the canonical ones, for messages that name it."""
    match statement:
        case Keep(text=text) | Never(text=text):
            return text
        case Freeze(text=text):
            return f"freeze when {text}"
        case Drain(hosts=hosts):
            return f"drain {set_phrase(hosts)}"
        case Window(hours=hours):
            return f"window {hours.days} {hours.hours} {hours.zone}"
        case Rule(name=name):
            return f"rule {name}"
        case _:
            return type(statement).__name__.lower()


def against(statements: Iterable[Statement]) -> str:
    """The hint that names other statements, each with its line."""
    them = list(statements)
    told = [f"line {each.span.line}: {in_short(each)}" for each in them[:NAMED]]
    more = [f"and {len(them) - NAMED} more"] if len(them) > NAMED else []
    return f"against {'; '.join([*told, *more])}" if told else ""


def is_of_all(never: Never) -> bool:
    """Whether a `never move` is about every VM and every journey."""
    every_vm = isinstance(never.vms, All) and never.vms.test is None
    return every_vm and never.source is None and never.target is None

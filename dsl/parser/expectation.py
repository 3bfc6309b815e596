"""What may stand behind the beginning of a statement: the parser's own knowledge, for whoever writes one.

Rule: told by the grammar, never by a second list of what follows what.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from lark import Token
from lark.exceptions import UnexpectedInput

from dsl.parser.grammar import grammar, words_of
from dsl.reading import Passage, overgrown

SIGNS: Final = frozenset({"LPAR", "COMMA", "EQUAL"})
"""Terminals that tell, like keywords, what is begun and not ended yet."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """`following`: the terminals that may come next, each with the words that it may be (none: it is a pattern).

    `begun`: the keywords and signs of all that is not ended yet, outermost first: behind `keep vms where` it is
    (keep, vms, where), behind `keep vms where age > 1 d apart` it is (keep, apart).
    """

    following: Mapping[str, tuple[str, ...]]
    begun: tuple[str, ...]

    @classmethod
    def nothing(cls) -> Self:
        """Behind what no statement begins with."""
        return cls(MappingProxyType({}), ())


def expectation(beginning: str) -> Expectation:
    """What may follow; raises nothing, whatever the text."""
    if overgrown(Passage(beginning, 1)):
        return Expectation.nothing()
    parser = grammar().parse_interactive(beginning)
    try:
        parser.exhaust_lexer()
    except UnexpectedInput:
        return Expectation.nothing()
    words = _words()
    accepted: set[str] = parser.accepts()  # type: ignore[no-untyped-call]  # Lark leaves it untyped
    following = {name: words[name] for name in sorted(accepted) if name in words}
    open_parts = (part for part in parser.parser_state.value_stack if isinstance(part, Token))
    begun = tuple(str(part) for part in open_parts if words[part.type] or part.type in SIGNS)
    return Expectation(MappingProxyType(following), begun)


def _words() -> Mapping[str, tuple[str, ...]]:
    return {terminal.name: words_of(terminal.pattern) for terminal in grammar().terminals}

"""The grammar, read from `rules.lark`, and the words that it is made of.

Rule: LALR with a contextual lexer; a keyword ends where its word ends.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from lark import Lark
from lark.lexer import Pattern, PatternRE, PatternStr, TerminalDef

_WORDS: Final = re.compile(r"\(\?:([A-Za-z0-9%|]+)\)")
_WORD_END: Final = r"(?!(?<=[A-Za-z0-9_])[A-Za-z0-9_.])"


@cache
def grammar() -> Lark:
    """The parser of one statement, built once; keywords stay in the tree, so that it tells where each part stands."""
    return Lark.open_from_package(
        "dsl",
        "rules.lark",
        start="statement",
        parser="lalr",
        lexer="contextual",
        keep_all_tokens=True,
        edit_terminals=_end_with_the_word,
    )


def _end_with_the_word(terminal: TerminalDef) -> None:
    """Without this `whenever` would be read as `when` and `ever`, and `host.cpu` as `host` and a stray dot."""
    words = words_of(terminal.pattern)
    if words:
        terminal.pattern = PatternRE(f"(?:{'|'.join(words)}){_WORD_END}")
        terminal.priority = 1


def words_of(pattern: Pattern) -> tuple[str, ...]:
    """The words that a terminal stands for: one keyword, a choice of some, or none."""
    if isinstance(pattern, PatternStr):
        return (pattern.value,) if pattern.value.isalnum() else ()
    choice = _WORDS.match(pattern.value)
    return tuple(choice[1].split("|")) if choice else ()


@cache
def reserved_words() -> frozenset[str]:
    """Every word of the grammar: none of them can be a name that a `let` gives."""
    words = (word for terminal in grammar().terminals for word in words_of(terminal.pattern))
    return frozenset(word for word in words if word.isalnum())


@cache
def patterns() -> Mapping[str, str]:
    """What each terminal looks like, as a regular expression."""
    return {terminal.name: terminal.pattern.to_regexp() for terminal in grammar().terminals}


@cache
def spellings() -> Mapping[str, tuple[str, ...]]:
    """What each terminal may look like, where that can be listed."""
    listed = {terminal.name: terminal.pattern for terminal in grammar().terminals}
    return {name: words_of(pattern) or (pattern.value.replace("\\", ""),) for name, pattern in listed.items()}

"""Writes the syntax files for editors anew, from the grammar's words and the vocabulary: `make editors`.

Rule: one row for each colour; where several rows fit at a place, the first counts. What is written is never edited.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from balancer.core.figures.signals import VOCABULARY
from dsl.checking.statements import STEPS
from dsl.clauses import THING
from dsl.manual import CLAUSES, STATEMENTS, WORDS
from dsl.parser.grammar import patterns, reserved_words, spellings

HERE: Final = Path(__file__).parent
LANGUAGE: Final = "xen-balancer-rules"
FILETYPE: Final = "xenbalancer"
ORIGIN: Final = "made by deploy/editors/generate.py; make editors writes it anew"

_LOGIC: Final = ("and", "or", "not", "in")
_THINGS: Final = ("vm", "vms", "host", "hosts", "source")


@dataclass(frozen=True, slots=True)
class Colour:
    """What is coloured alike: its TextMate scope, Vim's group, and how it looks to either ("very magic" for Vim)."""

    name: str
    scope: str
    group: str
    textmate: str
    vim: str


def _same(name: str, scope: str, group: str, pattern: str) -> Colour:
    return Colour(name, scope, group, pattern, pattern)


def _words(name: str, scope: str, group: str, words: Iterable[str]) -> Colour:
    """Whole words; one with a dot behind is the owner of a name."""
    choice = "|".join(sorted(words))
    return Colour(name, scope, group, rf"(?<![\w.])(?:{choice})\b(?!\.)", rf"\.@<!<%({choice})>\.@!")


def _names() -> Iterable[str]:
    """Every way to write a measured thing, as patterns."""
    names = {thing: "|".join(sorted(_named(thing))) for thing in set(THING.values())}
    yield from (rf"{owner}\.({names[thing]})" for owner, thing in sorted(THING.items()))
    yield r"facts\.[a-z_][a-z0-9_]*"
    yield "|".join(sorted({name for thing in names for name in _named(thing)} - reserved_words()))
    yield "memory"


def _named(thing: str) -> Iterable[str]:
    return (word.name for word in VOCABULARY.words.values() if word.owner == thing)


def colours() -> tuple[Colour, ...]:
    """All rows."""
    statements = {entry.word for entry in STATEMENTS}
    units, functions = spellings()["UNIT"], spellings()["FUNCTION"]
    words = reserved_words() | {entry.word for entry in (*CLAUSES, *WORDS) if entry.word.isalpha()}
    rest = words - statements - {*units, *functions, *_LOGIC, *_THINGS, *STEPS, "memory"}
    statement, function, name = "|".join(sorted(statements)), "|".join(sorted(functions)), "|".join(_names())
    terminals = patterns()
    return (
        _same("Comment", "comment.line.number-sign", "Comment", "#.*"),
        _same("String", "string.quoted.double", "String", '"[^"]*"'),
        _same("Unclosed", "invalid.illegal.unclosed", "Error", '"[^"]*$'),
        Colour("Given", "entity.name.function", "Function",
               r"(?:(?<=^rule\s)|(?<=^let\s))\s*\w+", r"%(^%(rule|let)\s+)@<=\w+"),
        Colour("Statement", "keyword.control", "Statement", rf"^(?:{statement})\b", rf"^%({statement})>"),
        Colour("Name", "support.variable", "Identifier", rf"(?<![\w.])(?:{name})\b(?!\.)", rf"\.@<!<%({name})>\.@!"),
        Colour("Function", "support.function", "Function", rf"\b(?:{function})(?=\s*\()", rf"<%({function})(\s*\()@="),
        _same("Hours", "constant.other.hours", "Constant", terminals["HOURS"]),
        Colour("Days", "constant.other.days", "Constant", rf"\b(?:{terminals['DAYS']})\b(?!\.)",
               rf"<%({terminals['DAYS']})>\.@!"),
        Colour("Zone", "constant.other.zone", "Constant", rf"\b(?:{terminals['ZONE']})", rf"<%({terminals['ZONE']})"),
        Colour("Unit", "keyword.other.unit", "Type", rf"(?:(?<=[0-9])|(?<=[0-9] ))(?:%|(?:{_bare(units)})\b(?!\())",
               rf"([0-9] *)@<=%(\%|%({_bare(units)})>\(@!)"),
        Colour("Number", "constant.numeric", "Number", rf"(?<![\w.]){terminals['NUMBER']}",
               rf"<{terminals['NUMBER']}"),  # no look-behind: beside a {m,n} Vim gets it wrong
        _words("Logic", "keyword.operator.word", "Operator", _LOGIC),
        _words("Thing", "storage.type", "Type", _THINGS),
        _words("Kind", "constant.language", "Constant", STEPS),
        _words("Word", "keyword.other", "Keyword", rest),
        _same("Sign", "keyword.operator", "Operator", r"[<>=!+*/-]+"),
    )  # fmt: skip


def _bare(units: Iterable[str]) -> str:
    return "|".join(sorted(unit for unit in units if unit.isalnum()))


def textmate() -> str:
    """The grammar for VS Code, and for whoever else reads TextMate's."""
    rows = [{"name": f"{each.scope}.{LANGUAGE}", "match": each.textmate} for each in colours()]
    grammar: dict[str, Any] = {
        "information_for_contributors": [ORIGIN],
        "name": "xen-balancer rules",
        "scopeName": f"source.{LANGUAGE}",
        "fileTypes": ["rules"],
        "patterns": rows,
    }
    return f"{json.dumps(grammar, indent=2)}\n"


def vim_syntax() -> str:
    """Vim's syntax file; Vim takes the last of several matches, so the rows stand in reverse."""
    head = (f'" {ORIGIN}', "if exists('b:current_syntax')", "  finish", "endif", "")
    matches = [f"syntax match {FILETYPE}{each.name} {_quoted(each.vim)}" for each in reversed(colours())]
    links = [f"highlight default link {FILETYPE}{each.name} {each.group}" for each in colours()]
    return "\n".join((*head, *matches, "", *links, "", f"let b:current_syntax = '{FILETYPE}'", ""))


def vim_detection() -> str:
    """How Vim knows our files: others end in `.rules`, too, so that one of our statements must begin a line."""
    statement = "|".join(sorted(entry.word for entry in STATEMENTS))
    return (
        f'" {ORIGIN}\n'
        "autocmd BufNewFile,BufRead *.rules\n"
        f"  \\ if search('\\v^%({statement})>', 'nw') | unlet! b:did_ftplugin | set filetype={FILETYPE} | endif\n"
    )


def _quoted(pattern: str) -> str:
    """A pattern between signs that it does not hold."""
    return f"~\\v{re.sub('~', '[~]', pattern)}~"


FILES: Final = {
    "vscode/syntaxes/rules.tmLanguage.json": textmate,
    "vim/syntax/xenbalancer.vim": vim_syntax,
    "vim/ftdetect/xenbalancer.vim": vim_detection,
}

if __name__ == "__main__":
    for place, text in FILES.items():
        (HERE / place).write_text(text(), encoding="utf-8")

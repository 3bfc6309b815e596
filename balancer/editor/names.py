"""Where the sets of a file are named, by the `let` that gives a name and by those that use it; and the facts it names.

Rule: told by the syntax tree alone. A name is changed only where all of its places can be seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from balancer.editor.document import Document, Stretch
from dsl.facts import PREFIX
from dsl.loading import load
from dsl.reading import passages, scraps
from dsl.syntax import Let, Member, Name, NamedSet


class RefusedError(Exception):
    """Why a set cannot be given this name; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a set is named; `gives` where that is its `let`."""

    name: str
    where: Stretch
    gives: bool


def mentions(document: Document) -> Iterator[Mention]:
    """All places of all sets that could be read, a `let` before what it speaks of."""
    for node in _nodes(document.loaded.statements):
        match node:
            case Let(name=name):
                yield Mention(name, document.word(document.stretch(node.span), 1), gives=True)
            case Member(set_name=name) | NamedSet(name=name):
                yield Mention(name, document.word(document.stretch(node.span), -1), gives=False)
            case _:
                continue


def mentioned(document: Document, offset: int) -> Mention | None:
    """The set that is named at a place."""
    found = (each for each in mentions(document) if each.where.start <= offset <= each.where.end)
    return next(found, None)


def places(document: Document, name: str) -> tuple[Mention, ...]:
    """All places of one set."""
    return tuple(each for each in mentions(document) if each.name == name)


def renamed(document: Document, offset: int, new: str) -> tuple[Stretch, ...]:
    """The places to write the new name in; RefusedError where that would not do."""
    mention = mentioned(document, offset)
    if mention is None:
        raise RefusedError("no set is named here; put the cursor on a name that a let gave")
    for refusal in (_unfit(document, new), _taken(document, mention.name, new), _unread(document, mention.name)):
        if refusal:
            raise RefusedError(refusal)
    return tuple(each.where for each in places(document, mention.name))


def facts(document: Document) -> tuple[str, ...]:
    """The facts of which the file speaks, each once: `facts.rack`."""
    found = {each.name for each in _nodes(document.loaded.statements) if isinstance(each, Name)}
    return tuple(sorted(name for name in found if name.startswith(PREFIX)))


def _unfit(document: Document, new: str) -> str:
    """What the language itself says of a let with this name."""
    tried = load("", f"let {new} = vms".encode("utf-8", "replace"), document.vocabulary)
    if [let.name for let in tried.statements if isinstance(let, Let)] != [new]:
        return f"“{new}” is no name; write letters, digits and _, a letter first"
    return "; ".join(part for finding in tried.findings for part in (finding.message, finding.hint) if part)


def _taken(document: Document, old: str, new: str) -> str:
    other = document.lets.get(new)
    if other is None or new == old:
        return ""
    return f"“{new}” is the set of line {other.span.line} already; take another name"


def _unread(document: Document, name: str) -> str:
    """A statement with a mistake may use the name where nobody sees it."""
    read = {statement.span.line for statement in document.loaded.statements}
    for passage in passages(document.text):
        words = list(scraps(passage.text))
        if any(word.text == name for word in words):
            line = passage.span(words[0].start, words[0].end).line
            if line not in read:
                return f"the statement of line {line} speaks of {name} and cannot be read; mend it first"
    return ""


def _nodes(part: Any) -> Iterator[Any]:
    """All nodes of a tree, each before its parts."""
    if is_dataclass(part):
        yield part
        for each in fields(part):
            yield from _nodes(getattr(part, each.name))
    elif isinstance(part, tuple):
        for each in part:
            yield from _nodes(each)

"""Where the words of a statement stand: its lines, their indentation and their columns.

Rule: the layout depends on the tree and its remarks alone, never on the layout that was, so laying out twice changes
nothing. Gates and remarks stand in one column for the whole file as long as the words before them leave it free.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dsl.formatting.remarks import Remark, Remarks, is_allowance, shared_out
from dsl.phrases import keys, label, phrase, when
from dsl.syntax import Choice, Gate, Let, Rule, Span, Statement

WIDTH: Final = 120
"""A longer line is broken, where it can be."""

COLUMN: Final = 40
"""Where gates and remarks stand, counted from 0."""

_FAR: Final = 80
"""A longer line pushes no column."""

_LONG_GATE: Final = 40
"""A longer gate pushes no label."""

_LONG_ORDER: Final = 60
"""Behind a longer order stands no gate."""

_ORDER_LEAD: Final = len("  move  vm   by ")

_GAP: Final = 2
_WORD: Final = re.compile(r'(?:"[^"]*"|[^\s"])+')
_JOINTS: Final = frozenset({
    "and", "or", "where", "as", "from", "to", "with", "on", "apart", "together", "during", "except", "by", "cost",
})  # fmt: skip
"""Before these words a line may be broken; behind a comma, too."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be: its indentation and first words, the words that may be broken off, and the remark behind them.

    `column` is where the remark stands if the words leave it free.
    """

    lead: str = ""
    words: str = ""
    remark: str = ""
    column: int = COLUMN

    def rows(self) -> Iterator[str]:
        """The line as it is printed; where it is too long, with what hangs below it."""
        first, *others = self._broken() if self._is_broken() else [f"{self.lead}{self.words}"]
        yield f"{self._before_remark(first)}{self.remark}".rstrip()
        yield from others

    def pushes(self) -> int:
        """The column that its words want for the remark."""
        far = not (self.remark and self.words) or self._length() > _FAR
        return 0 if far else self._length() + _GAP

    def _length(self) -> int:
        return len(self.lead) + len(self.words)

    def _is_broken(self) -> bool:
        """An allowance holds for one line, so that line stays one."""
        return self._length() > WIDTH and not is_allowance(self.remark)

    def _before_remark(self, first: str) -> str:
        return f"{first}{' ' * _GAP}".ljust(self.column) if self.words else first

    def _broken(self) -> list[str]:
        hang = " " * max(len(self.lead), 4)
        rows = [self.lead]
        for part in _parts(self.words):
            if len(rows[-1]) + len(part) > WIDTH and rows[-1] != self.lead:
                rows.append(hang)
            rows[-1] += f"{part} "
        return [row.rstrip() for row in rows]


def _parts(words: str) -> Iterator[str]:
    """What stays together when a line is broken."""
    part = ""
    for word in _WORD.findall(words):
        if part and (word in _JOINTS or part.endswith(",")):
            yield part
            part = ""
        part = f"{part} {word}" if part else word
    yield part


def aligned(lines: Sequence[Line], least: int) -> list[Line]:
    """The lines with their remarks in one column."""
    column = max([least, *(line.pushes() for line in lines)])
    return [replace(line, column=column) if line.remark else line for line in lines]


# -- statements of one line --------------------------------------------------------------------------------------------


def plain(statement: Statement, said: Sequence[Remark], name_width: int) -> list[Line]:
    """A statement on one line, below what was said above or within it; a `let`'s name takes `name_width`."""
    (remarks,) = shared_out(said, [statement.span])
    above = [Line(remark=text) for text in remarks.above]
    if isinstance(statement, Let):
        lead = f"let {statement.name:{name_width}} = "
        return [*above, Line(lead, phrase(statement.set), remarks.behind)]
    return [*above, Line("", phrase(statement), remarks.behind)]


# -- rules -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line of a rule, the stretch of the file that it comes from, and how far what is said above it is indented."""

    line: Line
    source: Span
    indent: int = 2


def of_rule(rule: Rule, said: Sequence[Remark]) -> list[Line]:
    """A rule with a line for each clause and each further gate."""
    head, *clauses = _pieces(rule)
    first, *others = shared_out(said, [head.source, *(clause.source for clause in clauses)])
    pairs = [_with(clause, remarks) for clause, remarks in zip(clauses, others, strict=True)]
    column = head.line.column
    return [*_with(head, first), *aligned([line for pair in pairs for line in pair], column)]


def _with(piece: _Piece, remarks: Remarks) -> list[Line]:
    above = [Line(" " * piece.indent, remark=text) for text in remarks.above]
    return [*above, replace(piece.line, remark=remarks.behind)]


def _pieces(rule: Rule) -> Iterator[_Piece]:
    orders = [(f"  move  vm   by {keys(rule.move.by)}", rule.move), (f"  to    host by {keys(rule.to.by)}", rule.to)]
    column = max([COLUMN, *(len(order) + _GAP for order, choice in orders if _leaves_room(order, choice))])
    wide = max((len(phrase(gate.test)) for gate in _labelled(rule)), default=0)
    head = Span(rule.span.line, rule.span.column, rule.span.line, rule.span.column)
    yield _Piece(Line("", f"rule {rule.name}", column=column), head, 0)
    yield _Piece(Line("  when  ", when(rule.when)), rule.when.span)
    for order, choice in orders:
        yield from _choice(order, choice, column, wide)
    if rule.until is not None:
        yield _Piece(Line("  until ", phrase(rule.until)), rule.until.span)


def _leaves_room(order: str, choice: Choice) -> bool:
    """The first gate stands on the line of the order, unless that is long."""
    return bool(choice.where) and len(order) <= _LONG_ORDER


def _labelled(rule: Rule) -> Iterator[Gate]:
    """The gates whose labels stand in one column."""
    gates = (*rule.move.where, *rule.to.where)
    return (gate for gate in gates if label(gate) and len(phrase(gate.test)) <= _LONG_GATE)


def _choice(order: str, choice: Choice, column: int, wide: int) -> Iterator[_Piece]:
    """The order, with the first gate behind it, and the other gates below that one."""
    gates = list(choice.where)
    if _leaves_room(order, choice):
        first = gates.pop(0)
        yield _Piece(_gate(order, first, column, wide), _stretch(choice.span, first.span))
    else:
        lead = order[:_ORDER_LEAD]
        yield _Piece(Line(lead, order.removeprefix(lead)), _stretch(choice.span, choice.by[-1].span))
    for gate in gates:
        yield _Piece(_gate("", gate, column, wide), gate.span, column)


def _gate(order: str, gate: Gate, column: int, wide: int) -> Line:
    said, test = label(gate), phrase(gate.test)
    return Line(f"{order.ljust(column)}where ", f"{test:{wide}}  {said}" if said else test)


def _stretch(first: Span, last: Span) -> Span:
    return Span(first.line, first.column, last.end_line, last.end_column)

"""What an aggregate over time may be made of, and over how long a time.

Rule: measured figures alone have a history, each is aggregated once, and a window holds at least two rounds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from dsl.evaluation import leaves
from dsl.facts import PREFIX
from dsl.findings import Finding, error
from dsl.syntax import Amount, Kind, Name, Over, Span
from dsl.units import based, quantity

WINDOW: Final = ("10 s", "1 d")
"""The least and the most of a window."""

ROUNDS: Final = 2
"""Rounds that a window holds at least."""


def misuse(over: Over, shown: str, kinds: frozenset[Kind], *, counted: bool) -> Finding | None:
    """What is wrong with what an aggregate is made of: it is `shown` so, and of one of these `kinds` that are measured.

    `counted` says that something in it is counted.
    """
    measured = tuple(leaves(over.of))
    inner = next((leaf for leaf in measured if isinstance(leaf, Over)), None)
    if inner is not None:
        message = f"{over.function}(…) of what is over a time already"
        return error("wrong-kind", message, inner.span, "aggregate it once")
    if not measured or any(isinstance(leaf, Name) and leaf.name.startswith(PREFIX) for leaf in measured):
        return error("wrong-kind", f"{shown} is not measured, so it has no history", over.of.span)
    if counted and (over.function != "sum" or not isinstance(over.of, Name)):
        message = f"{shown} is counted: over a time it has a sum, and nothing else"
        span = over.of.span if over.function == "sum" else _function(over)
        return error("wrong-kind", message, span, f"write sum(…, {over.window.text})")
    if not kinds:
        message = f"{shown} cannot be reckoned with, so it has no {over.function}"
        return error("wrong-kind", message, over.of.span, "name a number, share, size or time")
    return None


def _function(over: Over) -> Span:
    """The place of the aggregate's own word, its first."""
    start = over.span
    return replace(start, end_line=start.line, end_column=start.column + len(over.function))


def without_past(over: Over) -> Finding | None:
    """What is to come has no history."""
    for leaf in leaves(over.of):
        if isinstance(leaf, Name) and leaf.owner == "after":
            message = f"after.{leaf.name} is to come, so it has no history"
            return error("wrong-owner", message, leaf.span, f"write {leaf.name}")
    return None


def window_of(amount: Amount) -> tuple[float, Finding | None]:
    """A window in seconds, and what is wrong with it."""
    kind, seconds = based(amount.value, amount.unit) if amount.unit else (Kind.NUMBER, amount.value)
    if kind is not Kind.TIME:
        return seconds, error("wrong-unit", f"{amount.text} is no time", amount.span, "units: s, min, h, d")
    least, most = WINDOW
    if not quantity(least, kind) <= seconds <= quantity(most, kind):
        return seconds, error(
            "out-of-bounds", f"{amount.text} is out of bounds", amount.span, f"write {least} to {most}"
        )
    return seconds, None


def too_short(aggregates: Iterable[Over], every: float) -> Iterator[Finding]:
    """Windows, in seconds, of less than two rounds of `every` seconds."""
    for over in aggregates:
        if over.window.value < ROUNDS * every:
            message = f"{over.window.text} holds less than {ROUNDS} rounds of {every:g} s"
            yield error("out-of-bounds", message, over.window.span, f"write {ROUNDS * every:g} s or more")

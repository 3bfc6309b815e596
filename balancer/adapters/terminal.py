"""What a person sees of a running balancer: one line a round, one line an order, and every trouble.

Rule: the same words everywhere. In a pipe they are plain lines; on a terminal they have colour, and a live line below
them says what is going on now. Nothing that a report carries reaches the terminal unescaped.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType, TracebackType
from typing import Final, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.core.formats import busy_share, printable, streaks_by_host
from balancer.core.model import Decision, Move, Order, OrderState
from balancer.core.wording import stays_broken
from balancer.ports import (
    Event,
    MovedByOthers,
    OperatorActed,
    OrderChanged,
    OrderHeld,
    RoundDecided,
    RoundLost,
    RulesRead,
    StaysBroken,
    StrangerSeen,
    Waiting,
)

REPEAT_SECONDS: Final = 60.0
"""Refused reports of one kind are told once in this time."""

_SENTENCES: Final[Mapping[OrderState, tuple[str, str]]] = MappingProxyType({
    OrderState.UNDER_WAY: ("ordered {journey}: {why}", "cyan"),
    OrderState.DONE: ("moved {journey}: {why}", "green"),
    OrderState.FAILED: ("failed to move {journey}: {detail}", "red"),
    OrderState.IN_DOUBT: ("in doubt: {journey}: {detail}", "yellow"),
})  # fmt: skip
"""What an order's state is told as, and in which colour; an intent is not told, it is sent at once."""

_REHEARSED: Final[Mapping[OrderState, tuple[str, str]]] = MappingProxyType({
    OrderState.DONE: ("would move {journey}: {why}", "cyan"),
})  # fmt: skip

_BY_MODE: Final[Mapping[str, Mapping[OrderState, tuple[str, str]]]] = MappingProxyType({DRY_RUN: _REHEARSED})


class Terminal:
    """Tells every event on a stream. As a context manager it keeps the live line while it is open."""

    def __init__(self, stream: TextIO) -> None:
        self._console = _Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._live = (
            Live(console=self._console, auto_refresh=False, transient=True) if self._console.is_terminal else None
        )
        self._refused = _Refusals()
        self._round = 0

    def __enter__(self) -> Self:
        self._screen().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen().__exit__(kind, error, trace)

    def record(self, event: Event) -> None:
        """Tell the event."""
        match event:
            case RoundDecided():
                self._round_decided(event)
            case OrderChanged(order=order):
                self._order_changed(order)
            case OrderHeld(vm=vm, source=source, target=target, why=why):
                self._say(f"held {vm} from {source} to {target}: {why}", "yellow")
            case RoundLost(round=number, why=why):
                self._say(f"round {number}  lost: {why}", "red")
            case Waiting(seconds=seconds):
                self._show(f"round {self._round + 1} in {seconds:.0f} s")
            case RulesRead():
                self._rules_read(event)
            case OperatorActed(who=who, action=action, detail=detail):
                self._say(f"{action} by {who}{detail and f': {detail}'}", "magenta")
            case _:
                self._say(*_found(event))

    def _round_decided(self, event: RoundDecided) -> None:
        decision = event.decision
        self._round = decision.plan.round
        self._say(round_line(decision), "bold" if decision.plan.moves else "red" if decision.plan.frozen else "")
        for line in self._refused.due(event.gathering.refused, decision.observation.now):
            self._say(line, "yellow")

    def _order_changed(self, order: Order) -> None:
        sentence, style = _BY_MODE.get(order.mode, _SENTENCES).get(order.state, ("", ""))
        if sentence:
            move = order.move
            self._say(
                sentence.format(journey=_journey(move), why=move.why, detail=order.detail or "no reason given"), style
            )

    def _rules_read(self, event: RulesRead) -> None:
        if event.problem is None:
            self._say(f"rules in force: {event.file}")
            return
        for line in event.problem.splitlines():
            self._say(line, "red")
        self._say(f"rules not read: {event.file} cannot be run with; the last good rules stay in force", "red")

    def _say(self, line: str, style: str = "") -> None:
        self._console.print(Text(printable(line), style))

    def _show(self, line: str) -> None:
        """The live line: only where there is a terminal."""
        if self._live is not None:
            self._live.update(Text(printable(line), "dim"), refresh=True)

    def _screen(self) -> AbstractContextManager[object]:
        return self._live or nullcontext()


def _found(event: MovedByOthers | StrangerSeen | StaysBroken) -> tuple[str, str]:
    """What was found that is not of our making, and its colour."""
    match event:
        case MovedByOthers(journey=its):
            return f"moved by others: {its.vm} from {its.source} to {its.target}; it rests", "magenta"
        case StrangerSeen(host=host, order=order):
            return f"a second balancer is at work: {host} has its order {order}; stop one of the two", "red"
        case StaysBroken(wall=wall):
            return f"cannot be mended: {stays_broken(wall)}", "yellow"


class _Console(Console):
    """A console that leaves it to the command line what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        """Let the BrokenPipeError go up."""
        raise  # noqa: PLE0704 - called while it is being handled


class _Refusals:
    """What had to be refused, told once per kind and minute with the number since the last time."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def due(self, refused: Mapping[str, int], now: float) -> list[str]:
        """The lines to be told now."""
        for reason, count in refused.items():
            self._counts[reason] = self._counts.get(reason, 0) + count
        return [self._line(reason, now) for reason in sorted(self._counts) if self._is_due(reason, now)]

    def _is_due(self, reason: str, now: float) -> bool:
        return reason not in self._told or now - self._told[reason] >= REPEAT_SECONDS

    def _line(self, reason: str, now: float) -> str:
        self._told[reason] = now
        count = self._counts.pop(reason)
        return f"refused {count} message{'s' if count != 1 else ''}: {reason}"


def round_line(decision: Decision) -> str:
    """A round in one line: who answered, how busy the farm is, who is in trouble, and what was decided."""
    observation = decision.observation
    parts = [
        f"round {observation.round}",
        f"{len(observation.hosts)}/{observation.expected} hosts",
        _busy(decision),
        *_hot(decision),
        *(f"in doubt: {doubt.why}" for doubt in observation.doubts),
    ]
    return f"{'  '.join(part for part in parts if part)}  — {decision.plan.sentence}"


def _busy(decision: Decision) -> str:
    shares = [share for share in map(busy_share, decision.observation.hosts) if share is not None]
    return f"busy max {max(shares):.0%} mean {sum(shares) / len(shares):.0%}" if shares else "busy unknown"


def _hot(decision: Decision) -> Iterable[str]:
    """The hosts over a limit; the words keep to four of them, the numbers to all."""
    longest = {host: max(rules.values()) for host, rules in streaks_by_host(decision.state.streaks).items()}
    shown = sorted(longest, key=lambda host: (-longest[host], host))[:4]
    yield from (f"{host} hot for {longest[host]}" for host in shown)
    if len(longest) > len(shown):
        yield f"and {len(longest) - len(shown)} more"


def _journey(move: Move) -> str:
    return f"{move.vm} from {move.source} to {move.target}"

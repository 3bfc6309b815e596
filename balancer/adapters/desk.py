"""The operator's desk: what the daemon's loop asks of its operator, and what the operator asks of the daemon.

Rule: a pause holds from the moment it is said, even where it cannot be written down; it ends only once the end is
written down. Looking never waits for the loop.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any, Final

from balancer.adapters.control import Arguments, ControlRefusedError, Handler
from balancer.adapters.journal_reader import Said
from balancer.adapters.order_book import OrderBook
from balancer.adapters.rule_file import RuleFile
from balancer.core.formats import drained_document, order_document, pause_reason, status_document
from balancer.core.model import Drained, Order, OrderState
from balancer.ports import Event, Journal, JournalError, OperatorActed, RoundDecided, RoundLost, RulesRead
from dsl.findings import nearest
from dsl.ruleset import Ruleset

MAX_WORDS: Final = 1000
"""Characters of a reason."""
ITSELF: Final = "xen-balancer"
"""Who has paused, where nobody did."""
SHOWN: Final = 20
"""Names listed where none is near."""
OUTCOMES: Final = ("done", "failed")
"""What an operator may say of an order."""


class ControlDesk:
    """`ports.Controls` of a daemon: rules from a file, a pause and an end by hand.

    `before` is what operators said to earlier ones; `now` tells the time, seconds since the epoch.
    """

    def __init__(self, rules: RuleFile, journal: Journal, now: Callable[[], float], before: Said) -> None:
        self._rules = rules
        self._journal = journal
        self._now = now
        self._paused = before.paused
        self._resumed = before.resumed
        self._resolutions = before.resolutions
        self._drained = {each.host: each for each in before.drained}
        self._is_stopping = False
        self._turn = Lock()

    def rules(self) -> Ruleset:
        """The rules in force, read anew where the file has changed."""
        return self._rules.current()

    def paused(self) -> str | None:
        """Why nothing may be ordered, or None."""
        return self._paused

    def resumed(self) -> float:
        """When `resume` was last said."""
        return self._resumed

    def resolutions(self) -> Mapping[str, tuple[str, str]]:
        """What was said of orders."""
        return self._resolutions

    def drained(self) -> tuple[Drained, ...]:
        """The hosts that operators want empty, by name."""
        return tuple(each for _, each in sorted(self._drained.items()))

    def halt(self, why: str) -> None:
        """Pause, as an operator would: it holds at once, and over a restart where it can be written down."""
        with suppress(JournalError):
            self.pause(ITSELF, why)

    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._is_stopping

    def stop(self) -> None:
        """End the loop after what it is doing; from any thread or signal handler."""
        self._is_stopping = True

    def pause(self, who: str, why: str) -> str:
        """Order nothing from now on; the reason as it will be told. JournalError where a restart would forget it."""
        with self._turn:
            self._paused = reason = pause_reason(who, why)
            self._journal.record(OperatorActed(who, "pause", why))
        return reason

    def resume(self, who: str) -> None:
        """Order again. JournalError where that cannot be written down: then the pause goes on."""
        with self._turn:
            self._journal.record(OperatorActed(who, "resume"))
            self._paused, self._resumed = None, self._now()

    def resolve(self, who: str, order: str, outcome: str) -> None:
        """Take an operator's word for how an order ended. JournalError where that cannot be written down."""
        with self._turn:
            self._journal.record(OperatorActed(who, "resolve", f"{order} {outcome}"))
            self._resolutions = {**self._resolutions, order: (outcome, who)}

    def drain(self, who: str, host: str) -> Drained:
        """Want a host empty; who said it first is told. JournalError where a restart would forget it."""
        with self._turn:
            if host not in self._drained:
                self._journal.record(OperatorActed(who, "drain", host))
                self._drained = {**self._drained, host: Drained(host, who, self._now())}
            return self._drained[host]

    def undrain(self, who: str, host: str) -> None:
        """Let a host be used again. JournalError where that cannot be written down: then it stays drained."""
        with self._turn:
            self._journal.record(OperatorActed(who, "undrain", host))
            self._drained = {name: each for name, each in self._drained.items() if name != host}


class StatusBoard:
    """The last round and what came after it, as a journal that can be asked.

    `mode` is the daemon's, `orders` are those that it takes up.
    """

    def __init__(self, mode: str, orders: Iterable[Order] = ()) -> None:
        self._mode = mode
        self._orders = OrderBook(orders)
        self._decided: RoundDecided | None = None
        self._lost: RoundLost | None = None
        self._problem: str | None = None

    def record(self, event: Event) -> None:
        """Take the event."""
        self._orders.record(event)
        match event:
            case RoundDecided():
                self._decided, self._lost = event, None
            case RoundLost():
                self._lost = event
            case RulesRead(problem=problem):
                self._problem = problem
            case _:
                return

    def order_in_doubt(self, name: str) -> Order:
        """The one order in doubt that has this id, or this end of one; ControlRefusedError where there is none."""
        known = self._orders.open
        found = [each for each in known if each.id == name or (name and each.id.endswith(f"-{name}"))]
        if len(found) != 1:
            told = ", ".join(each.id for each in known) or "none"
            raise ControlRefusedError(f"“{name}” is not one order that is open; open are: {told}")
        if found[0].state is not OrderState.IN_DOUBT:
            raise ControlRefusedError(
                f"order {found[0].id} is {found[0].state}: wait until it has ended, or is in doubt"
            )
        return found[0]

    def host(self, name: str) -> str:
        """That name, where a host bears it that the last round awaited or heard of; ControlRefusedError else."""
        if self._decided is None:
            raise ControlRefusedError("no round was held yet, so that no host is known: try again after the next")
        heard = (host.name for host in self._decided.decision.observation.hosts)
        return _known(name, {*self._decided.gathering.expected, *heard}, "host of this farm")

    def document(self, paused: str | None, drained: Iterable[Drained] = ()) -> dict[str, Any]:
        """status/1: the mode, the last round, the open orders, what is amiss; may be asked from any thread."""
        decided, lost = self._decided, self._lost
        own = {
            "format": "status/1",
            "mode": self._mode,
            "paused": paused,
            "drained": [drained_document(each, decided.decision if decided else None) for each in drained],
            "lost": lost and {"round": lost.round, "why": lost.why},
            "rules_problem": self._problem,
        }
        if decided is None:
            return own | {"round": None, "orders": [order_document(each) for each in self._orders.open]}
        return own | status_document(decided.decision, self._orders.open)


def commands(desk: ControlDesk, board: StatusBoard) -> Mapping[str, Handler]:
    """What may be asked over the control socket."""

    def status(_who: str, _arguments: Arguments) -> dict[str, Any]:
        return board.document(desk.paused(), desk.drained())

    def pause(who: str, arguments: Arguments) -> dict[str, Any]:
        return {"paused": desk.pause(who, _words(arguments, "why"))}

    def resume(who: str, _arguments: Arguments) -> dict[str, Any]:
        desk.resume(who)
        return {"paused": None}

    def resolve(who: str, arguments: Arguments) -> dict[str, Any]:
        name, outcome = _words(arguments, "order"), _words(arguments, "outcome")
        order = board.order_in_doubt(name)
        if outcome not in OUTCOMES:
            raise ControlRefusedError(
                f"an order ends done (the VM is at its target) or failed (it is not), not “{outcome}”"
            )
        desk.resolve(who, order.id, outcome)
        return {"order": order.id, "outcome": outcome, "vm": order.move.vm}

    def drain(who: str, arguments: Arguments) -> dict[str, Any]:
        each = desk.drain(who, board.host(_words(arguments, "host")))
        return {"host": each.host, "who": each.who, "since": each.since}

    def undrain(who: str, arguments: Arguments) -> dict[str, Any]:
        host = _words(arguments, "host")
        was_drained = any(each.host == host for each in desk.drained())
        if was_drained:
            desk.undrain(who, host)
        return {"host": host if was_drained else board.host(host), "was_drained": was_drained}

    asked = (status, pause, resume, resolve, drain, undrain)
    return {each.__name__: each for each in asked}


def _known(name: str, names: Iterable[str], what: str) -> str:
    """That name, where it is one of these."""
    if name in (known := sorted(names)):
        return name
    near = nearest(name, known)
    hint = (
        f"did you mean “{near}”?"
        if near
        else f"there {'are' if known else 'is none'}{': ' if known else ''}{', '.join(known[:SHOWN])}"
    )
    raise ControlRefusedError(f"“{name}” is no {what}; {hint}")


def _words(arguments: Arguments, name: str) -> str:
    words = arguments.get(name, "")
    if not isinstance(words, str) or len(words) > MAX_WORDS:
        raise ControlRefusedError(f"{name}: write text of at most {MAX_WORDS} characters")
    return words

"""The operator's desk: what the daemon's loop asks of its operator, and what the operator asks of the daemon.

Rule: a pause holds from the moment it is said, even where it cannot be written down; it ends only once the end is
written down. Looking never waits for the loop.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from balancer.adapters.control import Arguments, ControlError, Handler
from balancer.adapters.order_book import OrderBook
from balancer.adapters.rule_file import RuleFile
from balancer.core.formats import pause_reason, status_document
from balancer.ports import Event, Journal, OperatorActed, RoundDecided, RoundLost, RulesRead
from dsl.ruleset import Ruleset

MAX_WORDS: Final = 1000
"""Characters of a reason."""


class ControlDesk:
    """`ports.Controls` of a daemon: rules from a file, a pause and an end by hand. `paused`: what still holds."""

    def __init__(self, rules: RuleFile, journal: Journal, paused: str | None = None) -> None:
        self._rules = rules
        self._journal = journal
        self._paused = paused
        self._is_stopping = False
        self._turn = Lock()

    def rules(self) -> Ruleset:
        """The rules in force, read anew where the file has changed."""
        return self._rules.current()

    def paused(self) -> str | None:
        """Why nothing may be ordered, or None."""
        return self._paused

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
            self._paused = None


class StatusBoard:
    """The last round and what came after it, as a journal that can be asked. `mode` is the daemon's."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._orders = OrderBook()
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

    def document(self, paused: str | None) -> dict[str, Any]:
        """status/1: the mode, the last round, the open orders, what is amiss; may be asked from any thread."""
        decided, lost = self._decided, self._lost
        own = {
            "format": "status/1",
            "mode": self._mode,
            "paused": paused,
            "lost": lost and {"round": lost.round, "why": lost.why},
            "rules_problem": self._problem,
        }
        return own | (status_document(decided.decision, self._orders.open) if decided else {"round": None})


def commands(desk: ControlDesk, board: StatusBoard) -> Mapping[str, Handler]:
    """What may be asked over the control socket."""

    def status(_who: str, _arguments: Arguments) -> dict[str, Any]:
        return board.document(desk.paused())

    def pause(who: str, arguments: Arguments) -> dict[str, Any]:
        return {"paused": desk.pause(who, _words(arguments, "why"))}

    def resume(who: str, _arguments: Arguments) -> dict[str, Any]:
        desk.resume(who)
        return {"paused": None}

    return {"status": status, "pause": pause, "resume": resume}


def _words(arguments: Arguments, name: str) -> str:
    words = arguments.get(name, "")
    if not isinstance(words, str) or len(words) > MAX_WORDS:
        raise ControlError(f"{name}: write text of at most {MAX_WORDS} characters")
    return words

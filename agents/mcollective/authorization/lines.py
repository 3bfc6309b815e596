"""What a policy is once it is read: lines, of which the first that is about a request decides.

Rule: pure, and on the side of no. Callers and actions are compared whole, never in part; what cannot be told of this
host helps no caller: it fits a line that denies and does not fit one that allows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from agents.mcollective.errors import MessageError
from agents.mcollective.node import Node

ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what on which host; `explicit`: a line that allows it must name the action."""

    caller: str
    action: str
    node: Node
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """What a line asks of the host, as it stands there; `holds` raises MessageError where that cannot be told."""

    text: str
    holds: Callable[[Node], bool]


@dataclass(frozen=True, slots=True)
class Line:
    """One line that allows or denies; callers or actions that are None are any."""

    file: str
    number: int
    text: str
    allows: bool
    callers: frozenset[str] | None
    actions: frozenset[str] | None
    conditions: tuple[Condition, ...] = ()

    @property
    def place(self) -> str:
        """FILE:LINE."""
        return f"{self.file}:{self.number}"

    def obstacle(self, request: Request) -> str | None:
        """Why it is not about the request; None where it is, and decides."""
        if self.callers is not None and request.caller not in self.callers:
            return f"the caller is not {_any_of(self.callers)}"
        if self.actions is not None and request.action not in self.actions:
            return f"the action is not {_any_of(self.actions)}"
        if self.allows and request.explicit and self.actions is None:
            return f"{request.action} must be named, {ANY} is not enough"
        return next(filter(None, (self._missing(condition, request.node) for condition in self.conditions)), None)

    def covers(self, other: "Line") -> bool:
        """Whatever the other is about, this one is about as well, on any host."""
        by_name = self.allows and other.allows and self.actions is None and other.actions is not None
        return (
            not self.conditions
            and not by_name
            and _includes(self.callers, other.callers)
            and _includes(self.actions, other.actions)
        )

    def _missing(self, condition: Condition, node: Node) -> str | None:
        try:
            return None if condition.holds(node) else f"{condition.text} does not hold"
        except MessageError as error:
            return f"{condition.text} cannot be told: {error.message}" if self.allows else None


@dataclass(frozen=True, slots=True)
class Default:
    """A line `policy default`."""

    file: str
    number: int
    allows: bool

    def __str__(self) -> str:
        return f"policy default {'allow' if self.allows else 'deny'}"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and why: the place of what decides, and its words.

    `is_broken`: denied to everybody, because the policy cannot be read.
    """

    allowed: bool
    why: str
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The first line that is about a request decides, else the last default, else what the settings say."""

    file: str
    lines: tuple[Line, ...] = ()
    default: Default | None = None

    def steps(self, request: Request) -> Iterator[tuple[Line, str | None]]:
        """Each line up to the one that decides, with why it does not; None for the one that does."""
        for line in self.lines:
            obstacle = line.obstacle(request)
            yield line, obstacle
            if obstacle is None:
                return

    def decide(self, request: Request, allow_unconfigured: bool = False) -> Decision:  # noqa: FBT001, FBT002 - MCollective's setting
        """The answer; `allow_unconfigured` where no line is about the request and no default is given."""
        for line, obstacle in self.steps(request):
            if obstacle is None:
                return Decision(line.allows, f"{line.place}: {line.text}")
        return self._by_default(request, allow_unconfigured)

    def _by_default(self, request: Request, allow_unconfigured: bool) -> Decision:  # noqa: FBT001 - the same
        if request.explicit:
            return Decision(False, f"{self.file}: no line allows {request.action} by name")  # noqa: FBT003 - the answer
        if self.default is None:
            setting = f"allow_unconfigured is {'on' if allow_unconfigured else 'off'}"
            return Decision(allow_unconfigured, f"{self.file}: no line and no policy default is about it; {setting}")
        return Decision(self.default.allows, f"{self.default.file}:{self.default.number}: {self.default}")


def _includes(names: frozenset[str] | None, others: frozenset[str] | None) -> bool:
    return names is None or (others is not None and names >= others)


def _any_of(names: frozenset[str]) -> str:
    return " or ".join(sorted(names)) or "anybody: its groups are empty"

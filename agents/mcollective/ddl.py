"""What an agent can be asked: its schema, once, in Python; Ruby's clients get theirs written from it.

Rule: nothing reaches an agent that its DDL does not declare, and the refusals are in MCollective's own words, because
its users know them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, Protocol, runtime_checkable

Type = Literal["string", "integer", "float", "number", "boolean", "list"]


class Abort(Exception):  # noqa: N818 - MCollective's word for it
    """An action ran and failed; the message is for the caller."""

    status: ClassVar[int] = 1


class UnknownAction(Abort):
    """The schema has the action, the agent has not."""

    status: ClassVar[int] = 2


class MissingData(Abort):
    """The action lacks an argument that the schema alone cannot demand."""

    status: ClassVar[int] = 3


class InvalidData(Abort):
    """An argument is wrong in a way that the schema alone cannot tell."""

    status: ClassVar[int] = 4


@dataclass(frozen=True, slots=True)
class Input:
    """One argument. `validation` (strings): a name of VALIDATORS or a regular expression; `maxlength` 0 is no limit."""

    name: str
    description: str
    type: Type = "string"
    optional: bool = False
    maxlength: int = 0
    validation: str = "shellsafe"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One value of a reply's data; `default` is there even when the action failed."""

    name: str
    description: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an agent does.

    `timeout` s is how long it may run where that is not as long as any of its agent's. `explicit`: a policy's line that
    allows it must name it; `*` is not enough. `summarized`: outputs whose values stock clients count over all hosts.
    """

    name: str
    description: str
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    timeout: int | None = None
    explicit: bool = False
    summarized: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ddl:
    """One agent; `timeout` s is how long any of its actions may run.

    `authorized_by_policy`: it is never served without an ActionPolicy, whatever the settings say of all agents.
    """

    agent: str
    description: str
    version: str
    timeout: int
    actions: tuple[Action, ...]
    author: str = "xen-balancer"
    license: str = "Apache-2.0"
    url: str = ""
    authorized_by_policy: bool = False

    def action(self, name: str) -> Action | None:
        """The action of that name."""
        return next((action for action in self.actions if action.name == name), None)

    def limit(self, action: str) -> int:
        """How long the action may run, s."""
        declared = self.action(action)
        return declared.timeout if declared is not None and declared.timeout is not None else self.timeout

    def inputs(self, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What of the data the action declares."""
        declared = self.action(action)
        return {one.name: data[one.name] for one in declared.inputs if one.name in data} if declared else {}

    def defaults(self, action: str) -> dict[str, Any]:
        """What a reply's data are before the action has said anything."""
        declared = self.action(action)
        return {output.name: output.default for output in declared.outputs} if declared else {}

    def validate(self, action: str, data: Mapping[str, Any]) -> str | None:
        """Why this cannot be asked, in MCollective's words; None where it can."""
        declared = self.action(action)
        if declared is None:
            return f"Attempted to call action {action} for {self.agent} but it's not declared in the DDL"
        problems = (_problem(declared, wanted, data) for wanted in declared.inputs)
        return next((problem for problem in problems if problem is not None), None)


@runtime_checkable
class PlainAgent(Protocol):
    """What a server can host that is not SimpleRPC: a body in, a body out, None where there is nothing to answer."""

    @property
    def name(self) -> str:
        """What requests are sent to."""
        ...

    def answer(self, body: Any, caller: str) -> Any:
        """What to say to this."""
        ...


@runtime_checkable
class Agent(Protocol):
    """What a server can host: SimpleRPC."""

    @property
    def ddl(self) -> Ddl:
        """What it can be asked."""
        ...

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        """Carry out a declared action with checked inputs; Abort with the reason where it failed."""
        ...


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Final[Mapping[Type, Callable[[object], bool]]] = MappingProxyType({
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, float),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
})  # fmt: skip


def _shellsafe(value: str) -> str | None:
    found = next((text for text in ("`", "$", ";", "|", "&&", ">", "<") if text in value), None)
    return None if found is None else f"value should not have {found} in it"


def _address(kind: type[IPv4Address | IPv6Address], name: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        try:
            kind(value)
        except ValueError:
            return f"value should be an {name} address"
        return None

    return check


VALIDATORS: Final[Mapping[str, Callable[[str], str | None]]] = MappingProxyType({
    "shellsafe": _shellsafe,
    "ipv4address": _address(IPv4Address, "ipv4"),
    "ipv6address": _address(IPv6Address, "ipv6"),
})  # fmt: skip


def _problem(action: Action, wanted: Input, data: Mapping[str, Any]) -> str | None:
    if wanted.name not in data:
        return None if wanted.optional else f"Action {action.name} needs a {wanted.name} argument"
    reason = _invalid(wanted, data[wanted.name])
    return None if reason is None else f"Cannot validate input {wanted.name}: {reason}"


def _invalid(wanted: Input, value: Any) -> str | None:
    if wanted.type == "list":
        return None if value in wanted.choices else f"value should be one of {', '.join(wanted.choices)}"
    if not _TYPES[wanted.type](value):
        return f"value should be a {wanted.type}"
    return _invalid_text(wanted, value) if wanted.type == "string" else None


def _invalid_text(wanted: Input, value: str) -> str | None:
    if 0 < wanted.maxlength < len(value):
        return f"Input string is longer than {wanted.maxlength} character(s)"
    if wanted.validation in VALIDATORS:
        return VALIDATORS[wanted.validation](value)
    return None if re.fullmatch(wanted.validation, value) else f"value should match {wanted.validation}"


def render_ddl(ddl: Ddl) -> str:
    """The agent's DDL as the Ruby file that MCollective's own clients read."""
    metadata = {
        "name": ddl.agent, "description": ddl.description, "author": ddl.author, "license": ddl.license,
        "version": ddl.version, "url": ddl.url, "timeout": ddl.timeout,
    }  # fmt: skip
    return "\n".join([f"metadata {_options(metadata)}", *(_render_action(action) for action in ddl.actions), ""])


def _render_action(action: Action) -> str:
    blocks = ["  display :always", *map(_render_input, action.inputs), *map(_render_output, action.outputs)]
    blocks += _render_summary(action.summarized)
    return "\n".join([f"\naction {_ruby(action.name)}, :description => {_ruby(action.description)} do", *blocks, "end"])


def _render_input(wanted: Input) -> str:
    options: dict[str, Any] = {"prompt": wanted.name, "description": wanted.description, "type": _Word(wanted.type)}
    if wanted.type == "string":
        named = wanted.validation in VALIDATORS
        options |= {"validation": _Word(wanted.validation) if named else wanted.validation}
        options |= {"maxlength": wanted.maxlength}
    if wanted.type == "list":
        options |= {"list": wanted.choices}
    return f"  input :{wanted.name}, {_options(options | {'optional': wanted.optional})}"


def _render_output(output: Output) -> str:
    options = {"description": output.description, "display_as": output.name, "default": output.default}
    return f"  output :{output.name}, {_options(options)}"


def _render_summary(outputs: tuple[str, ...]) -> list[str]:
    aggregates = [f"    aggregate summary(:{name})" for name in outputs]
    return ["  summarize do", *aggregates, "  end"] if aggregates else []


class _Word(str):
    """Written as a Ruby symbol."""

    __slots__ = ()


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f":{name} => {_ruby(value)}" for name, value in options.items())


def _ruby(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_ruby, value))}]"
    if isinstance(value, _Word):
        return f":{value}"
    return _quoted(value) if isinstance(value, str) else _RUBY.get(repr(value), repr(value))


_RUBY: Final = MappingProxyType({"None": "nil", "True": "true", "False": "false"})


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""What the author of a test expects, and what was instead.

Rule: one claim, one row. Moves are expected exactly: one that is not listed fails the test, and none listed means none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from balancer.core.figures.projection import Projection
from balancer.core.formats import streaks_by_host, vms_by_host
from balancer.core.model import Decision, Order, OrderState, Rejection
from balancer.core.trials.figures import is_as_written, known_names, measured, told
from balancer.core.trials.record import Failure, Record
from balancer.core.wording import refusal_at

SHOWN: Final = 6
"""Rejections that explain a move that did not come."""

COMPARED: Final = ("cpu", "load", "memory", "vms")
"""What is told of the host that a move was expected to and of the one that it went to."""


@dataclass(frozen=True, slots=True)
class WantedMove:
    """A move that shall begin in that round; what is None may be anything. `why` is a part of what is told.

    `line` is where the test file says so.
    """

    round: int
    vm: str
    target: str
    source: str | None = None
    rule: str | None = None
    outcome: str | None = None
    why: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """A claim about one round. `wanted` is text as written, `figures` are texts by name, or of `value` and `limit`.

    `line` is where the test file says so.
    """

    round: int
    claim: str
    wanted: str = ""
    host: str | None = None
    vm: str | None = None
    rule: str | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Of whom something is claimed (one of these sets of keys), and what was instead (None: as claimed)."""

    subjects: tuple[frozenset[str], ...]
    instead: Callable[[Expectation, Decision, Record], Sequence[str] | None]


# -- moves ------------------------------------------------------------------------------------------------------------


def judge_moves(expected: Sequence[WantedMove], record: Record) -> list[Failure]:
    """All moves against all that are expected: one failure that shows both sides, or none."""
    missing, unexpected = _unmatched(expected, record.orders)
    if not missing and not unexpected:
        return []
    lines = sorted(
        [(move.round, 0, line) for move in missing for line in (f"- {_wanted_told(move)}", *_why_not(move, record))]
        + [(each.round, 1, line) for each in unexpected for line in (f"+ {order_told(each)}", f"    {each.move.why}")],
        key=lambda line: line[:2],
    )
    none = "" if expected else "; the test lists none, so none may happen"
    what, details = f"the moves are others (- expected, + happened){none}", tuple(text for *_, text in lines)
    return [Failure(what, details, missing[0].line if missing else None)]


def _unmatched(expected: Sequence[WantedMove], orders: Sequence[Order]) -> tuple[list[WantedMove], list[Order]]:
    left, missing = list(orders), []
    for move in expected:
        found = next((order for order in left if _is_wanted(move, order)), None)
        if found is None:
            missing.append(move)
        else:
            left.remove(found)
    return missing, left


def _is_wanted(wanted: WantedMove, order: Order) -> bool:
    move = order.move
    same = (wanted.round, wanted.vm, wanted.target) == (order.round, move.vm, move.target)
    return (
        same
        and wanted.source in {None, move.source}
        and wanted.rule in {None, move.rule}
        and wanted.outcome in {None, str(order.state)}
        and (wanted.why is None or wanted.why in move.why)
    )


def _wanted_told(move: WantedMove) -> str:
    source = f" from {move.source}" if move.source else ""
    rule = f" by {move.rule}" if move.rule else ""
    outcome = f", {move.outcome}" if move.outcome else ""
    why = f" (why: …{move.why}…)" if move.why else ""
    line = f" (expected in line {move.line})" if move.line is not None else ""
    return f"round {move.round}: {move.vm}{source} to {move.target}{rule}{outcome}{why}{line}"


def order_told(order: Order) -> str:
    """A move that happened, in the words of one that is expected."""
    move = order.move
    outcome = "" if order.state is OrderState.DONE else f", {order.state}"
    return f"round {order.round}: {move.vm} from {move.source} to {move.target} by {move.rule}{outcome}"


def _why_not(move: WantedMove, record: Record) -> list[str]:
    """What the round in question said instead."""
    decision = record.decision(move.round)
    if decision is None:
        return [f"    there was no round {move.round}"]
    reasons = [f"    {each.vm} was held: {each.why}" for each in record.held if (each.round, each.vm) == _key(move)]
    planned = [each for each in decision.plan.moves if each.vm == move.vm and each.wave > 1]
    reasons += [f"    planned to {each.target} in wave {each.wave}: limits let it wait" for each in planned]
    chosen = [each.target for each in decision.plan.moves if each.vm == move.vm and each.target != move.target]
    reasons += [f"    {_stood(host, decision)}" for each in chosen[:1] for host in (move.target, each)]
    mine = [each for each in decision.plan.rejections if each.vm == move.vm]
    mine.sort(key=lambda each: each.host not in {move.target, None})
    return [f"    {decision.plan.sentence}", *reasons, *(f"    {rejection_told(each)}" for each in mine[:SHOWN])]


def _stood(host: str, decision: Decision) -> str:
    """What a host was like by the reports of that round."""
    projection, kinds = Projection(decision.observation), known_names("host")
    figures = {name: told(measured(projection, "host", name, host), kinds[name]) for name in COMPARED}
    return f"{host} stood at {', '.join(f'{name} {figure}' for name, figure in figures.items())}"


def _key(move: WantedMove) -> tuple[int, str]:
    return move.round, move.vm


def rejection_told(rejection: Rejection) -> str:
    """`web1 to hv2: max load: 72%, limit 65% (line 9)`; a VM that may not leave goes nowhere."""
    whom = f"{rejection.vm} to {rejection.host}" if rejection.host else rejection.vm
    return f"{whom}: {refusal_at(rejection)}"


# -- claims about a round ---------------------------------------------------------------------------------------------


def judge(expected: Sequence[Expectation], record: Record) -> list[Failure]:
    """Every claim that does not hold."""
    failures = []
    for each in expected:
        decision = record.decision(each.round)
        instead = (
            ["there was no such round"] if decision is None else CLAIMS[each.claim].instead(each, decision, record)
        )
        if instead is not None:
            failures.append(Failure(_claim_told(each), tuple(instead), each.line))
    return failures


def _claim_told(claim: Expectation) -> str:
    whom = " to ".join(each for each in (claim.vm, claim.host) if each) or "farm"
    figures = ", ".join(f"{name} {figure}" for name, figure in claim.figures.items())
    rule = f" of {claim.rule}" if claim.rule else ""
    return (
        f"round {claim.round}, {whom}: expected {claim.claim}{rule} {' '.join(filter(None, (claim.wanted, figures)))}"
    )


def _streak(claim: Expectation, decision: Decision, _record: Record) -> Sequence[str] | None:
    streaks = streaks_by_host(decision.state.streaks).get(str(claim.host), {})
    found = max(streaks.values(), default=0) if claim.rule is None else streaks.get(claim.rule, 0)
    if str(found) == claim.wanted:
        return None
    return [f"was {found}" + "".join(f", {rule} {rounds}" for rule, rounds in streaks.items())]


def _rejected(claim: Expectation, decision: Decision, record: Record) -> Sequence[str] | None:
    mine = [each for each in decision.plan.rejections if each.vm == claim.vm and claim.rule in {None, each.rule}]
    if any(each.host == claim.host and _is_refused_so(each, claim) for each in mine):
        return None
    moved = [order_told(order) for order in record.ordered(claim.round) if order.move.vm == claim.vm]
    others = [f"refused: {rejection_told(each)}" for each in mine]
    return moved + others or [f"nobody asked: {decision.plan.sentence}"]


def _is_refused_so(rejection: Rejection, claim: Expectation) -> bool:
    figures = {"value": rejection.value, "limit": rejection.limit}
    return rejection.reason == claim.wanted and all(
        is_as_written(figures[name], text, rejection.kind) for name, text in claim.figures.items()
    )


def _value(claim: Expectation, decision: Decision, _record: Record) -> Sequence[str] | None:
    owner, of = ("vm", claim.vm) if claim.vm else ("host", claim.host) if claim.host else ("farm", None)
    projection, kinds = Projection(decision.observation), known_names(owner)
    found = {name: measured(projection, owner, name, of) for name in claim.figures}
    wrong = [name for name, text in claim.figures.items() if not is_as_written(found[name], text, kinds[name])]
    return [f"{name} was {told(found[name], kinds[name])}" for name in wrong] or None


def _why(claim: Expectation, _decision: Decision, record: Record) -> Sequence[str] | None:
    told_ = [order.move.why for order in record.ordered(claim.round) if order.move.vm == claim.vm]
    if any(claim.wanted in why for why in told_):
        return None
    return [f"why: {why}" for why in told_] or [f"{claim.vm} did not move"]


def _frozen(claim: Expectation, decision: Decision, _record: Record) -> Sequence[str] | None:
    why = decision.plan.frozen
    holds = {"true": why is not None, "false": why is None}
    if holds.get(claim.wanted, why is not None and claim.wanted in why):
        return None
    return [f"frozen: {why}" if why else f"not frozen: {decision.plan.sentence}"]


def _held(claim: Expectation, decision: Decision, record: Record) -> Sequence[str] | None:
    mine = [each.why for each in record.held if (each.round, each.vm) == (claim.round, claim.vm)]
    mine += [f"wave {move.wave}" for move in decision.plan.moves if move.vm == claim.vm and move.wave > 1]
    if any(claim.wanted in why for why in mine):
        return None
    return [f"held: {why}" for why in mine] or [f"not held: {decision.plan.sentence}"]


def _empty(claim: Expectation, decision: Decision, _record: Record) -> Sequence[str] | None:
    count = vms_by_host(decision.observation).get(str(claim.host))
    if count is None:
        return ["it did not report"]
    if (count == 0) == (claim.wanted == "true"):
        return None
    there = [vm.name for vm in decision.observation.vms if vm.host == claim.host]
    stay = [rejection_told(each) for each in decision.plan.rejections if each.vm in there and each.host is None]
    return [f"{count} VMs: {', '.join(there[:SHOWN])}", *stay]


def _on(claim: Expectation, decision: Decision, _record: Record) -> Sequence[str] | None:
    where = [vm.host for vm in decision.observation.vms if vm.name == claim.vm]
    return None if where == [claim.wanted] else [f"was on {' and '.join(where) or 'no host'}"]


_HOST, _VM, _FARM, _BOTH = (frozenset(keys) for keys in ({"host"}, {"vm"}, set[str](), {"host", "vm"}))

CLAIMS: Final[Mapping[str, Claim]] = MappingProxyType({
    "streak": Claim((_HOST,), _streak),
    "rejected": Claim((_VM, _BOTH), _rejected),
    "value": Claim((_HOST, _VM, _FARM), _value),
    "why": Claim((_VM,), _why),
    "frozen": Claim((_FARM,), _frozen),
    "held": Claim((_VM,), _held),
    "empty": Claim((_HOST,), _empty),
    "on": Claim((_VM,), _on),
})  # fmt: skip
"""What can be claimed of a round."""

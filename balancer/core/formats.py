"""The documents that outsiders rely on, made of the balancer's own values: plan/1, rounds/1, summary/1, status/1.

Rule: pure; every figure passes through `figure`, so that the same round prints the same bytes on any machine. Keys are
only ever added. Shares are 0-1, times seconds, memory MiB.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from statistics import fmean
from typing import Any, Final

from balancer.core.doctor.checkup import Checkup
from balancer.core.model import (
    Decision,
    Drained,
    Host,
    Move,
    Observation,
    Order,
    OrderState,
    Rejection,
    Spread,
    Streak,
    Unmended,
)
from balancer.core.walls.safety import failing_hosts
from balancer.core.wording import gap, refusal, why_stays

DIGITS: Final = 4
RETURN_SECONDS: Final = 7200.0
"""A VM that comes back within this time has been moved in vain."""

Document = dict[str, Any]

_OUTCOMES: Final[Mapping[OrderState, str]] = {OrderState.INTENT: OrderState.UNDER_WAY}
"""What outsiders read where the order's own state is nobody's business but ours."""


def figure(value: float | None, digits: int = DIGITS) -> float | None:
    """A number as documents carry it: rounded, never NaN or infinite (None), never -0.0."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0


def plain(value: Any) -> Any:
    """A value of ours as a document: of fields, lists, figures, words; moves and their like as in plan/1."""
    if type(value) in _KNOWN:
        return _KNOWN[type(value)](value)
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return figure(value) if isinstance(value, float) else value


def printable(text: str) -> str:
    r"""Text from a report, harmless on a terminal: control characters as `\x1b`, one line at most."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def pause_reason(who: str, why: str) -> str:
    """Why nothing is ordered while an operator's pause holds."""
    return f"paused by {who}: {why}" if why else f"paused by {who}"


def busy_share(host: Host) -> float | None:
    """The host's busy share of its cores, 0-1; None while it is unknown."""
    return None if host.busy is None else host.busy / host.cores


def streaks_by_host(streaks: Iterable[Streak]) -> dict[str, dict[str, int]]:
    """Rounds in a row by host, then by rule."""
    table: dict[str, dict[str, int]] = {}
    for streak in sorted(streaks, key=lambda each: (each.host, each.rule)):
        table.setdefault(streak.host, {})[streak.rule] = streak.rounds
    return table


def vms_by_host(observation: Observation) -> dict[str, int]:
    """How many VMs each host has that reported, 0 included."""
    counts = {host.name: 0 for host in observation.hosts}
    for vm in observation.vms:
        counts[vm.host] += 1
    return counts


def plan_document(decision: Decision, seconds: float) -> Document:
    """plan/1: what one round decided; `seconds` is how long deciding took."""
    plan = decision.plan
    return {
        "format": "plan/1",
        "round": plan.round,
        "rules": decision.rules_file,
        "rules_sha256": decision.rules_sha256,
        "complete": figure(plan.complete),
        "frozen": plan.frozen,
        "waiting": list(plan.waiting),
        "unmended": [unmended_document(each) for each in plan.unmended],
        "sentence": plan.sentence,
        "moves": [move_document(move) for move in plan.moves],
        "rejections": [rejection_document(rejection) for rejection in plan.rejections],
        "tally": dict(sorted(plan.tally.items())),
        "before": spread_document(plan.before),
        "after": spread_document(plan.after),
        "seconds": figure(seconds),
    }


def plan_bytes(decision: Decision) -> bytes:
    """plan/1 as bytes, without the time that deciding took: the same for the same decision, on any machine."""
    return json.dumps(plan_document(decision, 0.0)).encode()


def round_document(decision: Decision, orders: Iterable[Order]) -> Document:
    """One line of rounds/1: the hosts, and as moves the `orders` that this round gave, each with its outcome so far."""
    return {
        "format": "rounds/1",
        "round": decision.plan.round,
        "time": figure(decision.observation.now),
        "frozen": decision.plan.frozen,
        "sentence": decision.plan.sentence,
        "hosts": host_documents(decision),
        "moves": [order_document(order) for order in orders if order.round == decision.plan.round],
        "rejections": [rejection_document(rejection) for rejection in decision.plan.rejections],
    }


def summary_document(
    spreads: Sequence[Spread], orders: Iterable[Order], *, overload_seconds: float, violations: int, seed: int
) -> Document:
    """summary/1: a whole run, from each round's spread before its moves and every order in its last state.

    `moves` are those done, `failed` those failed. Orders count in the order in which they were given.
    """
    given = tuple(orders)
    shares = [spread.cpu_std for spread in spreads if math.isfinite(spread.cpu_std)]
    return {
        "format": "summary/1",
        "rounds": len(spreads),
        "moves": _count(given, OrderState.DONE),
        "failed": _count(given, OrderState.FAILED),
        "in_doubt": _count(given, OrderState.IN_DOUBT),
        "returned": returned(given),
        "overload_seconds": figure(overload_seconds),
        "cpu_std_mean": figure(fmean(shares)) if shares else None,
        "violations": violations,
        "seed": seed,
    }


def status_document(decision: Decision, orders: Iterable[Order]) -> Document:
    """status/1 as far as a round tells it: the farm as last seen, and the orders that are open now."""
    return {
        "format": "status/1",
        "round": decision.plan.round,
        "time": figure(decision.observation.now),
        "complete": figure(decision.plan.complete),
        "expected": decision.observation.expected,
        "silent": list(decision.observation.silent),
        "found": [{"host": each.name, "rounds": each.rounds} for each in decision.observation.found],
        "in_doubt": [
            {"vm": doubt.name, "hosts": list(doubt.hosts), "why": doubt.why} for doubt in decision.observation.doubts
        ],
        "left_alone": {host: each.count for host, each in sorted(failing_hosts(decision.state).items())},
        "moved_by_others": [
            {"vm": each.vm, "from": each.source, "to": each.target, "seen": figure(each.seen)}
            for each in decision.state.journeys
        ],
        "frozen": decision.plan.frozen,
        "sentence": decision.plan.sentence,
        "hosts": host_documents(decision),
        "orders": [order_document(order) | {"started": figure(order.started)} for order in orders],
        "rules": decision.rules_file,
        "rules_sha256": decision.rules_sha256,
    }


def drained_document(drained: Drained, decision: Decision | None) -> Document:
    """A host that an operator drains: the VMs that were there in the last round, and why those stay that do."""
    told = {"host": drained.host, "who": drained.who, "since": figure(drained.since)}
    if decision is None or decision.observation.host(drained.host) is None:
        return told | {"vms": None, "stay": []}
    there = [vm.name for vm in decision.observation.vms if vm.host == drained.host]
    leaving = {move.vm for move in decision.plan.moves}
    against: dict[str, list[Rejection]] = {}
    for each in decision.plan.rejections:
        if each.rule == "drain" and each.vm in there and each.vm not in leaving:
            against.setdefault(each.vm, []).append(each)
    return told | {
        "vms": len(there),
        "stay": [{"vm": vm, "why": why_stays(told)} for vm, told in sorted(against.items())],
    }


def host_documents(decision: Decision) -> Document:
    """The hosts that reported, by name: load, busy share, VMs, the longest streak and each rule's."""
    streaks = streaks_by_host(decision.state.streaks)
    vms = vms_by_host(decision.observation)
    return {host.name: _host(host, vms[host.name], streaks.get(host.name, {})) for host in decision.observation.hosts}


def move_document(move: Move) -> Document:
    """A move as plan/1 tells it."""
    return {
        "vm": move.vm,
        "uuid": move.uuid,
        "from": move.source,
        "to": move.target,
        "rule": move.rule,
        "line": move.line,
        "why": move.why,
        "numbers": {name: figure(value) for name, value in sorted(move.numbers.items())},
        "reason": move.reason,
        "wave": move.wave,
        "group": list(move.transit.vms) if move.transit else [],
        "in_transit": list(move.transit.walls) if move.transit else [],
    }


def unmended_document(unmended: Unmended) -> Document:
    """A wall that stays broken, as plan/1 tells it."""
    return {
        "rule": unmended.rule,
        "line": unmended.line,
        "text": unmended.text,
        "strays": figure(unmended.strays),
        "why": unmended.why,
    }


def order_document(order: Order) -> Document:
    """A move as plan/1 tells it, with its outcome: under way, done, failed or in doubt."""
    outcome = str(_OUTCOMES.get(order.state, order.state))
    took = {"predicted": figure(order.predicted), "seconds": figure(order.seconds)}
    return move_document(order.move) | {"id": order.id, "outcome": outcome, "detail": order.detail} | took


def rejection_document(rejection: Rejection) -> Document:
    """A refused candidate; `host` and `line` are null where there is none."""
    return {
        "vm": rejection.vm,
        "host": rejection.host,
        "rule": rejection.rule,
        "line": rejection.line,
        "reason": rejection.reason,
        "value": _value(rejection.value),
        "limit": _value(rejection.limit),
    }


def doctor_document(checkup: Checkup) -> Document:
    """doctor/1: each check with what is wrong, and for each VM where it could go and why not elsewhere."""
    return {
        "format": "doctor/1",
        "well": checkup.is_well,
        "checks": [
            {"name": each.name, "told": each.told, "problems": list(each.problems)} for each in checkup.checks
        ],
        "vms": [
            {
                "vm": each.vm, "uuid": each.uuid, "host": each.host, "targets": list(each.targets),
                "rejections": [rejection_document(one) for one in each.rejections],
            }
            for each in checkup.prospects
        ],
    }  # fmt: skip


def spread_document(spread: Spread) -> Document:
    """How even the farm is; cpu_* over hosts' busy share."""
    return {
        "cpu_max": figure(spread.cpu_max),
        "cpu_std": figure(spread.cpu_std),
        "load_max": figure(spread.load_max),
        "load_std": figure(spread.load_std),
    }


def returned(orders: Iterable[Order]) -> int:
    """How many moves took a VM back to a host it had left within two hours."""
    left: dict[tuple[str, str], float] = {}
    count = 0
    for order in orders:
        if order.state is OrderState.DONE:
            count += order.started - left.get((order.move.uuid, order.move.target), -math.inf) <= RETURN_SECONDS
            left[order.move.uuid, order.move.source] = order.started
    return count


def _host(host: Host, vms: int, streaks: Mapping[str, int]) -> Document:
    return {
        "load": figure(host.load),
        "cpu": figure(busy_share(host)),
        "vms": vms,
        "streak": max(streaks.values(), default=0),
        "streaks": dict(streaks),
    }


def _value(value: float | str | None) -> float | str | None:
    return value if isinstance(value, str) else figure(value)


_KNOWN: Final[Mapping[type, Callable[[Any], Document]]] = {
    Move: move_document,
    Order: lambda order: order_document(order) | {"started": figure(order.started), "ended": figure(order.ended)},
    Rejection: lambda refused: rejection_document(refused) | {"told": refusal(refused), "gap": gap(refused)},
}


def _count(orders: Sequence[Order], state: OrderState) -> int:
    return sum(order.state is state for order in orders)

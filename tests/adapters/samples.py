"""Small farms to tell of: values as the core makes them, with every figure chosen by the test."""

from collections.abc import Mapping
from typing import Any

from agents.report import Counter, Report, VmReport
from balancer.core.model import (
    Decision,
    Gathering,
    Host,
    Move,
    Observation,
    Order,
    OrderState,
    Plan,
    Rejection,
    Spread,
    State,
    Streak,
    Vm,
)
from balancer.ports import Event, JournalError, OrderChanged, RoundDecided


class Memory:
    """A journal that remembers, and fails for as long as it is told to."""

    def __init__(self, told: list[Event] | None = None) -> None:
        self.events: list[Event] = [] if told is None else told
        self.failure: str | None = None

    def record(self, event: Event) -> None:
        if self.failure is not None:
            raise JournalError(self.failure)
        self.events.append(event)


def host(name: str, *, load: float = 0.0, busy: float | None = 0.0, cores: float = 8.0) -> Host:
    return Host(name, f"boot-{name}", cores, 32768.0, 16384.0, load, busy)


def vm(
    name: str, where: str, *, eaten: float = 0.0, counter: float = 18.4, is_new: bool = False, cpu: float = 0.1
) -> Vm:
    return Vm(f"uuid-{name}", name, where, "running", 2, 2048.0, cpu, eaten, counter, is_new, 3600.0)


def streak(where: str, rounds: int, rule: str = "relieve") -> Streak:
    return Streak(rule, "c0ffee", where, f"boot-{where}", rounds, 0.0, 30.0 * (rounds - 1))


def move(name: str = "test3", source: str = "hypervisor3", target: str = "hypervisor2", wave: int = 1) -> Move:
    return Move(
        name, f"uuid-{name}", source, target, rule="relieve", line=3, reason="overload",
        why=f"{source} load 1.33 > 0.4 for 3 rounds; {name} ate 1.7 s of CPU, most there; {target} has least load",
        numbers={"host.load": 1.33, "vm.cpu_time": 1.7}, memory=2048.0, wave=wave,
    )  # fmt: skip


def order(
    state: OrderState = OrderState.UNDER_WAY, *, name: str = "a-1-3-1", started: float = 60.0,
    ended: float | None = None, detail: str = "", round_number: int = 3, of: Move | None = None,
    mode: str = "active",
) -> Order:  # fmt: skip
    return Order(name, 1, round_number, of or move(), state, started, ended, detail, mode)


def changed(state: OrderState, mode: str = "active", **details: str | float) -> OrderChanged:
    return OrderChanged(order(state, mode=mode, **details))  # type: ignore[arg-type]


def decision(
    number: int = 3,
    *,
    now: float | None = None,
    hosts: tuple[Host, ...] = (host("hypervisor2"), host("hypervisor3", load=1.33, busy=0.64)),
    vms: tuple[Vm, ...] = (vm("test3", "hypervisor3"),),
    streaks: tuple[Streak, ...] = (),
    moves: tuple[Move, ...] = (),
    rejections: tuple[Rejection, ...] = (),
    tally: Mapping[str, int] | None = None,
    frozen: str | None = None,
    sentence: str = "no action: no host is in trouble",
    orders: tuple[Order, ...] = (),
    expected: int | None = None,
) -> Decision:
    moment = 30.0 * (number - 1) if now is None else now
    wanted = len(hosts) if expected is None else expected
    seen = Observation(number, moment, hosts, vms, (), (), wanted, {})
    spread = Spread(0.08, 0.04, 1.33, 0.67)
    complete = len(hosts) / wanted if wanted else 0.0
    plan = Plan(number, complete, frozen, moves, rejections, tally or {}, spread, spread, sentence)
    return Decision(seen, plan, State(number, moment, streaks=streaks, orders=orders), "classic.rules", "ab" * 32)


def decided(
    what: Decision,
    *,
    mode: str = "active",
    refused: Mapping[str, int] | None = None,
    reports: tuple[Report, ...] = (),
    before: State = State(),  # noqa: B008  (frozen)
) -> RoundDecided:
    names = tuple(each.name for each in what.observation.hosts)
    return RoundDecided(
        what,
        Gathering(reports, names, refused or {}),
        seconds=0.25,
        interval=30.0,
        mode=mode,
        before=before,
        rules="every 30 s\n",
    )


def report(name: str, **figures: Any) -> Report:
    counter = Counter(18_400_000_000, 12.5, 1_500_000_000, 30.0)
    vms = (VmReport(f"uuid-of-{name}", f"vm-of-{name}", 3, "running", 2, 2048.0, counter),)
    return Report(name, f"boot-{name}", 1, 0.0, 8.0, 32768.0, 16384.0, 0.5, **{"vms": vms} | figures)

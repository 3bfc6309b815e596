"""Small farms to tell of: rounds of the real core, over reports made here, with real rule text.

A farm is written `farm("xen1: web1 2.0, web2 1.7 | xen2: db1 0.3")`: each host with its VMs and what they use, in busy
CPUs. Hosts have 4 cores and 16 GiB, VMs 4 vCPUs and 1 GiB, unless `with_` says otherwise.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from msgspec.structs import replace as edited

from agents.report import Counter, Report, VmReport
from balancer.adapters.calendar import LANGUAGE, wall_times
from balancer.core.cycle import primed, step, with_order
from balancer.core.model import Decision, Gathering, Move, Order, OrderState, State
from dsl.hours import WallTime
from dsl.loading import load
from dsl.ruleset import Ruleset

INTERVAL = 30.0

RELIEVE = """
rule relieve
  when  host.cpu > 85% for 3 rounds
  move  vm   by most cpu
  to    host by least cpu  where after.cpu < 70%  as "max load"
"""

AT_ONCE = RELIEVE.replace(" for 3 rounds", "")

EASE = f"{AT_ONCE}  until source.cpu < 60%\n"


@dataclass(slots=True)
class Vm:
    """A VM in play; `cpu_ns` is its counter."""

    name: str
    host: str
    cpu: float
    memory: float = 1024.0
    vcpus: int = 4
    tags: tuple[str, ...] = ()
    passthrough: bool = False
    state: str = "running"
    needs: tuple[str, ...] = ()
    note: str = ""
    uuid: str = ""
    domain_id: int = 1
    cpu_ns: int = 0


@dataclass(slots=True)
class Host:
    """A host in play. `own` is what Domain-0 uses and `stolen` how much it waits, None where nobody measures it.

    A `load` of None is what its VMs use.
    """

    name: str
    cores: float = 4.0
    memory: float = 16384.0
    own: float | None = None
    own_ns: int = 0
    stolen: float | None = None
    stolen_ns: int = 0
    load: float | None = None
    boot: int = 1
    uptime: float | None = None
    maintenance: bool = False
    tags: tuple[str, ...] = ()
    xen: str | None = None
    cpu_group: str | None = None
    cpu: str | None = None
    offers: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Farm:
    """Hosts and VMs by name; a test changes them as it likes between rounds."""

    hosts: dict[str, Host] = field(default_factory=dict)
    vms: dict[str, Vm] = field(default_factory=dict)
    time: float = 0.0

    def with_(self, **changes: dict[str, Any]) -> Self:
        """The same farm, once these hosts and VMs have other figures: `with_(web1={"memory": 4096.0})`."""
        for name, figures in changes.items():
            things: Any = self.hosts if name in self.hosts else self.vms
            things[name] = replace(things[name], **figures)
        return self

    def add(self, host: str, name: str, cpu: float, **figures: Any) -> None:
        """A VM starts."""
        self.vms[name] = Vm(name, host, cpu, uuid=f"uuid-{name}", **figures)

    def move(self, name: str, target: str) -> None:
        """A VM is elsewhere: a new domain there, its counter at 0."""
        vm = self.vms[name]
        self.vms[name] = replace(vm, host=target, domain_id=vm.domain_id + 1, cpu_ns=0)

    def pass_time(self, seconds: float) -> None:
        """Counters run."""
        self.time += seconds
        for vm in self.vms.values():
            vm.cpu_ns += round(vm.cpu * seconds * 1e9)
        for host in self.hosts.values():
            host.own_ns += round((host.own or 0.0) * seconds * 1e9)
            host.stolen_ns += round((host.stolen or 0.0) * seconds * 1e9)

    def report(self, name: str) -> Report:
        """What a host says now."""
        host, vms = self.hosts[name], [vm for vm in self.vms.values() if vm.host == name]
        return Report(
            host=name, boot_id=f"boot-{name}-{host.boot}", sequence=1, time=self.time, cores=host.cores,
            memory_mb=host.memory, memory_free_mb=host.memory - sum(vm.memory for vm in vms),
            load=sum(vm.cpu for vm in vms) if host.load is None else host.load, uptime=host.uptime,
            own=None if host.own is None else Counter(host.own_ns, self.time),
            stolen=None if host.stolen is None else Counter(host.stolen_ns, self.time),
            vms=tuple(self._vm(vm) for vm in vms), maintenance=host.maintenance, tags=host.tags, xen=host.xen,
            cpu_group=host.cpu_group, cpu=host.cpu, offers=host.offers, facts=host.facts,
        )  # fmt: skip

    def gathering(self, silent: Collection[str] = ()) -> Gathering:
        """All reports but those of the silent."""
        reports = tuple(self.report(name) for name in self.hosts if name not in silent)
        return Gathering(reports, tuple(self.hosts))

    def _vm(self, vm: Vm) -> VmReport:
        return VmReport(
            uuid=vm.uuid, name=vm.name, domain_id=vm.domain_id, state=vm.state, vcpus=vm.vcpus, memory_mb=vm.memory,
            counter=Counter(vm.cpu_ns, self.time), passthrough=vm.passthrough, tags=vm.tags,
            needs=vm.needs, note=vm.note,
        )  # fmt: skip


def farm(text: str) -> Farm:
    """`xen1: web1 2.0, web2 1.7 | xen2:`."""
    made = Farm()
    for part in text.split("|"):
        host, _, vms = part.partition(":")
        made.hosts[host.strip()] = Host(host.strip())
        for vm in filter(str.strip, vms.split(",")):
            name, cpu = vm.split()
            made.add(host.strip(), name, float(cpu))
    return made


def rules(text: str) -> Ruleset:
    """The rules of a file that has no errors."""
    loaded = load("farm.rules", text.encode(), LANGUAGE)
    assert loaded.ruleset is not None, loaded.findings
    return loaded.ruleset


class Rounds:
    """A balancer's rounds over a farm. The counters were read once before round 1, so that it sees what VMs use."""

    def __init__(self, farm: Farm, text: str, *, interval: float = INTERVAL) -> None:
        self.farm = farm
        self.rules = replace(rules(text), every=interval)
        self.interval = interval
        self.state = primed(State(), farm.gathering(), farm.time)

    def next(self, *, silent: Collection[str] = (), gathering: Gathering | None = None) -> Decision:
        """The next round, one interval later."""
        self.farm.pass_time(self.interval)
        decision = step(self.state, gathering or self.farm.gathering(silent), self.rules, self.farm.time, self.wall())
        self.state = decision.state
        return decision

    def wall(self) -> Mapping[str, WallTime]:
        """What clocks show."""
        return wall_times(self.rules.zones, self.farm.time)

    def after(self, rounds: int) -> Decision:
        """The last of so many rounds."""
        for _ in range(rounds - 1):
            self.next()
        return self.next()

    def order(self, move: Move, state: OrderState = OrderState.UNDER_WAY, *, ago: float = 0.0) -> Order:
        """An order for that move, begun and (done or failed) ended so many seconds ago."""
        ended = state in {OrderState.DONE, OrderState.FAILED}
        moment = self.farm.time - ago
        order = Order(
            f"t-1-{move.vm}", 1, self.state.round, move, state, started=moment, ended=moment if ended else None
        )  # fmt: skip
        self.state = with_order(self.state, order)
        return order

    def carry_out(self, move: Move) -> None:
        """The move is made and done."""
        self.farm.move(move.vm, move.target)
        self.order(move, OrderState.DONE)


def alive(report: Report) -> Report:
    """The report of a host on which every running VM has eaten a little since it was last looked at, a moment ago."""

    def fed(vm: VmReport) -> VmReport:
        return edited(vm, counter=edited(vm.counter, eaten_ns=1, interval=0.1))

    return edited(report, vms=tuple(fed(vm) for vm in report.vms))


def journey(vm: str, source: str, target: str, memory: float = 1024.0) -> Move:
    """A move as an earlier round planned it."""
    return Move(vm, f"uuid-{vm}", source, target, "relieve", 2, "overload", "it was hot", {}, memory)


def decided(farm: Farm, text: str) -> Decision:
    """The first round's decision."""
    return Rounds(farm, text).next()


def moves(decision: Decision) -> list[str]:
    """`web1: xen1 -> xen2`, in the plan's order."""
    return [f"{move.vm}: {move.source} -> {move.target}" for move in decision.plan.moves]


def refused(decision: Decision) -> list[str]:
    """`web1 -> xen2: max load`, and `web1: rest` where the VM itself is refused, in the plan's order."""
    return [
        f"{each.vm} -> {each.host}: {each.reason}" if each.host else f"{each.vm}: {each.reason}"
        for each in decision.plan.rejections
    ]


def streaks(decision: Decision) -> dict[str, int]:
    """Rounds in a row by host; with one rule there is one streak each."""
    return {streak.host: streak.rounds for streak in decision.state.streaks}

"""The best possible placement of a small farm, by an exact solver (OR-Tools' CP-SAT): what plans are measured against.

It knows no order of moves and nothing between two placements: what it finds is a bound. No sequence of moves can be
better, and where nothing is in the way one is as good.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from tests.farms import Farm

SECONDS = 20.0
EIGHTHS = 8
"""CPU is counted in eighths: the solver reckons in whole numbers, and farms of tests are made so."""


@dataclass(frozen=True, slots=True)
class Keep:
    """A `keep` of the language, over VMs by name: `how` as there, `others` are VMs, or hosts behind `on`.

    `domains` are the hosts of each rack behind `per rack`; without one a host counts for itself.
    """

    how: str
    members: frozenset[str]
    others: frozenset[str] = frozenset()
    count: int = 1
    domains: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Best:
    """How many stand against the keeps at least, and by how few moves that is reached."""

    strays: int
    moves: int


class Model:
    """Which VM is where, as variables: `at[vm, host]` is 1 or 0.

    A host is never filled beyond its memory and cores by what arrives; VMs of `fixed` stay.
    """

    def __init__(self, farm: Farm, fixed: Collection[str] = ()) -> None:
        self.farm = farm
        self.model = cp_model.CpModel()
        self.at = {(vm, host): self.model.new_bool_var(f"{vm}@{host}") for vm in farm.vms for host in farm.hosts}
        self.moves: cp_model.LinearExprT = sum(
            1 - self.at[vm.name, vm.host] for vm in farm.vms.values()
        )  # fmt: skip
        for vm in farm.vms.values():
            self.model.add_exactly_one(self.at[vm.name, host] for host in farm.hosts)
            if vm.name in fixed:
                self.model.add(self.at[vm.name, vm.host] == 1)
        for host in farm.hosts:
            self._fits(host)

    def _fits(self, name: str) -> None:
        """Nothing arrives at a host that has no room for it."""
        host, vms = self.farm.hosts[name], self.farm.vms.values()
        arrives = self.model.new_bool_var(f"arrives at {name}")
        for vm in vms:
            if vm.host != name:
                self.model.add_implication(self.at[vm.name, name], arrives)
        memory = sum(round(vm.memory) * self.at[vm.name, name] for vm in vms)
        cpu = sum(round(vm.cpu * EIGHTHS) * self.at[vm.name, name] for vm in vms)
        self.model.add(memory <= round(host.memory)).only_enforce_if(arrives)
        self.model.add(cpu <= round(host.cores * EIGHTHS)).only_enforce_if(arrives)

    def strays(self, keep: Keep) -> cp_model.LinearExprT:
        """How many stand against a keep, as the balancer counts them."""
        return {
            "apart": self._beyond, "at_most": self._beyond, "per_rack": self._beyond_racks,
            "apart_from": self._pairs, "with": self._alone, "on": self._elsewhere, "together": self._asunder,
        }[keep.how](keep)  # fmt: skip

    def _beyond(self, keep: Keep) -> cp_model.LinearExprT:
        return sum(self._over(keep, [host]) for host in self.farm.hosts)

    def _beyond_racks(self, keep: Keep) -> cp_model.LinearExprT:
        outside = self.farm.hosts.keys() - frozenset().union(*keep.domains)
        astray = sum(self._on(keep.members, host) for host in sorted(outside))
        return sum((self._over(keep, sorted(domain)) for domain in keep.domains), start=astray)

    def _over(self, keep: Keep, domain: Collection[str]) -> cp_model.LinearExprT:
        beyond = self.model.new_int_var(0, len(keep.members), "")
        self.model.add(beyond >= sum(self._on(keep.members, host) for host in domain) - keep.count)
        return beyond

    def _pairs(self, keep: Keep) -> cp_model.LinearExprT:
        pairs = []
        for host in self.farm.hosts:
            for one in sorted(keep.members):
                for other in sorted(keep.others):
                    meet = self.model.new_bool_var("")
                    self.model.add(meet >= self.at[one, host] + self.at[other, host] - 1)
                    pairs.append(meet)
        return sum(pairs)

    def _alone(self, keep: Keep) -> cp_model.LinearExprT:
        lonely = []
        for member in sorted(keep.members):
            alone = self.model.new_bool_var("")
            for host in self.farm.hosts:
                self.model.add(alone >= self.at[member, host] - self._on(keep.others, host))
            lonely.append(alone)
        return sum(lonely)

    def _elsewhere(self, keep: Keep) -> cp_model.LinearExprT:
        return sum(1 - self._at_any(vm, keep.others) for vm in sorted(keep.members))

    def _asunder(self, keep: Keep) -> cp_model.LinearExprT:
        homes = {host: self.model.new_bool_var("") for host in self.farm.hosts}
        self.model.add_exactly_one(homes.values())
        strays = []
        for vm in sorted(keep.members):
            stray = self.model.new_bool_var("")
            for host, home in homes.items():
                self.model.add(stray >= home - self.at[vm, host])
            strays.append(stray)
        return sum(strays)

    def _on(self, vms: Collection[str], host: str) -> cp_model.LinearExprT:
        return sum(self.at[vm, host] for vm in sorted(vms))

    def _at_any(self, vm: str, hosts: Collection[str]) -> cp_model.LinearExprT:
        return sum(self.at[vm, host] for host in sorted(hosts))

    def least(self, *targets: cp_model.LinearExprT) -> list[int]:
        """The least of the first, then of the second where the first is least, and so on."""
        found = []
        for target in targets:
            self.model.minimize(target)
            solver = cp_model.CpSolver()
            solver.parameters.max_time_in_seconds = SECONDS
            solver.parameters.num_workers = 1
            status = solver.solve(self.model)
            assert status == cp_model.OPTIMAL, solver.status_name(status)
            found.append(round(solver.objective_value))
            self.model.add(target <= found[-1])
        return found


def best_repair(farm: Farm, keeps: Sequence[Keep], before: Sequence[int], fixed: Collection[str] = ()) -> Best:
    """The repair that leaves fewest strays, by fewest moves; no keep is worse than `before`."""
    model = Model(farm, fixed)
    strays = [model.strays(keep) for keep in keeps]
    for each, most in zip(strays, before, strict=True):
        model.model.add(each <= most)
    return Best(*model.least(sum(strays), model.moves))

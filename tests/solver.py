"""An exact solver for small farms: the best placement that so many moves can reach, whatever their order.

It knows memory, CPUs, `keep … apart` and `keep … on`. It is a judge for tests alone; nobody balances with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ortools.sat.python import cp_model

from tests.farms import Farm

SCALE = 1_000_000
"""Parts of a share, so that the solver reckons in whole numbers."""


@dataclass(frozen=True)
class Walls:
    """Which VMs may not share a host, and which may be on these hosts only."""

    apart: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


class Placements:
    """All placements of a farm's VMs that so many moves can reach and that break no wall more than now."""

    def __init__(self, made: Farm, walls: Walls, moves: int) -> None:
        self.farm, self.model = made, cp_model.CpModel()
        self.on = {(vm, host): self.model.new_bool_var(f"{vm}@{host}") for vm in made.vms for host in made.hosts}
        for vm in made.vms:
            self.model.add_exactly_one(self.on[vm, host] for host in made.hosts)
        stays = [self.on[name, vm.host] for name, vm in made.vms.items()]
        self.model.add(sum(stays) >= len(stays) - moves)
        for host in made.hosts:
            self._room(host)
        self._walls(walls)

    def _room(self, host: str) -> None:
        """Memory and CPUs of a host that takes a VM are not exceeded."""
        figures = self.farm.hosts[host]
        here = {name: vm for name, vm in self.farm.vms.items() if vm.host == host}
        arrived = [self.on[name, host] for name in self.farm.vms if name not in here]
        takes = self.model.new_bool_var(f"{host} takes")
        self.model.add_max_equality(takes, arrived) if arrived else self.model.add(takes == 0)
        memory = sum(int(vm.memory) * self.on[name, host] for name, vm in self.farm.vms.items())
        busy = sum(round(vm.cpu * 1000) * self.on[name, host] for name, vm in self.farm.vms.items())
        self.model.add(memory <= int(figures.memory)).only_enforce_if(takes)
        self.model.add(busy <= round(figures.cores * 1000)).only_enforce_if(takes)

    def _walls(self, walls: Walls) -> None:
        for host in self.farm.hosts:
            members = [self.on[name, host] for name in walls.apart if name in self.farm.vms]
            there = sum(self.farm.vms[name].host == host for name in walls.apart if name in self.farm.vms)
            self.model.add(sum(members) <= max(1, there))
        for name in walls.bound & self.farm.vms.keys():
            allowed = walls.hosts | {self.farm.vms[name].host}
            self.model.add(sum(self.on[name, host] for host in self.farm.hosts if host in allowed) == 1)

    def least_excess(self, within: float) -> float:
        """The least that hosts are outside of the farm's mean of CPU, all together, and how it is reached."""
        cores = {name: host.cores for name, host in self.farm.hosts.items()}
        mean = sum(vm.cpu for vm in self.farm.vms.values()) / sum(cores.values())
        outside = []
        for host in self.farm.hosts:
            level = sum(round(vm.cpu / cores[host] * SCALE) * self.on[name, host] for name, vm in self.farm.vms.items())
            out = self.model.new_int_var(0, 10 * SCALE, f"{host} outside")
            for sign in (1, -1):
                self.model.add(out >= sign * (level - round(mean * SCALE)) - round(within * SCALE))
            outside.append(out)
        self.model.minimize(sum(outside))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        assert solver.solve(self.model) == cp_model.OPTIMAL
        return solver.objective_value / SCALE


def excess(made: Farm, where: Mapping[str, str], within: float) -> float:
    """How far hosts are outside of the farm's mean of CPU, all together, with the VMs on these hosts."""
    cores = {name: host.cores for name, host in made.hosts.items()}
    mean = sum(vm.cpu for vm in made.vms.values()) / sum(cores.values())
    busy = dict.fromkeys(made.hosts, 0.0)
    for vm, host in where.items():
        busy[host] += made.vms[vm].cpu
    return sum(max(0.0, abs(busy[host] / cores[host] - mean) - within) for host in made.hosts)

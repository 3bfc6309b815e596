"""Which of many walls speak of a VM at all."""

from dataclasses import dataclass

import numpy as np

from balancer.core.figures.concerns import Concerns
from dsl.evaluation import Flags


@dataclass(frozen=True, slots=True)
class Said:
    """What speaks of the VMs at these places of four; None: of all."""

    name: str
    of: tuple[int, ...] | None

    @property
    def concerns(self) -> Flags | None:
        return None if self.of is None else np.isin(np.arange(4), self.of)


SAID = Concerns([Said("a", (0, 2)), Said("all", None), Said("none", ()), Said("b", (2,))], 4)


def test_all_of_them_come_in_their_order() -> None:
    assert [each.name for each in SAID] == ["a", "all", "none", "b"]


def test_a_vm_has_its_own() -> None:
    assert [[each.name for each in SAID.of(vm)] for vm in range(3)] == [["a", "all"], ["all"], ["a", "all", "b"]]


def test_several_vms_have_those_of_any() -> None:
    assert [each.name for each in SAID.of_any(np.array([0, 1]))] == ["a", "all"]
    assert [each.name for each in SAID.of_any(np.array([], dtype=int))] == []


def test_of_some_vms_nothing_is_said() -> None:
    few = Concerns([Said("a", (0, 2))], 4)
    assert [few.any_of(vm) for vm in range(4)] == [True, False, True, False]
    assert [Concerns[Said]([], 4).any_of(vm) for vm in range(4)] == [False] * 4
    assert list(Concerns[Said]([], 4).of(3)) == []

"""Which hypervisor an agent runs on: one row for each driver.

Rule: a driver's library is loaded only when the driver is asked for, so that everything else works without it.
"""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, cast

from agents.config import AgentConfig
from agents.hypervisor import Hypervisor, HypervisorError
from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.shared_farm import SimulatedHypervisor
from agents.hypervisor.terms import Terms


def _libvirt(config: AgentConfig) -> Hypervisor:
    try:
        driver = importlib.import_module("agents.hypervisor.libvirt_xen")
    except ImportError as error:
        raise HypervisorError(
            f"the libvirt driver cannot be loaded ({error}); install Debian's python3-libvirt or xen-balancer[libvirt]"
        ) from None
    options = config.libvirt
    terms = Terms(config.shared_storage, config.live_guests, config.memory_margin)
    opened = driver.LibvirtHypervisor(config.mcollective.identity, options.uri, options.patience, terms)
    return cast("Hypervisor", opened)


def _simulated(config: AgentConfig) -> Hypervisor:
    if config.simulated is None:
        raise HypervisorError("the simulated driver needs `simulated:` with scenario and directory")
    scenario = load_scenario(config.simulated.scenario)
    return SimulatedHypervisor(config.mcollective.identity, scenario, config.simulated.directory)


DRIVERS: Final[Mapping[str, Callable[[AgentConfig], Hypervisor]]] = MappingProxyType({
    "libvirt": _libvirt,
    "simulated": _simulated,
})  # fmt: skip


def open_hypervisor(config: AgentConfig) -> Hypervisor:
    """The configured hypervisor; HypervisorError where it cannot be had, DocumentError where its scenario is wrong."""
    return DRIVERS[config.driver](config)

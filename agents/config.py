"""The agent's configuration: one YAML file.

Rule: a setting has a default wherever one can be meant for all, and a unit; what cannot be run with is refused at
start, with its place. Relative paths count from the file's own folder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from agents.documents import Document, FileName, Mebibytes, Mistake, Seconds, load
from agents.hypervisor.terms import LIVE_GUESTS, MEMORY_MARGIN, GuestType, SharedStorage
from agents.mcollective.cfg.field import from_server_cfg
from agents.mcollective.settings import ServerSettings
from agents.transport import Transport

STATE = Path("/var/lib/xen-balancer-agent")

Text = Annotated[str, Field(min_length=1, max_length=200)]


class LibvirtOptions(Document):
    """The driver for real hypervisors: libvirt's URI, and how long a report may take."""

    uri: Text = "xen:///system"
    patience: Annotated[Seconds, Field(ge=1, le=300)] = 10.0


class SimulatedOptions(Document):
    """The driver for demonstrations: a scenario/1 file, and the directory that the agents of one farm share."""

    scenario: FileName
    directory: FileName


class ProcessOptions(Document):
    """The agent `process`: whether it may end processes, each by its pid (`kill`) or all that match (`pkill`)."""

    kill: bool = False
    pkill: bool = False


class AgentConfig(Document):
    """What an agent needs to know; it reports as `mcollective.identity` and keeps its orders in `state`.

    `mcollective` may be the name of a `server.cfg` instead. `classic`: how the new host of a migration by slice, which
    is named by its address alone, is reached. A report carries the `facts` that stand here and, of all others that the
    host has, those that `reported_facts` names.
    """

    mcollective: Annotated[ServerSettings, BeforeValidator(from_server_cfg)]
    state: FileName = STATE
    driver: Literal["libvirt", "simulated"] = "libvirt"
    libvirt: LibvirtOptions = LibvirtOptions()
    simulated: SimulatedOptions | None = None
    shared_storage: Annotated[tuple[SharedStorage, ...], Field(max_length=100)] = ()
    live_guests: tuple[GuestType, ...] = LIVE_GUESTS
    memory_margin: Annotated[Mebibytes, Field(ge=0, le=1e6)] = MEMORY_MARGIN
    tags: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    facts: Annotated[dict[Text, Annotated[str, Field(max_length=200)]], Field(max_length=500, default_factory=dict)]
    reported_facts: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    process: ProcessOptions = ProcessOptions()
    classic: Transport = Transport()
    max_migrations: Annotated[int, Field(ge=1, le=10)] = 1
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_config(path: Path) -> AgentConfig:
    """The configuration in a file; DocumentError with every mistake and its place."""
    return load(path, AgentConfig, _check)


def _check(config: AgentConfig) -> Iterator[Mistake]:
    if config.driver == "simulated" and config.simulated is None:
        yield Mistake(("driver",), "the simulated driver needs `simulated:` with scenario and directory", "missing-key")

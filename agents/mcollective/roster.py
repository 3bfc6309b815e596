"""The agents that a host serves: found as files in folders, loaded, and loaded again while others are served.

Rule: a file is an agent's own world, run anew at each reload; what must outlive that is in the context it is made from.
A file that cannot be loaded leaves the agent as it was. Who is being asked goes on with the agent it has.
"""

import importlib.util
import logging
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from agents.mcollective.ddl import Agent, Ddl, PlainAgent

AnyAgent = Agent | PlainAgent

_LOGGER: Final = logging.getLogger(__name__)


class LoadError(Exception):
    """An agent's file that cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload did: the agents that were loaded, those that are gone, and what went wrong, by agent."""

    loaded: tuple[str, ...]
    gone: tuple[str, ...]
    problems: Mapping[str, str]


class Roster:
    """Agents by name, from `NAME.py` in each folder (`agent_files`)."""

    def __init__(self, folders: Sequence[Path], inactive: Collection[str] = ()) -> None:
        self._folders = tuple(folders)
        self._inactive = frozenset(inactive)
        self._agents: Mapping[str, AnyAgent] = MappingProxyType({})
        self._turn = threading.Lock()
        self._context: Any = None
        self._changed: Callable[[], None] = lambda: None

    def load(self, context: Any) -> None:
        """Make every agent from `context`; LoadError where one cannot be made."""
        self._context = context
        done = self.reload()
        for problem in done.problems.values():
            raise LoadError(problem)

    def watch(self, changed: Callable[[], None]) -> None:
        """`changed` is called after each reload, before it is answered for."""
        self._changed = changed

    def get(self, name: str) -> AnyAgent | None:
        """The agent of that name."""
        return self._agents.get(name)

    @property
    def schemas(self) -> Mapping[str, Ddl | None]:
        """What each agent can be asked, by name; None where it is not SimpleRPC."""
        return {name: agent.ddl if isinstance(agent, Agent) else None for name, agent in self._agents.items()}

    def reload(self, name: str | None = None) -> Reloaded:
        """Load one agent again, or all; LoadError where no file is of that name."""
        with self._turn:
            files = agent_files(self._folders, self._inactive)
            if name is not None and name not in files:
                raise LoadError(f"there is no agent {name}; known are {', '.join(sorted(files))}")
            done, agents = self._loaded(files if name is None else {name: files[name]})
            gone = tuple(sorted(self._agents.keys() - files.keys()))
            kept = {each: agent for each, agent in self._agents.items() if each in files}
            self._agents = MappingProxyType(kept | agents)
            self._changed()
        for problem in done.values():
            _LOGGER.error("%s", problem)
        return Reloaded(tuple(sorted(agents)), gone, done)

    def _loaded(self, files: Mapping[str, Path]) -> tuple[dict[str, str], dict[str, AnyAgent]]:
        problems: dict[str, str] = {}
        agents: dict[str, AnyAgent] = {}
        for name, path in files.items():
            try:
                agent = _made(name, path, self._context)
            except LoadError as error:
                problems[name] = str(error)
            else:
                agents |= {} if agent is None else {name: agent}
        return problems, agents


def agent_files(folders: Sequence[Path], inactive: Collection[str] = ()) -> dict[str, Path]:
    """The agents' files in these folders, by name; of two of one name the later folder's counts."""
    found = (path for folder in folders for path in sorted(folder.glob("*.py")))
    return {path.stem: path for path in found if path.stem != "__init__" and path.stem not in inactive}


def schema_of(name: str, path: Path) -> Ddl | None:
    """What an agent's file calls its `DDL`, with no agent made; LoadError where the file cannot be run."""
    ddl = getattr(_run(name, path), "DDL", None)
    return ddl if isinstance(ddl, Ddl) else None


def _made(name: str, path: Path, context: Any) -> AnyAgent | None:
    create = getattr(_run(name, path), "create", None)
    if not callable(create):
        raise LoadError(f"{path}: defines no create(context); see agents/plugins for how an agent's file looks")
    try:
        agent = create(context)
    except Exception as error:
        raise LoadError(f"{path}: {type(error).__name__}: {error}") from error
    if agent is None or isinstance(agent, Agent | PlainAgent):
        return agent
    raise LoadError(f"{path}: create(context) gives no agent but a {type(agent).__name__}")


def _run(name: str, path: Path) -> ModuleType:
    module_name = f"agent_file_{name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        line = getattr(error, "lineno", None)
        raise LoadError(f"{path}{f':{line}' if line else ''}: {type(error).__name__}: {error}") from error
    return module

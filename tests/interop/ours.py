"""Our own ends of a cell: `xen-balancer-agent` as a process of its own, and our client.

Rule: files as an operator would write them; both ends read the same keys, facts and classes as Ruby's.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from agents.mcollective.client import Client
from agents.mcollective.selection.filters import empty_filter, filter_for, parse_fact
from agents.mcollective.settings import ClientSettings
from tests.interop.stock import CLASSES, Cell, facts, running, within
from tests.stage import Program
from tests.wire import eventually

SITE: Final = Path(__file__).parent / "site"
EVERYTHING: Final = "policy default allow\n"

FARM: Final = """
format: scenario/1
hosts:
  - {name: HOST, cores: 4, memory: 16GiB}
vms:
  - {name: web1, host: HOST, vcpus: 2, memory: 1GiB, cpu: "0.5"}
"""


def wire(cell: Cell) -> dict[str, Any]:
    """What both ends need to know of the cell's broker."""
    broker = {
        "host": "127.0.0.1", "port": cell.port, "user": cell.login.user,
        "password_file": str(cell.login.password_file), "tls": tls(cell),
    }  # fmt: skip
    return {
        "connector": cell.login.connector,
        "collective": cell.collective,
        "brokers": [broker],
        "reconnect_max": "0.5s",
    }


def tls(cell: Cell) -> dict[str, str] | None:
    """A broker's section of the certificate."""
    if cell.tls is None:
        return None
    files = {"ca": cell.login.authority.certificate, "certificate": cell.tls.certificate, "key": cell.tls.key}
    return {name: str(file) for name, file in files.items()}


def server_security(cell: Cell) -> dict[str, Any]:
    """A server's section of the cell's security plugin."""
    if cell.security == "psk":
        return {"psk": {"key_file": str(cell.secret_file)}}
    files = {
        "server_private": str(cell.keys / "server-private.pem"),
        "server_public": str(cell.keys / "server-public.pem"),
        "client_cert_dir": str(cell.keys / "callers"),
    }
    return {"ssl": files | {"serializer": cell.serializer}}


def client_security(cell: Cell, caller: str) -> dict[str, Any]:
    """A caller's."""
    if cell.security == "psk":
        return {"psk": {"key_file": str(cell.secret_file), "caller": "uid" if caller == "balancer" else "identity"}}
    files = {
        "client_private": str(cell.keys / f"{caller}-private.pem"),
        "client_public": str(cell.keys / f"{caller}-public.pem"),
        "server_public": str(cell.keys / "server-public.pem"),
    }
    return {"ssl": files | {"serializer": cell.serializer}}


def write_server(cell: Cell, identity: str, wire_settings: Mapping[str, Any], settings: Mapping[str, Any]) -> Path:
    """An agent's configuration; what it reads stands beside it."""
    folder = cell.folder / identity
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "default.policy").write_text(EVERYTHING)
    (folder / "facts.yaml").write_text(facts(identity))
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    (folder / "farm.yaml").write_text(FARM.replace("HOST", identity))
    mcollective = {
        **wire(cell),
        **server_security(cell),
        "identity": identity,
        "policies": {"directory": "policies", "default": "default"},
        "facts": ["facts.yaml"],
        "classes": "classes.txt",
        "audit": "audit",
        "agents": [str(SITE)],
    }
    document = {
        "mcollective": {**mcollective, **wire_settings},
        "driver": "simulated",
        "simulated": {"scenario": "farm.yaml", "directory": "."},
    }
    config = folder / "agent.yaml"
    config.write_text(json.dumps({**document, **settings}, indent=1))
    return config


def write_server_for(cell: Cell, identity: str, server_cfg: Path) -> Path:
    """An agent's configuration where MCollective's own server.cfg says all of the wire."""
    (cell.folder / "farm.yaml").write_text(FARM.replace("HOST", identity))
    simulated = {"scenario": "farm.yaml", "directory": "."}
    config = cell.folder / "agent.yaml"
    config.write_text(json.dumps({"mcollective": str(server_cfg), "driver": "simulated", "simulated": simulated}))
    return config


def write_printed_ddl(cell: Cell, agent: str) -> None:
    """What `xen-balancer-agent ddl` prints of that agent, where stock `mco` looks for it."""
    printed = subprocess.run([sys.executable, "-m", "agents.cli", "ddl", agent], capture_output=True, check=True)
    (cell.folder / "lib" / "mcollective" / "agent" / f"{agent}.ddl").write_bytes(printed.stdout)


@contextmanager
def server(
    cell: Cell, identity: str, settings: Mapping[str, Any] = MappingProxyType({}), **wire_settings: Any
) -> Iterator[Program]:
    """A `xen-balancer-agent` that answers; `wire_settings` are of its section `mcollective`."""
    config = write_server(cell, identity, wire_settings, settings)
    with serving(cell, config, cell.folder / identity / "log") as program:
        of_both = {name: value for name, value in wire_settings.items() if name in ClientSettings.model_fields}
        assert answers(cell, identity, **of_both), program.said
        yield program


@contextmanager
def serving(cell: Cell, config: Path, log: Path) -> Iterator[Program]:
    """A `xen-balancer-agent` with that configuration, connected."""
    command = within(cell, sys.executable, "-m", "agents.cli", "--config", config)
    with running(command, log, until="connected to") as program:
        yield program


def answers(cell: Cell, identity: str, **settings: Any) -> bool:
    """It does, asked with all and alone: subscriptions themselves are not answered by any broker."""
    with client(cell, **settings) as one:
        return eventually(lambda: identity in one.discover(empty_filter("discovery"), 0.2)) and eventually(
            lambda: identity in one.call("rpcutil", "ping", {}, [identity], 0.5).by_host
        )


@contextmanager
def client(cell: Cell, caller: str = "balancer", **settings: Any) -> Iterator[Client]:
    """Our client, connected; `settings` are of its configuration."""
    document = {**wire(cell), **client_security(cell, caller), "identity": caller}
    one = Client(ClientSettings(**document | settings))
    try:
        one.connect()
        yield one
    finally:
        one.close()


def wanted(words: tuple[str, ...]) -> Mapping[str, Any]:
    """The filter that `mco` makes of these words."""
    given: dict[str, list[str]] = {"-F": [], "-C": [], "-A": [], "-I": [], "-S": []}
    for option, word in zip(words[::2], words[1::2], strict=True):
        given[option].append(word)
    one = filter_for(
        "rpcutil",
        identities=given["-I"],
        classes=given["-C"],
        facts=[parse_fact(fact) for fact in given["-F"]],
        compound=given["-S"][0] if given["-S"] else None,
    )
    return {**one, "agent": [*one["agent"], *given["-A"]]}

"""Debian's Ruby MCollective: `mcollectived` and `mco`, each with files as its own operator would write them.

Rule: nothing of the packages is changed; what Ruby 3.1 needs beside them is loaded with RUBYOPT (ruby/psych_shim.rb).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import pytest

from tests.certificates import Identity
from tests.conftest import Login
from tests.interop.preloaded import Preloaded
from tests.stage import Program

Security = Literal["psk", "ssl-yaml", "ssl-marshal"]

HERE: Final = Path(__file__).parent / "ruby"
SECRET: Final = "s3cret"
PACKAGES: Final = MappingProxyType({"mcollectived": "mcollective", "mco": "mcollective-client"})
FACTS: Final = MappingProxyType({
    "country": "de", "cpus": 16, "ratio": 1.5, "customer": "acme", "roles": ["db", "web"], "disks": {"sda": "ssd"},
})  # fmt: skip
CLASSES: Final = ("xen", "xen::host", "web")
MCO: Final = shutil.which("mco") or "mco"
PRELOADED: Final = Preloaded()
"""Runs whatever the callers run."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One broker, one security plugin, one collective: its peers hear each other, and nobody of another cell.

    With `tls` they come in at the broker's TLS port, with that certificate.
    """

    login: Login
    security: Security
    collective: str
    keys: Path
    folder: Path
    tls: Identity | None = None

    @property
    def port(self) -> int:
        """The broker's, where its peers come in."""
        return self.login.port if self.tls is None else self.login.tls_port

    @property
    def secret_file(self) -> Path:
        """The key of psk, for those that want it in a file."""
        return self.folder / "psk"

    @property
    def serializer(self) -> str:
        """The ssl plugin's."""
        return self.security.removeprefix("ssl-")

    def notes(self, identity: str) -> str:
        """What the witness of that server has noted, or what has registered with it."""
        file = self.folder / "notes" / identity
        return file.read_text() if file.exists() else ""

    def caller_id(self, caller: str) -> str:
        """What servers know that caller as."""
        if self.security == "psk":
            return f"uid={os.getuid()}" if caller == "balancer" else f"identity={caller}"
        return f"cert={caller}-public"


def facts(identity: str) -> str:
    """A server's facts file."""
    return json.dumps({**FACTS, "node": identity, "hostname": identity})


def need(program: str) -> None:
    """Skips where Debian's package is not installed; in CI that is a failure."""
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}: apt-get install {PACKAGES[program]}")


def config(settings: Mapping[str, object]) -> str:
    """The settings as a file of MCollective's."""
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _common(cell: Cell) -> dict[str, object]:
    pool = f"plugin.{cell.login.connector}.pool"
    return {
        "main_collective": cell.collective,
        "collectives": cell.collective,
        "libdir": f"{HERE / 'common'}:{cell.folder / 'lib'}",
        "connector": cell.login.connector,
        f"{pool}.size": 1,
        f"{pool}.1.host": "127.0.0.1",
        f"{pool}.1.port": cell.port,
        f"{pool}.1.user": cell.login.user,
        f"{pool}.1.password": cell.login.password_file.read_text().strip(),
        **_tls(cell, f"{pool}.1.ssl"),
        "securityprovider": cell.security.partition("-")[0],
        **({"plugin.psk": SECRET} if cell.security == "psk" else {"plugin.ssl_serializer": cell.serializer}),
    }


def _tls(cell: Cell, ssl: str) -> dict[str, object]:
    if cell.tls is None:
        return {}
    files = {"ca": cell.login.authority.certificate, "cert": cell.tls.certificate, "key": cell.tls.key}
    return {ssl: 1} | {f"{ssl}.{name}": file for name, file in files.items()}


def server_config(cell: Cell, identity: str, folder: Path) -> dict[str, object]:
    """A server's server.cfg; what it reads stands in `folder`."""
    ssl = {
        "plugin.ssl_server_private": cell.keys / "server-private.pem",
        "plugin.ssl_server_public": cell.keys / "server-public.pem",
        "plugin.ssl_client_cert_dir": cell.keys / "callers",
    }
    return {
        **_common(cell),
        **(ssl if cell.security != "psk" else {}),
        "identity": identity,
        "factsource": "yaml",
        "plugin.yaml": folder / "facts.yaml",
        "classesfile": folder / "classes.txt",
        "logger_type": "console",
        "loglevel": "debug",
        "daemonize": 0,
        "direct_addressing": 1,
        "rpcaudit": 1,
        "rpcauditprovider": "Logfile",
        "plugin.rpcaudit.logfile": folder / "audit",
    }


def client_config(cell: Cell, caller: str) -> dict[str, object]:
    """A caller's client.cfg."""
    psk = {"plugin.psk.callertype": "uid" if caller == "balancer" else "identity"}
    ssl = {
        "plugin.ssl_server_public": cell.keys / "server-public.pem",
        "plugin.ssl_client_private": cell.keys / f"{caller}-private.pem",
        "plugin.ssl_client_public": cell.keys / f"{caller}-public.pem",
    }
    return {
        **_common(cell),
        **(psk if cell.security == "psk" else ssl),
        "identity": caller,
        "logger_type": "console",
        "loglevel": "warn",
        "color": 0,
    }


def within(cell: Cell, *command: str | Path) -> list[str]:
    """The command, with what it needs in its environment: Ruby its shim, the witness a place for its notes."""
    return [
        "env",
        "LANG=C.UTF-8",
        f"RUBYOPT=-r{HERE / 'psych_shim.rb'}",
        f"WITNESS={cell.folder / 'notes'}",
        *map(str, command),
    ]


@contextmanager
def server(cell: Cell, identity: str, **settings: object) -> Iterator[Program]:
    """A `mcollectived` that has subscribed; `settings` are of its server.cfg."""
    with serving(cell, write_server(cell, identity, **settings)) as program:
        yield program


def write_server(cell: Cell, identity: str, **settings: object) -> Path:
    """A server.cfg, with what it names beside it."""
    folder = cell.folder / identity
    folder.mkdir()
    (folder / "facts.yaml").write_text(facts(identity))
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    file = folder / "server.cfg"
    file.write_text(config(server_config(cell, identity, folder) | settings))
    return file


@contextmanager
def serving(cell: Cell, file: Path, log: str = "log") -> Iterator[Program]:
    """A `mcollectived` with that server.cfg, its log beside it."""
    need("mcollectived")
    command = within(cell, "mcollectived", "--config", file, "--no-daemonize")
    with running(command, file.parent / log, until="Waiting for a message from") as program:
        yield program


@contextmanager
def running(command: Sequence[str], log: Path, until: str) -> Iterator[Program]:
    """The command while the context is open, from when it has said that on."""
    program = Program(command, log)
    try:
        assert program.says(until), program.said
        yield program
    finally:
        program.process.kill()
        program.process.wait()


@dataclass(frozen=True, slots=True)
class Client:
    """A caller that uses `mco`, and scripts over the same library."""

    cell: Cell
    config: Path

    def mco(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """`mco WORDS`, to its end."""
        return PRELOADED.run(MCO, [*words, "-c", str(self.config)], {})

    def script(self, name: str, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """`ruby/NAME WORDS`, to its end, with these `variables` in its environment."""
        return PRELOADED.run(HERE / name, [*words, "-c", str(self.config)], variables)

    def find(self, *words: str) -> frozenset[str]:
        """Whom `mco find` finds within a second."""
        return frozenset(self.mco("find", "--dt", "1", *words).stdout.split())

    def ping(self, *words: str) -> frozenset[str]:
        """Who answers `mco ping` within a second."""
        lines = self.mco("ping", "-t", "1", *words).stdout.splitlines()
        return frozenset(line.split()[0] for line in lines if " time=" in line)

    def rpc(self, agent: str, action: str, *words: str, hosts: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
        """What `mco rpc` gets from each: `statuscode`, `statusmsg`, `data`; `hosts` are asked without discovery."""
        whom = [word for host in hosts for word in ("-I", host)] or ["--dt", "1"]
        done = self.mco("rpc", agent, action, "--json", "--np", *whom, *words)
        assert done.stdout.startswith("["), (done.stdout, done.stderr)
        return {answer["sender"]: answer for answer in json.loads(done.stdout)}


def client(cell: Cell, caller: str = "balancer", **settings: object) -> Client:
    """A caller with files of its own; `settings` are of its client.cfg."""
    need("mco")
    file = cell.folder / f"{caller}.cfg"
    file.write_text(config(client_config(cell, caller) | settings))
    return Client(cell, file)

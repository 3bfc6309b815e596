"""Cells for the tests of the wire: a broker, a security plugin, and in it a Ruby server and one of ours, side by side.

Rule: a cell's servers start once and serve all tests that only ask; who changes something has servers of its own.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from _pytest.mark import ParameterSet

from agents.mcollective.ddl import Action, Ddl, render_ddl
from tests.conftest import Login
from tests.interop import ours, stock
from tests.interop.questions import OURS, RUBY
from tests.interop.site import witness
from tests.interop.stock import Cell, Client, Security

BROKERS: Final = ("activemq", "rabbitmq")
SECURITIES: Final[tuple[Security, ...]] = ("psk", "ssl-yaml", "ssl-marshal")


def of_broker(broker: str, *more: str) -> ParameterSet:
    """A parameter of tests that one worker runs, whose broker it is."""
    marks = [pytest.mark.broker, pytest.mark.xdist_group(broker)]
    return pytest.param((broker, *more) if more else broker, id="-".join((broker, *more)), marks=marks)


CELLS: Final = [of_broker(broker, security) for broker in BROKERS for security in SECURITIES]


def loose(ddl: Ddl) -> Ddl:
    """The same where anything goes, and an action more: Ruby's client lets through what a server must refuse."""
    actions = [
        replace(
            action,
            inputs=tuple(
                replace(one, type="string", validation=".", maxlength=0, optional=True) for one in action.inputs
            ),
        )
        for action in ddl.actions
    ]
    return replace(ddl, actions=(*actions, Action("vanish", "Not there")))


def write_ddl(lib: Path, *ddls: Ddl) -> Path:
    """A libdir with these."""
    (lib / "mcollective" / "agent").mkdir(parents=True)
    for ddl in ddls:
        (lib / "mcollective" / "agent" / f"{ddl.agent}.ddl").write_text(render_ddl(ddl))
    return lib


@pytest.fixture(scope="session", autouse=True)
def preloaded() -> Iterator[None]:
    """Ends what runs stock `mco`."""
    yield
    stock.PRELOADED.close()


@pytest.fixture(scope="session")
def all_keys(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pairs, and servers that know all of them as callers: also each other, for registration."""
    folder = tmp_path_factory.mktemp("all-keys")
    (folder / "callers").mkdir()
    for file in keys.glob("*.pem"):
        shutil.copy(file, folder)
    for file in keys.glob("*-public.pem"):
        shutil.copy(file, folder / "callers")
    return folder


def open_cell(login: Login, security: Security, keys: Path, folder: Path) -> Cell:
    """A cell with nobody in it."""
    cell = Cell(login, security, login.collective(), keys, folder)
    (folder / "notes").mkdir()
    cell.secret_file.touch(mode=0o600)
    cell.secret_file.write_text(stock.SECRET)
    write_ddl(folder / "lib", witness.DDL)
    write_ddl(folder / "loose", loose(witness.DDL))
    return cell


def open_beside(cell: Cell) -> Cell:
    """Another collective of the same kind, where nobody is left from the test before."""
    folder = cell.folder / f"beside{len(list(cell.folder.glob('beside*')))}"
    folder.mkdir()
    return open_cell(cell.login, cell.security, cell.keys, folder)


@pytest.fixture(scope="session", params=CELLS)
def cell(request: pytest.FixtureRequest, all_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Cell:
    """Each broker with each security plugin, for those that only ask."""
    broker, security = request.param
    login = request.getfixturevalue(f"{broker}_login")
    return open_cell(login, security, all_keys, tmp_path_factory.mktemp(f"{broker}-{security}"))


@pytest.fixture(scope="module", params=[of_broker(broker) for broker in BROKERS])
def own_cell(request: pytest.FixtureRequest, all_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Cell:
    """On each broker a cell of the module's own, with ssl and YAML."""
    login = request.getfixturevalue(f"{request.param}_login")
    return open_cell(login, "ssl-yaml", all_keys, tmp_path_factory.mktemp(f"{request.param}-own"))


@pytest.fixture(scope="session")
def servers(cell: Cell) -> Iterator[Cell]:
    """The cell, with a server of each kind in it."""
    with stock.server(cell, RUBY), ours.server(cell, OURS):
        yield cell


@pytest.fixture(scope="session")
def mco(servers: Cell) -> Client:
    """Stock `mco` in a cell with both servers."""
    return stock.client(servers)


@pytest.fixture(scope="session")
def careless(servers: Cell) -> Client:
    """Stock `mco` that does not check what it sends."""
    return stock.client(servers, "stranger", libdir=servers.folder / "loose")

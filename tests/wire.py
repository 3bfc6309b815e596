"""What tests of the wire share: an agent that speaks back, requests to send it, and both ends on a real broker."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import strategies as some
from msgspec.structs import replace

from agents.mcollective.client import Client
from agents.mcollective.ddl import Abort, Action, Ddl, Input, Output
from agents.mcollective.message import Call, Request, call_body
from agents.mcollective.roster import Roster
from agents.mcollective.security.ssl_plugin import SslCaller
from agents.mcollective.selection.filters import empty_filter
from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.psych import YAML
from agents.mcollective.service import Service
from agents.mcollective.settings import ClientKeys, ClientSettings, ServerKeys, ServerSettings
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode

NOW = 1_795_332_541
CALLER = "cert=balancer-public"
POLICY = f"policy default deny\nallow\t{CALLER}\tsay fail break sleep\t*\t*\n"

ECHO = Ddl(
    agent="echo",
    description="Says what it is told",
    version="1.0",
    timeout=1,
    actions=(
        Action(
            "say",
            "Say it",
            inputs=(Input("text", "what to say", maxlength=100_000, validation=r"[^\0]*"),),
            outputs=(Output("text", "what was said"), Output("times", "how often", default=1)),
        ),
        Action("fail", "Give up"),
        Action("break", "Have a mistake"),
        Action("sleep", "Take too long"),
        Action("forbidden", "Nobody may"),
    ),
)

texts = some.text(some.characters(exclude_categories=["Cs"]))
symbols = some.builds(Symbol, texts)
numbers = some.integers(-(2**100), 2**100) | some.floats(allow_nan=False, allow_infinity=False)
scalars = some.none() | some.booleans() | numbers | texts | symbols | some.binary()
values = some.recursive(
    scalars, lambda inner: some.lists(inner) | some.dictionaries(texts | symbols, inner), max_leaves=20
)
"""Whatever the wire has a form for."""


class Echo:
    """The agent; counts what it is called for. `hold` keeps `sleep` asleep until set."""

    ddl = ECHO

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any], str]] = []
        self.hold = threading.Event()

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        self.calls.append((action, data, caller))
        return {"say": self._say, "fail": self._fail, "break": self._break, "sleep": self._sleep}[action](data)

    def _say(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"text": data["text"]}

    def _fail(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        raise Abort("the echo is hoarse")

    def _break(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ValueError("kaboom")

    def _sleep(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        self.hold.wait(30)
        return {}


def say(text: str = "hello", **changes: Any) -> Request:
    """A request to say it, made NOW; `changes` are of the request's fields."""
    call = Call("echo", "say", CALLER, {"text": text})
    request = Request(
        "echo", call_body(call), "balancer", "a" * 32, CALLER, "mcollective", empty_filter("echo"), 60, NOW
    )
    return replace(request, **changes)


def ask(action: str, data: Mapping[str, Any], request_id: str = "b" * 32, **changes: Any) -> Request:
    """A request for any action of the echo; `changes` are of the call's fields."""
    return say(body=call_body(replace(Call("echo", action, CALLER, data), **changes)), request_id=request_id)


def caller(keys: Path, name: str = "balancer") -> SslCaller:
    """That key pair's end of the wire."""
    files = ClientKeys(
        client_private=keys / f"{name}-private.pem",
        client_public=keys / f"{name}-public.pem",
        server_public=keys / "server-public.pem",
    )
    return SslCaller(files, YAML, Limits())


AGENT_FILE = """
def create(context):
    return context
"""
"""An agent's file whose agent is the context it is made from."""


def roster_of(agent: Any, folder: Path, name: str = "echo") -> Roster:
    """A roster with that agent and MCollective's discovery."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(AGENT_FILE)
    (folder / "discovery.py").write_text("from agents.plugins.discovery import create\n")
    roster = Roster((folder,))
    roster.load(agent)
    return roster


def service_of(settings: ServerSettings, agent: Any, folder: Path) -> Service:
    """A service that hosts that agent alone, beside discovery."""
    roster = roster_of(agent, folder)
    return Service(settings, roster, ThisNode(settings, roster, {}), Statistics())


def policies(folder: Path, text: str = POLICY) -> Path:
    """A directory with the echo's policy."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "echo.policy").write_text(text)
    return folder


def eventually(claim: Callable[[], bool], seconds: float = 30.0) -> bool:
    """The claim comes true in that time."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def farm(
    hosts: list[str], keys: tuple[ServerKeys, ClientKeys], folder: Path, **common: Any
) -> Iterator[tuple[Client, dict[str, Echo]]]:
    """A connected client, and an echo on each host; `common` are settings of both ends."""
    policy = policies(folder)
    echoes = {host: Echo() for host in hosts}
    services = [
        service_of(
            ServerSettings(identity=host, ssl=keys[0], policies={"directory": policy}, workers=2, **common),
            echoes[host],
            folder / "agents" / host,
        )
        for host in hosts
    ]
    client = Client(ClientSettings(identity="balancer", ssl=keys[1], **common))
    try:
        for service in services:
            service.start()
        client.connect()
        assert eventually(lambda: all(service.connected for service in services))
        # SUBSCRIBE has no answer: the farm is there once it answers.
        assert eventually(lambda: len(client.call("echo", "say", {"text": "?"}, hosts, 1).by_host) == len(hosts))
        yield client, echoes
    finally:
        client.close()
        for service in services:
            service.close()

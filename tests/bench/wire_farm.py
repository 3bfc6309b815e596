"""A thousand hosts in one process, for benchmarks: a bare STOMP connection each, and answers that are ready.

Rule: a host answers as soon as it hears the question. A thousand real ones sign side by side, here one process would do
it for all; so each question is also told on stdin before it is asked, a line of base64, and the line of JSON on stdout
that answers says that all have signed. A question that begins with ECHO needs no signing.

    python wire_farm.py SETTINGS.json
"""

import asyncio
import json
import sys
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents.mcollective.message import Reply, Request, Result, result_body
from agents.mcollective.security import HostEnd
from agents.mcollective.security.choice import host_end
from agents.mcollective.settings import ServerSettings
from agents.report import Counter, Report, VmReport, encode

ECHO = b"echo"


def report(host: str, vms: int) -> str:
    """What such a host says of itself."""
    told = tuple(
        VmReport(f"{host}-{number:04}", f"{host}-vm{number}", number + 1, "running", 2, 2048.0, _counter(number))
        for number in range(vms)
    )
    return encode(Report(host, "boot", 1, 0.0, 16, 131072.0, 65536.0, 1.0, own=_counter(0), vms=told))


def _counter(number: int) -> Counter:
    return Counter(123_456_789_000 + number, 1000.0 + number, 15_000_000_000, 30.0)


class Farm:
    """The hosts; a plain echo is as large as what its host has signed last."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.server = ServerSettings.model_validate(settings["server"])
        self.security: HostEnd = host_end(self.server)
        self.hosts = [f"h{number:04}" for number in range(settings["hosts"])]
        self.reports = {host: report(host, settings["vms"]) for host in self.hosts}
        self.ready = 0
        self.sealed: dict[str, bytes] = {}

    async def run(self) -> None:
        """Until the broker hangs up."""
        await asyncio.gather(self._sign(), *[self._host(host) for host in self.hosts])

    async def _sign(self) -> None:
        lines = asyncio.StreamReader(limit=1 << 20)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            question = b64decode(line)
            request: Request = self.security.open(question)
            self.sealed = {host: self.security.seal(self._reply(request, host)) for host in self.hosts}
            tell(size=len(self.sealed[self.hosts[0]]), asked=len(question))

    async def _host(self, host: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings["port"])
        login = {"accept-version": "1.1", "host": self.settings["vhost"], "login": self.settings["user"]}
        writer.write(frame("CONNECT", login | {"passcode": self.settings["password"]}))
        await reader.readuntil(b"\0")
        for number, destination in enumerate(self.settings["destinations"]):
            writer.write(frame("SUBSCRIBE", {"destination": destination, "id": str(number), "receipt": str(number)}))
            await reader.readuntil(b"\0")
        self.ready += 1
        if self.ready == len(self.hosts):
            tell(ready=True)
        while True:
            headers, body = await message(reader)
            answer = b"x" * len(self.sealed[host]) if body.startswith(ECHO) else self.sealed[host]
            to = {"destination": headers["reply-to"], "expiration": "60000", "mc_sender": host}
            writer.write(frame("SEND", to, answer))

    def _reply(self, request: Request, host: str) -> Reply:
        body = result_body(Result(0, "OK", {"report": self.reports[host]}))
        return Reply(request.agent, body, host, request.request_id, request.time)


def frame(command: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """One frame of STOMP 1.1."""
    lines = [command, *(f"{name}:{value}" for name, value in headers.items()), f"content-length:{len(body)}"]
    return "\n".join(lines).encode() + b"\n\n" + body + b"\0"


async def message(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    """The next frame's headers and body."""
    head = (await reader.readuntil(b"\n\n")).decode().strip("\n").split("\n")
    headers = dict(line.split(":", 1) for line in head[1:])
    body = await reader.readexactly(int(headers["content-length"]))
    await reader.readuntil(b"\0")
    return {name: value.replace("\\c", ":") for name, value in headers.items()}, body


def tell(**facts: Any) -> None:
    """A line for whoever started this."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    farm = Farm(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    with suppress(asyncio.IncompleteReadError):
        asyncio.run(farm.run())

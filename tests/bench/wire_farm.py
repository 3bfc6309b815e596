"""A thousand hosts in one process, for benchmarks: a bare STOMP connection each, and answers that leave all at once.

Rule: a question is answered when every host has heard it and every answer is signed, so that the way of the answers can
be told from the work of signing them, which real hosts do side by side. What it did is a line of JSON on stdout each.

    python wire_farm.py SETTINGS.json
"""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
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
    """The hosts; `size` is how large a plain echo is, as large as an answer."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.server = ServerSettings.model_validate(settings["server"])
        self.security: HostEnd = host_end(self.server)
        self.hosts = [f"h{number:04}" for number in range(settings["hosts"])]
        self.reports = {host: report(host, settings["vms"]) for host in self.hosts}
        self.writers: dict[str, asyncio.StreamWriter] = {}
        self.heard = 0
        self.size = 0

    async def run(self) -> None:
        """Until the broker hangs up."""
        await asyncio.gather(*[self._host(host) for host in self.hosts])

    async def _host(self, host: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings["port"])
        login = {"accept-version": "1.1", "host": self.settings["vhost"], "login": self.settings["user"]}
        writer.write(frame("CONNECT", login | {"passcode": self.settings["password"]}))
        await reader.readuntil(b"\0")
        for number, destination in enumerate(self.settings["destinations"]):
            writer.write(frame("SUBSCRIBE", {"destination": destination, "id": str(number), "receipt": str(number)}))
            await reader.readuntil(b"\0")
        self.writers[host] = writer
        if len(self.writers) == len(self.hosts):
            tell(ready=True)
        while True:
            await self._message(*await message(reader))

    async def _message(self, headers: dict[str, str], body: bytes) -> None:
        """The last host to hear a question answers it for all."""
        self.heard += 1
        if self.heard % len(self.hosts):
            return
        begin = perf_counter()
        answers = self._echoes() if body.startswith(ECHO) else self._sealed(body)
        tell(sealing=perf_counter() - begin, size=self.size, asked=len(body))
        to = {"destination": headers["reply-to"], "expiration": "60000"}
        for host, writer in self.writers.items():
            writer.write(frame("SEND", to | {"mc_sender": host}, answers[host]))

    def _echoes(self) -> dict[str, bytes]:
        return dict.fromkeys(self.hosts, b"x" * (self.size or 1))

    def _sealed(self, body: bytes) -> dict[str, bytes]:
        request: Request = self.security.open(body)
        sealed = {host: self.security.seal(self._reply(request, host)) for host in self.hosts}
        self.size = len(sealed[self.hosts[0]])
        return sealed

    def _reply(self, request: Request, host: str) -> Reply:
        body = result_body(Result(0, "OK", {"report": self.reports[host]}))
        return replace(Reply(request.agent, body, host, request.request_id, request.time))


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

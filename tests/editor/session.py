"""An editor's side of the wire: the server runs as a process of its own, the client is pygls'."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

SERVER = (sys.executable, "-m", "balancer.cli", "rules", "serve")
URI = "untitled:farm.rules"
PATIENCE = 60.0

_Answer = TypeVar("_Answer")


class Client(LanguageClient):
    """Keeps what the server says of its own accord, and what it prints to standard error."""

    def __init__(self) -> None:
        super().__init__("tests", "1")
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.messages: list[types.ShowMessageParams] = []
        self.ended: asyncio.Future[tuple[int | None, str]] = asyncio.get_running_loop().create_future()
        self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(partial(self.published.put_nowait))
        self.feature(types.WINDOW_SHOW_MESSAGE)(partial(self.messages.append))

    async def server_exit(self, server: asyncio.subprocess.Process) -> None:
        assert server.stderr is not None
        self.ended.set_result((server.returncode, (await server.stderr.read()).decode()))


class Session:
    """One server and one document, asked step by step."""

    def __init__(self, runner: asyncio.Runner, client: Client) -> None:
        self._runner = runner
        self.client = client
        self._version = 0

    def wait(self, answer: Coroutine[Any, Any, _Answer]) -> _Answer:
        return self._runner.run(asyncio.wait_for(answer, PATIENCE))

    def initialize(self, **capabilities: Any) -> types.ServerCapabilities:
        params = types.InitializeParams(types.ClientCapabilities(**capabilities))
        answer = self.wait(self.client.initialize_async(params))
        self.client.initialized(types.InitializedParams())
        return answer.capabilities

    def open(self, text: str, uri: str = URI) -> list[types.Diagnostic]:
        self._version += 1
        item = types.TextDocumentItem(uri, "xen-balancer-rules", self._version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return self.diagnostics()

    def change(self, text: str) -> list[types.Diagnostic]:
        self._version += 1
        where = types.VersionedTextDocumentIdentifier(version=self._version, uri=URI)
        changes = [types.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(where, changes))
        return self.diagnostics()

    def close(self) -> list[types.Diagnostic]:
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(URI)))
        return self.diagnostics()

    def diagnostics(self) -> list[types.Diagnostic]:
        told = self.wait(self.client.published.get())
        assert told.version in {None, self._version}
        return list(told.diagnostics)

    def ask(self, request: str, asked: type, line: int, column: int, uri: str = URI, **more: Any) -> Any:
        """The answer to a question about a place; `request` is pygls' name for it."""
        where = types.Position(line, column)
        params = asked(text_document=types.TextDocumentIdentifier(uri), position=where, **more)
        return self.wait(getattr(self.client, f"text_document_{request}_async")(params))

    def ask_of_all(self, request: str, asked: type, **more: Any) -> Any:
        """The answer to a question about the document."""
        params = asked(text_document=types.TextDocumentIdentifier(URI), **more)
        return self.wait(getattr(self.client, f"text_document_{request}_async")(params))

    def goodbye(self) -> tuple[int | None, str]:
        """How the server ended, and what it printed to standard error."""
        self.wait(self.client.shutdown_async(None))
        self.client.exit(None)
        return self.ended()

    def ended(self) -> tuple[int | None, str]:
        return self.wait(_result(self.client.ended))

    def kill(self) -> None:
        server = self.client._server
        if server is not None and server.returncode is None:
            os.kill(server.pid, signal.SIGKILL)
            self.ended()


@contextmanager
def session() -> Iterator[Session]:
    """A server that is started, and gone in the end whatever happens."""
    with asyncio.Runner() as runner:
        begun = Session(runner, runner.run(_client()))
        try:
            yield begun
        finally:
            begun.kill()
            runner.run(begun.client.stop())


async def _client() -> Client:
    client = Client()
    await client.start_io(*SERVER)
    return client


async def _result(future: asyncio.Future[_Answer]) -> _Answer:
    return await future

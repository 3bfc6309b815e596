"""Ruby programs without Ruby's start: a process that has loaded MCollective runs each in a child (ruby/preloaded.rb).

Rule: what runs is the program itself, with words, files and exit code of its own; only what it loads is there already.
"""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent / "ruby"
TIMEOUT: Final = 120


class Preloaded:
    """One such process, for any number of threads: there once it is needed, until closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._folder: Path | None = None
        self._numbers = itertools.count()

    def run(
        self, program: str | Path, words: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """The program with these words, to its end."""
        with self._lock:
            folder = self._folder = self._folder or self._start()
            number = next(self._numbers)
        out, err = folder / f"{number}.out", folder / f"{number}.err"
        asked = {"program": str(program), "words": words, "environment": environment, "out": str(out), "err": str(err)}
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(TIMEOUT)
            peer.connect(str(folder / "socket"))
            peer.sendall(f"{json.dumps(asked)}\n".encode())
            code = peer.makefile().read()
        return subprocess.CompletedProcess([str(program), *words], int(code), out.read_text(), err.read_text())

    def close(self) -> None:
        """End it, and what still runs."""
        self._stack.close()

    def _start(self) -> Path:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        process = self._stack.enter_context(
            subprocess.Popen(
                ["ruby", HERE / "preloaded.rb", folder / "socket"],
                env=os.environ | {"LANG": "C.UTF-8", "RUBYOPT": f"-r{HERE / 'psych_shim.rb'}"},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            )
        )  # fmt: skip
        self._stack.callback(os.killpg, process.pid, signal.SIGKILL)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return folder

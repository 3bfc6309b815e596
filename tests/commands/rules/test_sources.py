from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from balancer.commands.rules.sources import PIPE, Source


def test_a_file_is_called_as_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.rules").write_bytes(b"every 30 s\n")
    monkeypatch.chdir(tmp_path)

    assert Source.of("./my.rules") == Source("./my.rules", b"every 30 s\n")


def test_stdin_is_read_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"drain host \xff"), encoding="ascii"))

    assert Source.of(PIPE) == Source("<stdin>", b"drain host \xff")

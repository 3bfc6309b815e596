"""`rules format`, as whoever writes rules meets it."""

import io
import json
import stat
from pathlib import Path

import pytest

from balancer.cli import main
from balancer.installation import DEFAULT, shipped

ANYHOW = "every 30s   # calm\ndrain host hv7\n"
LAID_OUT = 'every 30 s                              # calm\ndrain host "hv7"\n'


class Pipe(io.TextIOWrapper):
    def __init__(self, source: bytes) -> None:
        super().__init__(io.BytesIO(source), encoding="ascii")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "my.rules"
    file.write_text(ANYHOW)
    return file


def test_a_file_is_laid_out_once_and_then_stays(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "format", str(rules)]) == 0
    assert rules.read_text() == LAID_OUT
    assert capsys.readouterr().out == f"changed {rules}\n1 file: 1 changed, 0 with mistakes\n"

    before = rules.stat()
    assert main(["rules", "format", str(rules)]) == 0
    assert rules.stat() == before
    assert capsys.readouterr().out == "1 file: 0 changed, 0 with mistakes\n"


def test_a_check_writes_nothing_shows_the_difference_and_fails(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "format", "--check", str(rules)]) == 1
    assert rules.read_text() == ANYHOW
    assert capsys.readouterr().out.splitlines() == [
        f"--- {rules}", f"+++ {rules} laid out", "@@ -1,3 +1,3 @@",
        "-every 30s   # calm", "-drain host hv7",
        "+every 30 s                              # calm", '+drain host "hv7"', " ",
        "1 file: 1 would change, 0 with mistakes",
    ]  # fmt: skip

    rules.write_text(LAID_OUT)
    assert main(["rules", "format", "--check", str(rules)]) == 0


def test_a_file_with_mistakes_is_left_alone_and_the_others_are_laid_out(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.rules"
    wrong.write_text("every   x\n")

    assert main(["rules", "format", str(wrong), str(rules)]) == 1
    assert (wrong.read_text(), rules.read_text()) == ("every   x\n", LAID_OUT)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"{wrong}:1:9: syntax: ")
    assert told[-2:] == [f"changed {rules}", "2 files: 1 changed, 1 with mistakes"]


def test_the_line_ends_of_windows_become_those_of_unix(rules: Path) -> None:
    rules.write_bytes(LAID_OUT.replace("\n", "\r\n").encode())

    assert main(["rules", "format", str(rules)]) == 0
    assert rules.read_bytes() == LAID_OUT.encode()


def test_mode_and_symbolic_links_are_kept_and_nothing_is_left_beside(rules: Path, tmp_path: Path) -> None:
    rules.chmod(0o640)
    link = tmp_path / "current.rules"
    link.symlink_to(rules)

    assert main(["rules", "format", str(link)]) == 0
    assert link.is_symlink()
    assert rules.read_text() == LAID_OUT
    assert stat.S_IMODE(rules.stat().st_mode) == 0o640
    assert sorted(file.name for file in tmp_path.iterdir()) == ["current.rules", "my.rules"]


def test_for_programs_what_became_of_a_file_is_a_line_of_json(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {"format": "layout/1", "file": str(rules)}

    assert main(["rules", "format", "--format", "json", "--check", str(rules)]) == 1
    assert json.loads(capsys.readouterr().out) == said | {"outcome": "changed", "written": False}
    assert main(["rules", "format", "--format", "json", str(rules)]) == 0
    assert json.loads(capsys.readouterr().out) == said | {"outcome": "changed", "written": True}
    assert main(["rules", "format", "--format", "json", str(rules)]) == 0
    assert json.loads(capsys.readouterr().out) == said | {"outcome": "same", "written": False}

    rules.write_text("every x")
    assert main(["rules", "format", "--format", "json", str(rules)]) == 1
    finding, refused = map(json.loads, capsys.readouterr().out.splitlines())
    assert (finding["format"], finding["code"]) == ("finding/1", "syntax")
    assert refused == said | {"outcome": "refused", "written": False}


def test_an_editor_pipes_its_text_through_whatever_the_terminal_speaks(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", Pipe('drain   host "hv-ü"'.encode()))

    assert main(["rules", "format", "-"]) == 0
    assert capsysbinary.readouterr() == ('drain host "hv-ü"\n'.encode(), b"")


def test_what_cannot_be_piped_is_told_beside_the_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Pipe(b"drain host\n"))

    assert main(["rules", "format", "-"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("<stdin>:1:12: syntax: ")


def test_a_pipe_stands_alone(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "format", "-", str(rules)]) == 2
    assert main(["rules", "format", "--check", "-"]) == 2
    assert "takes no other file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "source", [b"\xff\xfe", b"\0" * 100, b"(" * 100_000, b"#\r#", b"rule", b"a" * 10_000_000, b"drain a\n" * 100_000]
)
def test_whatever_stands_in_the_file_it_stays_as_it_is(
    source: bytes, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_bytes(source)

    assert main(["rules", "format", str(rules)]) == 1
    assert rules.read_bytes() == source
    told = capsys.readouterr()
    assert told.out.startswith(f"{rules}:1:") or told.out.startswith(f"{rules}:5001:")
    assert told.err == ""


def test_the_rules_that_come_along_are_laid_out(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(shipped(DEFAULT).parent.glob("*.rules"))

    assert main(["rules", "format", "--check", *map(str, files)]) == 0

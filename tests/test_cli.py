"""What holds for every command: its help, its exit codes, and that nobody ever sees a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from agents.documents import DocumentError
from agents.hypervisor import HypervisorError
from agents.mcollective.client import FabricError
from balancer.adapters.control import ControlError, ControlRefusedError
from balancer.adapters.metrics import MetricsError
from balancer.adapters.rule_file import RulesError
from balancer.cli import COMMANDS, EXITS, classic, main
from balancer.errors import UsageError
from balancer.installation import DEFAULT, shipped
from balancer.ports import FarmError, JournalError

SCENARIO = Path(__file__).parent / "scenarios" / "overload.yaml"


def begin(*words: str, **settings: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "balancer.cli", *words],
        text=True, stdout=settings.get("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": ""} | settings.get("env", {}),
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_what_it_does_and_takes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert told.startswith(f"usage: xen-balancer {command}")
    assert COMMANDS[command].HELP.split()[0] in told


def test_without_a_command_it_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert [name for name in COMMANDS if f"    {name} " not in told] == []


@pytest.mark.parametrize(
    "words",
    [[], ["blance"], ["run", "--fast"], ["simulate"], ["run", "--rounds", "0"], ["run", "--interval", "3 parsecs"],
     ["rules"], ["history", "--last", "many"], ["plan", "--format", "xml"]],
    ids=" ".join,
)  # fmt: skip
def test_what_it_does_not_understand_is_exit_code_2_with_the_usage(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: xen-balancer")


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("xen-balancer 0.")


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (DocumentError, 2), (RulesError, 2), (JournalError, 2), (MetricsError, 2),
     (ControlRefusedError, 2), (ControlError, 3),
     (FabricError, 3), (FarmError, 3), (HypervisorError, 4)],
    ids=lambda each: getattr(each, "__name__", str(each)),
)  # fmt: skip
def test_trouble_is_one_message_and_an_exit_code(
    kind: type[Exception], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Narrower(kind):  # type: ignore[valid-type,misc]
        """Whoever narrows a kind of trouble keeps its exit code."""

    def fail(_arguments: object) -> int:
        raise Narrower("here: this: do that")

    status: ModuleType = COMMANDS["status"]
    monkeypatch.setattr(status, "run", fail)
    assert main(["status"]) == code
    assert capsys.readouterr() == ("", "here: this: do that\n")


def test_every_kind_of_trouble_is_told_in_the_tree_of_errors() -> None:
    tree = sys.modules[UsageError.__module__].__doc__ or ""
    assert [kind.__name__ for kind, code in EXITS.items() if f"{kind.__name__:19} {code}" not in tree] == []


@pytest.mark.parametrize("output", ["text", "json", "classic"])
def test_a_reader_that_has_read_enough_ends_it_without_a_word(output: str) -> None:
    with begin("simulate", str(SCENARIO), "--rounds", "100000", "--format", output) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.parametrize("words", [["simulate", str(SCENARIO)], ["rules", "check", str(shipped(DEFAULT))]])
def test_a_full_disk_under_its_output_is_one_message(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full, begin(*words, stdout=full) as process:
        assert process.stderr is not None
        assert process.stderr.read() == "xen-balancer: No space left on device; see where its output goes\n"
    assert process.returncode == 2


def test_a_terminal_that_knows_ascii_only_gets_ascii() -> None:
    with begin("simulate", str(SCENARIO), "--rounds", "1", env={"PYTHONIOENCODING": "ascii"}) as process:
        told, trouble = process.communicate()
    assert (process.returncode, trouble) == (0, "")
    assert r"busy unknown  \u2014 no action" in told


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_ctrl_c_ends_a_long_simulation_without_a_word(number: int) -> None:
    with begin("simulate", str(SCENARIO), "--rounds", "1000000") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        _, trouble = process.communicate()
    assert (process.returncode, trouble) == (0, "")


def test_the_old_name_without_a_configuration_says_which_file_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("balancer.commands.arguments.PLACES", (Path("xen-balancer.yaml"), tmp_path / "none.yaml"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        assert classic([]) == 2
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"no configuration: there is neither xen-balancer.yaml nor {tmp_path}/none.yaml; "
        "write one (deploy/examples/balancer.yaml is a commented example) or name yours with --config\n"
    )


def test_the_old_name_has_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        classic(["--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: mc-xen-balancer ")

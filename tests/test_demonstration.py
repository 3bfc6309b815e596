"""The demo, as a newcomer sees it: real processes, on a terminal and in a pipe, to its end or until Ctrl-C."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from balancer.demonstration import METRICS_PORT, child, end, metrics_port
from tests.stage import Program, xen_balancer
from tests.terminals import remaining
from tests.wire import eventually

URL = re.compile(r"metrics: (http://127\.0\.0\.1:\d+/metrics)")


def left_over(folder: Path) -> list[str]:
    """What still runs, or lies about, of a demo in that folder."""
    commands = (each / "cmdline" for each in Path("/proc").iterdir() if each.name.isdigit())
    running = [text for path in commands if str(folder) in (text := read(path))]
    return running + [str(path) for path in folder.iterdir() if path.name.startswith("xen-balancer-demo-")]


def read(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


@contextmanager
def demo(folder: Path, *words: str, log: str = "log") -> Iterator[Program]:
    """A demo that has its files in that folder."""
    command = ["env", "--chdir", str(folder), f"TMPDIR={folder}", sys.executable, "-m", "balancer.cli", "demo", *words]
    program = Program(command, folder / log)
    try:
        yield program
    finally:
        program.process.terminate()
        program.process.wait(60)


def test_a_host_grows_hot_its_vm_is_moved_and_the_farm_is_even_again(tmp_path: Path) -> None:
    with demo(tmp_path, "--rounds", "14") as program:
        assert program.process.wait(180) == 0
    told = program.said
    lines = told.splitlines()

    assert lines[0] == "starting a broker and five agents ..."
    assert URL.search(told)
    rounds = [line for line in lines if re.match(r"round \d+  ", line)]
    assert len(rounds) == 14
    assert rounds[0].startswith("round 1  5/5 hosts  busy max ")
    assert [line for line in rounds if "xen2 hot for 3" in line and "— move web1 from xen2 to xen4" in line]
    why = "web1 from xen2 to xen4: xen2 cpu 9.*% > 85% for 3 rounds; web1 uses 2.* CPUs, most there; xen4 has least"
    assert [bool(re.search(f"{word} {why}", told)) for word in ("ordered", "moved")] == [True, True]
    assert re.search(r"busy max [67]\d% .*— no action: no host is in trouble$", rounds[-1])
    assert ("\x1b" in told, "Traceback" in told) == (False, False)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_ends_it_ends_all_of_it(number: int, tmp_path: Path) -> None:
    with demo(tmp_path) as program:
        assert program.says("round 3 ")
        assert len(left_over(tmp_path)) >= 7
        assert program.end(number) == 0
    assert "Traceback" not in program.said
    assert left_over(tmp_path) == []


def test_rules_of_ones_own_are_shown_and_what_they_decided_can_be_asked_afterwards(tmp_path: Path) -> None:
    rules = tmp_path / "own.rules"
    rules.write_text('drain host "xen2"\n')
    with demo(tmp_path, "--rounds", "5", "--rules", str(rules)) as program:
        assert program.process.wait(180) == 0
    assert re.search(r"ordered \w+ from xen2 to \w+: xen2 is drained; ", program.said)
    kept = tmp_path / "demo-state"
    assert f"What was decided is in {kept.name} until the next demo here" in program.said
    asked = xen_balancer("explain", "host", "xen2", "--state", str(kept))
    assert (asked.returncode, "  drained by line 1\n" in asked.stdout) == (0, True)
    assert xen_balancer("replay", str(kept)).returncode == 0


def test_it_can_be_ended_while_it_still_starts(tmp_path: Path) -> None:
    with demo(tmp_path) as program:
        assert program.says("starting a broker")
        assert program.end(signal.SIGINT) == 0
    assert "Traceback" not in program.said
    assert left_over(tmp_path) == []


def test_two_demos_at_once_do_not_mind_each_other(tmp_path: Path) -> None:
    with demo(tmp_path, log="first") as first, demo(tmp_path, log="second") as second:
        assert [first.says("round 2 "), second.says("round 2 ")] == [True, True]
        addresses = {found[1] for each in (first, second) if (found := URL.search(each.said))}
        assert len(addresses) == 2
        for address in addresses:
            with urlopen(address, timeout=30) as answer:
                assert b"xen_balancer_hosts_reporting 5.0" in answer.read()
        assert [first.end(signal.SIGINT), second.end(signal.SIGINT)] == [0, 0]
    assert left_over(tmp_path) == []


def test_on_a_terminal_it_has_colour_and_a_live_line(tmp_path: Path) -> None:
    shown = bytearray()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.environ |= {"TMPDIR": str(tmp_path), "TERM": "xterm-256color"}
        os.execv(sys.executable, [sys.executable, "-m", "balancer.cli", "demo"])
    give_up = time.monotonic() + 120
    while b"round 3 in 2 s" not in shown:
        more = remaining(terminal)
        assert more, shown.decode()
        assert time.monotonic() < give_up, shown.decode()
        shown += more
    os.write(terminal, b"\x03")
    while more := remaining(terminal):
        shown += more
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 0
    assert b"\x1b[2m" in shown
    assert b"Traceback" not in shown
    assert left_over(tmp_path) == []


# -- its parts


def test_the_usual_port_is_the_firsts_and_any_other_demo_takes_another() -> None:
    with metrics_port() as first, metrics_port() as second:
        assert first in {METRICS_PORT, 0}
        assert second == 0


def test_a_usual_port_that_is_taken_is_left_alone() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", METRICS_PORT))
            other.listen()
        except OSError:
            """Somebody else has it already: all the better."""
        with metrics_port() as port:
            assert port == 0


def test_a_child_that_does_not_want_to_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("balancer.demonstration.FAREWELL", 0.2)
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert end(process) == -signal.SIGKILL


def test_a_child_ends_with_its_context_and_ctrl_c_is_not_for_it() -> None:
    with child([sys.executable, "-c", "import time; time.sleep(600)"], None) as process:
        assert os.getsid(process.pid) == process.pid
    assert process.returncode == -signal.SIGTERM
    assert eventually(lambda: not Path(f"/proc/{process.pid}").exists())

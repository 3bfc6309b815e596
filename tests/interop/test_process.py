"""Stock `mco rpc process` with the DDL that our command prints, against our agent: in every cell the rows come back."""

import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.interop import ours
from tests.interop.questions import OURS
from tests.interop.stock import Cell, Client

ROW = {
    "pid": int, "ppid": int, "uid": int, "username": str, "name": str, "state": str, "cmdline": str, "tty_nr": int,
    "vsize": int, "rss": int, "started": int,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def known(servers: Cell) -> None:
    """Stock `mco` knows of the agent what our command prints, and nothing else."""
    ours.write_printed_ddl(servers, "process")


@contextmanager
def sleeping(words: str) -> Iterator[int]:
    """A process with these words in its command line; gives its number."""
    command = [sys.executable, "-c", f"import time; print(flush=True); time.sleep(600)  # {words}"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_list_brings_the_rows_and_how_many_are_missing(mco: Client) -> None:
    words = f"asleep in {mco.cell.collective}"
    with sleeping(words) as pid:
        answer = mco.rpc("process", "list", f"pattern={words}", hosts=[OURS])[OURS]

    assert (answer["statuscode"], answer["statusmsg"], answer["data"]["truncated"]) == (0, "OK", 0)
    row = next(row for row in answer["data"]["pslist"] if row["pid"] == pid)
    assert {name: type(value) for name, value in row.items()} == ROW
    assert row["cmdline"].endswith(f"# {words}")
    assert (row["ppid"], row["uid"]) == (os.getpid(), os.getuid())
    assert row["username"] == pwd.getpwuid(os.getuid()).pw_name
    assert row["state"] == "S"


def test_list_is_shown_by_name_with_a_summary(mco: Client) -> None:
    words = f"shown in {mco.cell.collective}"
    with sleeping(words) as pid:
        done = mco.mco("rpc", "process", "list", f"pattern={words}", f"user={os.getuid()}", "--dt", "1", "--np")

    assert done.returncode == 0, done.stderr
    assert re.search(rf"^{OURS} +\n +pslist: \[{{:pid=>{pid},$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^ +truncated: 0\n\n+Finished processing 1 / 1 hosts in ", done.stdout, re.MULTILINE), done.stdout


def test_inputs_have_their_types(mco: Client) -> None:
    answer = mco.rpc("process", "list", f"pattern=no zombie in {mco.cell.collective}", "just_zombies=yes", hosts=[OURS])

    assert answer[OURS]["data"] == {"pslist": [], "truncated": 0}


def test_mco_refuses_what_our_ddl_does_not_let_through(mco: Client) -> None:
    done = mco.mco("rpc", "process", "list", "pattern=a|b", "-I", OURS)

    assert done.returncode == 1
    assert "Cannot validate input pattern: value should not have | in it" in done.stderr

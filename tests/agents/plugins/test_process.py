"""The agent `process`, on the processes of this machine and on some of its own making."""

import contextlib
import dataclasses
import itertools
import logging
import multiprocessing
import os
import pty
import pwd
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents.config import ProcessOptions
from agents.mcollective.ddl import Abort
from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.psych import YAML
from agents.plugins.process import (
    DDL,
    MOST,
    Process,
    ProcessAgent,
    _is_protected,
    _send,
    _username,
    create,
    processes,
    with_room,
)
from tests.agents.plugins.drivers import Idle
from tests.contexts import context_of

ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024
ALL_ON = ProcessOptions(kill=True, pkill=True)
PROTECTED = "is not signalled: init, the kernel's threads and what the agent runs under are not"


def ask(action: str, options: ProcessOptions = ALL_ON, **data: Any) -> Mapping[str, Any]:
    """As the server does it: what the DDL refuses never reaches the agent."""
    assert DDL.validate(action, data) is None
    return ProcessAgent(options, MIB).call(action, data, "cert=john")


def listed(**data: Any) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = ask("list", **data)["pslist"]
    return rows


@contextlib.contextmanager
def child(*words: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(words, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def mark() -> str:
    """What no other command line on this machine has; sleep takes it for seconds."""
    return f"600.{uuid.uuid4().int}"


@pytest.fixture
def zombie() -> Iterator[int]:
    process = subprocess.Popen(["true"])
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    yield process.pid
    process.wait()


def process(pid: int, cmdline: str) -> Process:
    """One as a full host may have thousands."""
    handle = psutil.Process()
    return Process(pid, 1, 65534, "nobody", "x", "S", cmdline, 0, 2**40, 2**30, 1_800_000_000, handle)


# -- list


def test_a_process_is_told_with_symbols_for_keys_and_in_the_units_of_the_stock_client(mark: str) -> None:
    with child("sleep", mark) as sleep:
        seen = psutil.Process(sleep.pid)
        while seen.status() != psutil.STATUS_SLEEPING:
            time.sleep(0.01)
        (row,) = listed(pattern=mark[-50:])
        memory, started, user = seen.memory_info(), int(seen.create_time()), seen.username()

    assert {key for key in row if not isinstance(key, Symbol)} == set()
    assert {str(key): value for key, value in row.items()} == {
        "pid": sleep.pid,
        "ppid": os.getpid(),
        "uid": os.getuid(),
        "username": user,
        "name": "sleep",
        "state": "S",
        "cmdline": f"sleep {mark}",
        "tty_nr": row[Symbol("tty_nr")],
        "vsize": memory.vms,
        "rss": memory.rss // 1024,
        "started": started,
    }


def test_without_a_pattern_all_are_listed_by_pid() -> None:
    pids = [row[Symbol("pid")] for row in listed()]

    assert pids == sorted(pids)
    assert {1, os.getpid()} <= set(pids)


def test_a_terminal_that_came_after_the_first_look_is_known_by_its_device_number(mark: str) -> None:
    listed()
    ours, theirs = pty.openpty()
    with child("setsid", "--ctty", "sleep", mark, stdin=theirs):
        rows: list[dict[Any, Any]] = []
        while not rows:
            rows = [row for row in listed(pattern=mark[-50:]) if row[Symbol("name")] == "sleep"]
        device = os.fstat(theirs).st_rdev
    os.close(ours)
    os.close(theirs)

    assert rows[0][Symbol("tty_nr")] == device


def test_zombies_are_listed_alone_on_request_by_their_bare_names(zombie: int) -> None:
    rows = listed(just_zombies=True)

    assert {row[Symbol("state")] for row in rows} == {"Z"}
    assert [row[Symbol("cmdline")] for row in rows if row[Symbol("pid")] == zombie] == ["true"]


@pytest.mark.parametrize("user", [psutil.Process().username(), str(os.getuid())])
def test_a_user_goes_by_name_or_number(user: str) -> None:
    rows = listed(user=user)

    assert {row[Symbol("uid")] for row in rows} == {os.getuid()}
    assert os.getpid() in {row[Symbol("pid")] for row in rows}


def test_a_host_that_refuses_still_has_a_list_for_the_summary_of_the_stock_client() -> None:
    assert DDL.defaults("list") == {"pslist": [], "truncated": 0}


def test_a_user_whom_the_host_does_not_know_has_no_processes() -> None:
    assert listed(user="nobody-of-that-name") == []


@pytest.mark.parametrize("uid", [987_654_321, 2**32, -1])
def test_a_user_without_a_name_is_called_by_his_number(uid: int) -> None:
    assert _username(uid) == str(uid)


def test_threads_of_the_kernel_are_told_in_brackets() -> None:
    kernels = [found for found in processes() if found.is_kernel]
    named = {found.pid: found.cmdline for found in kernels}

    assert all(cmdline.startswith("[") and cmdline.endswith("]") for cmdline in named.values())
    assert named.get(2, "[kthreadd]") == "[kthreadd]"  # in a container there are none to see


def test_a_command_line_is_cut_and_made_of_characters_that_every_terminal_takes() -> None:
    nasty = b"\x1b]0;owned\x07\xff\n" + b"x" * 10_000
    with child(sys.executable, "-c", "import time; time.sleep(600)", nasty) as python:  # type: ignore[arg-type] # bytes, as anyone can pass them
        (cmdline,) = [row[Symbol("cmdline")] for row in listed() if row[Symbol("pid")] == python.pid]

    assert "time.sleep(600) ?]0;owned?�?xxx" in cmdline
    assert len(cmdline) == 4096


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing ): ("),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("((a{100}){100}){100}", "invalid repetition size: {100}"),
        ("\ud800", "it is not UTF-8"),
    ],
)
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(Abort, match=r"^the pattern is no regular expression of RE2: ") as refusal:
        ask("list", pattern=pattern)

    assert str(refusal.value).endswith(reason)


def test_processes_that_end_while_one_looks_are_no_error() -> None:
    over = threading.Event()

    def churn() -> None:
        while not over.is_set():
            subprocess.run(["true"], check=True)

    thread = threading.Thread(target=churn)
    thread.start()
    looks = [listed() for _ in range(5)]
    over.set()
    thread.join()

    assert all(looks)


# -- the size of an answer


def test_an_answer_says_how_many_it_has_no_room_for(mark: str) -> None:
    with child("sleep", mark), child("sleep", mark):
        answer = ProcessAgent(ProcessOptions(), 400).call("list", {"pattern": mark[-50:]}, "cert=john")

    assert (len(answer["pslist"]), answer["truncated"]) == (1, 1)


@pytest.mark.parametrize("character", ["x", '"', "\\", "é", "�", "😀"])
def test_an_answer_full_of_long_command_lines_is_at_most_one_message(character: str) -> None:
    room = MIB * 7 // 8
    rows = with_room((process(pid, character * 4096) for pid in itertools.count(1)), room)

    message = YAML.encode({"body": YAML.embed(YAML.encode({"pslist": rows}))})

    assert room // 5 < len(message) < room + 1000
    assert YAML.decode(message, Limits(size=MIB))


def test_an_answer_full_of_short_command_lines_is_what_a_reader_takes_as_one_message() -> None:
    rows = with_room((process(pid, "x") for pid in itertools.count(1)), MIB)

    body = YAML.encode({Symbol("statuscode"): 0, Symbol("statusmsg"): "OK", Symbol("data"): {Symbol("pslist"): rows}})

    assert len(rows) == MOST
    assert YAML.decode(body)


# -- kill


def test_a_process_is_killed_by_its_pid(mark: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with child("sleep", mark) as sleep:
        answer = ask("kill", pid=str(sleep.pid), signal="TERM")

        assert sleep.wait() == -15
    assert answer == {"killed": 1}
    assert caplog.messages == [f"SIGTERM for cert=john to {sleep.pid}: sleep {mark}"]


@pytest.mark.parametrize("name", ["9", "KILL", "SIGKILL", "kill", "sigkill"])
def test_a_signal_goes_by_number_or_name(mark: str, name: str) -> None:
    with child("sleep", mark) as sleep:
        ask("kill", pid=str(sleep.pid), signal=name)

        assert sleep.wait() == -9


@pytest.mark.parametrize("name", ["0", "999", "SIG", "SIGSIGKILL", "STOPIT"])
def test_what_is_no_signal_is_refused(name: str) -> None:
    with pytest.raises(Abort, match=f"^{name} is no signal; wanted is one like TERM, SIGHUP or 9$"):
        ask("kill", pid="99999999", signal=name)


@pytest.mark.parametrize("pid", ["99999999", "4000000000", "9999999999"])
def test_who_is_not_there_is_not_killed(pid: str) -> None:
    assert ask("kill", pid=pid, signal="TERM") == {"killed": 0}


def test_who_has_ended_since_it_was_found_is_not_signalled() -> None:
    with child("sleep", "600") as sleep:
        (found,) = [one for one in processes() if one.pid == sleep.pid]

    assert not _send(found, signal.SIGTERM, "cert=john")


@pytest.mark.parametrize(
    "pid", ["1", "01", str(os.getpid()), str(os.getppid())], ids=["init", "init again", "the agent", "its parent"]
)
def test_init_the_agent_and_what_it_runs_under_are_never_signalled(pid: str) -> None:
    with pytest.raises(Abort, match=f"^{int(pid)} {PROTECTED}$"):
        ask("kill", pid=pid, signal="CONT")


def test_pid_0_which_would_be_a_whole_group_is_nobody() -> None:
    assert ask("kill", pid="0", signal="CONT") == {"killed": 0}


def test_the_number_of_a_thread_of_the_agent_is_nobody_though_the_kernel_would_signal_the_agent() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    answer = ask("kill", pid=str(thread.native_id), signal="CONT")
    over.set()
    thread.join()

    assert answer == {"killed": 0}


def test_threads_of_the_kernel_and_what_hides_like_them_are_never_signalled() -> None:
    thread = dataclasses.replace(process(2, "[kthreadd]"), vsize=0)

    assert _is_protected(thread, own=frozenset())
    assert not _is_protected(dataclasses.replace(thread, state="Z"), own=frozenset())


def signal_init_as_nobody(answers: Connection) -> None:
    os.setsid()  # within one session the kernel lets anybody send CONT to anybody
    if os.getuid() == 0:
        os.setuid(pwd.getpwnam("nobody").pw_uid)
    init = dataclasses.replace(process(1, "init"), username="root", handle=psutil.Process(1))
    try:
        _send(init, signal.SIGCONT, "cert=john")
    except Abort as abort:
        answers.send(str(abort))


def test_who_may_not_signal_says_so() -> None:
    fork = multiprocessing.get_context("fork")
    answers, ours = fork.Pipe(duplex=False)
    agent = fork.Process(target=signal_init_as_nobody, args=(ours,))
    agent.start()
    agent.join()

    assert answers.poll()
    assert answers.recv() == "the agent may not signal 1, which is root's"


# -- pkill


def test_all_that_match_are_killed_and_counted(mark: str) -> None:
    with child("sleep", mark) as one, child("sleep", mark) as another, child("sleep", "600") as other:
        answer = ask("pkill", pattern=mark[-50:], signal="TERM")

        assert (one.wait(), another.wait(), other.poll()) == (-15, -15, None)
    assert answer == {"killed": 2}


def test_a_pattern_that_nobody_matches_kills_nobody() -> None:
    assert ask("pkill", pattern=f"no such {uuid.uuid4()}", signal="TERM") == {"killed": 0}


@pytest.mark.parametrize("pattern", ["", ".", ".*", "^", "a|", "^[^0-9]"])
def test_a_pattern_that_matches_every_process_is_refused(pattern: str) -> None:
    everybody = r"^the pattern matches all \d+ processes; nothing is signalled, name those you mean$"
    with child("sleep", "600") as sleep:
        with pytest.raises(Abort, match=everybody):
            ProcessAgent(ALL_ON, MIB).call("pkill", {"pattern": pattern, "signal": "CONT"}, "cert=john")

        assert sleep.poll() is None


ASK_FROM_AMONG_THOSE_THAT_MATCH = """
import sys
from agents.config import ProcessOptions
from agents.plugins.process import ProcessAgent
print(ProcessAgent(ProcessOptions(pkill=True), 0).call("pkill", {"pattern": sys.argv[1], "signal": "TERM"}, "x"))
"""


def test_the_agent_is_left_out_though_it_matches(mark: str) -> None:
    agent = [sys.executable, "-c", ASK_FROM_AMONG_THOSE_THAT_MATCH, mark]
    with child("sleep", mark) as sleep:
        asked = subprocess.run(agent, capture_output=True, text=True, check=True, cwd=ROOT)

        assert sleep.wait() == -15
    assert asked.stdout == "{'killed': 1}\n"


# -- what it takes to be asked


@pytest.mark.parametrize(
    ("action", "options"),
    [("kill", ProcessOptions(pkill=True)), ("pkill", ProcessOptions(kill=True)), ("kill", ProcessOptions())],
)
def test_nothing_is_signalled_unless_the_configuration_says_so(action: str, options: ProcessOptions, mark: str) -> None:
    data = {"kill": {"pid": "99999999"}, "pkill": {"pattern": mark[-50:]}}[action]
    with pytest.raises(Abort, match=f"^{action} is switched off on this host; “process: {{{action}: true}}” in its"):
        ask(action, options, signal="TERM", **data)


def test_an_agent_whose_configuration_says_nothing_only_lists(tmp_path: Path) -> None:
    agent = create(context_of(Idle(), tmp_path))

    assert agent.call("list", {}, "cert=john")["truncated"] == 0
    for action, data in {"kill": {"pid": "99999999"}, "pkill": {"pattern": "none"}}.items():
        with pytest.raises(Abort, match=f"^{action} is switched off"):
            agent.call(action, data | {"signal": "TERM"}, "cert=john")


def test_the_configuration_has_the_switches_and_the_size_of_a_message(tmp_path: Path, mark: str) -> None:
    agent = create(context_of(Idle(), tmp_path, {"max_message": 1 / 64}, process={"kill": True, "pkill": True}))

    assert agent.call("pkill", {"pattern": mark[-50:], "signal": "TERM"}, "cert=john") == {"killed": 0}
    assert agent.call("list", {}, "cert=john")["truncated"] > 0


def test_signals_take_a_line_of_their_own_in_a_policy_that_there_must_be() -> None:
    assert {action.name: action.explicit for action in DDL.actions} == {"list": False, "kill": True, "pkill": True}
    assert DDL.authorized_by_policy


@pytest.mark.parametrize(
    ("action", "data", "problem"),
    [
        ("list", {"pattern": "a|b"}, "Cannot validate input pattern: value should not have | in it"),
        ("list", {"pattern": "x" * 51}, "Cannot validate input pattern: Input string is longer than 50 character(s)"),
        ("kill", {"pid": "-1", "signal": "9"}, r"Cannot validate input pid: value should match ^\d+$"),
        ("kill", {"pid": "12"}, "Action kill needs a signal argument"),
        ("pkill", {"signal": "9"}, "Action pkill needs a pattern argument"),
    ],
)
def test_what_the_schema_refuses(action: str, data: dict[str, Any], problem: str) -> None:
    assert DDL.validate(action, data) == problem

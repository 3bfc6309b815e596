"""The command mc-pgrep: hosts' answers in, text or JSON out; and once from end to end."""

import json
import os
import pty
import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents.commands.pgrep import (
    FIELDS,
    Answers,
    answers,
    document,
    listing_lines,
    main,
    size,
    statistics_lines,
    trouble_lines,
)
from agents.config import ProcessOptions
from agents.mcollective.client import Replies
from agents.mcollective.message import Result
from agents.mcollective.serializers import Symbol
from agents.mcollective.service import Service
from agents.mcollective.settings import ServerKeys, ServerSettings
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode
from agents.plugins.process import ProcessAgent
from tests.terminals import all_shown
from tests.wire import eventually, roster_of

ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024

XL = {
    "pid": 2301, "ppid": 1, "uid": 0, "username": "root", "name": "xl", "state": "S", "tty_nr": 0,
    "vsize": 92 * MIB, "rss": 4096, "started": 1_800_000_000,
    "cmdline": "/usr/sbin/xl create --quiet --defconfig /etc/xen/auto/web1.cfg -- console off",
}  # fmt: skip
RUBY = {
    "pid": 997, "ppid": 1, "uid": 65534, "username": 65534, "name": "ruby", "state": "Z", "tty_nr": 34817,
    "vsize": 0, "rss": 0, "cmdline": "ruby",
}  # fmt: skip
"""As MCollective's own agent tells a zombie of a user without a name."""


def symbols(process: dict[str, Any]) -> dict[Symbol, Any]:
    return {Symbol(key): value for key, value in process.items()}


def told(*processes: dict[str, Any], truncated: int = 0) -> Result:
    return Result(0, "OK", {"pslist": list(map(symbols, processes)), "truncated": truncated})


def of(**results: Result) -> Answers:
    return answers(list(results), Replies(results, {}))


def by_row(process: dict[str, Any], field: str) -> str:
    (row,) = of(hv1=told(process)).processes
    return FIELDS[field](row)


# -- for people


def test_each_host_with_matches_is_listed_by_name_as_it_was_in_2010() -> None:
    found = of(hv2=told(RUBY), hv3=told(), hv1=told(XL, RUBY))

    assert [*listing_lines(found), *statistics_lines(found)] == [
        "hv1",
        "       root   2301 /usr/sbin/xl create --quiet --defconfig /etc/xen/auto/web1.c",
        "      65534    997 [ruby]",
        "",
        "hv2",
        "      65534    997 [ruby]",
        "",
        "   ---- process list stats ----",
        "        Matched hosts: 2",
        "    Matched processes: 3",
        "        Resident Size: 4MB",
        "         Virtual Size: 92MB",
    ]


def test_where_nothing_matches_the_statistics_say_so() -> None:
    found = of(hv1=told())

    assert [*listing_lines(found), *statistics_lines(found)] == [
        "   ---- process list stats ----",
        "        Matched hosts: 0",
        "    Matched processes: 0",
        "        Resident Size: 0B",
        "         Virtual Size: 0B",
    ]


def test_fields_are_columns_with_a_header_as_wide_on_every_host() -> None:
    found = of(hv1=told(XL), hv2=told(RUBY))

    assert listing_lines(found, ("PID", "VSZ", "STATE", "TTY", "COMMAND")) == [
        "hv1",
        "  PID   VSZ   STATE  TTY    COMMAND",
        "  2301  92MB  S      -      /usr/sbin/xl create --quiet --defconfig /etc/xen/auto/web1.c",
        "",
        "hv2",
        "  PID   VSZ   STATE  TTY    COMMAND",
        "  997   0B    Z      pts/1  [ruby]",
        "",
    ]


def test_every_field_has_something_to_show_for_every_process() -> None:
    shown = {name: (by_row(XL, name), by_row(RUBY, name), by_row({}, name)) for name in FIELDS}

    assert shown == {
        "PID": ("2301", "997", "0"),
        "PPID": ("1", "1", "-"),
        "USER": ("root", "65534", ""),
        "UID": ("0", "65534", "-"),
        "VSZ": ("92MB", "0B", "0B"),
        "RSS": ("4MB", "0B", "0B"),
        "STATE": ("S", "Z", ""),
        "TTY": ("-", "pts/1", "-"),
        "STARTED": ("2027-01-15T08:00:00Z", "-", "-"),
        "NAME": ("xl", "ruby", ""),
        "COMMAND": ("/usr/sbin/xl create --quiet --defconfig /etc/xen/auto/web1.c", "[ruby]", ""),
    }


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "-"), (1025, "tty1"), (34816, "pts/0"), (0x10_88_2C, "pts/300"), (58624, "hvc0"), (1281, "5:1")],
)
def test_a_terminal_goes_by_its_name(number: int, name: str) -> None:
    assert by_row(XL | {"tty_nr": number}, "TTY") == name


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0B"),
        (1, "1B"),
        (1023, "1023B"),
        (1024, "1KB"),
        (788 * 1024, "788KB"),
        (12_897_485, "12.3MB"),
        (97_313_096, "92.805MB"),
        (10_005_126_414, "9.318GB"),
        (3 * 1024**5, "3072TB"),
    ],
)
def test_sizes_are_in_the_units_of_2010(count: int, text: str) -> None:
    assert size(count) == text


# -- what hosts may say


@pytest.mark.parametrize(
    ("process", "line"),
    [
        ({"cmdline": "\x1b]0;owned\x07\n\x9b2Jx"}, "                 7 ?]0;owned???2Jx"),
        ({"cmdline": b"caf\xe9", "username": b"root"}, "       root      7 caf�"),
        ({"cmdline": None, "username": "averyveryverylongname"}, " averyveryv      7 "),
        ({"cmdline": ["a"], "username": {}, "vsize": "much", "rss": -1, "state": 3.5}, "                 7 "),
    ],
)
def test_foreign_text_is_harmless_and_foreign_figures_are_figures(process: dict[str, Any], line: str) -> None:
    found = of(hv1=told({"pid": 7} | process))

    assert listing_lines(found) == ["hv1", line, ""]
    assert statistics_lines(found)[-1] == "         Virtual Size: 0B"


@pytest.mark.parametrize("value", [True, 2**63, -1, 1.5, "7", None, [7]])
def test_what_is_no_number_of_a_kernel_counts_as_nothing(value: Any) -> None:
    (row,) = of(hv1=told({"pid": value, "vsize": value, "rss": value, "tty_nr": value, "started": value})).processes

    assert (row.pid, row.vsize, row.rss, row.tty, row.started) == (0, 0, 0, None, None)


@pytest.mark.parametrize("started", [2**33, 2**62])
def test_a_start_beyond_all_calendars_is_no_trouble(started: int) -> None:
    assert by_row({"started": started}, "STARTED") == "2106-02-07T06:28:16Z"


@pytest.mark.parametrize("data", [None, "text", [], {}, {"pslist": None}, {"pslist": {}}, {"pslist": ["ruby"]}])
def test_an_answer_that_is_no_list_of_processes_is_refused(data: Any) -> None:
    found = of(hv1=Result(0, "OK", data))

    assert found.refused == (("hv1", "its answer is no list of processes; is its agent “process” another's?"),)
    assert found.code == 1


def test_who_refuses_and_who_is_silent_and_what_had_no_room_is_told() -> None:
    no = Result(1, "You are not authorized\nto call this agent or action.", {})
    silent = [f"hv{number}" for number in range(10, 22)]
    found = answers(["hv1", "hv2", *silent], Replies({"hv1": told(XL, truncated=12), "hv2": no}, {}))

    assert trouble_lines(found, 12.0) == [
        "hv2: You are not authorized?to call this agent or action.",
        "hv1: 12 more match, for which its answer has no room",
        "no answer within 12 s from 12: hv10, hv11, hv12, hv13, hv14, hv15, hv16, hv17, hv18, hv19, …",
    ]


def test_a_host_in_whose_name_two_different_answers_came_is_not_believed() -> None:
    found = answers(["hv1"], Replies({"hv1": told(XL)}, {"duplicate": 1, "bad signature": 3}, frozenset({"hv1"})))

    assert listing_lines(found) == []
    assert trouble_lines(found, 12.0) == [
        "hv1: two different answers came in its name; see who has the hosts' key",
        "messages that are no answer: bad signature (3), duplicate (1)",
    ]


def test_that_nobody_was_found_is_told() -> None:
    nobody = answers([], Replies({}, {}))

    assert trouble_lines(nobody, 12.0) == ["no host was found; see that the filter fits, and that agents run there"]
    assert nobody.code == 1


def test_the_exit_code_is_0_where_every_host_has_told_whether_something_matches_or_not() -> None:
    assert (of(hv1=told(XL)).code, of(hv1=told()).code) == (0, 0)
    assert answers(["hv1", "hv2"], Replies({"hv1": told(XL)}, {})).code == 1


# -- for programs


def test_json_has_all_of_it_in_plain_units() -> None:
    no = Result(1, "You are not authorized to call this agent or action.", {})
    results = {"hv1": told(XL, truncated=3), "hv2": told(), "hv3": no}
    found = answers(["hv1", "hv2", "hv3", "hv4"], Replies(results, {"late": 2}))

    assert json.loads(json.dumps(document(found, "xl"))) == {
        "format": "pgrep/1",
        "pattern": "xl",
        "hosts": [
            {
                "host": "hv1",
                "processes": [
                    {
                        "pid": 2301,
                        "ppid": 1,
                        "user": "root",
                        "uid": 0,
                        "name": "xl",
                        "state": "S",
                        "tty": None,
                        "vsize": 92 * MIB,
                        "rss": 4 * MIB,
                        "started": 1_800_000_000,
                        "command": XL["cmdline"],
                    }
                ],
                "truncated": 3,
            }
        ],
        "refused": [{"host": "hv3", "reason": "You are not authorized to call this agent or action."}],
        "silent": ["hv4"],
        "dropped": {"late": 2},
        "stats": {"hosts": 1, "processes": 1, "rss": 4 * MIB, "vsize": 92 * MIB},
    }


# -- from end to end, over CoilMQ

ALLOWED = "policy default deny\nallow\tcert=balancer-public\tlist\t*\t*\n"
DENIED = "policy default deny\n"


@pytest.fixture
def mark() -> Iterator[str]:
    """In the command line of one process of this machine, and of none else."""
    mark = f"600.{uuid.uuid4().int}"[:40]
    with subprocess.Popen(["sleep", mark]) as sleep:
        yield mark
        sleep.kill()


def serve(port: int, keys: ServerKeys, folder: Path, policy: str) -> Service:
    """A host named as its folder, which has the agent process and that policy."""
    folder.mkdir()
    (folder / "process.policy").write_text(policy)
    settings = ServerSettings.model_validate({
        "identity": folder.name, "brokers": [{"host": "127.0.0.1", "port": port}], "vhost": "localhost", "heartbeat": 0,
        "ssl": keys, "policies": {"directory": folder}, "direct_addressing": False, "workers": 1,
    })  # fmt: skip
    roster = roster_of(ProcessAgent(ProcessOptions(), 2**19), folder / "agents", "process")
    return Service(settings, roster, ThisNode(settings, roster, {"country": folder.name}), Statistics())


CONFIG = """
mcollective:
  identity: desk
  collectives: [france]
  brokers: [{{host: 127.0.0.1, port: {port}}}]
  vhost: localhost
  heartbeat: 0s
  connect_timeout: 5s
  direct_addressing: false
  ssl:
    client_private: {keys}/balancer-private.pem
    client_public: {keys}/balancer-public.pem
    server_public: {keys}/server-public.pem
other: keys of the balancer
"""


def config(folder: Path, port: int, keys: Path) -> str:
    file = folder / "client.yaml"
    file.write_text(CONFIG.format(port=port, keys=keys))
    return str(file)


@pytest.fixture
def hosts(coilmq_port: int, server_keys: ServerKeys, keys: Path, tmp_path: Path) -> Iterator[str]:
    """hv1 and hv2, which answer the balancer, and hv3, which refuses; the configuration of who asks."""
    policies = {"hv1": ALLOWED, "hv2": ALLOWED, "hv3": DENIED}
    services = [serve(coilmq_port, server_keys, tmp_path / host, policy) for host, policy in policies.items()]
    for service in services:
        service.start()
    file = config(tmp_path, coilmq_port, keys)
    assert eventually(lambda: main([*ASK, "-c", file, "-I", "hv1", "-I", "hv2", "x"]) == 0)
    yield file
    for service in services:
        service.close()


ASK = ["--timeout", "2", "--dt", "1"]


def test_all_hosts_are_found_and_asked(hosts: str, mark: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    code = main([*ASK, "-c", hosts, mark])

    told = capsys.readouterr()
    row = rf" +{psutil.Process().username()[:10]} +\d+ sleep {re.escape(mark)}"
    assert code == 1
    assert re.fullmatch(rf"hv1\n{row}\n\nhv2\n{row}\n\n   ---- process list stats ----\n.*\n", told.out, re.DOTALL)
    assert told.err == "mc-pgrep: hv3: You are not authorized to call this agent or action.\n"


def test_a_host_that_is_named_is_asked_at_once_and_alone(
    hosts: str, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    code = main([*ASK, "-c", hosts, "-I", "hv2", "--format", "json", mark])

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [(host["host"], len(host["processes"])) for host in told["hosts"]] == [("hv2", 1)]
    assert told["hosts"][0]["processes"][0]["command"].endswith(mark)


def test_a_filter_chooses_the_hosts(hosts: str, mark: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    filters = ["-F", "country=hv1"], ["-S", "country=hv2"], ["-I", "hv1", "-W", "country=/^hv/"]
    codes = [main([*ASK, "-c", hosts, *words, mark]) for words in filters]

    assert codes == [0, 0, 0]
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("hv")] == ["hv1", "hv2", "hv1"]


def test_who_is_named_and_away_is_told(hosts: str, mark: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    code = main([*ASK, "-c", hosts, "-I", "hv9", "-I", "hv1", mark])

    told = capsys.readouterr()
    assert code == 1
    assert "    Matched processes: 1\n" in told.out
    assert told.err == "mc-pgrep: no answer within 2 s from 1: hv9\n"


def test_a_pattern_that_the_hosts_refuse_is_told_by_each(hosts: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    code = main([*ASK, "-c", hosts, "-I", "hv1", "("])

    assert code == 1
    assert capsys.readouterr().err == ("mc-pgrep: hv1: the pattern is no regular expression of RE2: missing ): (\n")


def test_on_a_terminal_there_is_the_progress_bar(hosts: str, mark: str) -> None:
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "agents.commands.pgrep", *ASK, "-c", hosts, "-I", "hv1", mark],
        stdout=subprocess.PIPE, stderr=terminal, cwd=ROOT,
    ) as command:  # fmt: skip
        listed, _ = command.communicate()
    os.close(terminal)
    shown = all_shown(screen)
    os.close(screen)

    assert command.returncode == 0
    assert shown.splitlines()[-2].endswith("1 / 1")
    assert listed.decode().startswith("hv1\n")


def test_whoever_stops_reading_ends_it_without_a_word(hosts: str, mark: str) -> None:
    words = [sys.executable, "-m", "agents.commands.pgrep", *ASK, "-c", hosts, "-I", "hv1", mark]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as command:
        assert command.stdout is not None
        command.stdout.close()
        assert command.stderr is not None
        assert command.stderr.read() == b""

    assert command.returncode == 0


# -- what cannot be carried out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["a|b"], "Cannot validate input pattern: value should not have | in it"),
        (["x" * 51], "Cannot validate input pattern: Input string is longer than 50 character(s)"),
        (["-u", "a;b", "x"], "Cannot validate input user: value should not have ; in it"),
        (["-F", "country", "x"], "filter not understood: “country” is no fact filter; write fact=value, "),
        (["-S", "(xen", "x"], "filter not understood: compound, at "),
        (["-T", "mars", "x"], "mars is no collective of this configuration; known there: mcollective, france"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_before_anybody_hears_it(
    words: list[str], problem: str, tmp_path: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["-c", config(tmp_path, 1, keys), *words])

    assert code == 2
    assert capsys.readouterr().err.startswith(f"mc-pgrep: {problem}")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "the following arguments are required: PATTERN"),
        (["--fields", "pid,colour", "x"], "argument --fields: “COLOUR” is no field; known are PID, PPID, USER, UID,"),
        (["--timeout", "soon", "x"], "argument -t/--timeout: “soon” is no number of seconds from 0.1 to 600"),
        (["--dt", "nan", "x"], "argument --dt: “nan” is no number of seconds from 0.1 to 600"),
        (["-I", "hv 1", "x"], "argument -I: “hv 1” is neither a host's name nor an expression like /^hv/"),
    ],
)
def test_a_call_that_is_not_understood_is_refused(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)

    assert f"mc-pgrep: error: {problem}" in capsys.readouterr().err


def test_a_broker_that_is_not_there_ends_it_with_3(
    tmp_path: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        file = config(tmp_path, taken.getsockname()[1], keys)
        Path(file).write_text(Path(file).read_text().replace("5s", "0.2s"))

        assert main(["-c", file, "x"]) == 3
    assert capsys.readouterr().err.startswith("mc-pgrep: cannot connect to any broker: ")


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", str(tmp_path / "none.yaml"), "x"]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/none.yaml:1:1: unreadable: No such file or directory\n"

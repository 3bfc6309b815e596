import getpass
import json
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from balancer.adapters.control import (
    MAX_REQUEST,
    SOCKET,
    Arguments,
    ControlError,
    ControlRefusedError,
    Handler,
    ask,
    listening,
)
from balancer.adapters.served import CONNECTIONS
from balancer.ports import JournalError


def whoami(who: str, arguments: Arguments) -> dict[str, Any]:
    return {"who": who, "arguments": dict(arguments)}


def refuse(_who: str, _arguments: Arguments) -> dict[str, Any]:
    raise ControlRefusedError("not today: ask tomorrow")


def no_disk(_who: str, _arguments: Arguments) -> dict[str, Any]:
    raise JournalError("journal.sqlite: disk full: free some space there")


def crash(_who: str, _arguments: Arguments) -> dict[str, Any]:
    raise RuntimeError("a mistake of ours")


HANDLERS: Mapping[str, Handler] = {"whoami": whoami, "refuse": refuse, "no-disk": no_disk, "crash": crash}


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    with listening(tmp_path, HANDLERS):
        yield tmp_path


def raw(directory: Path, question: bytes) -> bytes:
    """What the socket answers to these very bytes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(30)
        connection.connect(str(directory / SOCKET))
        connection.sendall(question)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").readline()


def test_the_kernel_says_who_asks(directory: Path) -> None:
    assert ask(directory, "whoami", why="power works") == {
        "who": getpass.getuser(),
        "arguments": {"why": "power works"},
    }


def test_on_the_wire_it_is_a_line_of_json_each_way(directory: Path) -> None:
    assert raw(directory, b'{"command": "refuse"}\n') == b'{"ok": false, "error": "not today: ask tomorrow"}\n'


@pytest.mark.parametrize(
    ("command", "error"), [("refuse", "not today: ask tomorrow"), ("no-disk", "disk full: free some space there")]
)
def test_a_refusal_reaches_who_asked(directory: Path, command: str, error: str) -> None:
    with pytest.raises(ControlRefusedError, match=error):
        ask(directory, command)


def test_an_unknown_command_names_those_there_are(directory: Path) -> None:
    with pytest.raises(ControlRefusedError, match="with one of: whoami, refuse, no-disk, crash"):
        ask(directory, "migrate")


@pytest.mark.parametrize(
    "question",
    [
        b"\n",
        b"status\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"null\n",
        b'{"command": ["whoami"]}\n',
        b'{"command": null}\n',
        b"[" * 50_000 + b"\n",
        b'{"command": "whoami", "why": "' + b"x" * MAX_REQUEST + b'"}\n',
        b'{"command": "whoami"',
        b"",
    ],
    ids=[
        "empty",
        "no json",
        "no text",
        "list",
        "null",
        "list command",
        "null command",
        "deep",
        "large",
        "half",
        "nothing",
    ],
)
def test_bad_questions_get_a_refusal(directory: Path, question: bytes) -> None:
    answer = json.loads(raw(directory, question))
    assert answer["ok"] is False
    assert answer["error"].startswith(("ask", "the question is not"))


def test_a_mistake_of_ours_ends_neither_the_daemon_nor_in_a_traceback(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ControlError, match="busy or just ending: try again"):
        ask(directory, "crash")
    assert ask(directory, "whoami")["who"]
    assert capfd.readouterr().err == ""


def test_silent_clients_do_not_hold_it_up(directory: Path) -> None:
    with ExitStack() as idle:
        for _ in range(CONNECTIONS - 1):
            connection = idle.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            connection.connect(str(directory / SOCKET))
        assert ask(directory, "whoami")["who"]


def test_a_crowd_is_answered_or_sent_away(directory: Path) -> None:
    answers: list[str] = []

    def one() -> None:
        try:
            answers.append(ask(directory, "whoami")["who"])
        except ControlError as error:
            answers.append(str(error))

    crowd = [threading.Thread(target=one) for _ in range(4 * CONNECTIONS)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    assert len(answers) == 4 * CONNECTIONS
    assert all(answer == getpass.getuser() or "try again" in answer for answer in answers)


def test_the_socket_is_its_users_alone(directory: Path) -> None:
    assert stat.S_IMODE((directory / SOCKET).stat().st_mode) == 0o600


def test_without_a_daemon_the_command_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"no daemon is running on .*: start it with xen-balancer run"):
        ask(tmp_path, "status")


def test_a_socket_left_by_a_dead_daemon_is_no_daemon_and_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(tmp_path / SOCKET))
    with pytest.raises(ControlError, match="no daemon is running"):
        ask(tmp_path, "whoami")
    with listening(tmp_path, HANDLERS):
        assert ask(tmp_path, "whoami")["who"]


def test_the_socket_goes_with_the_daemon(tmp_path: Path) -> None:
    with listening(tmp_path, HANDLERS) as path:
        assert path.exists()
    assert not path.exists()


def test_a_state_directory_may_lie_deeper_than_a_sockets_address_is_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with listening(deep, HANDLERS):
        assert ask(deep, "whoami")["who"] == getpass.getuser()


def test_a_state_directory_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="No such file or directory: choose another state directory"):
        listening(tmp_path / "absent", HANDLERS).__enter__()

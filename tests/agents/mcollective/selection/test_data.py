"""What data plugins answer, held against Ruby's own; a query costs no more than it is allowed to."""

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.mcollective.selection import data
from agents.mcollective.selection.data import DataError, lookup, plugins
from agents.mcollective.serializers import Symbol
from tests.agents.mcollective.oracle import HOST, REFUSED, ruby

NOW = 1_795_332_541.75


@pytest.mark.parametrize(
    ("source", "query", "answer"),
    [
        ("collective", "lab", {"member": True}),
        ("collective_data", "else", {"member": False}),
        ("FACT", "country", {"exists": True, "value": "de", "value_encoding": "text/plain"}),
        ("fact", "os.name", {"exists": True, "value": "Debian", "value_encoding": "text/plain"}),
        ("fact", "disks.1", {"exists": True, "value": "sdb10", "value_encoding": "text/plain"}),
        ("fact", "disks.-1", {"exists": True, "value": "9", "value_encoding": "text/plain"}),
        ("fact", "disks.3", {"exists": False, "value": False, "value_encoding": False}),
        ("fact", "nosuch", {"exists": False, "value": False, "value_encoding": False}),
        ("fact", "country.x", {"exists": False, "value": False, "value_encoding": False}),
        ("fact", "disks", {"exists": True, "value": '["sda","sdb10","9"]', "value_encoding": "application/json"}),
        (
            "agent",
            "rpcutil",
            {
                "agent": "rpcutil",
                "license": "Apache-2.0",
                "timeout": 10,
                "description": "About the host",
                "url": "https://example.com/",
                "version": "1.0",
                "author": "xen-balancer",
            },
        ),
    ],
)
def test_a_plugin_answers_by_field(source: str, query: str, answer: dict[str, Any]) -> None:
    assert lookup(source, query, HOST) == answer


def test_of_an_agent_without_a_schema_nothing_is_known() -> None:
    answer = lookup("agent", "discovery", HOST)

    assert answer["agent"] == "discovery"
    assert {answer[field] for field in ("license", "timeout", "description", "url", "version", "author")} == {"unknown"}


WRONG = [
    ("fstat", None, 4, "Cannot validate input query: value should be a string"),
    ("fstat", "x" * 121, 4, "Cannot validate input query: Input string is longer than 120 character(s)"),
    ("fstat", "", 4, "Cannot validate input query: value should match (?-mix:.+)"),
    ("fact", "\n", 4, "Cannot validate input query: value should match (?-mix:.)"),
    ("fact", "disks.x", 5, 'invalid value for Integer(): "x"'),
    ("agent", "rpc util", 4, "Cannot validate input query: value should match (?-mix:^[\\w\\_]+$)"),
    ("agent", "nosuch", 5, "No agent called nosuch found"),
    ("agent", "x" * 21, 4, "Cannot validate input query: Input string is longer than 20 character(s)"),
    ("collective", 5, 4, "Cannot validate input query: value should be a string"),
]


@pytest.mark.parametrize(("source", "query", "status", "message"), WRONG)
def test_a_wrong_query_is_refused_in_mcollectives_words(source: str, query: Any, status: int, message: str) -> None:
    with pytest.raises(DataError) as refused:
        lookup(source, query, HOST)

    assert (refused.value.status, str(refused.value)) == (status, message)


@pytest.mark.ruby
def test_those_are_rubys_words(tmp_path: Path) -> None:
    told = ruby(tmp_path, "data", [[source, query] for source, query, _, _ in WRONG])

    assert told == [{REFUSED: message} for _, _, _, message in WRONG]


def test_an_unknown_plugin_is_refused() -> None:
    with pytest.raises(DataError, match="No plugin nosuch_data defined"):
        lookup("nosuch", "x", HOST)


@pytest.mark.ruby
def test_facts_and_collectives_are_answered_as_by_ruby(tmp_path: Path) -> None:
    facts = ["country", "empty", "os", "os.name", "os.nosuch", "disks", "disks.0", "disks.9", "disks.-3", "disks.0x1",
             "nested", "nested.1.y", "umlaut", "nosuch", ".", "..", "os.", ".os", "os..name", "lines"]  # fmt: skip
    queries = [("fact", fact) for fact in facts] + [("collective", "lab"), ("collective", "x"), ("fact", "country\n.")]

    told = ruby(tmp_path, "data", [list(query) for query in queries])

    assert [dict(lookup(*query, HOST)) for query in queries] == told


def kinds(folder: Path) -> dict[str, Path]:
    """One file of each kind that a test may make."""
    (folder / "file").write_bytes(b"text\n")
    (folder / "file").chmod(0o640)
    (folder / "directory").mkdir()
    (folder / "link").symlink_to("file")
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
    here = {name: folder / name for name in ("file", "directory", "link", "dangling", "fifo", "socket", "nowhere")}
    return here | {"device": Path("/dev/null")}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, because a query has 120 characters at most."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.ruby
def test_every_kind_of_file_is_told_as_by_ruby(place: Path) -> None:
    names = [str(path.relative_to(place) if path.is_relative_to(place) else path) for path in kinds(place).values()]

    told = ruby(place, "data", [["fstat", name] for name in names])

    ours = [dict(lookup("fstat", name, HOST)) for name in names]
    assert [_without_ages(answer) for answer in ours] == [_without_ages(answer) for answer in told]
    assert [set(answer) for answer in ours] == [set(answer) for answer in told]


def _without_ages(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what changes while the two look, one after the other."""
    return {
        field: value for field, value in answer.items() if not field.endswith("_age") and not field.startswith("atime")
    }


def test_a_file_is_told_in_full(place: Path) -> None:
    kinds(place)
    os.utime("file", (NOW - 10, NOW - 60.5))

    answer = lookup("fstat", "file", HOST, lambda: NOW)

    assert answer["name"] == "file"
    assert (answer["output"], answer["present"], answer["type"], answer["size"]) == ("present", 1, "file", 5)
    assert (answer["mode"], answer["md5"]) == ("100640", "e1cbb0c3879af8347246f12c559a86b5")
    assert (answer["mtime_seconds"], answer["mtime_age"], answer["atime_age"]) == (int(NOW - 60.5), 60, 10)
    assert (answer["uid"], answer["gid"]) == (os.getuid(), os.getgid())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("directory", "directory"),
        ("link", "symlink"),
        ("fifo", "unknown"),
        ("socket", "socket"),
        ("/dev/null", "chardev"),
    ],
)
def test_what_is_no_regular_file_is_not_read(place: Path, name: str, kind: str) -> None:
    kinds(place)

    answer = lookup("fstat", name, HOST)

    assert (answer["present"], answer["type"], answer["md5"]) == (1, kind, 0)


@pytest.mark.parametrize(
    "name", ["nowhere", "dangling", "nowhere/file", "file/x", "x\0y", "\ud800", "n" * 100 + "/" + "n" * 19]
)
def test_what_is_not_there_is_told_so(place: Path, name: str) -> None:
    kinds(place)

    answer = lookup("fstat", name, HOST)

    assert (answer["present"], answer["output"], answer["mode"], answer["mtime_age"]) == (
        0,
        "not present",
        "0000",
        None,
    )


def test_a_large_file_is_told_without_its_digest(place: Path) -> None:
    with Path("large").open("wb") as file:
        file.truncate(data.MAX_HASHED + 1)

    answer = lookup("fstat", "large", HOST)

    assert (answer["size"], answer["md5"]) == (data.MAX_HASHED + 1, None)


@pytest.mark.parametrize("swap", [lambda path: path.symlink_to("/etc/hosts"), os.mkfifo], ids=["link", "fifo"])
def test_what_became_something_else_meanwhile_is_neither_followed_nor_waited_for(
    place: Path, swap: Callable[[Path], None]
) -> None:
    swap(place / "swapped")

    assert data._md5("swapped") is None


def test_an_inventory_lists_the_plugins() -> None:
    assert plugins() == ["agent_data", "collective_data", "fact_data", "fstat_data"]


queries = some.text() | some.none() | some.integers() | some.builds(Symbol, some.text()) | some.text(".0-1sdakion")


@given(some.sampled_from(plugins()), queries)
def test_no_query_brings_anything_but_an_answer_or_a_refusal(source: str, query: Any) -> None:
    try:
        answer = lookup(source, query, replace(HOST, known={"disks": ["sda"], "os": {"name": "x"}}))
    except DataError:
        return
    assert all(value is None or isinstance(value, str | int) for value in answer.values())

"""One request to both servers leaves one line in each one's audit log, and it is the same line."""

import re

import pytest

from tests.interop.questions import BOTH, OURS, RUBY
from tests.interop.stock import Cell, Client

TIME = re.compile(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\] ")


def audited(cell: Cell, server: str, what: str) -> list[str]:
    """That server's lines with these words, without the time at which they were written."""
    file = cell.folder / server / "audit"
    lines = file.read_text().splitlines() if file.exists() else []
    assert all(TIME.match(line) for line in lines if " reqid=" in line)
    return [TIME.sub("", line) for line in lines if what in line]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("say", ["text=audited"]),
        ("say", ["text=audited", "times=3", "loud=true"]),
        ("say", ["text=audited", "ratio=0.5"]),
        ("say", ["text=audited ä"]),
        ("note", ["text=audited"]),
    ],
)
def test_a_request_is_a_line_as_ruby_writes_it(mco: Client, action: str, words: list[str]) -> None:
    before = {server: len(audited(mco.cell, server, "audited")) for server in BOTH}

    mco.rpc("witness", action, *words, hosts=BOTH)

    lines = {server: audited(mco.cell, server, "audited")[before[server] :] for server in BOTH}
    assert len(lines[OURS]) == 1
    assert lines[OURS] == lines[RUBY]


def test_what_is_invalid_is_not_audited(careless: Client) -> None:
    careless.rpc("witness", "say", "text=un;audited", hosts=BOTH)

    assert {server: audited(careless.cell, server, "un;audited") for server in BOTH} == {RUBY: [], OURS: []}

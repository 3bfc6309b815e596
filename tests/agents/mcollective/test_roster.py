"""Agents in folders: found, loaded, loaded again, and never lost by a mistake in a file."""

from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.roster import LoadError, Roster

AGENT = """
class Agent:
    name = "{name}"

    def answer(self, body, caller):
        return "{says}"


def create(context):
    return Agent() if context != "{not_for}" else None
"""


def write(folder: Path, name: str, says: str = "hello", not_for: str = "nobody") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(AGENT.format(name=name, says=says, not_for=not_for))
    return file


def loaded(*folders: Path, context: Any = "hv1", inactive: tuple[str, ...] = ()) -> Roster:
    roster = Roster(folders, inactive)
    roster.load(context)
    return roster


def answer(roster: Roster, name: str) -> Any:
    agent: Any = roster.get(name)
    return None if agent is None else agent.answer("?", "uid=0")


def test_every_file_in_the_folders_is_an_agent_and_the_later_folder_counts(tmp_path: Path) -> None:
    write(tmp_path / "ours", "ping")
    write(tmp_path / "ours", "echo", "ours")
    write(tmp_path / "sites", "echo", "the site's")

    roster = loaded(tmp_path / "ours", tmp_path / "sites", tmp_path / "none")

    assert dict(roster.schemas) == {"echo": None, "ping": None}
    assert answer(roster, "echo") == "the site's"


def test_an_agent_may_be_left_out_by_the_settings_or_by_itself(tmp_path: Path) -> None:
    write(tmp_path, "echo")
    write(tmp_path, "ping", not_for="hv1")

    assert dict(loaded(tmp_path, inactive=("echo",)).schemas) == {}
    assert dict(loaded(tmp_path, context="hv2").schemas) == {"echo": None, "ping": None}


def test_a_reload_takes_what_the_files_say_now_and_tells_who_watches(tmp_path: Path) -> None:
    write(tmp_path, "echo", "before")
    gone = write(tmp_path, "gone")
    roster = loaded(tmp_path)
    seen: list[list[str]] = []
    roster.watch(lambda: seen.append(sorted(roster.schemas)))

    write(tmp_path, "echo", "after, and longer")
    write(tmp_path, "new")
    gone.unlink()
    done = roster.reload()

    assert (done.loaded, done.gone, dict(done.problems)) == (("echo", "new"), ("gone",), {})
    assert answer(roster, "echo") == "after, and longer"
    assert seen == [["echo", "new"]]


def test_one_agent_alone_may_be_reloaded(tmp_path: Path) -> None:
    write(tmp_path, "echo", "before")
    write(tmp_path, "ping", "before")
    roster = loaded(tmp_path)
    write(tmp_path, "echo", "after, and longer")
    write(tmp_path, "ping", "after, and longer")

    assert roster.reload("ping").loaded == ("ping",)

    assert (answer(roster, "echo"), answer(roster, "ping")) == ("before", "after, and longer")
    with pytest.raises(LoadError, match="there is no agent pong; known are echo, ping"):
        roster.reload("pong")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def create(:\n", r"echo\.py:1: SyntaxError"),
        ("import nothing_of_that_name\n", r"echo\.py: ModuleNotFoundError"),
        ("x = 1\n", r"echo\.py: defines no create\(context\)"),
        ("def create(context):\n    return 1 / 0\n", r"echo\.py: ZeroDivisionError"),
        ("def create(context):\n    return 5\n", r"echo\.py: create\(context\) gives no agent but a int"),
    ],
)
def test_a_file_with_a_mistake_leaves_the_agent_as_it_was(tmp_path: Path, source: str, words: str) -> None:
    file = write(tmp_path, "echo", "before")
    roster = loaded(tmp_path)

    file.write_text(source)
    done = roster.reload()

    assert list(done.problems) == ["echo"]
    assert answer(roster, "echo") == "before"
    with pytest.raises(LoadError, match=words):
        loaded(tmp_path)

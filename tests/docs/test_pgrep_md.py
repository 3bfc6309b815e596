"""What docs/pgrep.md shows is what the command prints, takes and reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.cli import main as xen_balancer_agent
from agents.commands.pgrep import FIELDS, Answers, Listing, Row, _parser, document, listing_lines, statistics_lines
from agents.config import ProcessOptions
from agents.plugins.process import MOST

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "pgrep.md").read_text(encoding="utf-8")


def all_shown(kind: str) -> list[str]:
    """The blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", MANUAL, flags=re.MULTILINE | re.DOTALL)


def shown(kind: str) -> str:
    """The one block of a kind."""
    (text,) = all_shown(kind)
    return text


def answers(told: dict[str, Any]) -> Answers:
    """What the document was made from."""
    listings = [
        Listing(host["host"], tuple(Row(**row) for row in host["processes"]), host["truncated"])
        for host in told["hosts"]
    ]
    refused = tuple((each["host"], each["reason"]) for each in told["refused"])
    return Answers(tuple(listings), refused, tuple(told["silent"]), told["dropped"])


PGREP_1 = json.loads(shown("json pgrep/1"))


def test_the_document_is_what_is_printed_for_programs() -> None:
    assert json.loads(json.dumps(document(answers(PGREP_1), "qemu"))) == PGREP_1


def test_the_listing_is_what_is_printed_for_people_from_the_same_answers() -> None:
    told = answers(PGREP_1)

    assert "\n".join([*listing_lines(told), *statistics_lines(told), ""]) == shown("text")


def test_the_columns_are_those_of_the_same_answers() -> None:
    fields = _parser().parse_args(["--fields", "pid,user,vsz,state", "qemu"]).fields

    assert "\n".join([*listing_lines(answers(PGREP_1), fields), ""]) == shown("text pid,user,vsz,state")


def test_the_options_are_those_that_the_command_has() -> None:
    words = {word for action in _parser()._actions for word in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--?[a-zA-Z]+", shown_usage()))

    assert named <= words
    assert words - named == {"-h", "--help", "--version", "--config", "--zombies", "--user", "-t"}


def shown_usage() -> str:
    (usage,) = re.findall(r"^    mc-pgrep \[.*?PATTERN$", MANUAL, flags=re.MULTILINE | re.DOTALL)
    return str(usage)


def test_the_fields_are_those_that_there_are() -> None:
    assert f"columns: {' '.join(FIELDS)} |" in MANUAL


def test_the_limits_are_those_of_the_agent() -> None:
    assert f"at most {MOST} processes" in MANUAL


def test_the_switches_are_those_of_the_configuration() -> None:
    assert ProcessOptions(**yaml.safe_load(shown("yaml"))["process"]) == ProcessOptions(kill=True, pkill=True)


@pytest.mark.parametrize(
    ("policy", "caller", "allowed"),
    [(0, "cert=anyone", {"list"}), (1, "cert=anyone", {"list"}), (1, "cert=operator", {"list", "kill"})],
)
def test_the_policies_allow_what_the_text_says(
    policy: int, caller: str, allowed: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert decided(all_shown("policy")[policy], caller, tmp_path, capsys) == allowed


def test_an_asterisk_is_not_enough_for_a_signal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decided("allow\t*\t*\t*\t*\n", "cert=operator", tmp_path, capsys) == {"list"}


def decided(policy: str, caller: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The actions that a policy allows, as `xen-balancer-agent policy explain` says."""
    file = folder / "process.policy"
    file.write_text(policy)
    for action in ("list", "kill", "pkill"):
        xen_balancer_agent(["policy", "explain", str(file), "--caller", caller, "--action", action])
    return set(re.findall(rf"^allowed: {caller} may (\w+) ", capsys.readouterr().out, re.MULTILINE))

"""A host that MCollective's own Ruby classes and ours both judge: what they say of the same questions.

Rule: one Ruby process for a whole table; the questions and answers travel as they would on the wire.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.ddl import Ddl
from agents.mcollective.errors import MessageError
from agents.mcollective.serializers import Limits
from agents.mcollective.serializers.psych import decode, encode

STOCK = Path("/usr/lib/ruby/vendor_ruby")
REFUSED = "refused"
"""Ruby has an exception for it, we a MessageError."""

FACTS: dict[str, Any] = {
    "country": "de",
    "cpus": "4",
    "load": "1.5",
    "memory": "16384",
    "host": "xen-hv1",
    "octal": "010",
    "eight": "08",
    "exponent": "1e5",
    "odd": "1x5",
    "version": "2.12.5",
    "empty": "",
    "lines": "a\n42\nde",
    "path": "/etc/xen",
    "distribution": "Red Hat",
    "disks": ["sda", "sdb10", "9"],
    "os": {"name": "Debian", "release": "12"},
    "nested": [["x"], {"y": "z"}],
    "umlaut": "Zürich",
}
CLASSES = ("xen", "role::database", "customer_acme", "xen_lab", "and")


@dataclass(frozen=True, slots=True)
class Host:
    """A node with these facts and classes."""

    identity: str = "hv1.example.com"
    collectives: Sequence[str] = ("mcollective", "lab")
    agents: Mapping[str, Ddl | None] = field(
        default_factory=lambda: {
            "discovery": None,
            "rpcutil": Ddl("rpcutil", "About the host", "1.0", 10, (), url="https://example.com/"),
        }
    )
    known: Mapping[str, Any] = field(default_factory=lambda: FACTS)

    def facts(self) -> Mapping[str, Any]:
        return self.known

    def classes(self) -> Sequence[str]:
        return CLASSES


HOST = Host()


def ruby(folder: Path, kind: str, questions: Sequence[Any], facts: bytes = encode(FACTS)) -> list[Any]:
    """What MCollective answers to each: of a kind that oracle.rb knows; an exception is {REFUSED: its message}."""
    _needs_mcollective()
    (folder / "facts.yaml").write_bytes(facts)
    arguments = ["ruby", f"-I{STOCK}", str(Path(__file__).with_name("oracle.rb")), str(_configuration(folder))]
    asked = encode([{kind: question} for question in questions])
    told = subprocess.run(arguments, input=asked, capture_output=True, check=True, timeout=60)
    answers = decode(told.stdout, Limits(values=1_000_000))
    assert len(answers) == len(questions)
    return list(answers)


def verdicts(answers: Sequence[Any]) -> list[Any]:
    """The answers, with REFUSED for every exception."""
    return [REFUSED if isinstance(answer, dict) and REFUSED in answer else answer for answer in answers]


def verdict(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of ours says, with REFUSED for a MessageError."""
    try:
        return function(*arguments)
    except MessageError as error:
        return REFUSED if error.reason == "filter not understood" else error.reason


def _needs_mcollective() -> None:
    if not (STOCK / "mcollective.rb").exists() or shutil.which("ruby") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("MCollective is not installed: apt-get install mcollective")
        pytest.skip("MCollective is not installed: apt-get install mcollective")


def _configuration(folder: Path) -> Path:
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    file = folder / "server.cfg"
    file.write_text(
        f"""main_collective = mcollective
collectives = mcollective,lab
libdir = {STOCK}
identity = {HOST.identity}
factsource = yaml
plugin.yaml = {folder / "facts.yaml"}
classesfile = {folder / "classes.txt"}
logger_type = file
logfile = {folder / "log"}
loglevel = fatal
securityprovider = psk
plugin.psk = unused
color = 0
"""
    )
    return file

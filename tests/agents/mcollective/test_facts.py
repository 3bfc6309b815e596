"""Facts and classes from files that change, break and vanish; the host's own facts from what its kernel tells."""

import logging
import os
import socket
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents.mcollective.facts import MAX_BYTES, ClassesFile, FactFiles, own_facts
from agents.mcollective.logs import RateLimitedLog
from tests.agents.mcollective.oracle import ruby

PUPPET = b"""---
country: de
"quoted": "08:30"
:symbol: :value
cpus: 4
load: 1.5
large: 1.0e+20
small: 0.00001
virtual: false
is_xen: yes
nothing:
empty: ''
disks: [sda, 5, [1.0, ~]]
os:
  name: Debian
  :release: {major: 12, lts: true}
5: a number
text: |
  two
  lines
"""


def write(path: Path, content: str) -> Path:
    """Written beside and renamed, as Puppet does: another inode, however quickly it comes."""
    beside = path.with_suffix(".new")
    beside.write_text(content)
    beside.rename(path)
    return path


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> RateLimitedLog:
    """One that says everything, however often."""
    minutes = iter(range(0, 60_000, 60))
    return RateLimitedLog(logging.getLogger("facts"), lambda: float(next(minutes)))


def test_leaves_are_texts_and_lists_and_mappings_stay(tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_bytes(PUPPET)

    facts = FactFiles([tmp_path / "facts.yaml"]).read()

    assert facts["large"] == "1.0e+20"
    assert facts["small"] == "1.0e-05"
    assert (facts["virtual"], facts["is_xen"], facts["nothing"], facts["cpus"]) == ("false", "true", "", "4")
    assert (facts["symbol"], facts["5"]) == ("value", "a number")
    assert facts["disks"] == ["sda", "5", ["1.0", ""]]
    assert facts["os"] == {"name": "Debian", "release": {"major": "12", "lts": "true"}}


@pytest.mark.ruby
def test_ruby_reads_the_same_facts(tmp_path: Path) -> None:
    [told] = ruby(tmp_path, "facts", [None], PUPPET)

    assert FactFiles([tmp_path / "facts.yaml"]).read() == told


def test_of_two_files_the_later_one_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "first.yaml", "country: de\ncity: Berlin")
    second = write(tmp_path / "second.yaml", "country: fr")

    assert FactFiles([first, second]).read() == {"country": "fr", "city": "Berlin"}
    assert FactFiles([]).read() == {}


def test_a_file_is_read_again_when_it_changed_and_only_then(tmp_path: Path) -> None:
    path = write(tmp_path / "facts.yaml", "country: de")
    facts = FactFiles([path])
    first = facts.read()["country"]

    unchanged = facts.read()["country"]
    write(path, "country: fr")

    assert unchanged is first
    assert facts.read() == {"country": "fr"}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("country: [", "damaged"),
        ("- country", "damaged: a mapping of facts is wanted"),
        ("a: !ruby/object:Object {}", "forbidden tag"),
        ("a: 1\na: 2", "duplicate key"),
        ("[" * 100_000, "too deep"),
        ("x" * (MAX_BYTES + 1), "too large"),
    ],
)
def test_a_broken_file_keeps_what_was_known_and_is_said_once(
    tmp_path: Path, log: RateLimitedLog, caplog: pytest.LogCaptureFixture, broken: str, why: str
) -> None:
    path = write(tmp_path / "facts.yaml", "country: de")
    facts = FactFiles([path], log)
    facts.read()

    write(path, broken)

    assert facts.read() == facts.read() == {"country": "de"}
    [line] = caplog.messages
    assert line.startswith(f"{path}: not read: {why}")
    assert line.endswith("what was known before stays, correct the file")

    write(path, "country: fr")
    assert facts.read() == {"country": "fr"}


def test_a_file_that_vanished_keeps_what_was_known(
    tmp_path: Path, log: RateLimitedLog, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "facts.yaml", "country: de")
    facts = FactFiles([path], log)
    facts.read()

    path.unlink()

    assert facts.read() == facts.read() == {"country": "de"}
    assert [message.partition(": ")[2][:27] for message in caplog.messages] == ["not read: [Errno 2] No such"]


def test_a_file_that_was_never_there_has_no_facts_and_no_classes(
    tmp_path: Path, log: RateLimitedLog, caplog: pytest.LogCaptureFixture
) -> None:
    assert FactFiles([tmp_path / "facts.yaml"], log).read() == {}
    assert ClassesFile(tmp_path / "classes.txt", log).read() == ()
    assert len(caplog.messages) == 2


def test_a_fifo_is_not_waited_for(tmp_path: Path, log: RateLimitedLog, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(tmp_path / "facts.yaml")

    assert FactFiles([tmp_path / "facts.yaml"], log).read() == {}
    assert "no regular file" in caplog.text


@pytest.mark.parametrize(
    ("content", "classes"),
    [
        ("", ()),
        ("xen\nrole::db\n", ("xen", "role::db")),
        ("xen\r\nrole::db", ("xen", "role::db")),
        ("xen\n\n spaced \n", ("xen", "", " spaced ")),
        ("a\x0bb\n", ("a\x0bb",)),
    ],
)
def test_classes_stand_one_a_line(tmp_path: Path, content: str, classes: tuple[str, ...]) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes(content.encode())

    assert ClassesFile(path).read() == classes


def test_classes_are_read_again_when_they_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "classes.txt", "xen\n")
    classes = ClassesFile(path)
    classes.read()

    write(path, "xen\nlab\n")

    assert classes.read() == ("xen", "lab")
    assert ClassesFile(None).read() == ()


def machine(root: Path, files: dict[str, str]) -> Path:
    """A root folder with these files of the kernel's and the distribution's."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_the_host_tells_its_own_facts() -> None:
    facts = own_facts()

    assert facts["hostname"] == socket.gethostname().partition(".")[0]
    assert facts["fqdn"].startswith(facts["hostname"])
    assert (facts["kernel"], facts["kernelrelease"]) == (os.uname().sysname, os.uname().release)
    assert facts["processorcount"] == str(os.cpu_count())
    assert float(facts["memorysize_mb"]) == pytest.approx(psutil.virtual_memory().total / 2**20, abs=0.01)
    assert int(facts["uptime_seconds"]) > 0
    assert all(isinstance(value, str) and value for value in facts.values())


def test_what_a_machine_does_not_tell_is_left_out(tmp_path: Path) -> None:
    facts = own_facts(tmp_path)

    assert not {"operatingsystem", "operatingsystemrelease", "uptime_seconds"} & facts.keys()
    assert facts["fqdn"] == socket.gethostname()


@pytest.mark.parametrize(
    ("release", "name", "version"),
    [
        ('ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n', "Debian", "12"),
        ("# a comment\nNAME='Rocky Linux'\nID=\"rocky\"\nVERSION_ID=9.4\n", "Rocky", "9.4"),
        ('NAME="Some Linux"\nID=some\n', "Some Linux", None),
    ],
)
def test_the_distribution_has_facters_name(tmp_path: Path, release: str, name: str, version: str | None) -> None:
    facts = own_facts(machine(tmp_path, {"etc/os-release": release}))

    assert (facts["operatingsystem"], facts.get("operatingsystemrelease")) == (name, version)


def test_the_full_name_stands_in_hosts(tmp_path: Path) -> None:
    name = socket.gethostname().partition(".")[0]
    hosts = f"127.0.0.1 localhost # {name}.wrong\n192.0.2.7\t{name}x.no {name}.example.com {name}\n"

    facts = own_facts(machine(tmp_path, {"etc/hosts": hosts}))

    assert facts["fqdn"] == (socket.gethostname() if "." in socket.gethostname() else f"{name}.example.com")


def test_uptime_is_in_whole_seconds(tmp_path: Path) -> None:
    assert own_facts(machine(tmp_path, {"proc/uptime": "4222.83 8000.10\n"}))["uptime_seconds"] == "4222"


GUEST = "processor\t: 0\nflags\t\t: fpu hypervisor lahf_lm\n"
BARE = "processor\t: 0\nflags\t\t: fpu lahf_lm\nmodel name\t: hypervisor\n"


@pytest.mark.parametrize(
    ("files", "virtual", "is_virtual"),
    [
        ({"proc/cpuinfo": BARE}, "physical", "false"),
        ({"proc/cpuinfo": GUEST}, None, "true"),
        ({"proc/xen/capabilities": "control_d\n"}, "xen0", "false"),
        ({"proc/xen/capabilities": "", "proc/cpuinfo": GUEST}, "xenu", "true"),
        ({"sys/hypervisor/type": "xen\n", "sys/hypervisor/properties/features": "00000afd\n"}, "xen0", "false"),
        ({"sys/hypervisor/type": "xen\n", "sys/hypervisor/properties/features": "000002fd\n"}, "xenu", "true"),
        ({"sys/hypervisor/type": "xen\n", "sys/hypervisor/properties/features": "?\n"}, "xenu", "true"),
        ({"sys/hypervisor/type": "kvm\n", "proc/cpuinfo": GUEST}, None, "true"),
    ],
)
def test_xen_tells_what_it_is(tmp_path: Path, files: dict[str, str], virtual: str | None, is_virtual: str) -> None:
    facts: dict[str, Any] = own_facts(machine(tmp_path, files))

    assert (facts.get("virtual"), facts["is_virtual"]) == (virtual, is_virtual)

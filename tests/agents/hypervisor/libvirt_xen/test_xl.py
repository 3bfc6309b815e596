"""Domains that Xen has and libvirt does not know of. What `xl` says is what it said on a real host, Xen 4.17."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.hypervisor import Guest

HEADER = (
    "Name                                        ID   Mem VCPUs\tState\tTime(s)   "
    "UUID                            Reason-Code\tSecurity Label\n"
)
DOMAIN_0 = (
    "Domain-0                                     0   576     1     r-----      27.4 "
    "00000000-0000-0000-0000-000000000000        -                -\n"
)
ORPHAN = (
    "web1                                         1    95     1     --p---       0.0 "
    "11111111-2222-3333-4444-555555555555        -                -\n"
)
UUID = "11111111-2222-3333-4444-555555555555"
SHUTOFF, BUSY = 5, 2

Says = Callable[..., Path]


@pytest.fixture
def xl() -> Any:
    from agents.hypervisor.libvirt_xen import xl  # noqa: PLC0415 - only where libvirt is installed

    return xl


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """Makes an `xl` that says this, one text after the other; from the last one on always that."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def make(*texts: str, before: str = "", code: int = 0) -> Path:
        for number, text in enumerate(texts):
            (tmp_path / f"said-{number}").write_text(HEADER + DOMAIN_0 + text)
        script = tmp_path / "xl"
        script.write_text(
            f"#!/bin/sh\n{before}\ncd {tmp_path}\n"
            "number=$(ls said-* | head -n 1)\ncat $number\n"
            "[ $(ls said-* | wc -l) = 1 ] || rm $number\n"
            f"exit {code}\n"
        )
        script.chmod(0o755)
        return script

    return make


def test_an_orphan_is_told_with_all_that_xen_says_of_it(xl: Any, says: Says, shown: Any) -> None:
    says(ORPHAN)
    (seen,) = xl.unknown(shown())
    assert (seen.uuid, seen.name, seen.id, seen.state, seen.memory_mb, seen.reading.cpu_ns, seen.note) == (
        UUID, "web1", 1, "paused", 95.0, 0, "unknown to libvirt",
    )  # fmt: skip


def test_what_libvirt_knows_or_takes_in_is_not_unknown(xl: Any, says: Says, shown: Any) -> None:
    says(ORPHAN)
    assert xl.unknown(shown(uuid=UUID, id=1)) == ()
    assert xl.unknown(shown((SHUTOFF, 0), uuid=UUID, id=-1, job=BUSY)) == ()
    assert [each.id for each in xl.unknown(shown((SHUTOFF, 0), uuid=UUID, id=-1))] == [1]


@pytest.mark.parametrize("then", ["", ORPHAN.replace(" 1    95", " 2    95"), ORPHAN.replace("--p---", "--ps-d")])
def test_what_leaves_or_comes_while_one_looks_is_not_unknown(xl: Any, says: Says, shown: Any, then: str) -> None:
    says(ORPHAN, then)
    assert xl.unknown(shown()) == ()


@pytest.mark.parametrize(
    ("letters", "state"),
    [
        ("r-----", "running"),
        ("------", "running"),
        ("-b----", "blocked"),
        ("--p---", "paused"),
        ("---s--", "shutdown"),
        ("--psc-", "crashed"),
    ],
)
def test_each_letter_of_a_state_has_its_word(xl: Any, letters: str, state: str) -> None:
    (seen,) = xl.told(HEADER + DOMAIN_0 + ORPHAN.replace("--p---", letters), 5.0)
    assert (seen.state, seen.reading.instant) == (state, 5.0)


@pytest.mark.parametrize("name", ["(null)", "a name of words", "web1 7 96 1 --p--- 0.0", "x" * 60])
def test_a_name_may_be_anything(xl: Any, name: str) -> None:
    (seen,) = xl.told(HEADER + ORPHAN.replace("web1", name) + "Xen says something else\n", 0.0)
    assert (seen.name, seen.id, seen.reading.cpu_ns) == (name, 1, 0)


def test_time_is_in_seconds(xl: Any) -> None:
    (seen,) = xl.told(ORPHAN.replace("     0.0", " 12345.6"), 0.0)
    assert seen.reading.cpu_ns == 12_345_600_000_000


def test_where_xl_cannot_be_asked_nothing_is_told(
    xl: Any, says: Says, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(ORPHAN, code=1)
    assert xl.unknown(shown()) == ()
    monkeypatch.setattr(xl, "SECONDS", 0.2)
    says(ORPHAN, before="exec sleep 60")
    assert xl.unknown(shown()) == ()
    says(ORPHAN).unlink()
    assert xl.unknown(shown()) == ()


@pytest.fixture
def on_xen(hypervisor: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The host of libvirt's test driver, as if it were a Xen."""
    from agents.hypervisor.libvirt_xen import host  # noqa: PLC0415 - only where libvirt is installed

    monkeypatch.setattr(host, "XEN", "TEST")
    return hypervisor


def test_a_report_has_what_libvirt_does_not_know(on_xen: Any, says: Says) -> None:
    says(ORPHAN.replace("web1", "web9"))
    on_xen.report()
    told = {vm.name: (vm.domain_id, vm.state, vm.note, vm.counter.eaten_ns) for vm in on_xen.report().vms}
    assert told["web9"] == (1, "paused", "unknown to libvirt", 0)
    assert [name for name, (_, _, note, _) in told.items() if note] == ["web9"]


def test_another_hypervisor_than_xen_is_not_asked(hypervisor: Any, says: Says) -> None:
    says(ORPHAN)
    assert [vm.name for vm in hypervisor.report().vms] == ["gpu1", "web1"]


@pytest.mark.parametrize("guest", [Guest(UUID, "web8", 64), Guest("u9", "web9", 64)])
def test_who_is_here_unknown_to_libvirt_does_not_come_again(on_xen: Any, says: Says, guest: Guest) -> None:
    says(ORPHAN.replace("web1", "web9"))
    words = (
        f"hv1 has a domain 'web9' already, which is paused and unknown to libvirt (uuid {UUID}); "
        "if it is a copy that a move has left: `xl destroy 1`"
    )
    assert words in on_xen.arrival(guest, 0)

"""Reports as they travel: nothing untrusted gets past `decode`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agents.report import MAX_BYTES, Counter, OrderReport, Report, ReportError, VmReport, decode, encode, is_as_new

REPORT = Report(
    host="hv1",
    boot_id="b1",
    sequence=3,
    time=1_800_000_000.5,
    cores=4,
    memory_mb=8192,
    memory_free_mb=1024,
    load=0.25,
    uptime=60.0,
    own=Counter(5 * 10**9, 60.0),
    vms=(VmReport("u1", "web1", 7, "running", 2, 512.0, Counter(2**63 - 1, 60.0, 10**9, 30.0), tags=("db",)),),
    orders=(OrderReport("farm-1-1", "failed", "no space", 12.5),),
    tags=("prod",),
    facts={"site": "lyon"},
)


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(encode(REPORT)) | changes)


def changed_vm(**changes: Any) -> str:
    (vm,) = json.loads(encode(REPORT))["vms"]
    return changed(vms=[vm | changes])


def test_a_report_is_one_line_and_comes_back_as_it_was() -> None:
    assert "\n" not in encode(REPORT)
    assert json.loads(encode(REPORT))["format"] == "report/1"
    assert decode(encode(REPORT)) == REPORT
    assert decode(encode(REPORT).encode()) == REPORT


def test_pydantic_writes_and_reads_it_alike_and_refuses_what_cannot_be() -> None:
    adapter = TypeAdapter(Report)

    assert json.loads(adapter.dump_json(REPORT)) == json.loads(encode(REPORT))
    assert adapter.validate_json(adapter.dump_json(REPORT)) == REPORT
    with pytest.raises(ValidationError, match="cores"):
        adapter.validate_json(changed(cores=0))


def test_what_a_newer_agent_says_besides_is_ignored() -> None:
    assert decode(changed(humidity=0.4)) == REPORT


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "report: "),
        ("[]", "report: "),
        ("[" * 100_000, "report: "),
        (changed(format="report/2"), "format: "),
        (changed(host=""), "host: "),
        (changed(host="x" * 201), "host: "),
        (changed(load=-0.1), "load: "),
        (changed(load=float("nan")), "report: "),
        (changed(load=float("inf")), "report: "),
        (changed(cores=0), "cores: "),
        (changed(sequence=-1), "sequence: "),
        (changed(memory_mb=1e300), "memory_mb: "),
        (changed(tags=["x"] * 101), "tags: "),
        (changed(orders=[{"id": "o1", "state": "perhaps"}]), "orders[0].state: "),
        (changed_vm(domain_id=-2), "vms[0].domain_id: "),
        (changed_vm(counter={"cpu_ns": -1, "instant": 0}), "vms[0].counter.cpu_ns: "),
        (changed_vm(counter={"cpu_ns": 2**63, "instant": 0}), "vms[0].counter.cpu_ns: "),
        (changed_vm(counter={"cpu_ns": 2**64, "instant": 0}), "vms[0].counter.cpu_ns: "),
        (changed_vm(counter={"cpu_ns": 1}), "vms[0].counter: "),
        (" " * (MAX_BYTES + 1), f"{MAX_BYTES + 1} bytes, more than {MAX_BYTES}"),
    ],
    ids=range(20),
)
def test_a_report_that_cannot_be_is_refused_with_the_place(text: str, where: str) -> None:
    with pytest.raises(ReportError) as caught:
        decode(text)
    assert str(caught.value).startswith(where)


@pytest.mark.parametrize(
    ("source", "target", "as_new"),
    [
        ("4.17", "4.17.5", True),
        ("4.9", "4.17", True),
        ("4.17.7", "4.17.7", True),
        ("4.17", "4.9", False),
        (None, None, True),
        (None, "4.17", False),
        ("4.17", None, False),
    ],
)
def test_xen_goes_up_or_stays_and_an_unknown_one_is_as_new_as_an_unknown_one(
    source: str | None, target: str | None, *, as_new: bool
) -> None:
    assert is_as_new(source, target) is as_new


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_whatever_comes_is_a_report_or_refused(text: bytes) -> None:
    with pytest.raises(ReportError):
        decode(text)

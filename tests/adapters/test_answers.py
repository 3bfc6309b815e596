"""Answers as they come off the fabric, made into reports: each host's own, and what cannot be used."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from agents.mcollective.client import Replies
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import ABORTED, OK, Result
from agents.report import Report
from balancer.adapters.answers import Reports
from tests.adapters.samples import report


def read(host: str, data: Any) -> Report:
    if data != "a report":
        raise MessageError("unreadable report", f"{host} says {data}")
    return report(host)


def told(
    results: Mapping[str, Result], conflicting: Collection[str] = (), refused: Mapping[str, int] | None = None
) -> tuple[list[str], dict[str, int]]:
    """Whose report can be used, and what was refused."""
    log = RateLimitedLog(logging.getLogger(__name__))
    reports = Reports(read, log)
    for host, result in results.items():
        reports.hear(host, result)
    told = reports.told(Replies(results, refused or {}, frozenset(conflicting)))
    return [each.host for each in told.reports], dict(told.refused)


GOOD = Result(OK, "OK", "a report")


def test_each_hosts_report_is_read_hosts_by_name() -> None:
    assert told({"hv2": GOOD, "hv1": GOOD}) == (["hv1", "hv2"], {})


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (Result(ABORTED, "libvirt is away", "a report"), "agent failed"),
        (Result(OK, "OK", None), "unreadable report"),
    ],
)
def test_what_cannot_be_used_costs_that_hosts_report_alone_and_is_counted(result: Result, reason: str) -> None:
    assert told({"hv1": GOOD, "hv2": result}) == (["hv1"], {reason: 1})


def test_of_a_host_that_contradicts_itself_nothing_is_believed() -> None:
    assert told({"hv1": GOOD, "hv2": GOOD}, conflicting=["hv2"]) == (["hv1"], {"conflicting answers": 1})


def test_what_the_wire_has_refused_is_counted_with_it() -> None:
    refused = {"bad signature": 2, "agent failed": 1}
    assert told({"hv1": Result(ABORTED, "", None)}, refused=refused) == ([], {"bad signature": 2, "agent failed": 2})

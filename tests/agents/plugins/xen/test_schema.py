"""What reaches `xenagent`, and what its schema refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from agents.plugins.xen.schema import DDL

ORDER: Mapping[str, Any] = {
    "order": "farm-7-1", "epoch": 7, "vm": "u1", "name": "web1", "source": "hv1", "target": "hv2",
    "target_uri": "xen+ssh://hv2/system", "valid_until": 1_800_000_000, "domain_id": 3, "hand_over": True,
}  # fmt: skip
ADMIT: Mapping[str, Any] = {"order": "o1", "epoch": 7, "valid_until": 1.5, "expires": 60, "guest": "{}"}


def test_what_a_balancer_sends_comes_through() -> None:
    assert DDL.validate("migrate", ORDER) is None
    assert DDL.validate("admit", ADMIT) is None
    assert DDL.validate("take_over", {"order": "o1", "epoch": 7, "vm": "u1"}) is None
    assert DDL.validate("reach", {"uris": "[]"}) is None


@pytest.mark.parametrize(
    ("action", "data", "wrong"),
    [
        ("migrate", {**ORDER, "hand_over": "yes"}, "hand_over"),
        ("migrate", {**ORDER, "domain_id": "3"}, "domain_id"),
        ("migrate", {**ORDER, "order": "-rf"}, "order"),
        ("admit", {**ADMIT, "guest": "[]"}, "guest"),
        ("admit", {**ADMIT, "epoch": 1.5}, "epoch"),
        ("take_over", {"order": "o1", "vm": "u1"}, "epoch"),
        ("reach", {"uris": "{}"}, "uris"),
    ],
)
def test_what_is_of_another_kind_does_not(action: str, data: Mapping[str, Any], wrong: str) -> None:
    assert wrong in (DDL.validate(action, data) or "")


@pytest.mark.parametrize(
    "uri",
    [
        "xen:///system",
        "xen+ext://hv2/system?command=/tmp/evil",
        "xen+ext://hv2/system",
        "xen+ssh://hv2/system?command=/tmp/evil",
        "xen+ssh://-oProxyCommand=evil/system",
        "xen+unix://hv2/system",
        "xen+ssh://hv2/system\n",
        "hv2",
    ],
)
def test_a_target_uri_that_could_start_programs_or_stays_here_is_refused(uri: str) -> None:
    assert "target_uri" in (DDL.validate("migrate", {**ORDER, "target_uri": uri}) or "")


@pytest.mark.parametrize(
    "uri",
    [
        "xen://hv2.example.net/system",
        "xen+tcp://10.0.0.2:16509/system",
        "xen+ssh://balancer@hv2/system",
        "xen+tls://[fd00::2]:16514/system",
        "test+tcp://hv2/default",
    ],
)
def test_a_target_uri_names_transport_and_host(uri: str) -> None:
    assert DDL.validate("migrate", {**ORDER, "target_uri": uri, "migration_uri": "tcp://10.1.0.2"}) is None

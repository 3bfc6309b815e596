"""Whom a filter lets through; what is not understood lets nobody through."""

from typing import Any

import pytest

from agents.mcollective.errors import MessageError
from agents.mcollective.filters import Place, empty_filter, identity_filter, matches

HERE = Place("hv1", ("discovery", "echo"))


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        (empty_filter("echo"), True),
        (empty_filter("other"), False),
        ({"agent": ["mcollective"]}, True),
        ({"agent": ["echo", "discovery"]}, True),
        ({"agent": ["echo", "other"]}, False),
        (identity_filter("echo", ["hv0", "hv1"]), True),
        (identity_filter("echo", ["hv10", "hv2"]), False),
        ({"collective": "mcollective"}, True),
        ({"unheard-of": [1]}, True),
    ],
)
def test_agent_and_identity_decide(wanted: dict[str, Any], passes: bool) -> None:  # noqa: FBT001 - a table's column
    assert matches(wanted, HERE) is passes


@pytest.mark.parametrize(
    "wanted",
    [
        {"fact": [{":fact": "country", ":value": "de", ":operator": "=="}]},
        {"cf_class": ["xen"]},
        {"puppet_class": ["xen"]},
        {"compound": [[{"statement": "xen"}]]},
        {"identity": ["/hv.*/"]},
        {"identity": [5]},
        {"identity": "hv1"},
        {"agent": {"echo": 1}},
    ],
)
def test_what_is_not_understood_does_not_match(wanted: dict[str, Any]) -> None:
    with pytest.raises(MessageError) as refused:
        matches(wanted, HERE)

    assert refused.value.reason == "filter not understood"

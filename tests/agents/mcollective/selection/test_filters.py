"""Whom a filter lets through, held against Ruby; what is not understood lets nobody through."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.mcollective.errors import MessageError
from agents.mcollective.selection.filters import (
    MAX_COMPOUNDS,
    MAX_ENTRIES,
    empty_filter,
    filter_for,
    identity_filter,
    matches,
    parse_fact,
)
from agents.mcollective.serializers import Symbol
from tests.agents.mcollective.oracle import HOST, REFUSED, ruby, verdict, verdicts

HERE = HOST.identity
NOTHING: dict[str, Any] = {"fact": [], "cf_class": [], "agent": [], "identity": [], "compound": []}


def fact(name: Any, operator: Any, value: Any) -> dict[Symbol, Any]:
    return {Symbol("fact"): name, Symbol("operator"): operator, Symbol("value"): value}


XEN = [{"statement": "xen"}]
VMWARE = [{"statement": "vmware"}]

FILTERS: list[tuple[dict[Any, Any], Any]] = [
    ({}, True),
    (NOTHING, True),
    ({"collective": "mcollective"}, False),
    (NOTHING | {"collective": "mcollective"}, False),
    ({"agent": []}, False),
    ({"unheard-of": [1]}, False),
    (empty_filter("rpcutil"), True),
    (empty_filter("rpcutil") | {"collective": "mcollective"}, True),
    (empty_filter("other"), False),
    ({"agent": ["mcollective"]}, True),
    ({"agent": ["rpcutil", "discovery"]}, True),
    ({"agent": ["rpcutil", "other"]}, False),
    ({"agent": ["/^rpc/"]}, True),
    ({"agent": ["/^util/"]}, False),
    (identity_filter("rpcutil", ["hv0", HERE]), True),
    (identity_filter("rpcutil", ["hv0", "hv1"]), False),
    ({"identity": ["/hv\\d/"]}, True),
    ({"identity": ["/^v1/"]}, False),
    ({"identity": ["/"]}, True),
    ({"identity": ["/hv1.exam/ple/"]}, True),
    ({"identity": [HERE, "/hv1/"]}, False),
    ({"identity": [HERE, HERE]}, False),
    ({"identity": [HERE, "/hv2/"]}, True),
    ({"identity": []}, False),
    ({"cf_class": ["xen"]}, True),
    ({"cf_class": ["xen", "role::database"]}, True),
    ({"cf_class": ["xen", "vmware"]}, False),
    ({"cf_class": ["/acme$/"]}, True),
    ({"puppet_class": ["xen"]}, True),
    ({"puppet_class": ["vmware"]}, False),
    ({Symbol("cf_class"): ["vmware"]}, False),
    ({Symbol("agent"): ["other"]}, False),
    ({"fact": [fact("country", "==", "de")]}, True),
    ({"fact": [fact("country", "==", "de"), fact("cpus", ">", "4")]}, False),
    ({"fact": [fact("nosuch", "!=", "x")]}, False),
    ({"compound": [XEN]}, True),
    ({"compound": [XEN, VMWARE]}, False),
    ({"compound": [[*XEN, {"or": "or"}, *VMWARE], XEN]}, True),
    ({"agent": ["rpcutil"], "compound": [VMWARE]}, False),
    ({"cf_class": "xen"}, REFUSED),
    ({"cf_class": [5]}, REFUSED),
    ({"identity": [5]}, REFUSED),
    ({"identity": ["/[/"]}, REFUSED),
    ({"agent": [None]}, REFUSED),
    ({"fact": None}, REFUSED),
    ({"fact": ["country=de"]}, REFUSED),
    ({"compound": [[{"statement": 5}]]}, REFUSED),
    ({"compound": "xen"}, REFUSED),
]


@pytest.mark.parametrize(("wanted", "passes"), FILTERS)
def test_a_filter_lets_a_host_through_or_not(wanted: dict[Any, Any], passes: Any) -> None:
    assert verdict(matches, wanted, HOST) == passes


@pytest.mark.ruby
def test_ruby_lets_the_same_through(tmp_path: Path) -> None:
    told = verdicts(ruby(tmp_path, "filter", [wanted for wanted, _ in FILTERS]))

    assert [one is True for one in told] == [passes is True for _, passes in FILTERS]


@pytest.mark.parametrize(
    "wanted",
    [
        {"fact": [{"fact": "country", "operator": "==", "value": "de"}]},
        {"fact": [fact("country", "=", "de")]},
        {"fact": [fact("country", None, "de")]},
        {"fact": [fact("cpus", "==", 4)]},
        {"fact": [fact("country", "=~", "/(?=d)/")]},
        {"fact": [fact("country", "==", "de")] * (MAX_ENTRIES + 1)},
        {"identity": ["/hv/"] * (MAX_ENTRIES + 1)},
        {"cf_class": ["xen"] * (MAX_ENTRIES + 1)},
        {"compound": [XEN] * (MAX_COMPOUNDS + 1)},
        {"agent": {"rpcutil": 1}},
        {"identity": HERE},
    ],
)
def test_what_is_not_understood_does_not_match(wanted: dict[str, Any]) -> None:
    with pytest.raises(MessageError) as refused:
        matches(wanted, HOST)

    assert refused.value.reason == "filter not understood"


def test_a_thousand_hosts_can_be_named() -> None:
    assert matches(identity_filter("rpcutil", [*(f"hv{number}" for number in range(5000)), HERE]), HOST)


FACTS = {
    "country=de": ("country", "==", "de"),
    "country==de": ("country", "==", "de"),
    "country = de": ("country", "==", "de"),
    "country=/^d/": ("country", "=~", "/^d/"),
    "country = /^d/": ("country", "=~", "/^d/"),
    "country=~^d": ("country", "=~", "^d"),
    "country=~/^d/": ("country", "=~", "/^d/"),
    "country!=de": ("country", "!=", "de"),
    "cpus=>4": ("cpus", ">=", "4"),
    "cpus>=4": ("cpus", ">=", "4"),
    "cpus=<4": ("cpus", "<=", "4"),
    "cpus<=4": ("cpus", "<=", "4"),
    "cpus<4": ("cpus", "<", "4"),
    "cpus > 4": ("cpus", ">", "4"),
    "path=/etc": ("path", "==", "/etc"),
    "a=b=c": ("a", "==", "b=c"),
    "distribution=Red Hat": ("distribution", "==", "Red Hat"),
}


@pytest.mark.parametrize(("text", "parts"), FACTS.items())
def test_a_fact_is_written_as_for_mco(text: str, parts: tuple[str, str, str]) -> None:
    assert parse_fact(text) == fact(*parts)


@pytest.mark.ruby
def test_ruby_takes_facts_for_the_same(tmp_path: Path) -> None:
    assert ruby(tmp_path, "fact", list(FACTS)) == [fact(*parts) for parts in FACTS.values()]


@pytest.mark.parametrize("text", ["", "country", "=de", "country=", "!de"])
def test_what_is_no_fact_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(MessageError, match="write fact=value"):
        parse_fact(text)


def test_combined_words_are_facts_where_they_can_be_and_classes_else() -> None:
    wanted = filter_for("rpcutil", classes=["web"], facts=[parse_fact("a=1")], combined=["xen cpus>=4", " odd= /^r/"])

    assert wanted == empty_filter("rpcutil") | {
        "cf_class": ["web", "xen", "odd=", "/^r/"],
        "fact": [fact("a", "==", "1"), fact("cpus", ">=", "4")],
    }
    assert filter_for("rpcutil", combined=[""]) == empty_filter("rpcutil")


@pytest.mark.ruby
def test_a_filter_of_our_client_is_taken_by_a_ruby_server(tmp_path: Path) -> None:
    def wanted(country: str) -> dict[str, Any]:
        facts = [parse_fact(f"country=/^{country}$/"), parse_fact("cpus>=4")]
        return filter_for("rpcutil", identities=[HERE], classes=["/^role/"], facts=facts, compound="not vmware")

    assert ruby(tmp_path, "filter", [wanted("de"), wanted("fr")]) == [True, False]
    assert [matches(wanted("de"), HOST), matches(wanted("fr"), HOST)] == [True, False]


scalars = some.sampled_from(
    [None, True, 5, "country", "==", "=~", "/x/", "/[/", "xen", HERE, b"x", Symbol("x"), "\ud800"]
) | some.text(max_size=10)
names = some.sampled_from(["fact", "cf_class", "puppet_class", "agent", "identity", "compound", "collective"])
facts = some.builds(fact, scalars, scalars, scalars)
tokens = some.dictionaries(some.sampled_from(["statement", "fstatement", "and", "("]), scalars, max_size=2)
entries = scalars | facts | tokens | some.lists(tokens | scalars, max_size=3)


@given(some.dictionaries(names | scalars, scalars | some.lists(entries, max_size=3), max_size=3))
def test_no_filter_brings_anything_but_a_verdict_or_a_refusal(wanted: dict[Any, Any]) -> None:
    assert verdict(matches, wanted, HOST) in (True, False, REFUSED)

"""Compound expressions: read from texts and from stacks, evaluated, sent; what Ruby says to the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.mcollective.errors import MessageError
from agents.mcollective.selection.compound import (
    MAX_FUNCTIONS,
    MAX_TEXT,
    MAX_TOKENS,
    Class,
    CompoundError,
    Fact,
    Function,
    evaluate,
    from_stack,
    parse,
    to_stack,
)
from agents.mcollective.serializers import Regexp, Symbol
from tests.agents.mcollective.oracle import CLASSES, FACTS, HOST, REFUSED, ruby, verdict, verdicts

HOSTS_FILE = "fstat('/etc/hosts')"

TEXTS = {
    "xen": True,
    "vmware": False,
    "role::database": True,
    "/^role/": True,
    "/^lore/": False,
    "country=de": True,
    "country = de": True,
    "country=/^D/": False,
    "country=/^d/ and xen": True,
    "path=/etc\\/x/": True,
    "distribution='Red Hat'": True,
    'distribution="Red Hat" and country=fr': False,
    "cpus<10": True,
    "cpus > 10": False,
    "cpus>=4 and load<=1.5": True,
    "disks=sda": True,
    "os=release": True,
    "nosuch=x": False,
    "not nosuch=x": True,
    "not xen": False,
    "!vmware": True,
    "not not xen": True,
    "! (vmware or country=fr)": True,
    "not(vmware)and(xen)": True,
    "vmware and xen or country=de": True,
    "vmware and (xen or country=de)": False,
    "xen or vmware and vmware": True,
    "not vmware and vmware": False,
    "country=fr or not (xen and (vmware or not /x/ ) )": True,
    f"{HOSTS_FILE}.present=1": True,
    f"{HOSTS_FILE}.size > 0 and xen": True,
    f"{HOSTS_FILE}.size>1000000000": False,
    f"{HOSTS_FILE}.type!=directory": True,
    f"{HOSTS_FILE}.output=/^pre/": True,
    f"{HOSTS_FILE}.output!=/^pre/": False,
    f"{HOSTS_FILE}.nosuch=1": False,
    f"{HOSTS_FILE}.output>5": False,
    f"not {HOSTS_FILE}.nosuch=1": True,
    'fstat("/nowhere").present=0': True,
    "collective('lab').member=true": True,
    "collective('lab').member!=false": True,
    "collective('else').member=true": False,
    'fact("os.name").value=Debian': True,
    "fact('os.nosuch').exists=false": True,
    "fact('disks.1').value=/^sdb/": True,
    "nosuch('x').y=1": False,
    "not nosuch('x').y=1": False,
    "xen or nosuch('x').y=1": False,
    "fstat().present=1 or xen": False,
    "not fstat('`id`').present=1": True,
    f"{HOSTS_FILE}.size=big": REFUSED,
    "xen or collective('lab').member=yes": REFUSED,
}
"""Texts that Ruby's client takes, too, and what they are on HOST."""

OURS = {
    "country==de": "country=de",
    "country=~/^d/": "country=/^d/",
    "country=~^d": "country=/^d/",
    "(/xen/)": "( /xen/ )",
    "  xen": "xen",
    f"{HOSTS_FILE}.size==0": f"{HOSTS_FILE}.size=0",
    f"{HOSTS_FILE}.output=~/e/": f"{HOSTS_FILE}.output=/e/",
    f"{HOSTS_FILE}.output!=~/e/": f"{HOSTS_FILE}.output!=/e/",
    "xen and\n\tcountry=de": "xen and country=de",
    r'distribution="a\"b\\c"': r"""distribution='a"b\\c'""",
}
"""Texts that Ruby's client refuses or misreads, and how they have to be written for it."""


@pytest.mark.parametrize(("text", "truth"), TEXTS.items())
def test_what_is_written_is_true_or_not_of_a_host(text: str, truth: Any) -> None:
    assert verdict(evaluate, parse(text), HOST) == truth


@pytest.mark.parametrize(("ours", "theirs"), OURS.items())
def test_what_ruby_would_misread_is_read_as_it_is_meant(ours: str, theirs: str) -> None:
    assert parse(ours) == parse(theirs)


@pytest.mark.ruby
def test_what_our_client_sends_is_what_rubys_client_sends_for_the_same_text(tmp_path: Path) -> None:
    stacks = ruby(tmp_path, "parse", list(TEXTS))

    assert [parse(text) for text in TEXTS] == [from_stack(stack) for stack in stacks]
    assert [to_stack(parse(text)) for text in TEXTS] == [[_with_sources(entry) for entry in stack] for stack in stacks]


def _with_sources(entry: dict[str, Any]) -> dict[str, Any]:
    """Ruby's client sends a Regexp where its server takes the source as well, and our serializers write none."""
    value = entry.get("fstatement", {}).get("r_compare")
    if isinstance(value, Regexp):
        return {"fstatement": {**entry["fstatement"], "r_compare": value.source[1:-1]}}
    return entry


@pytest.mark.ruby
def test_what_our_client_sends_is_true_for_a_ruby_server_when_it_is_for_ours(tmp_path: Path) -> None:
    filters = [{"compound": [to_stack(parse(text))]} for text in (*TEXTS, *OURS.values())]

    told = verdicts(ruby(tmp_path, "filter", filters))

    assert told == [verdict(evaluate, parse(text), HOST) for text in (*TEXTS, *OURS.values())]


STATEMENTS = (
    "country=de", "country==de", "country=de=fr", "country=", "country==", "=de", "=", "", "a!=b", "country!=de",
    "country=/de", "country>/d/", "country=~/d/", "cpus=>4", "cpus=<4", "cpus>=4", "cpus<=3", "empty==", "empty==x",
    "not country=de", "xen", "/xen", "/x/e/n/", "/a=b/", "x\n/xen", "path=/etc/xen", "path=/^.etc/",
    "distribution=Red Hat", "cpus<10<5", "octal<9", "eight<9", "/[/", "country=/[/",
)  # fmt: skip
FSTATEMENTS: tuple[dict[str, Any], ...] = (
    {},
    {"operator": "="},
    {"operator": " == "},
    {"operator": "=~", "value": "output"},
    {"operator": "!=~", "value": "output", "r_compare": "x"},
    {"operator": "!=~"},
    {"value": "nosuch"},
    {"value": "size="},
    {"params": None},
    {"params": ""},
    {"params": "/nowhere"},
    {"params": "/etc/hosts\n/nowhere"},
    {"name": "FSTAT_data"},
    {"name": "nosuch"},
    {"name": "fact", "params": "cpus", "value": "value", "r_compare": "4"},
    {"name": "fact", "params": "disks.9", "value": "exists", "r_compare": "false"},
)


@pytest.mark.ruby
@pytest.mark.parametrize("words", [[], ["not"]], ids=["plain", "not"])
def test_what_the_wire_brings_is_true_when_it_is_for_ruby(tmp_path: Path, words: list[str]) -> None:
    plain = {"name": "fstat", "params": "/etc/hosts", "value": "present", "operator": "==", "r_compare": "1"}
    terms = [{"statement": text} for text in STATEMENTS] + [{"fstatement": plain | one} for one in FSTATEMENTS]
    stacks = [[*({word: word} for word in words), term] for term in terms]

    told = ruby(tmp_path, "filter", [{"compound": [stack]} for stack in stacks])

    assert [verdict(_is_true, stack) for stack in stacks] == verdicts(told)


def _is_true(stack: Any) -> bool:
    return evaluate(from_stack(stack), HOST)


@pytest.mark.ruby
def test_where_a_data_plugin_raises_a_ruby_server_gives_up_and_ours_says_no(tmp_path: Path) -> None:
    stacks = [to_stack(parse("not agent('nosuch').url=x")), to_stack(parse("not fact('disks.x').exists=true"))]

    assert verdicts(ruby(tmp_path, "filter", [{"compound": [stack]} for stack in stacks])) == [REFUSED, REFUSED]
    assert [_is_true(stack) for stack in stacks] == [False, False]


def test_a_regular_expression_from_the_wire_is_its_source() -> None:
    def read(source: str) -> Any:
        content = {"name": "f", "value": "v", "operator": "=~", "r_compare": Regexp(source)}
        return from_stack([{"fstatement": content}]).terms[0]

    wanted = Function("f", None, "v", "=~", "a/b")

    assert read("/a/b/") == wanted
    assert read("/a/b/i") == replace(wanted, value="(?i)a/b")
    assert [verdict(read, source) for source in ("/a/m", "/a/x", "a", "")] == [REFUSED] * 4


@pytest.mark.parametrize(
    "stack",
    [
        None,
        "xen",
        {"statement": "xen"},
        [],
        ["xen"],
        [{}],
        [{"statement": "xen", "and": "and"}],
        [{"statement": 5}],
        [{"statement": Symbol("xen")}],
        [{Symbol("statement"): "xen"}],
        [{"unheard-of": "xen"}],
        [{"fstatement": "x"}],
        [{"fstatement": {}}],
        [{"fstatement": {"name": "f", "value": None, "operator": "==", "r_compare": "1"}}],
        [{"fstatement": {"name": "f", "value": "v", "operator": "==", "r_compare": 1}}],
        [{"fstatement": {"name": "f", "value": "v", "operator": "==", "r_compare": "1", "params": 5}}],
        [{"and": "and"}],
        [{"statement": "a"}, {"statement": "b"}],
        [{"statement": "a"}, {"and": "and"}],
        [{"(": "("}, {")": ")"}],
        [{"(": "("}, {"statement": "a"}],
        [{"statement": "a"}, {")": ")"}],
        [{"statement": "a"}, {"not": "not"}, {"statement": "b"}],
        [{"not": "not"}] * (MAX_TOKENS + 1),
        [{"(": "("}] * 100_000,
    ],
)
def test_what_no_client_sends_is_refused(stack: Any) -> None:
    assert verdict(from_stack, stack) == REFUSED


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("", 0, "a class, a fact=value or a data function is wanted here"),
        ("xen and", 7, "a class, a fact=value or a data function is wanted here"),
        ("xen and or x", 8, "a class, a fact=value or a data function is wanted here"),
        ("xen x", 4, "“and”, “or” or ) is wanted here"),
        ("xen not x", 4, "“and”, “or” or ) is wanted here"),
        ("()", 1, "a class, a fact=value or a data function is wanted here"),
        ("(xen", 4, "a ) is missing"),
        ("xen)", 3, "a ) without its ("),
        ("xen and a!=b", 8, "!= is for data functions; for a fact write “not fact=value”"),
        ("a=>5", 0, "a fact is compared by = < > <= >= with a word, a “text” or a /regular expression/"),
        ("a=", 0, "a fact is compared by = < > <= >= with a word, a “text” or a /regular expression/"),
        ("a='b", 0, "a fact is compared by = < > <= >= with a word, a “text” or a /regular expression/"),
        ("x or a</b/", 5, "< compares with no regular expression"),
        ("f('x')", 0, "a data function is written name('query').field=value"),
        ("f('x')=1", 0, "a data function is written name('query').field=value"),
        ("f(x).y=1", 0, "a data function is written name('query').field=value"),
        ("x and /a", 6, "a regular expression ends with a / and no further one"),
        ("/a/b/", 0, "a regular expression ends with a / and no further one"),
        ("a=/(?=b)/", 0, "a regular expression that is not known here: (?=b): b'invalid perl operator: (?='"),
        ("x" * (MAX_TEXT + 1), MAX_TEXT, f"more than {MAX_TEXT} characters"),
        ("!" * MAX_TOKENS + "x", MAX_TOKENS, f"more than {MAX_TOKENS} words and terms"),
        (" and ".join(["f().x=1"] * (MAX_FUNCTIONS + 1)), 120, f"more than {MAX_FUNCTIONS} data functions"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_text_is_said_with_its_place(text: str, position: int, problem: str) -> None:
    with pytest.raises(CompoundError) as refused:
        parse(text)

    assert (refused.value.position, refused.value.problem) == (position, problem)
    assert str(refused.value) == f"filter not understood: compound, at {position + 1}: {problem}"


@pytest.mark.parametrize("text", ["a='/x'", "a='b=c'", "a=/b=c/", "a=''", "xen or a='>=5'"])
def test_what_a_ruby_server_would_take_for_something_else_is_not_sent(text: str) -> None:
    with pytest.raises(CompoundError):
        to_stack(parse(text))


def test_a_text_becomes_terms_with_words_between() -> None:
    expression = parse("xen and (country=/d/ or not fstat('/x').size >= 5)")

    size = Function("fstat", "/x", "size", ">=", "5")
    assert expression.tokens == (Class("xen"), "and", "(", Fact("country", "=~", "/d/"), "or", "not", size, ")")
    assert len(expression.terms) == 3


def test_deep_parentheses_cost_no_stack() -> None:
    depth = MAX_TOKENS // 2 - 1

    assert evaluate(parse("(" * depth + "xen" + ")" * depth), HOST)


def test_a_host_is_looked_at_once_for_an_expression() -> None:
    looks: list[str] = []

    class Counted:
        identity, collectives, agents = HOST.identity, HOST.collectives, HOST.agents

        def facts(self) -> dict[str, Any]:
            looks.append("facts")
            return FACTS

        def classes(self) -> tuple[str, ...]:
            looks.append("classes")
            return CLASSES

    assert evaluate(parse("xen and country=de and cpus=4 and /xen/"), Counted())
    assert looks == ["classes", "facts"]


booleans = some.recursive(
    some.sampled_from(["xen", "vmware", "country=de", "country=fr"]),
    lambda inner: (
        some.builds("not {}".format, inner)
        | some.builds("({})".format, inner)
        | some.builds("{} {} {}".format, inner, some.sampled_from(["and", "or"]), inner)
    ),
    max_leaves=30,
)


@given(booleans)
def test_not_binds_more_than_and_and_and_more_than_or_as_in_python(text: str) -> None:
    python = text.replace("country=de", "True").replace("country=fr", "False")

    expected = eval(python, {"xen": True, "vmware": False})

    expression = parse(text)
    assert evaluate(expression, HOST) is expected
    assert from_stack(to_stack(expression)) == expression


anything = some.recursive(
    some.sampled_from([None, True, 5, b"x", Symbol("x"), Regexp("/x/"), "\ud800", "a=b", "/x/"])
    | some.text(max_size=10),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
keys = some.sampled_from(["statement", "fstatement", "and", "or", "not", "(", ")"])
words = anything | some.sampled_from(["fstat", "fact", "size", "=~", "==", "1"])
contents = some.fixed_dictionaries(
    dict.fromkeys(("name", "value", "operator"), words), optional={"params": words, "r_compare": words}
)
stacks = some.lists(some.dictionaries(keys, contents | anything, min_size=1, max_size=1), max_size=7)


@given(anything | stacks)
def test_no_stack_brings_anything_but_a_verdict_or_a_refusal(stack: Any) -> None:
    assert verdict(_is_true, stack) in (True, False, REFUSED)


@given(some.text() | some.text("xan=/<>'\"().! ordt\\~"))
def test_no_text_brings_anything_but_a_verdict_or_a_refusal(text: str) -> None:
    assert verdict(lambda: evaluate(parse(text), HOST)) in (True, False, REFUSED)


def test_a_refusal_in_a_filter_is_counted_by_its_reason() -> None:
    with pytest.raises(MessageError) as refused:
        parse("(")

    assert refused.value.reason == "filter not understood"

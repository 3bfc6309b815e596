import hashlib

from hypothesis import given
from hypothesis import strategies as st

from dsl.findings import render
from dsl.loading import load
from dsl.vocabulary import Vocabulary


def codes(source: bytes, vocabulary: Vocabulary) -> list[str]:
    loaded = load("farm.rules", source, vocabulary)
    assert loaded.ruleset is None
    return [finding.code for finding in loaded.findings]


def test_an_empty_file_says_nothing_and_runs(vocabulary: Vocabulary) -> None:
    loaded = load("farm.rules", b"# to be written\n", vocabulary)

    assert loaded.findings == ()
    assert loaded.ruleset is not None
    assert loaded.ruleset.rules == ()


def test_the_rules_know_their_file_and_its_hash(vocabulary: Vocabulary) -> None:
    source = b"every 30 s\r\n"
    loaded = load("farm.rules", source, vocabulary)

    assert loaded.ruleset is not None
    assert (loaded.ruleset.file, loaded.ruleset.sha256) == ("farm.rules", hashlib.sha256(source).hexdigest())
    assert loaded.ruleset.every == 30.0


def test_syntax_and_meaning_are_told_together_in_the_order_of_the_file(vocabulary: Vocabulary) -> None:
    source = b"drain hosts where colour\nevery\nfreeze when reports < 80\n"
    loaded = load("farm.rules", source, vocabulary)

    assert [(finding.span.line, finding.code) for finding in loaded.findings] == [
        (1, "unknown-name"), (2, "syntax"), (3, "wrong-unit"),
    ]  # fmt: skip
    assert loaded.ruleset is None


def test_a_warning_leaves_the_rules_in_force(vocabulary: Vocabulary) -> None:
    source = b"rule r when host.load > 1 move vm by most cpu to host by least load where load < 2"
    loaded = load("farm.rules", source, vocabulary)

    assert [finding.severity for finding in loaded.findings] == ["warning"]
    assert loaded.ruleset is not None


def test_a_file_of_nothing_but_mistakes_is_told_in_bounds(vocabulary: Vocabulary) -> None:
    found = codes(b"x\n" * 4_900, vocabulary)

    assert len(found) == 101
    assert found[-1] == "too-many"


def test_a_file_of_too_many_statements_is_not_run_in_part(vocabulary: Vocabulary) -> None:
    found = codes(b"drain host a\n" * 5001, vocabulary)

    assert found == ["too-many"]


@given(st.binary(max_size=300))
def test_no_bytes_bring_an_exception(vocabulary: Vocabulary, source: bytes) -> None:
    loaded = load("farm.rules", source, vocabulary)

    for finding in loaded.findings:
        assert render(finding, "farm.rules", loaded.text).startswith(f"farm.rules:{finding.span.line}:")


SAID = st.sampled_from([
    "cpu", "host.cpu", "after.cpu", "vm.cpu", "memory", "passthrough", "xen", "cpu_group", "facts.x", "nobody",
    "85%", "0.5", "3", "4 GiB", "5 min", "3 rounds", '"x"', 'tagged "x"', "in db", "in old", 'source named "x"',
])  # fmt: skip


@given(st.lists(st.tuples(SAID, st.sampled_from(["<", "==", "+", "*", "/", "and", "or not"])), max_size=6), SAID)
def test_no_test_that_can_be_said_brings_an_exception(
    vocabulary: Vocabulary, said: list[tuple[str, str]], last: str
) -> None:
    test = "".join(f"{word} {sign} " for word, sign in said) + last
    text = f'let db = vms tagged "d"\nlet old = hosts where {test}\nnever move vms where {test} to hosts where {test}\n'
    rule = f"rule r when {test} move vm by most {last} to host by least {last} where {test} until {test}\n"

    loaded = load("farm.rules", f"{text}{rule}freeze when {test}\n".encode(), vocabulary)

    assert (loaded.ruleset is None) == any(finding.severity == "error" for finding in loaded.findings)

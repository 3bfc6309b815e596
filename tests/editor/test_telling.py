"""What is told of words, names and sets."""

import pytest

from balancer.editor import telling
from dsl.manual import entry
from dsl.syntax import Kind
from dsl.vocabulary import Word
from tests.editor.written import document

MEMORY = Word("vm", "memory", Kind.SIZE, "memory it holds")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Kind.SHARE, "share (%)"),
        (Kind.TIME, "time (s, min, h, d)"),
        (Kind.NUMBER, "number (a plain number)"),
        (Kind.BOOL, "bool (it stands alone)"),
    ],
)
def test_a_kind_is_told_with_the_way_to_write_it(kind: Kind, told: str) -> None:
    assert telling.kind(kind) == told


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_told(kind: Kind) -> None:
    assert telling.kind(kind).startswith(f"{kind} (")


def test_a_bare_name_and_one_with_its_owner() -> None:
    bare = "**memory**: size (B, KiB, MiB, GiB, TiB), of a VM\n\nmemory it holds"

    assert telling.name("memory", MEMORY) == bare
    assert telling.name("vm.memory", MEMORY) == f"{bare.replace('**mem', '**vm.mem')}\n\n`vm.` is the VM that is moved"


def test_a_word_is_told_with_its_example_where_it_has_one() -> None:
    drain, apart = entry("drain", "drain"), entry("apart", "keep")

    assert drain is not None
    assert apart is not None
    assert telling.manual(drain).endswith('\n\n```rules\ndrain host "hv7"\n```')
    assert telling.manual(apart) == (
        "`VMS apart [from VMS]`\n\nnever two of them on one host, or none beside one of the others"
    )


def test_a_set_is_told_by_its_own_text() -> None:
    of = document('let old = hosts tagged "old"   # bought in 2010\nlet lost = nobody\n')

    assert telling.members(of, of.lets["old"]) == (
        '**old**: a set of hosts\n\n```rules\nlet old = hosts tagged "old"\n```'
    )
    assert telling.things(of, of.lets["lost"]) == "a set of nobody knows what"

import pytest

from dsl.parser import parse
from dsl.syntax import Drain, Freeze
from dsl.wording import set_wording, wording


@pytest.mark.parametrize(
    "text",
    [
        "reports < 80%", "(cpu - memory) / 2 > 10%", "cpu - (memory - 10%) > 1%", "cpu / vcpus * 2 > 1",
        "maintenance or not (cpu > 1 and memory > 2)", "(a or b) and c", 'not tagged "x"', 'host named "y*" and in db',
        'cpu_group == "a"', "avg(host.cpu, 10 min) > 80%", "not (cpu > 80%)",
    ],
)  # fmt: skip
def test_a_test_is_told_as_it_is_written(text: str) -> None:
    (freeze,) = parse(f"freeze when {text}").statements

    assert isinstance(freeze, Freeze)
    assert wording(freeze.test) == text


@pytest.mark.parametrize("text", ['host "hv7"', "old", "hosts", 'hosts tagged "x"', "hosts where cores > 16"])
def test_a_set_is_told_as_it_is_written(text: str) -> None:
    (drain,) = parse(f"drain {text}").statements

    assert isinstance(drain, Drain)
    assert set_wording(drain.hosts) == text


def test_the_bare_owner_of_a_clause_is_left_out() -> None:
    (freeze,) = parse('freeze when host.cpu > vm.cpu and host tagged "x"').statements

    assert isinstance(freeze, Freeze)
    assert wording(freeze.test, "host") == 'cpu > vm.cpu and tagged "x"'

"""Numbers, times and whereabouts, as they are typed."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

import pytest

from balancer.commands import arguments
from balancer.commands.arguments import add_daemon, configuration_file, positive, seconds, state_directory
from balancer.errors import UsageError


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("14", 14), ("10000000", 10_000_000)])
def test_a_whole_number_from_1_on(text: str, number: int) -> None:
    assert positive(text) == number


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", "", "10000001", "१", "9" * 5000])
def test_any_other_number_is_refused_with_the_bounds(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a whole number from 1 to 10000000"):
        positive(text)


@pytest.mark.parametrize(
    ("text", "value"), [("30s", 30.0), ("30 s", 30.0), ("2 min", 120.0), ("30", 30.0), ("0.5", 0.5), ("1 d", 86400.0)]
)
def test_a_time_has_a_unit_or_is_in_seconds(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["0", "0s", "2 d", "soon", "", "-1", "nan", "1 GiB", "."])
def test_a_time_out_of_bounds_or_no_time_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        seconds(text)


def test_the_configuration_that_is_named_is_taken() -> None:
    assert configuration_file(Path("mine.yaml")) == Path("mine.yaml")


def test_else_the_first_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here.yaml", tmp_path / "there.yaml"
    monkeypatch.setattr(arguments, "PLACES", (here, there))
    with pytest.raises(UsageError, match="write one"):
        configuration_file(None)
    there.touch()
    assert configuration_file(None) == there
    here.touch()
    assert configuration_file(None) == here


def test_the_state_directory_is_the_named_one_or_the_configurations(config: Path) -> None:
    parser = ArgumentParser()
    add_daemon(parser)
    assert state_directory(parser.parse_args(["--state", "mine"])) == Path("mine")
    assert state_directory(parser.parse_args(["--config", str(config)])) == config.parent / "state"

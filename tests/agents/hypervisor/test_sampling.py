"""Deltas from sample to sample."""

from agents.hypervisor.sampling import Reading, Samples
from agents.report import Counter


def test_the_first_sight_of_an_identity_has_eaten_nothing_yet() -> None:
    samples: Samples[str] = Samples()
    assert samples.take({"a": Reading(100, 1.0)}) == {"a": Counter(100, 1.0)}
    assert samples.take({"a": Reading(160, 3.0), "b": Reading(5, 3.0)}) == {
        "a": Counter(160, 3.0, 60, 2.0),
        "b": Counter(5, 3.0),
    }


def test_a_counter_or_a_clock_that_ran_backwards_is_a_first_sight() -> None:
    samples: Samples[str] = Samples()
    samples.take({"a": Reading(100, 1.0), "b": Reading(100, 5.0)})
    assert samples.take({"a": Reading(99, 2.0), "b": Reading(101, 4.0)}) == {
        "a": Counter(99, 2.0),
        "b": Counter(101, 4.0),
    }


def test_what_was_away_for_a_sample_is_forgotten() -> None:
    samples: Samples[str] = Samples()
    samples.take({"a": Reading(100, 1.0)})
    samples.take({})
    assert samples.take({"a": Reading(160, 3.0)}) == {"a": Counter(160, 3.0)}

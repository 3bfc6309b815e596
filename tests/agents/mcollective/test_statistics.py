"""What was counted is told under MCollective's names."""

from agents.mcollective.statistics import Statistics


def test_what_was_counted_is_told_and_what_was_not_is_nothing() -> None:
    statistics = Statistics(started=1_800_000_000)
    statistics.count("total")
    statistics.count("total")
    statistics.count("passed")
    statistics.refuse("replayed")

    assert statistics.told() == {
        "total": 2, "validated": 0, "unvalidated": 0, "passed": 1, "filtered": 0, "replies": 0, "ttlexpired": 0,
        "starttime": 1_800_000_000,
    }  # fmt: skip
    assert dict(statistics.refused) == {"replayed": 1}

"""Where there is most room."""

from tests.farms import decided, farm, moves, refused

DRAIN = 'drain host "xen1"\n'


def test_each_goes_where_the_greater_share_of_cpu_and_memory_is_least_afterwards() -> None:
    told = decided(farm("xen1: web1 0.4 | xen2: a 1 | xen3: b 0.1").with_(b={"memory": 8192.0}), DRAIN)
    (move,) = told.plan.moves
    assert move.target == "xen2"
    assert move.why == "xen1 is drained; xen2 is least full afterwards (35%)"
    assert (move.rule, move.line, move.reason) == ("drain", 1, "drain")


def test_never_above_100_percent_of_either() -> None:
    told = decided(farm("xen1: web1 2 | xen2: a 3.5 | xen3: b 0.1").with_(b={"memory": 15872.0}), DRAIN)
    assert (moves(told), refused(told)) == ([], ["web1 -> xen3: memory", "web1 -> xen2: full"])
    full = told.plan.rejections[1]
    assert (full.value, full.limit, full.kind) == (1.375, 1.0, "share")


def test_exactly_full_is_not_above() -> None:
    assert moves(decided(farm("xen1: web1 2 | xen2: a 2"), DRAIN)) == ["web1: xen1 -> xen2"]

"""VMs that leave a host as one."""

from balancer.core.model import Decision
from tests.farms import AT_ONCE, EASE, decided, farm, moves, refused

TOGETHER = 'keep vms named "app*" together\n'
WITH = 'keep vms named "app*" with vms named "cache*"\n'
ROOMY = AT_ONCE.replace("70%", "95%")
DRAIN = 'drain host "xen1"\n'


def groups(decision: Decision) -> list[tuple[str, ...]]:
    return [move.transit.vms if move.transit else () for move in decision.plan.moves]


# -- together ---------------------------------------------------------------------------------------------------------


def test_a_group_is_relieved_as_one_at_the_place_of_its_first_member_in_the_order_of_the_rule() -> None:
    told = decided(farm("xen1: web1 0.1, app1 1.7, app2 1.8 | xen2: | xen3: busy 0.5"), ROOMY + TOGETHER)
    assert moves(told) == ["app2: xen1 -> xen2", "app1: xen1 -> xen2"]
    assert groups(told) == [("uuid-app2", "uuid-app1")] * 2
    first, second = told.plan.moves
    assert first.why.endswith('xen2 has least cpu (0%); app1 goes along: keep vms named "app*" together (line 6)')
    assert second.why == 'goes along with app2 to xen2: keep vms named "app*" together (line 6)'
    assert [(move.rule, move.reason) for move in (first, second)] == [("relieve", "overload")] * 2
    assert first.transit == second.transit
    assert first.transit is not None
    assert (first.transit.walls, first.transit.round) == (('keep vms named "app*" together',), 1)


def test_within_the_limits_the_moves_of_a_group_come_one_after_the_other() -> None:
    told = decided(farm("xen1: app1 1.7, app2 1.8 | xen2:"), ROOMY + TOGETHER)
    assert [move.wave for move in told.plan.moves] == [1, 2]


def test_the_gates_of_a_target_are_held_against_the_sum() -> None:
    told = decided(farm("xen1: app1 1.7, app2 1.8 | xen2: busy 0.4"), ROOMY + TOGETHER)
    assert (moves(told), refused(told)) == ([], ["app2 -> xen2: max load", "app1 -> xen2: max load"])
    assert told.plan.rejections[0].value == 0.975


def test_what_a_group_cannot_do_the_next_vm_by_the_same_order_may() -> None:
    told = decided(farm("xen1: app1 1.7, app2 1.5, web1 0.3 | xen2: busy 0.9"), ROOMY + TOGETHER)
    assert moves(told) == ["web1: xen1 -> xen2"]


def test_all_of_a_group_or_none_of_it_fits_in_memory() -> None:
    made = farm("xen1: app1 1.7, app2 1.8 | xen2: | xen3: busy 0.1").with_(xen2={"memory": 1536.0})
    told = decided(made, ROOMY + TOGETHER)
    assert moves(told) == ["app2: xen1 -> xen3", "app1: xen1 -> xen3"]
    assert refused(told) == ["app2 -> xen2: memory"]
    assert (told.plan.rejections[0].value, told.plan.rejections[0].limit) == (2048.0, 1536.0)


def test_a_group_of_which_one_cannot_leave_stays_and_it_is_told_who() -> None:
    told = decided(farm("xen1: app1 1.7, app2 1.8 | xen2:").with_(app1={"passthrough": True}), ROOMY + TOGETHER)
    assert moves(told) == []
    assert refused(told) == ["app1: passthrough", 'app2: keep vms named "app*" together']
    assert told.plan.rejections[1].value == "app1"


def test_a_gate_on_the_vm_binds_each_of_a_group() -> None:
    gated = ROOMY.replace("by most cpu\n", 'by most cpu where not tagged "pet"\n')
    told = decided(farm("xen1: app1 1.7, app2 1.8 | xen2:").with_(app1={"tags": ("pet",)}), gated + TOGETHER)
    assert refused(told) == ['app1: not tagged "pet"', 'app2: keep vms named "app*" together']


def test_another_wall_of_any_of_them_binds_the_group() -> None:
    told = decided(
        farm("xen1: app1 1.7, app2 1.8 | xen2: db1 0 | xen3: busy 0.1"),
        ROOMY + TOGETHER + 'keep vm "app1" apart from vm "db1"\n',
    )
    assert moves(told) == ["app2: xen1 -> xen3", "app1: xen1 -> xen3"]


def test_a_group_that_stands_asunder_is_not_relieved_its_members_may_come_home() -> None:
    told = decided(farm("xen1: app1 1.7, app2 1.8 | xen2: app3 0.1 | xen3:"), ROOMY + TOGETHER + NO_REPAIRS)
    assert moves(told) == []
    assert set(refused(told)) >= {'app1: keep vms named "app*" together', 'app2: keep vms named "app*" together'}
    home = decided(farm("xen1: app1 3.7 | xen2: app2 0.1, app3 0.1 | xen3:"), ROOMY + TOGETHER + NO_REPAIRS)
    assert moves(home) == [], "xen2 is its home, and has no room for it"
    home = decided(farm("xen1: app1 3.5 | xen2: app2 0.1, app3 0.1 | xen3:"), ROOMY + TOGETHER + NO_REPAIRS)
    assert moves(home) == ["app1: xen1 -> xen2"]


NO_REPAIRS = "never move vms except rules, drains\n"


def test_a_group_of_one_is_none() -> None:
    told = decided(farm("xen1: app1 1.7, web1 1.8 | xen2:"), ROOMY + TOGETHER.replace("app*", "app1"))
    assert (moves(told), groups(told)) == (["web1: xen1 -> xen2"], [()])


def test_with_until_a_group_counts_like_a_vm() -> None:
    ease = EASE.replace("70%", "95%")
    told = decided(farm("xen1: app1 0.8, app2 0.9, web1 1, web2 1.1 | xen2: | xen3:"), ease + TOGETHER)
    assert moves(told) == ["web2: xen1 -> xen2", "web1: xen1 -> xen3"]
    told = decided(farm("xen1: app1 0.8, app2 1.2, web1 1, web2 0.7 | xen2: | xen3:"), ease + TOGETHER)
    assert moves(told) == ["app2: xen1 -> xen2", "app1: xen1 -> xen2"]


def test_a_group_leaves_a_drained_host_as_one_after_those_that_need_nobody() -> None:
    told = decided(farm("xen1: app1 0.1, app2 0.1, web1 0.1 | xen2: | xen3: busy 3"), DRAIN + TOGETHER)
    assert moves(told) == ["web1: xen1 -> xen2", "app1: xen1 -> xen2", "app2: xen1 -> xen2"]
    assert told.plan.moves[1].why == (
        "xen1 is drained; xen2 is least full afterwards (18.8%); "
        'app2 goes along: keep vms named "app*" together (line 2)'
    )


# -- with -------------------------------------------------------------------------------------------------------------


def test_who_finds_company_elsewhere_goes_alone() -> None:
    told = decided(farm("xen1: app1 2, cache1 1.6 | xen2: | xen3: cache3 0.5"), ROOMY + WITH)
    assert (moves(told), groups(told)) == (["app1: xen1 -> xen3"], [()])


def test_who_finds_none_takes_the_smallest_of_its_company_along() -> None:
    made = farm("xen1: app1 2, cache1 0.8, cache2 0.9 | xen2:").with_(cache1={"memory": 4096.0})
    told = decided(made, ROOMY + WITH)
    assert moves(told) == ["app1: xen1 -> xen2", "cache2: xen1 -> xen2"]


def test_the_last_company_takes_along_whom_it_would_leave_alone() -> None:
    told = decided(farm("xen1: app1 0.2, app2 0.3, cache1 3 | xen2:"), ROOMY + WITH)
    assert moves(told) == ["cache1: xen1 -> xen2", "app1: xen1 -> xen2", "app2: xen1 -> xen2"]
    assert [move.wave for move in told.plan.moves] == [1, 2, 3]


def test_who_hangs_on_who_hangs_together_comes_too() -> None:
    told = decided(
        farm("xen1: app1 1.2, cache1 1.1, cache2 1.2 | xen2:"), ROOMY + WITH + 'keep vms named "cache*" together'
    )
    assert moves(told) == ["app1: xen1 -> xen2", "cache1: xen1 -> xen2", "cache2: xen1 -> xen2"]
    assert told.plan.moves[0].transit is not None
    assert told.plan.moves[0].transit.walls == (WITH.strip(), 'keep vms named "cache*" together')


def test_on_a_drained_host_company_waits_until_those_have_gone_that_find_other_company() -> None:
    told = decided(
        farm("xen1: app1 0.1, cache1 0.1 | xen2: cache2 0.1 | xen3:").with_(cache1={"memory": 2048.0}), DRAIN + WITH
    )
    assert moves(told) == ["app1: xen1 -> xen2", "cache1: xen1 -> xen3"]
    assert groups(told) == [(), ()]


def test_a_cost_is_reckoned_for_all_of_a_group() -> None:
    costly = ROOMY + TOGETHER + 'avoid moving vm "app1" to host "xen2" cost 3\n'
    told = decided(farm("xen1: app1 1.7, app2 1.8 | xen2: | xen3: busy 0.2"), costly)
    assert moves(told) == ["app2: xen1 -> xen3", "app1: xen1 -> xen3"]

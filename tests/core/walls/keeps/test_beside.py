"""Who must be where others are, or where it is said."""

from tests.farms import AT_ONCE, EASE, Farm, Rounds, decided, farm, journey, moves, refused

WITH = AT_ONCE + 'keep vms named "app*" with vms named "cache*"\n'
ON = AT_ONCE + 'keep vms tagged "db" on hosts tagged "oracle"\n'


def db(farm: Farm, *names: str) -> Farm:
    return farm.with_(**{name: {"tags": ("db",)} for name in names})


# -- with -------------------------------------------------------------------------------------------------------------


def test_with_a_member_goes_only_where_company_is() -> None:
    told = decided(farm("xen1: app1 2, cache1 1.7 | xen2: | xen3: cache3 0.5"), WITH)
    assert moves(told) == ["app1: xen1 -> xen3"]
    assert refused(told) == ['app1 -> xen2: keep vms named "app*" with vms named "cache*"']


def test_with_the_last_company_does_not_leave_members_alone() -> None:
    told = decided(farm("xen1: cache1 2, app1 1.7 | xen2:"), WITH)
    assert moves(told) == []
    assert refused(told) == ["cache1 -> xen2: max load", "app1 -> xen2: max load"], "nor does it fit with them"


def test_with_company_of_which_more_stays_may_leave() -> None:
    assert moves(decided(farm("xen1: cache1 2, app1 1.5, cache2 0.2 | xen2:"), WITH)) == ["cache1: xen1 -> xen2"]


def test_with_company_under_way_is_none_at_either_end() -> None:
    play = Rounds(farm("xen1: cache1 2, app1 1.5, cache2 0.2 | xen2:"), EASE + WITH.removeprefix(AT_ONCE))
    play.order(journey("cache2", "xen1", "xen2"))
    told = play.next()
    assert moves(told) == []
    assert refused(told) == [
        "cache2: under way",
        "cache1 -> xen2: max load",
        "app1 -> xen2: max load",
    ]


def test_with_company_arriving_does_not_let_the_last_one_leave() -> None:
    play = Rounds(farm("xen1: cache1 2, app1 1.7 | xen2: cache2 0.1 | xen3:"), WITH)
    play.order(journey("cache2", "xen2", "xen1"))
    assert "cache1: xen1 -> xen3" not in moves(play.next())


def test_with_whom_nobody_knows_to_be_company_is_none() -> None:
    text = AT_ONCE + 'keep vms named "app*" with vms where named "cache*" and share > 10%\n'
    play = Rounds(farm("xen1: app1 2, cache1 1.7 | xen2: | xen3: cache3 0.5"), text)
    assert moves(play.next()) == ["app1: xen1 -> xen3"]
    play = Rounds(farm("xen1: app1 2, cache1 1.7 | xen2: | xen3: cache3 0.5"), text)
    play.farm.vms["cache3"].uuid = "another"
    assert moves(play.next()) == []


def test_with_members_alone_from_the_start_are_counted_and_may_join_company() -> None:
    told = decided(farm("xen1: app1 2, web1 1.7 | xen2: | xen3: cache1 0.5"), WITH)
    assert (told.plan.broken, moves(told)) == (1, ["app1: xen1 -> xen3"])


def test_with_moves_that_share_a_host_never_run_side_by_side() -> None:
    rules = EASE + 'keep vms named "app*" with vms named "cache*"\nlimit 9 at once\n'
    play = Rounds(farm("xen1: cache1 0.7, app1 1.2, app2 1.1, web1 0.9 | xen2: cache2 0 | xen3: cache3 0.1"), rules)
    told = play.next().plan.moves
    assert [(each.vm, each.target, each.wave) for each in told] == [("app1", "xen2", 1), ("app2", "xen3", 2)]


# -- on ---------------------------------------------------------------------------------------------------------------


def licensed() -> Farm:
    return db(farm("xen1: db1 2, web1 1.7 | xen2: | xen3: web3 0.5"), "db1").with_(
        xen1={"tags": ("oracle",)}, xen3={"tags": ("oracle",)}
    )


def test_on_members_go_only_there() -> None:
    told = decided(licensed(), ON)
    assert moves(told) == ["db1: xen1 -> xen3"]
    assert refused(told) == ['db1 -> xen2: keep vms tagged "db" on hosts tagged "oracle"']


def test_on_a_stray_is_counted_and_may_come_home() -> None:
    stray = licensed().with_(xen1={"tags": ()})
    told = decided(stray, ON)
    assert (told.plan.broken, moves(told)) == (1, ["db1: xen1 -> xen3"])


def test_a_keep_wins_over_a_drain() -> None:
    told = decided(
        licensed().with_(xen3={"tags": ()}), 'drain host "xen1"\nkeep vms tagged "db" on hosts tagged "oracle"'
    )
    assert moves(told) == ["web1: xen1 -> xen2"]
    assert set(refused(told)) == {
        'db1 -> xen2: keep vms tagged "db" on hosts tagged "oracle"',
        'db1 -> xen3: keep vms tagged "db" on hosts tagged "oracle"',
    }


def test_unknown_hosts_are_not_those_where_members_may_be() -> None:
    on = AT_ONCE + 'keep vms on hosts where cpu_group == "amd"\n'
    told = decided(farm("xen1: web1 2, web2 1.7 | xen2: | xen3: busy 0.5").with_(xen3={"cpu_group": "amd"}), on)
    assert moves(told) == ["web1: xen1 -> xen3"]

"""Whether VMs can be placed: answered, and tried out in every way there is."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from balancer.core.audit.placement import why_not
from balancer.core.audit.wishes import AtMost, Beside, Ground, Only, Parted, Together, Wish, hosts_of, numbers_of

VMS, HOSTS = 5, 4
VM = st.integers(0, VMS - 1)
SOME = st.frozensets(VM, min_size=1)
RACKS = {0: (0,), 1: (0,), 2: (1,), 3: ()}
APIECE = {host: (host,) for host in range(HOSTS)}
WISHES = st.one_of(
    st.builds(Only, SOME, st.frozensets(st.integers(0, HOSTS - 1)).map(hosts_of)),
    st.builds(AtMost, SOME, st.integers(1, 2), st.sampled_from([RACKS, APIECE])),
    st.builds(Parted, SOME, SOME),
    st.builds(Together, SOME),
    st.builds(Beside, SOME, SOME),
)
GROUNDS = st.builds(
    Ground,
    st.lists(st.sampled_from([2.0, 4.0, 9.0]), min_size=HOSTS, max_size=HOSTS),
    st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=VMS, max_size=VMS),
    st.just([f"vm{number}" for number in range(VMS)]),
)


def is_had(wish: Wish, place: tuple[int, ...]) -> bool:
    """Whether a placement, the host of each VM, is as wished."""
    match wish:
        case Only(vms=vms, hosts=hosts):
            return all(hosts >> place[vm] & 1 for vm in vms)
        case AtMost(vms=vms, count=count, domains=domains):
            held = [domain for vm in vms for domain in domains[place[vm]]]
            return all(domains[place[vm]] for vm in vms) and all(held.count(each) <= count for each in held)
        case Parted(vms=vms, others=others):
            return not any(one != other and place[one] == place[other] for one in vms for other in others)
        case Together(vms=vms):
            return len({place[vm] for vm in vms}) == 1
        case Beside(vms=vms, company=company):
            return all(any(place[vm] == place[other] for other in company) for vm in vms)


def fits(ground: Ground, place: tuple[int, ...], vms: set[int]) -> bool:
    return all(
        sum(ground.sizes[vm] for vm in vms if place[vm] == host) <= room for host, room in enumerate(ground.room)
    )


def concerned(wishes: list[Wish]) -> set[int]:
    found: set[int] = set()
    for wish in wishes:
        found |= wish.vms
        found |= wish.others if isinstance(wish, Parted) else wish.company if isinstance(wish, Beside) else set()
    return found


def is_possible(wishes: list[Wish], ground: Ground) -> bool:
    vms = concerned(wishes)
    ways = product(range(HOSTS), repeat=VMS)
    return any(all(is_had(wish, way) for wish in wishes) and fits(ground, way, vms) for way in ways)


@settings(max_examples=150)
@given(st.lists(WISHES, min_size=1, max_size=4), GROUNDS)
def test_nothing_is_told_where_there_is_a_way(wishes: list[Wish], ground: Ground) -> None:
    if why_not(wishes, ground) is not None:
        assert not is_possible(wishes, ground)


@settings(max_examples=150)
@given(st.lists(WISHES, min_size=1, max_size=4))
def test_where_there_is_room_no_clash_is_missed(wishes: list[Wish]) -> None:
    assert (why_not(wishes, roomy(VMS, HOSTS)) is None) == is_possible(wishes, roomy(VMS, HOSTS))


def roomy(vms: int, hosts: int, room: float = 100.0) -> Ground:
    return Ground([room] * hosts, [1.0] * vms, [f"vm{number}" for number in range(vms)])


def apart(vms: int, hosts: int) -> AtMost:
    return AtMost(frozenset(range(vms)), 1, {host: (host,) for host in range(hosts)})


def test_three_apart_on_two_hosts() -> None:
    assert why_not([apart(3, 2)], roomy(3, 2)) == "with at most 1 per host, 2 hosts take 2 of them, not 3"


def test_three_apart_on_the_two_hosts_that_are_left_for_them() -> None:
    wishes = [apart(4, 4), Only(frozenset([0, 1, 2]), 0b11)]

    assert why_not(wishes, roomy(4, 4)) == "with at most 1 per host, 2 hosts take 2 of them, not 3"


def test_who_has_no_host_left() -> None:
    assert why_not([Only(frozenset([1]), 0)], roomy(2, 2)) == "no host is left for vm1"
    assert why_not([Together(frozenset([0, 1])), Only(frozenset([0]), 1), Only(frozenset([1]), 2)], roomy(2, 2)) == (
        "no host is left for all that are together"
    )


def test_what_is_larger_than_any_host() -> None:
    assert why_not([Together(frozenset(range(3)))], roomy(3, 2, room=2.0)) == (
        "together they need 3 MiB, no host left has more than 2 MiB"
    )


def test_more_memory_than_there_is() -> None:
    assert why_not([Only(frozenset(range(5)), 0b11)], roomy(5, 3, room=2.0)) == (
        "they need 5 MiB, the hosts left have 4 MiB"
    )


def test_company_elsewhere() -> None:
    wishes = [Beside(frozenset([0]), frozenset([1])), Only(frozenset([0]), 1), Only(frozenset([1]), 2)]

    assert why_not(wishes, roomy(2, 2)) == "no host is left for vm0 with company"


def test_what_only_trying_finds() -> None:
    """Three are apart; two of them share a host with company that fits on one host alone."""
    ground = Ground([1.0, 1.0, 2.0], [1.0] * 4, ["a", "b", "c", "d"])
    wishes = [apart(3, 3), Beside(frozenset([0, 1]), frozenset([3]))]

    assert why_not(wishes, ground) == "there is no way to place them"


def test_hundreds_are_answered_by_their_number() -> None:
    assert why_not([apart(400, 400)], roomy(400, 400)) is None
    assert why_not([apart(401, 400)], roomy(401, 400)) == "with at most 1 per host, 400 hosts take 400 of them, not 401"


def test_hosts_as_a_set() -> None:
    assert list(numbers_of(hosts_of([5, 0, 3]))) == [0, 3, 5]

"""The book of orders, read by one agent after the other."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from agents.hypervisor import Guest, Migration
from agents.orders import BEGINS, LOST, NOT_BEGUN, REMEMBERED, TOLD, OrderRefused, Orders, Promise

NOW = 1_800_000_000.0
LATER = NOW + 20
FIRST = rf"order o1 \(name of u1 to hv2\) is process {os.getpid()}"


def migration(order: str = "o1", vm: str = "u1") -> Migration:
    return Migration(order, vm, f"name of {vm}", "hv2", "xen+ssh://hv2/system", domain_id=7, hand_over=True)


def guest(vm: str = "u1", memory: float = 1024) -> Guest:
    return Guest(vm, f"name of {vm}", memory)


class Clock:
    """Seconds since the epoch, as a test wants them."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., Orders]


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Open:
    """Opens the book, as an agent does each time it starts."""
    return lambda limit=9: Orders(tmp_path / "state", limit, clock)


@pytest.fixture
def ended_process() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that has ended, and whose end was not fetched yet."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process


def begun(orders: Orders, order: str = "o1", vm: str = "u1") -> None:
    assert orders.take(migration(order, vm), 1, LATER)
    assert orders.claim(order, os.getpid()) == migration(order, vm)


def test_an_order_is_taken_once_and_then_only_told(book: Open) -> None:
    orders = book()
    assert not orders.knows(migration())
    begun(orders)
    assert orders.state("o1").state == "under way"
    assert not orders.take(migration(), 1, LATER)
    orders.end("o1", None)
    assert not orders.take(migration(), 1, LATER)
    assert (orders.knows(migration()), orders.state("o1").state, orders.under_way()) == (True, "done", 0)


def test_the_next_agent_knows_what_was_done_and_by_whom_it_was_wanted(book: Open) -> None:
    begun(book())
    assert book().state("o1").state == "under way"
    book().end("o1", "no space")
    again = book()
    assert not again.take(migration(), 1, LATER)
    assert (again.state("o1").state, again.state("o1").error, again.epoch) == ("failed", "no space", 1)
    with pytest.raises(OrderRefused, match="epoch 0 is over: a balancer of epoch 1 has given orders since"):
        again.take(migration("o2"), 0, LATER)


def test_it_is_told_which_vm_goes_where_how_long_it_took_and_how_long_ago(book: Open, clock: Clock) -> None:
    orders = book()
    begun(orders)
    clock.now += 5
    orders.end("o1", None)
    clock.now += 60
    told = orders.state("o1")
    assert (told.vm, told.target, told.seconds, told.age) == ("name of u1", "hv2", 5, 65)


def test_a_clock_that_is_set_back_makes_no_time_negative(book: Open, clock: Clock) -> None:
    orders = book()
    begun(orders)
    clock.now -= 3600
    assert (orders.state("o1").seconds, orders.state("o1").age) == (0, 0)


def test_a_failed_order_tells_why_and_not_too_much(book: Open) -> None:
    orders = book()
    begun(orders)
    orders.end("o1", "no space " * 1000)
    assert orders.state("o1").state == "failed"
    assert len(orders.state("o1").error) == 1000


@pytest.mark.parametrize("other", [migration("o1", "u2"), Migration("o1", "u1", "name of u1", "hv3", "xen://hv3/")])
def test_an_id_that_stands_for_another_move_is_refused(book: Open, other: Migration) -> None:
    begun(book())
    for ask in (lambda: book().knows(other), lambda: book().take(other, 1, LATER)):
        with pytest.raises(OrderRefused, match="order o1 was given before, for another move; use a new id"):
            ask()


def test_who_was_succeeded_gives_no_more_orders_of_any_kind(book: Open) -> None:
    orders = book()
    orders.fence(3)
    for ask in (lambda: orders.take(migration(), 2, LATER), lambda: book().fence(2)):
        with pytest.raises(OrderRefused, match="epoch 2 is over: a balancer of epoch 3 has given orders since"):
            ask()
    assert orders.take(migration(), 4, LATER)
    assert book().epoch == 4


@pytest.mark.parametrize("epoch", [2**63, 2**63 - 1, int(NOW) + 86_401])
def test_an_epoch_of_a_wrong_clock_shuts_nobody_out(book: Open, epoch: int) -> None:
    orders = book()
    for ask in (lambda: orders.fence(epoch), lambda: orders.take(migration(), epoch, LATER)):
        with pytest.raises(
            OrderRefused,
            match=rf"^epoch {epoch} is more than a day ahead of this host's clock, 1800000000: look at that balancer's "
            r"clock and at this one; what a wrong clock has left in the balancer's state goes when that is moved away$",
        ):
            ask()
    orders.fence(int(NOW) + 86_400)
    assert book().epoch == int(NOW) + 86_400


def test_who_was_succeeded_is_told_the_way_out(book: Open) -> None:
    book().fence(3)
    with pytest.raises(OrderRefused, match=r"since; if that one is gone for good, start this one anew$"):
        book().fence(2)


def test_who_has_no_epoch_is_of_the_latest(book: Open) -> None:
    book().fence(3)
    assert book().take(migration(), None, LATER)
    assert book().epoch == 3


def test_even_an_order_that_is_refused_tells_that_there_is_a_later_epoch(book: Open) -> None:
    orders = book()
    begun(orders)
    with pytest.raises(OrderRefused, match="is being moved already"):
        orders.take(migration("o2"), 5, LATER)
    assert book().epoch == 5


def test_one_vm_is_moved_by_one_order_at_a_time(book: Open) -> None:
    begun(book())
    with pytest.raises(OrderRefused, match=rf"^name of u1 is being moved already: {FIRST}$"):
        book().take(migration("o2", "u1"), 1, LATER)


def test_no_more_are_under_way_than_the_limit_allows(book: Open) -> None:
    orders = book(2)
    begun(orders)
    orders.take(migration("o2", "u2"), 1, LATER)
    with pytest.raises(
        OrderRefused,
        match=rf"^2 under way, max_migrations is 2: try again later; {FIRST}; order o2 \(name of u2 to hv2\) "
        r"has not begun; one that hangs is ended here by `kill PROCESS`, once both of its hosts were looked at$",
    ):
        orders.take(migration("o3", "u3"), 1, LATER)
    orders.end("o1", None)
    assert orders.take(migration("o3", "u3"), 1, LATER)


# -- carried out


def test_of_two_processes_one_gets_the_order(book: Open) -> None:
    begun(book())
    assert book().claim("o1", os.getpid()) is None
    assert book().claim("o2", os.getpid()) is None


def test_an_order_that_is_late_is_not_begun_any_more(book: Open, clock: Clock) -> None:
    book().take(migration(), 1, LATER)
    clock.now = LATER + BEGINS + 1
    assert book().claim("o1", os.getpid()) is None
    assert (book().state("o1").state, book().state("o1").error) == (
        "failed",
        "it was not begun: by then it was too late",
    )


def test_what_nobody_has_begun_is_given_up_for_good_and_what_is_begun_goes_on(book: Open) -> None:
    begun(book(), "o1", "u1")
    book().take(migration("o2", "u2"), 1, LATER)
    book().give_up()
    assert book().claim("o2", os.getpid()) is None
    assert [(each.id, each.state, each.error) for each in book().all()] == [
        ("o1", "under way", ""),
        ("o2", "failed", NOT_BEGUN),
    ]


def test_an_order_whose_process_has_gone_without_a_word_is_lost(
    book: Open, ended_process: "subprocess.Popen[bytes]"
) -> None:
    book(1).take(migration(), 1, LATER)
    book(1).claim("o1", ended_process.pid)
    assert book(1).state("o1").state == "under way"
    ended_process.kill()
    os.waitid(os.P_PID, ended_process.pid, os.WEXITED | os.WNOWAIT)
    assert [(each.state, each.error) for each in book(1).all()] == [("lost", LOST)]
    assert (book(1).under_way(), book(1).state("o1").state) == (0, "lost")
    assert book(1).take(migration("o2", "u1"), 1, LATER)


def test_what_ended_long_ago_is_forgotten_and_what_is_under_way_never(book: Open) -> None:
    orders = book()
    begun(orders, "first", "u0")
    for number in range(REMEMBERED + 5):
        orders.take(migration(f"o{number}"), 1, LATER)
        orders.end(f"o{number}", None)
    told = [order.id for order in orders.all()]
    assert told == ["first", *(f"o{number}" for number in range(REMEMBERED + 5 - TOLD, REMEMBERED + 5))]
    assert (orders.state("o4"), orders.state("o5").state) == (None, "done")


def test_what_ended_more_than_a_week_ago_is_forgotten(book: Open, clock: Clock) -> None:
    orders = book()
    begun(orders, "o1", "u1")
    orders.end("o1", None)
    clock.now += 8 * 86_400
    orders.take(migration("o2", "u2"), 1, clock.now)
    orders.end("o2", None)
    assert [each.id for each in orders.all()] == ["o2"]


# -- let in


def nothing(_promises: Sequence[Promise]) -> tuple[str, ...]:
    return ()


def test_who_is_let_in_is_promised_memory_until_it_expires(book: Open, clock: Clock) -> None:
    seen: list[tuple[Promise, ...]] = []

    def look(promises: Sequence[Promise]) -> tuple[str, ...]:
        seen.append(tuple(promises))
        return ("only looking",)

    assert book().admit("o1", guest("u1", 1024), 60, nothing) == ()
    book().admit("o2", guest("u2"), 60, look)
    clock.now += 61
    book().admit("o2", guest("u2"), 60, look)
    assert seen == [(Promise("u1", 1024),), ()]


def test_what_is_promised_to_an_order_does_not_stand_in_its_own_way(book: Open) -> None:
    book().admit("o1", guest("u1"), 60, nothing)
    assert book().admit("o1", guest("u1"), 60, lambda promises: [str(each) for each in promises]) == ()


def test_a_vm_that_is_sent_again_needs_its_room_once(book: Open) -> None:
    told: list[list[Promise]] = []

    def look(promises: Sequence[Promise]) -> tuple[str, ...]:
        told.append(list(promises))
        return ()

    book().admit("o1", guest("u1", 1024), 60, look)
    book().admit("o2", guest("u1", 2048), 60, look)
    book().admit("o3", guest("u2"), 60, look)
    assert told == [[], [], [Promise("u1", 2048)]]
    assert [book().was_admitted(order, "u1") for order in ("o1", "o2")] == [False, True]


def test_who_is_not_let_in_is_promised_nothing(book: Open) -> None:
    orders = book()
    assert orders.admit("o1", guest(), 60, lambda _: ["no room"]) == ("no room",)
    assert not orders.was_admitted("o1", "u1")


def test_it_is_remembered_who_was_let_in_by_which_order(book: Open, clock: Clock) -> None:
    book().admit("o1", guest("u1"), 60, nothing)
    clock.now += 3600
    assert [book().was_admitted(*who) for who in (("o1", "u1"), ("o1", "u2"), ("o2", "u1"))] == [True, False, False]

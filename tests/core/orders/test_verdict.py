"""How an order ends, by what both of its hosts report: the whole table, one row a line."""

from dataclasses import replace

import pytest

from agents.report import Counter, OrderReport, Report, VmReport
from balancer.core.model import Order, OrderState
from balancer.core.orders.verdict import FORGOTTEN, SETTLE, look, verdict
from tests.farms import journey

LIMIT = 300.0


def order(state: OrderState = OrderState.UNDER_WAY, *, hands_over: bool = False) -> Order:
    move = journey("web1", "hv1", "hv2")
    return Order("t-1-1-1", 1, 1, move, state, started=0.0, limit=LIMIT, hands_over=hands_over)


def vm(picture: str) -> tuple[VmReport, ...]:
    """A state, or: `alive` runs and eats, `strange` as well and libvirt does not know of it, `still` runs and does not.

    `new` was read for the first time.
    """
    if picture == "none":
        return ()
    eaten = {"alive": 5, "false": 5, "strange": 5, "new": None}.get(picture, 0)
    state = "running" if picture in {"alive", "still", "new", "false", "strange"} else picture
    note = {"false": "falsely paused", "strange": "unknown to libvirt"}.get(picture, "")
    return (VmReport("uuid-web1", "web1", 4, state, 1, 1024.0, Counter(9, 1.0, eaten, 2.0), note=note),)


def report(host: str, picture: str, *calls: OrderReport) -> Report:
    return Report(host, "boot", 1, 0.0, 4, 16384.0, 8192.0, 1.0, vms=vm(picture), orders=calls)


def call(state: str, *, ago: float = 3.0) -> tuple[OrderReport, ...]:
    """What the source says of the order: it took 10 s and ended so long ago; VMs were looked at 2 s before."""
    if state == "unknown":
        return ()
    error = "link down" if state == "failed" else ""
    return (OrderReport("t-1-1-1", state, error, seconds=10.0, age=10.0 + ago),)  # type: ignore[arg-type]


def reports(source: str, target: str, calls: tuple[OrderReport, ...], **elsewhere: str) -> dict[str, Report]:
    made = {"hv1": report("hv1", source, *calls), "hv2": report("hv2", target)}
    made |= {host: report(host, picture) for host, picture in elsewhere.items()}
    return {host: each for host, each in made.items() if (source, target)[host == "hv2"] != "silent" or host > "hv2"}


EARLY, LATE = 20.0, LIMIT + 1


@pytest.mark.parametrize(
    ("source", "target", "told", "now", "state"),
    [
        # it arrived, whatever the call says, or nobody says anything
        ("none", "alive", "done", EARLY, "done"),
        ("none", "alive", "failed", EARLY, "done"),
        ("none", "alive", "lost", EARLY, "done"),
        ("none", "alive", "unknown", EARLY, "done"),
        ("none", "alive", "under way", EARLY, "done"),
        # it is there, and whether it lives is not known yet, or it does not
        ("none", "new", "done", EARLY, "under way"),
        ("none", "still", "done", EARLY, "under way"),
        ("none", "still", "done", LATE, "in doubt"),
        ("none", "paused", "done", EARLY, "under way"),
        ("none", "paused", "done", LATE, "in doubt"),
        ("none", "strange", "failed", EARLY, "under way"),
        ("none", "strange", "failed", LATE, "in doubt"),
        # it stayed
        ("alive", "none", "failed", EARLY, "failed"),
        ("alive", "none", "done", EARLY, "failed"),
        ("false", "none", "failed", EARLY, "failed"),
        ("still", "none", "failed", EARLY, "under way"),
        ("still", "none", "failed", LATE, "in doubt"),
        ("paused", "none", "failed", LATE, "in doubt"),
        ("new", "none", "failed", EARLY, "under way"),
        ("new", "none", "failed", LATE, "in doubt"),
        # its call has not ended
        ("alive", "none", "under way", EARLY, "under way"),
        ("alive", "arriving", "under way", EARLY, "under way"),
        ("alive", "alive", "under way", EARLY, "under way"),
        ("alive", "none", "under way", LATE, "in doubt"),
        ("alive", "arriving", "under way", LATE, "in doubt"),
        # nobody knows of the call any more
        ("alive", "none", "lost", EARLY, "under way"),
        ("alive", "none", "lost", LATE, "failed"),
        ("alive", "none", "unknown", FORGOTTEN, "under way"),
        ("alive", "none", "unknown", FORGOTTEN + 1, "failed"),
        # copies
        ("alive", "paused", "failed", LATE, "in doubt"),
        ("alive", "alive", "failed", LATE, "in doubt"),
        ("none", "none", "failed", LATE, "in doubt"),
        # who does not answer
        ("silent", "alive", "unknown", EARLY, "under way"),
        ("silent", "alive", "unknown", LATE, "in doubt"),
        ("alive", "silent", "failed", EARLY, "under way"),
        ("alive", "silent", "failed", LATE, "in doubt"),
        ("silent", "silent", "unknown", LATE, "in doubt"),
    ],
)
def test_what_both_hosts_show_decides(source: str, target: str, told: str, now: float, state: str) -> None:
    seen = look(order(), reports(source, target, call(told)))
    assert verdict(order(), seen, now).state == state


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (
            "alive",
            "paused",
            (
                "web1 runs on hv1, and a copy that does not run (paused) is left on hv2; "
                "on hv2 restart libvirtd, then `virsh destroy web1`"
            ),
        ),
        ("alive", "still", "web1 RUNS TWICE, on hv1 and hv2; stop all but one of them at once"),
        ("paused", "none", "web1 is on hv1 alone and does not run (paused): `virsh resume web1` there"),
        (
            "none",
            "strange",
            "web1 is on hv2 alone (running), and libvirt there does not know of it: look with `xl list`",
        ),
        ("none", "still", "web1 is on hv2 alone, called running, and its CPU time stands still: look at its console"),
        ("paused", "paused", "web1 runs nowhere: paused on hv1 and paused on hv2; keep one of them"),
    ],
)  # fmt: skip
def test_a_doubt_is_told_as_soon_as_its_call_has_ended_for_a_while_with_what_it_looks_like(
    source: str, target: str, words: str
) -> None:
    soon, later = (look(order(), reports(source, target, call("failed", ago=ago))) for ago in (SETTLE, SETTLE + 1))
    assert verdict(order(), soon, EARLY).state is OrderState.UNDER_WAY
    doubt = verdict(order(), later, EARLY)
    assert (doubt.state, doubt.detail) == (OrderState.IN_DOUBT, f"{words}; the hypervisor said: link down")


def test_a_vm_that_neither_end_shows_may_be_elsewhere_so_that_everybody_is_asked_first() -> None:
    ended = call("failed", ago=SETTLE + 1)
    few = look(order(), reports("none", "none", ended))
    assert verdict(order(), few, EARLY).state is OrderState.UNDER_WAY
    all_ = look(order(), reports("none", "none", ended, hv3="none"), everywhere=True)
    assert verdict(order(), all_, EARLY).detail.startswith("neither hv1 nor hv2 shows web1")
    moved = look(order(), reports("none", "none", ended, hv3="alive"), everywhere=True)
    assert verdict(order(), moved, EARLY).detail == (
        "it runs on hv3: somebody else moved it, or the address of hv2 leads there"
    )


def test_a_false_pause_at_the_source_is_told_with_the_way_out() -> None:
    seen = look(order(), reports("false", "none", call("failed")))
    assert verdict(order(), seen, EARLY).detail == (
        "link down; it runs on hv1 as before (falsely paused: libvirt calls it so since the move was refused; "
        "restart libvirtd there)"
    )


def test_a_move_that_came_through_against_its_calls_word_says_so() -> None:
    seen = look(order(), reports("none", "alive", call("failed")))
    assert verdict(order(), seen, EARLY).detail == "runs on hv2, though the hypervisor said: link down"


def test_it_took_as_long_as_its_call_did_where_its_source_knows() -> None:
    for told, seconds in (("done", 10.0), ("lost", None), ("unknown", None)):
        assert verdict(order(), look(order(), reports("none", "alive", call(told))), EARLY).seconds == seconds


def test_what_it_used_before_its_move_failed_does_not_show_that_it_runs_on() -> None:
    just_ended = look(order(), reports("alive", "none", call("failed", ago=1.0)))
    assert verdict(order(), just_ended, EARLY).state is OrderState.UNDER_WAY
    assert verdict(order(), look(order(), reports("alive", "none", call("failed"))), EARLY).state is OrderState.FAILED


def test_a_copy_that_nobody_sends_any_more_is_not_told_to_be_on_its_way() -> None:
    left = look(order(), reports("alive", "arriving", call("failed", ago=SETTLE + 1)))
    assert verdict(order(), left, EARLY).detail.startswith(
        "web1 runs on hv1, and a copy that does not run (half-way) is left on hv2"
    )


@pytest.mark.parametrize("told", ["done", "failed", "lost", "unknown"])
def test_a_vm_that_arrived_paused_by_agreement_is_let_run_once_its_source_is_rid_of_it(told: str) -> None:
    agreed = order(hands_over=True)
    assert verdict(agreed, look(agreed, reports("none", "paused", call(told))), EARLY).takes_over
    assert not verdict(agreed, look(agreed, reports("still", "paused", call(told))), EARLY).takes_over
    assert not verdict(agreed, look(agreed, reports("none", "paused", call("under way"))), EARLY).takes_over
    assert not verdict(agreed, look(agreed, reports("silent", "paused", call(told))), EARLY).takes_over
    assert not verdict(order(), look(order(), reports("none", "paused", call(told))), EARLY).takes_over


def test_one_that_is_not_let_run_in_time_is_in_doubt_and_is_still_to_be_let_run() -> None:
    agreed = order(hands_over=True)
    late = verdict(agreed, look(agreed, reports("none", "paused", call("done"))), LATE)
    assert (late.state, late.takes_over) == (OrderState.IN_DOUBT, True)


@pytest.mark.parametrize(("source", "target", "state"), [("none", "alive", "done"), ("alive", "none", "failed")])
def test_a_doubt_ends_as_soon_as_both_hosts_answer_clearly(source: str, target: str, state: str) -> None:
    doubtful = order(OrderState.IN_DOUBT)
    assert verdict(doubtful, look(doubtful, reports(source, target, call("failed"))), LATE).state == state


def test_a_doubt_stays_one_as_long_as_nobody_knows_better() -> None:
    doubtful = order(OrderState.IN_DOUBT)
    assert verdict(doubtful, look(doubtful, {}), EARLY).state is OrderState.IN_DOUBT


def test_of_a_vm_that_has_been_seen_once_nothing_new_is_said() -> None:
    doubtful = replace(order(OrderState.IN_DOUBT), detail="it is nowhere")
    told = verdict(doubtful, look(doubtful, reports("new", "none", call("failed", ago=SETTLE + 1))), EARLY)
    assert (told.state, told.detail) == (OrderState.IN_DOUBT, "it is nowhere")


def test_an_intent_that_nobody_took_is_none_until_it_cannot_be_taken_any_more() -> None:
    intent = order(OrderState.INTENT)
    assert verdict(intent, look(intent, reports("alive", "none", ())), EARLY).state is OrderState.INTENT
    late = verdict(intent, look(intent, reports("alive", "none", ())), FORGOTTEN + 1)
    assert (late.state, late.detail, late.never_begun) == (
        OrderState.FAILED, "it runs on hv1 as before; hv1 never took the order", True,
    )  # fmt: skip

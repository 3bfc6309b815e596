import os
import shutil
import socket
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from urllib.request import urlopen

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from balancer.adapters.metrics import MAX_COUNTED, Metrics, MetricsError
from balancer.adapters.served import CONNECTIONS
from balancer.core.model import Discovered, Doubt, Journey, OrderState
from balancer.ports import (
    Event,
    MovedByOthers,
    OperatorActed,
    OrderChanged,
    OrderHeld,
    RoundLost,
    RulesRead,
    StrangerSeen,
    Waiting,
)
from tests.adapters.samples import changed, decided, decision, host, order, streak, vm

Series = dict[tuple[str, ...], float]


def fresh(*, is_paused: bool = False, per_vm: bool = False) -> Metrics:
    return Metrics("0.1.0", lambda: 5000.0, is_paused=is_paused, per_vm=per_vm)


def after(*events: Event, per_vm: bool = False) -> Metrics:
    metrics = fresh(per_vm=per_vm)
    for event in events:
        metrics.record(event)
    return metrics


def series(metrics: Metrics, name: str) -> Series:
    """A metric's values by its labels' values, labels by name, as a scrape has them."""
    text = generate_latest(metrics.registry).decode()
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"xen_balancer_{name}"
    }


def test_before_the_first_round_only_what_is_known_is_told() -> None:
    metrics = fresh()
    assert series(metrics, "build_info") == {("0.1.0",): 1}
    assert series(metrics, "rounds_total") == {("decided",): 0, ("frozen",): 0, ("lost",): 0}
    assert series(metrics, "last_complete_round_timestamp_seconds") == {}
    assert series(metrics, "rules_last_reload_successful") == {}


def test_rounds_are_counted_by_their_result() -> None:
    metrics = after(decided(decision(1)), decided(decision(2, frozen="reports 50% < 80%")), RoundLost(3, "no broker"))
    assert series(metrics, "rounds_total") == {("decided",): 1, ("frozen",): 1, ("lost",): 1}
    assert series(metrics, "round_duration_seconds_count") == {(): 2}
    assert series(metrics, "round_duration_seconds_sum") == {(): 0.5}


def test_the_last_complete_round_is_the_last_that_was_decided() -> None:
    metrics = after(decided(decision(1, now=100.0)), decided(decision(2, now=130.0, frozen="reports")))
    assert series(metrics, "last_complete_round_timestamp_seconds") == {(): 100.0}


def test_each_host_is_told_by_name() -> None:
    hosts = (host("hv1", load=0.5, busy=2.0), host("hv2", load=3.2, busy=None))
    seen = decision(hosts=hosts, vms=(vm("a", "hv1"), vm("b", "hv1")), streaks=(streak("hv2", 3),), expected=3)
    metrics = after(decided(seen))
    assert series(metrics, "hosts_expected") == {(): 3}
    assert series(metrics, "hosts_reporting") == {(): 2}
    assert series(metrics, "hosts_found") == {(): 0}
    assert series(metrics, "host_load") == {("hv1",): 0.5, ("hv2",): 3.2}
    assert series(metrics, "host_busy_ratio") == {("hv1",): 0.25}
    assert series(metrics, "host_vms") == {("hv1",): 2, ("hv2",): 0}
    assert series(metrics, "host_streak_rounds") == {("hv2", "relieve"): 3}
    assert series(metrics, "busy_ratio_max") == {(): 0.08}
    assert series(metrics, "busy_ratio_stddev") == {(): 0.04}


def test_a_host_that_was_found_and_takes_no_part_yet_is_counted() -> None:
    seen = decision()
    new = replace(seen.observation, found=(Discovered("hv9", 1),))
    assert series(after(decided(replace(seen, observation=new))), "hosts_found") == {(): 1}


def test_a_vm_in_doubt_is_counted() -> None:
    seen = decision()
    doubtful = replace(seen.observation, doubts=(Doubt("u", "web1", ("hv1", "hv2")),))
    assert series(after(decided(replace(seen, observation=doubtful))), "vms_in_doubt") == {(): 1}


def test_a_host_that_vanished_has_no_series() -> None:
    both, one = (host("hv1"), host("hv2")), (host("hv1"),)
    metrics = after(decided(decision(1, hosts=both, vms=())), decided(decision(2, hosts=one, vms=(), expected=2)))
    assert series(metrics, "host_load") == {("hv1",): 0.0}


def test_moves_are_counted_by_what_came_of_them() -> None:
    states = (OrderState.INTENT, OrderState.UNDER_WAY, OrderState.DONE, OrderState.FAILED, OrderState.IN_DOUBT)
    metrics = after(*(changed(state, name=state) for state in states), changed(OrderState.DONE, "dry-run"))
    assert series(metrics, "moves_total") == {
        ("done", "overload", "relieve"): 1,
        ("failed", "overload", "relieve"): 1,
        ("in doubt", "overload", "relieve"): 1,
        ("rehearsed", "overload", "relieve"): 1,
    }


def test_how_long_moves_took_is_told_of_those_that_were_done() -> None:
    took = (replace(order(state, name=state), seconds=12.5) for state in (OrderState.DONE, OrderState.FAILED))
    metrics = after(*map(OrderChanged, took), changed(OrderState.DONE, "dry-run", name="rehearsed"))
    assert series(metrics, "move_duration_seconds_count") == {(): 1}
    assert series(metrics, "move_duration_seconds_sum") == {(): 12.5}


def test_what_others_do_is_counted() -> None:
    moved, seen = MovedByOthers(Journey("web1", "u", "hv1", "hv2", 60.0)), StrangerSeen("hv1", "b-1-3-1", "u")
    assert [series(fresh(), name) for name in ("moves_by_others_total", "orders_of_others_total")] == [{(): 0}] * 2
    metrics = after(moved, moved, seen)
    assert series(metrics, "moves_by_others_total") == {(): 2}
    assert series(metrics, "orders_of_others_total") == {(): 1}


def test_failures_in_a_row_are_told_by_host() -> None:
    failed = order(OrderState.FAILED, ended=65.0)
    assert series(after(decided(decision(3, orders=(failed,)))), "host_failures") == {
        ("hypervisor2",): 1, ("hypervisor3",): 1,
    }  # fmt: skip


def test_open_and_held_orders_are_told_as_they_stand() -> None:
    metrics = after(
        decided(decision(3)),
        changed(OrderState.INTENT, name="one"),
        changed(OrderState.UNDER_WAY, name="two"),
        OrderHeld("web1", "hv1", "hv2", "limit"),
    )
    assert series(metrics, "orders_open") == {(): 2}
    assert series(metrics, "orders_in_doubt") == {(): 0}
    assert series(metrics, "orders_held") == {(): 1}
    metrics.record(changed(OrderState.IN_DOUBT, name="two"))
    assert series(metrics, "orders_in_doubt") == {(): 1}
    metrics.record(changed(OrderState.DONE, name="one"))
    metrics.record(decided(decision(4, orders=(order(name="one"), order(name="two")))))
    assert series(metrics, "orders_open") == {(): 1}
    assert series(metrics, "orders_held") == {(): 0}


def test_refusals_add_up_by_reason() -> None:
    refusing = decided(decision(tally={"max VMs": 3, "rest": 1}), refused={"signature": 2})
    metrics = after(refusing, refusing)
    assert series(metrics, "rejections_total") == {("max VMs",): 6, ("rest",): 2}
    assert series(metrics, "reports_refused_total") == {("signature",): 4}


def test_a_broken_rule_file_is_told_and_the_good_ones_time_stays() -> None:
    metrics = after(RulesRead("f", None), RulesRead("f", "f:1:1: syntax"))
    assert series(metrics, "rules_last_reload_successful") == {(): 0}
    assert series(metrics, "rules_last_reload_success_timestamp_seconds") == {(): 5000.0}


@pytest.mark.parametrize(
    ("events", "mode"),
    [
        ((decided(decision()),), "active"),
        ((decided(decision(), mode="dry-run"),), "dry-run"),
        ((decided(decision()), OperatorActed("root", "pause")), "paused"),
        ((decided(decision()), OperatorActed("root", "pause"), OperatorActed("root", "resume")), "active"),
    ],
)
def test_the_mode_is_one_of_three(events: tuple[Event, ...], mode: str) -> None:
    values = series(after(*events), "mode")
    assert set(values) == {("active",), ("dry-run",), ("paused",)}
    assert [label for (label,), value in values.items() if value] == [mode]


def test_a_pause_that_outlived_a_restart_is_told() -> None:
    assert series(fresh(is_paused=True), "mode")["paused",] == 1


def test_vms_are_told_only_where_asked_for() -> None:
    seen = decided(decision())
    assert series(after(seen), "vm_busy_cpus") == {}
    assert series(after(seen, per_vm=True), "vm_busy_cpus") == {("hypervisor3", "uuid-test3", "test3"): 0.1}


def test_labels_that_anybody_could_choose_are_capped() -> None:
    metrics = after(decided(decision(tally={f"reason {number}": 1 for number in range(MAX_COUNTED + 50)})))
    counted = series(metrics, "rejections_total")
    assert len(counted) == MAX_COUNTED + 1
    assert counted["other",] == 50


def test_hostile_names_stay_one_label() -> None:
    name = 'hv"1\n} x 1 \\'
    assert series(after(decided(decision(hosts=(host(name),), vms=()))), "host_load") == {(name,): 0.0}


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def test_a_scrape_over_http_tells_the_last_round() -> None:
    metrics = after(decided(decision()))
    with metrics.serve("127.0.0.1:0") as address:
        with urlopen(f"http://{address}/metrics", timeout=30) as answer:
            assert 'xen_balancer_host_load{host="hypervisor3"} 1.33' in answer.read().decode()
        metrics.record(decided(decision(hosts=(host("hypervisor3", load=0.2),))))
        with urlopen(f"http://{address}/metrics", timeout=30) as answer:
            assert 'xen_balancer_host_load{host="hypervisor3"} 0.2' in answer.read().decode()


def test_silent_clients_do_not_hold_up_a_scrape() -> None:
    with fresh().serve("127.0.0.1:0") as address, ExitStack() as idle:
        host_name, port = address.split(":")
        for _ in range(CONNECTIONS - 1):
            idle.enter_context(socket.create_connection((host_name, int(port)), timeout=30))
        with urlopen(f"http://{address}/metrics", timeout=30) as answer:
            assert answer.status == 200


def test_a_port_is_free_again_after_serving() -> None:
    with fresh().serve("127.0.0.1:0") as address:
        pass
    with fresh().serve(address) as again:
        assert again == address


def test_a_port_that_somebody_has_is_explained() -> None:
    with (
        fresh().serve("127.0.0.1:0") as taken,
        pytest.raises(MetricsError, match=f"{taken}: Address already in use: choose another address"),
    ):
        fresh().serve(taken).__enter__()


@pytest.mark.parametrize("address", ["", "9460", "127.0.0.1", "127.0.0.1:http", ":9460"])
def test_what_is_no_address_is_explained(address: str) -> None:
    with pytest.raises(MetricsError, match=r"write HOST:PORT, such as 127\.0\.0\.1:9460"):
        fresh().serve(address).__enter__()


def test_an_impossible_port_is_explained() -> None:
    with pytest.raises(MetricsError, match="choose another address"):
        fresh().serve("127.0.0.1:99999").__enter__()


@pytest.mark.promtool
def test_promtool_finds_nothing_to_say() -> None:
    if shutil.which("promtool") is None:
        assert os.environ.get("CI") != "true", "promtool is missing: install Debian's package prometheus"
        pytest.skip("promtool is missing: install Debian's package prometheus")
    metrics = after(
        RulesRead("f", None),
        decided(decision(tally={"max VMs": 3}, streaks=(streak("hypervisor3", 3),)), refused={"nan": 1}),
        changed(OrderState.DONE),
        Waiting(30.0),
        per_vm=True,
    )
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=generate_latest(metrics.registry), capture_output=True, check=False
    )
    assert (checked.stdout, checked.stderr, checked.returncode) == (b"", b"", 0)

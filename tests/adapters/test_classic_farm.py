"""Hosts with the agent of 2010 as a farm, over a real broker: what they say, and what becomes of orders."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.ddl import Action, Ddl, Input, InvalidData, Output, UnknownAction
from agents.mcollective.message import OK, Result
from agents.mcollective.settings import ClientKeys, ServerKeys
from agents.report import OrderReport
from balancer.adapters import classic_farm
from balancer.adapters.classic_farm import NO_ADDRESS, VALID, ClassicFarm, outcome
from balancer.adapters.classic_report import identity
from balancer.core.model import Move, Order, OrderState
from balancer.core.orders.verdict import Verdict, by_host, look, verdict
from balancer.ports import FarmError, Progress
from tests.adapters.puppets import Answer, Puppet, Stage, aborts, breaks, said, says_nothing, staged
from tests.brokers import BrokerProcess
from tests.stage import coilmq_wire
from tests.wire import eventually

DDL = Ddl(
    agent="xenagent",
    description="The agent of 2010, as far as a balancer asks it",
    version="0.1",
    timeout=30,
    actions=(
        Action("stat", "Load", outputs=(Output("slices", ""), Output("load", ""), Output("times", ""))),
        Action(
            "migrate",
            "Migrate",
            inputs=(Input("slice", ""), Input("newhost", "", validation="ipv4address")),
            outputs=(Output("result", ""),),
        ),
    ),
)
HOSTS = (
    {"name": "hv1", "address": "192.0.2.11", "cores": 8, "memory": 32768.0},
    {"name": "hv2", "address": "192.0.2.12", "cores": 4, "memory": 16384.0},
    {"name": "hv3", "cores": 4, "memory": 16384.0},
)


def stat(load: float = 0.5, times: Mapping[str, str] | None = None) -> Answer:
    told = {"web1": "18.4"} if times is None else dict(times)
    return said(slices=list(told), load=load, times=told)


EMPTY = stat(0.0, {})


def order(name: str = "a-1-1-1", vm: str = "web1", source: str = "hv1", target: str = "hv2") -> Order:
    move = Move(vm, identity(vm), source, target, "relieve", 1, "overload", "because", {}, memory=1024.0)
    return Order(name, 1, 1, move, OrderState.INTENT, started=0.0)


@pytest.fixture
def stage(broker: int, server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path) -> Iterator[Stage]:
    with staged(DDL, tmp_path, (server_keys, client_keys), coilmq_wire(broker)) as one:
        yield one


def classic(stage: Stage, clock: Callable[[], float] = time.time, **settings: Any) -> ClassicFarm:
    """The farm of three hosts, as a balancer of the classic dialect has it."""
    common = {"dialect": "classic", "classic": {"vm_memory": 1024.0, "dom0_memory": 512.0}, "hosts": HOSTS}
    configuration = stage.configuration(**common | settings)
    return ClassicFarm(stage.connected(configuration), configuration, clock)


def call(farm: ClassicFarm, given: Order) -> OrderReport:
    """How it stands, as is told in its source's name as soon as that answers."""
    while True:
        for told in (each for report in farm.look([given]) for each in report.orders if each.id == given.id):
            return told


def ended(farm: ClassicFarm, given: Order) -> tuple[str, str]:
    """How it ended and why, asked for as often as it takes."""
    assert eventually(lambda: call(farm, given).state != "under way")
    told = call(farm, given)
    return told.state, told.error


# -- what hosts say


def test_every_host_is_asked_at_once_and_reports_with_what_the_configuration_adds(stage: Stage) -> None:
    stage.enter("hv1", {"stat": stat(0.42)})
    stage.enter("hv2", {"stat": EMPTY})
    gathering = classic(stage, lambda: 1000.0).observe(7)

    assert [(each.host, each.load, each.cores, each.sequence) for each in gathering.reports] == [
        ("hv1", 0.42, 8.0, 7), ("hv2", 0.0, 4.0, 7),
    ]  # fmt: skip
    (web1,) = gathering.reports[0].vms
    assert (web1.name, web1.uuid, web1.counter.cpu_ns, web1.counter.instant) == (
        "web1", identity("web1"), 18_400_000_000, 1000.0,
    )  # fmt: skip
    assert gathering.expected == ("hv1", "hv2", "hv3")
    assert (gathering.refused, gathering.discovered) == ({}, ())


def test_a_host_without_an_ipv4_address_is_closed_to_vms_and_an_order_for_it_is_refused_with_the_reason(
    stage: Stage,
) -> None:
    source = stage.enter("hv1", {"stat": stat()})
    farm = classic(stage)

    assert farm.observe(1).closed == {"hv3": NO_ADDRESS}
    assert farm.migrate(order(target="hv3")) == Progress(
        "a-1-1-1", "failed", "hv3 has no IPv4 address: write one as its address"
    )
    assert source.given("migrate") == []


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (aborts("xm: command not found"), "agent failed", "hv2: xm: command not found"),
        (breaks, "agent failed", "hv2: kaboom"),
        (said(slices=["web1"], load=0.1, times={}), "unreadable report", "hv2: times: there is none of web1"),
        (said(), "unreadable report", "hv2: slices: "),
    ],
    ids=["failed", "broken", "no time", "empty"],
)
def test_a_host_whose_answer_cannot_be_used_is_counted_by_reason_and_logged(
    answer: Answer, reason: str, words: str, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.enter("hv1", {"stat": stat()})
    stage.enter("hv2", {"stat": answer})
    gathering = classic(stage).observe(1)

    assert [report.host for report in gathering.reports] == ["hv1"]
    assert gathering.refused == {reason: 1}
    assert f"{reason}: {words}" in caplog.text


def test_a_host_in_maintenance_need_not_answer_and_is_marked_where_it_does(stage: Stage) -> None:
    stage.enter("hv1", {"stat": stat()})
    farm = classic(stage, hosts=[host | {"maintenance": True} for host in HOSTS])
    gathering = farm.observe(1)

    assert [(report.host, report.maintenance) for report in gathering.reports] == [("hv1", True)]
    assert gathering.expected == ("hv1",)


# -- what becomes of orders


def moving(stage: Stage, answer: Answer) -> tuple[ClassicFarm, Puppet]:
    """A farm whose hv1 answers so to `migrate`."""
    source = stage.enter("hv1", {"stat": stat(), "migrate": answer})
    stage.enter("hv2", {"stat": EMPTY})
    return classic(stage), source


def test_an_order_is_under_way_at_once_and_done_once_its_host_says_so(stage: Stage) -> None:
    arrived = threading.Event()

    def migrate(_data: Mapping[str, Any]) -> Mapping[str, Any]:
        arrived.wait(30)
        return {"result": True}

    farm, source = moving(stage, migrate)
    given = order()

    assert farm.migrate(given) == Progress("a-1-1-1", "under way")
    assert eventually(lambda: source.given("migrate") == [{"slice": "web1", "newhost": "192.0.2.12"}])
    assert call(farm, given).state == "under way"
    assert [each.state for each in farm.observe(2).reports[0].orders] == ["under way"], "a round knows of it as well"
    assert farm.observe(2).reports[0].host == "hv1"
    arrived.set()
    assert ended(farm, given) == ("done", "")


def test_an_order_given_twice_is_one_move(stage: Stage) -> None:
    farm, source = moving(stage, said(result=True))
    given = order()

    farm.migrate(given)
    assert ended(farm, given)[0] == "done"
    assert farm.migrate(given) == Progress("a-1-1-1", "done")
    assert len(source.given("migrate")) == 1


def test_several_orders_go_side_by_side(stage: Stage) -> None:
    farm, _ = moving(stage, said(result=True))
    back = stage.enter("hv3", {"stat": stat(0.1, {"dns1": "1"}), "migrate": said(result=False)})
    first, second = order(), order("a-1-1-2", vm="dns1", source="hv3", target="hv1")

    farm.migrate(first)
    farm.migrate(second)
    assert [ended(farm, each)[0] for each in (first, second)] == ["done", "failed"]
    assert back.given("migrate") == [{"slice": "dns1", "newhost": "192.0.2.11"}]


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        (said(result=True), "done", ""),
        (said(result=False), "failed", "hv1 could not migrate it; its own log says why"),
        (aborts("value should be an ipv4 address", InvalidData), "failed", "value should be an ipv4 address"),
        (aborts("Unknown action 'migrate'", UnknownAction), "failed", "Unknown action 'migrate'"),
        (aborts("You are not authorized to call this agent or action."), "failed",
         "You are not authorized to call this agent or action."),
        (aborts("web1 is still under way"), "lost", "hv1 gave no clear answer: web1 is still under way"),
        (breaks, "lost", "hv1 gave no clear answer: kaboom"),
        (said(result="true"), "lost", "hv1 gave no clear answer: OK"),
        (said(), "lost", "hv1 gave no clear answer: OK"),
        (says_nothing, "lost", "hv1 did not answer within 2 s"),
    ],
    ids=["true", "false", "invalid", "no such action", "denied", "aborted", "broken", "a text", "nothing", "silent"],
)  # fmt: skip
def test_how_an_order_ended_is_what_its_source_says_clearly_and_else_nobody_knows(
    answer: Answer, state: str, detail: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classic_farm, "END", 2.0)
    farm, _ = moving(stage, answer)
    given = order()

    farm.migrate(given)
    assert ended(farm, given) == (state, detail)


def test_of_an_order_that_an_earlier_daemon_gave_nobody_knows_and_what_both_hosts_report_decides(stage: Stage) -> None:
    used = iter(("18.4", "18.9"))
    stage.enter("hv1", {"stat": EMPTY})
    stage.enter("hv2", {"stat": lambda _data: stat(times={"web1": next(used)})({})})
    farm, given = classic(stage), order()

    def told() -> Verdict:
        return verdict(given, look(given, by_host(farm.look([given]))), now=given.started)

    assert told().state is OrderState.INTENT, "it has not been seen to run yet"
    assert told().state is OrderState.DONE


def test_no_target_is_asked_before_a_move_and_one_without_an_address_has_that_against_it(stage: Stage) -> None:
    farm = classic(stage)
    assert farm.examine(order()) == ()
    assert farm.examine(order(target="hv3")) == (f"hv3: {NO_ADDRESS}",)


def test_an_order_does_not_lie_about_for_longer_than_it_is_good(stage: Stage) -> None:
    configuration = stage.configuration(hosts=HOSTS)

    assert configuration.mcollective.ttl > VALID
    assert classic(stage)._wire.ttl == VALID
    assert classic(stage, mcollective=configuration.mcollective.model_copy(update={"ttl": 5.0}))._wire.ttl == 5.0


def test_ended_orders_are_forgotten_oldest_first(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classic_farm, "REMEMBERED", 1)
    farm, _ = moving(stage, said(result=True))
    first, second = order("a-1-1-1"), order("a-1-1-2")

    for given in (first, second):
        farm.migrate(given)
        assert ended(farm, given)[0] == "done"
    assert [call(farm, each).state for each in (first, second)] == ["lost", "done"]


def test_without_a_broker_nobody_can_be_asked_and_an_order_was_never_sent(
    coilmq_process: BrokerProcess, server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path
) -> None:
    wire = coilmq_wire(coilmq_process.port) | {"connect_timeout": 0.2}
    with staged(DDL, tmp_path, (server_keys, client_keys), wire) as stage:
        farm = classic(stage)
        coilmq_process.stop()

        def refuses() -> bool:
            try:
                farm.observe(1)
            except FarmError as error:
                return str(coilmq_process.port) in str(error)
            return False

        assert eventually(refuses)
        given = order()
        assert farm.migrate(given).state == "under way"
        assert eventually(lambda: (told := farm._book.of(given)) is not None and told.state == "failed")
        told = farm._book.of(given)
        assert told is not None
        assert told.detail.startswith("nothing was sent:")


def test_a_key_that_is_gone_sends_nothing(stage: Stage, tmp_path: Path) -> None:
    farm, source = moving(stage, said(result=True))
    assert farm._wire.ssl is not None
    farm._wire = farm._wire.model_copy(
        update={"ssl": farm._wire.ssl.model_copy(update={"client_private": tmp_path / "gone.pem"})}
    )
    given = order()

    farm.migrate(given)
    state, why = ended(farm, given)
    assert (state, "gone.pem" in why, source.given("migrate")) == ("failed", True, [])


@pytest.mark.parametrize("data", [None, "Present", [True], {"result": None}, {"result": 1}])
def test_an_answer_of_another_shape_is_no_clear_one(data: Any) -> None:
    assert outcome("hv1", Result(OK, "OK", data)) == ("unknown", "hv1 gave no clear answer: OK")

"""The real farm as a port, over a real broker: the common contract, and hosts that err, lie or say nothing."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.client import Client
from agents.mcollective.ddl import Abort
from agents.mcollective.server import Service
from agents.mcollective.settings import ClientKeys, ClientSettings, ServerKeys, ServerSettings
from agents.report import Report, encode
from agents.xenagent import DDL
from balancer.adapters import mcollective_farm
from balancer.adapters.mcollective_farm import VALID, McollectiveFarm
from balancer.config import Configuration, HostEntry, Migration, read_configuration
from balancer.ports import FarmError, Progress
from tests.adapters.farm_contract import CONTRACT, HOSTS, SCENARIO, Staged, order
from tests.brokers import BrokerProcess, coilmq
from tests.stage import POLICY, coilmq_wire, simulated_agents, write_balancer
from tests.wire import eventually

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    process = coilmq(tmp_path_factory.mktemp("broker"))
    process.start()
    yield process.port
    process.stop()


def wire(folder: Path, port: int) -> dict[str, Any]:
    """Each test is a collective of its own: they share a broker."""
    return coilmq_wire(port) | {"collective": f"c{abs(hash(folder))}"}


@contextmanager
def asked(configuration: Configuration) -> Iterator[McollectiveFarm]:
    with closing(Client(configuration.mcollective)) as client:
        client.connect()
        yield McollectiveFarm(client, configuration, time.time)


@pytest.mark.parametrize("claim", CONTRACT, ids=lambda claim: claim.__name__)
def test_it_keeps_to_the_contract(claim: Callable[[Staged], None], broker: int, tmp_path: Path, keys: Path) -> None:
    common = wire(tmp_path, broker)
    file = write_balancer(tmp_path, HOSTS, common, keys, interval="30s", deadline="3s")
    with simulated_agents(tmp_path, common, keys, SCENARIO), asked(read_configuration(file)) as farm:
        assert eventually(lambda: len(farm.observe(0).reports) == 2)
        claim(Staged(farm, lambda: time.sleep(0.1)))


# -- hosts that do what they like


Stage = Callable[..., tuple[McollectiveFarm, list["Puppet"]]]


class Puppet:
    """An agent that answers as it is told to, and remembers what it was asked."""

    ddl = DDL

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, action: str, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        self.asked.append((action, data))
        return self.answers[action](data)


def said(**data: Any) -> Answer:
    return lambda _data: data


def reports(host: str, **changes: Any) -> Answer:
    figures = {"boot_id": "b", "sequence": 1, "time": 0.0, "cores": 4.0, "memory_mb": 1024.0, "memory_free_mb": 512.0}
    return said(report=encode(Report(**{"host": host, "load": 0.0} | figures | changes)))


def aborts(reason: str) -> Answer:
    def answer(_data: Mapping[str, Any]) -> Mapping[str, Any]:
        raise Abort(reason)

    return answer


def breaks(_data: Mapping[str, Any]) -> Mapping[str, Any]:
    raise ValueError("kaboom")


def says_nothing(_data: Mapping[str, Any]) -> Mapping[str, Any]:
    time.sleep(8)
    return {}


@pytest.fixture
def stage(broker: int, server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path) -> Iterator[Stage]:
    """Brings hosts on, each with its answers, and the farm that asks them."""
    common = wire(tmp_path, broker) | {"heartbeat": 0.0}
    (tmp_path / "xenagent.policy").write_text(POLICY)
    with ExitStack() as stack:

        def begin(*hosts: tuple[str, Mapping[str, Answer]], **settings: Any) -> tuple[McollectiveFarm, list[Puppet]]:
            puppets = [Puppet(answers) for _, answers in hosts]
            for (host, _), puppet in zip(hosts, puppets, strict=True):
                own = ServerSettings(identity=host, ssl=server_keys, policies=tmp_path, workers=2, **common)
                service = Service(own, [puppet])
                stack.callback(service.close)
                service.start()
            names = {host: HostEntry(name=host) for host, _ in hosts}
            client = ClientSettings(identity="balancer", ssl=client_keys, **common)
            configuration = Configuration(
                **{"hosts": tuple(names.values()), "mcollective": client, "deadline": 1.0} | settings
            )
            farm = stack.enter_context(asked(configuration))
            assert eventually(lambda: farm.observe(0) is not None and all(puppet.asked for puppet in puppets))
            return farm, puppets

        yield begin


def test_a_report_counts_for_the_host_that_gave_it_and_for_no_other(stage: Stage) -> None:
    farm, _ = stage(("hv1", {"report": reports("hv1")}), ("hv2", {"report": reports("hv1", load=9.0)}))
    gathering = farm.observe(1)
    assert [(report.host, report.load) for report in gathering.reports] == [("hv1", 0.0)]
    assert gathering.expected == ("hv1", "hv2")
    assert gathering.refused == {"another host's report": 1}


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (aborts("libvirt does not answer"), "agent failed", "hv2: libvirt does not answer"),
        (breaks, "agent failed", "hv2: kaboom"),
        (said(report="{}"), "unreadable report", "hv2: host: Field required"),
        (said(report="[" * 100_000), "unreadable report", "hv2: "),
        (said(report=17), "unreadable report", "hv2: "),
        (reports("hv2", load=-1.0), "unreadable report", "hv2: load: "),
        (said(report='{"load": NaN}'), "unreadable report", "hv2: "),
    ],
    ids=["failed", "broken", "empty", "nested to death", "no text", "negative load", "no number"],
)
def test_a_host_whose_report_cannot_be_used_is_counted_by_reason_and_logged(
    answer: Answer, reason: str, words: str, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    farm, _ = stage(("hv1", {"report": reports("hv1")}), ("hv2", {"report": answer}))
    gathering = farm.observe(1)
    assert [report.host for report in gathering.reports] == ["hv1"]
    assert gathering.refused == {reason: 1}
    assert f"{reason}: {words}" in caplog.text
    assert "Traceback" not in caplog.text


def test_of_two_answers_that_differ_none_is_believed(stage: Stage) -> None:
    def soon(_data: Mapping[str, Any]) -> Mapping[str, Any]:
        time.sleep(0.5)
        return reports("hv2")({})

    farm, _ = stage(
        ("hv1", {"report": reports("hv1")}), ("hv1", {"report": reports("hv1", load=9.0)}), ("hv2", {"report": soon})
    )
    gathering = farm.observe(1)
    assert [report.host for report in gathering.reports] == ["hv2"]
    assert gathering.refused["conflicting answers"] == 1


def test_a_hundred_hosts_are_asked_at_once_and_whoever_is_not_among_them_is_counted(stage: Stage) -> None:
    absent = tuple(HostEntry(name=f"absent{number}") for number in range(mcollective_farm.ALL_FROM - 1))
    farm, _ = stage(
        ("hv1", {"report": reports("hv1")}), ("stranger", {"report": reports("stranger")}),
        hosts=(HostEntry(name="hv1"), *absent),
    )  # fmt: skip
    gathering = farm.observe(1)
    assert [report.host for report in gathering.reports] == ["hv1"]
    assert len(gathering.expected) == mcollective_farm.ALL_FROM
    assert gathering.refused == {"unknown sender": 1}


def test_a_host_in_maintenance_need_not_answer_and_is_marked_where_it_does(stage: Stage) -> None:
    ready, away = HostEntry(name="hv1"), HostEntry(name="hv2", maintenance=True)
    silent = HostEntry(name="hv3", maintenance=True)
    farm, _ = stage(
        ("hv1", {"report": reports("hv1")}), ("hv2", {"report": reports("hv2")}), hosts=(ready, away, silent)
    )
    gathering = farm.observe(1)
    assert [(report.host, report.maintenance) for report in gathering.reports] == [("hv1", False), ("hv2", True)]
    assert gathering.expected == ("hv1", "hv2")


def test_an_order_tells_its_source_all_it_needs(stage: Stage) -> None:
    target = HostEntry(name="hv2", address="192.0.2.12", migration_address="2001:db8::12")
    farm, (source, other) = stage(
        ("hv1", {"report": reports("hv1"), "migrate": said(state="under way", error="")}),
        ("hv2", {"report": reports("hv2")}),
        hosts=(HostEntry(name="hv1"), target), migration=Migration(transport="ssh", user="xen-migrate"),
    )  # fmt: skip
    before = time.time()
    assert farm.migrate(order("a-1-1-1")) == Progress("a-1-1-1", "under way", "")
    (given,) = [dict(data) for action, data in source.asked if action == "migrate"]
    assert before + VALID <= given.pop("valid_until") <= time.time() + VALID
    assert given == {
        "order": "a-1-1-1", "epoch": 1, "vm": "u-web1", "name": "web1", "source": "hv1", "target": "hv2",
        "target_uri": "xen+ssh://xen-migrate@192.0.2.12/system", "migration_uri": "tcp://[2001:db8::12]",
    }  # fmt: skip
    assert [action for action, _ in other.asked if action == "migrate"] == []


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        (said(state="done", error=""), "done", ""),
        (said(state="failed", error="no route to host"), "failed", "no route to host"),
        (aborts("order a-1-1-1 refused: epoch 1 is over"), "failed", "order a-1-1-1 refused: epoch 1 is over"),
        (breaks, "unknown", "kaboom"),
        (says_nothing, "unknown", "hv1 did not answer"),
        (said(state="intent"), "unknown", "hv1 does not know the order"),
        (said(state=["done"]), "unknown", "hv1 does not know the order"),
    ],
    ids=["done", "failed", "refused", "broken", "silent", "no state of its", "no state at all"],
)
def test_how_an_order_was_taken_is_what_its_source_says_and_doubt_where_it_does_not(
    answer: Answer, state: str, detail: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcollective_farm, "ANSWER", 2.0)
    farm, _ = stage(("hv1", {"report": reports("hv1"), "migrate": answer}), ("hv2", {"report": reports("hv2")}))
    assert farm.migrate(order("a-1-1-1")) == Progress("a-1-1-1", state, detail)


def test_who_does_not_say_how_an_order_stands_has_not_said_that_it_failed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcollective_farm, "ANSWER", 2.0)
    farm, _ = stage(
        ("hv1", {"report": reports("hv1"), "order": said(state="under way", error="", seconds=1.0)}),
        ("hv2", {"report": reports("hv2"), "order": aborts("not authorized")}),
        ("hv3", {"report": reports("hv3"), "order": says_nothing}),
        ("hv4", {"report": reports("hv4"), "order": said(state="unknown", error="", seconds=0.0)}),
    )
    orders = [order(f"a-1-1-{source}", source=source, target="hv9") for source in ("hv1", "hv2", "hv3", "hv4")]
    assert [(told.order, told.state) for told in farm.progress(orders)] == [
        ("a-1-1-hv1", "under way"), ("a-1-1-hv4", "unknown"),
    ]  # fmt: skip


def test_without_a_broker_nobody_can_be_asked_and_it_says_which_was_tried(
    coilmq_process: BrokerProcess, client_keys: ClientKeys
) -> None:
    common = coilmq_wire(coilmq_process.port) | {"heartbeat": 0.0}
    client = ClientSettings(identity="balancer", ssl=client_keys, **common)
    with asked(Configuration(hosts=(HostEntry(name="hv1"),), mcollective=client, deadline=1.0)) as farm:
        coilmq_process.stop()

        def refuses() -> bool:
            with suppress(FarmError):
                farm.observe(1)
                return False
            return True

        assert eventually(refuses)
        given = order("a-1-1-1", target="hv1")
        for ask in (lambda: farm.observe(1), lambda: farm.migrate(given), lambda: farm.progress([given])):
            with pytest.raises(FarmError, match=str(coilmq_process.port)):
                ask()

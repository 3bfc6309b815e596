"""The real farm as a port, over a real broker: the common contract, and hosts that err, lie or say nothing."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.hypervisor import Guest
from agents.mcollective.client import Client
from agents.mcollective.settings import ClientKeys, ClientSettings, ServerKeys
from agents.plugins.xenagent import DDL
from agents.report import Counter, Report, VmReport, encode
from balancer.adapters import answers, mcollective_farm
from balancer.adapters.mcollective_farm import VALID, McollectiveFarm
from balancer.config import Configuration, HostEntry, Migration, read_configuration
from balancer.core.model import Discovered
from balancer.ports import FarmError, Progress
from tests.adapters.farm_contract import CONTRACT, HOSTS, SCENARIO, Staged, order
from tests.adapters.puppets import Answer, Puppet, aborts, breaks, said, says_nothing, staged
from tests.brokers import BrokerProcess
from tests.stage import coilmq_wire, simulated_agents, write_balancer
from tests.wire import eventually


@contextmanager
def asked(configuration: Configuration) -> Iterator[McollectiveFarm]:
    with closing(Client(configuration.mcollective)) as client:
        client.connect()
        yield McollectiveFarm(client, configuration, time.time)


@pytest.mark.parametrize("claim", CONTRACT, ids=lambda claim: claim.__name__)
def test_it_keeps_to_the_contract(claim: Callable[[Staged], None], broker: int, tmp_path: Path, keys: Path) -> None:
    common = coilmq_wire(broker) | {"collective": f"c{abs(hash(tmp_path))}"}
    file = write_balancer(tmp_path, HOSTS, common, keys, interval="30s", deadline="3s")
    with simulated_agents(tmp_path, common, keys, SCENARIO), asked(read_configuration(file)) as farm:
        assert eventually(lambda: len(farm.observe(0).reports) == 2)
        claim(Staged(farm, lambda: time.sleep(0.1)))


# -- hosts that do what they like


Stage = Callable[..., tuple[McollectiveFarm, list[Puppet]]]


def reports(host: str, **changes: Any) -> Answer:
    figures = {"boot_id": "b", "sequence": 1, "time": 0.0, "cores": 4.0, "memory_mb": 1024.0, "memory_free_mb": 512.0}
    return said(report=encode(Report(**{"host": host, "load": 0.0} | figures | changes)))


@pytest.fixture
def stage(broker: int, server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path) -> Iterator[Stage]:
    """Brings hosts on, each with its answers, and the farm that asks them."""
    with staged(DDL, tmp_path, (server_keys, client_keys), coilmq_wire(broker)) as one:

        def begin(
            *hosts: tuple[str, Mapping[str, Answer]], farm: Mapping[str, Any] | None = None, **settings: Any
        ) -> tuple[McollectiveFarm, list[Puppet]]:
            puppets = [one.enter(host, answers, number) for number, (host, answers) in enumerate(hosts)]
            names = {host: HostEntry(name=host) for host, _ in hosts}
            configuration = one.configuration(**{"hosts": tuple(names.values())} | settings)
            return McollectiveFarm(one.connected(configuration), configuration, time.time, **farm or {}), puppets

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
        (said(report="{}"), "unreadable report", "hv2: report: Object missing required field `host`"),
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
    absent = tuple(HostEntry(name=f"absent{number}") for number in range(answers.ALL_FROM - 1))
    farm, _ = stage(
        ("hv1", {"report": reports("hv1")}), ("stranger", {"report": reports("stranger")}),
        hosts=(HostEntry(name="hv1"), *absent),
    )  # fmt: skip
    gathering = farm.observe(1)
    assert [report.host for report in gathering.reports] == ["hv1"]
    assert len(gathering.expected) == answers.ALL_FROM
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
        "domain_id": 1, "hand_over": False,
    }  # fmt: skip
    assert [action for action, _ in other.asked if action == "migrate"] == []


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        (said(state="under way", error=""), "under way", ""),
        (said(state="failed", error="no route to host"), "under way", ""),
        (aborts("order a-1-1-1 refused: epoch 1 is over"), "failed", "order a-1-1-1 refused: epoch 1 is over"),
        (breaks, "unknown", "kaboom"),
        (says_nothing, "unknown", "hv1 did not answer"),
        (said(state="intent"), "unknown", "no clear answer"),
        (said(state=["done"]), "unknown", "no clear answer"),
    ],
    ids=["taken", "ended already", "refused", "broken", "silent", "no state of its", "no state at all"],
)
def test_how_an_order_was_taken_is_what_its_source_says_and_doubt_where_it_does_not(
    answer: Answer, state: str, detail: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcollective_farm, "ANSWER", 2.0)
    farm, _ = stage(("hv1", {"report": reports("hv1"), "migrate": answer}), ("hv2", {"report": reports("hv2")}))
    assert farm.migrate(order("a-1-1-1")) == Progress("a-1-1-1", state, detail)


def test_both_hosts_of_an_order_are_looked_at_and_who_does_not_report_is_left_out(stage: Stage) -> None:
    farm, puppets = stage(*((host, {"report": reports(host)}) for host in ("hv1", "hv2", "hv3")))
    gone = order("a-1-1-2", source="hv1", target="hv9")
    assert [report.host for report in farm.look([order("a-1-1-1"), gone])] == ["hv1", "hv2"]
    assert [len(puppet.given("report")) for puppet in puppets] == [1, 1, 0]


def test_a_target_is_shown_what_wants_to_come_and_may_refuse_it(stage: Stage) -> None:
    web1 = VmReport("u-web1", "web1", 3, "running", 4, 1024.0, Counter(1, 1.0), needs=("guest:pvh", "bridge:xenbr0"))
    farm, (_, target) = stage(
        ("hv1", {"report": reports("hv1", vms=(web1,), xen="4.17", cpu="avx sse")}),
        ("hv2", {"report": reports("hv2"), "admit": said(obstacles=["no bridge xenbr0", "no avx"])}),
    )
    farm.observe(1)
    before = time.time()
    assert farm.examine(order("a-1-1-1")) == ("hv2: no bridge xenbr0", "hv2: no avx")
    (asked,) = target.given("admit")
    assert before + VALID <= asked.pop("valid_until") <= time.time() + VALID
    assert msgspec.json.decode(asked.pop("guest"), type=Guest) == Guest(
        "u-web1", "web1", 1024.0, ("guest:pvh", "bridge:xenbr0"), "avx sse", "4.17"
    )
    assert asked == {"order": "a-1-1-1", "epoch": 1, "expires": 1800.0}


@pytest.mark.parametrize(
    ("answer", "against"),
    [
        (said(obstacles=[]), ()),
        (aborts("epoch 1 is over"), ("hv2: epoch 1 is over",)),
        (breaks, ("hv2: kaboom",)),
        (says_nothing, ("hv2 did not answer",)),
        (said(obstacles="none"), ("hv2 gave no clear answer",)),
        (said(), ("hv2 gave no clear answer",)),
    ],
    ids=["admitted", "refused", "broken", "silent", "no list", "nothing"],
)
def test_a_target_that_does_not_clearly_admit_it_is_against_it(
    answer: Answer, against: tuple[str, ...], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcollective_farm, "ANSWER", 2.0)
    farm, _ = stage(("hv1", {"report": reports("hv1")}), ("hv2", {"report": reports("hv2"), "admit": answer}))
    assert farm.examine(order("a-1-1-1")) == against


def test_a_target_is_told_to_let_it_run_and_why_it_does_not_stands_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    farm, (_, target) = stage(
        ("hv1", {"report": reports("hv1")}), ("hv2", {"report": reports("hv2"), "take_over": aborts("it is not here")})
    )
    farm.take_over(order("a-1-1-1"))
    assert target.given("take_over") == [{"order": "a-1-1-1", "epoch": 1, "vm": "u-web1"}]
    assert "hv2 does not let web1 run: it is not here" in caplog.text


# -- hosts that nobody configured


def test_a_found_host_is_asked_with_the_others_and_takes_part_after_two_complete_rounds(stage: Stage) -> None:
    found = iter([(), ("hv2",), (), ()])
    farm, (_, new) = stage(
        ("hv1", {"report": reports("hv1")}), ("hv2", {"report": reports("hv2"), "migrate": said(state="done")}),
        hosts=(HostEntry(name="hv1"),), discovery={}, farm={"found": lambda: next(found)},
    )  # fmt: skip

    def round_() -> tuple[list[str], tuple[str, ...], list[tuple[str, int]]]:
        told = farm.observe(1)
        assert told.refused == {}
        return (
            [report.host for report in told.reports],
            told.expected,
            [(each.name, each.rounds) for each in told.discovered],
        )

    assert round_() == (["hv1"], ("hv1",), [])
    assert new.given("report") == []
    assert round_() == (["hv1"], ("hv1",), [("hv2", 1)])
    assert round_() == (["hv1"], ("hv1",), [("hv2", 2)])
    assert round_() == (["hv1", "hv2"], ("hv1", "hv2"), [("hv2", 2)])


def test_the_address_of_a_found_host_is_its_name(stage: Stage) -> None:
    farm, (source, _) = stage(
        ("hv1", {"report": reports("hv1"), "migrate": said(state="under way", error="")}),
        ("hv2", {"report": reports("hv2")}),
        hosts=(HostEntry(name="hv1"),), discovery={}, farm={"discovered": (Discovered("hv2", 2),)},
    )  # fmt: skip

    farm.migrate(order("a-1-1-1"))
    (given,) = source.given("migrate")
    assert (given["target_uri"], "migration_uri" in given) == ("xen://hv2/system", False)


def test_hosts_found_by_an_earlier_daemon_take_part_at_once(stage: Stage) -> None:
    before = (Discovered("hv1", 2), Discovered("hv2", 2), Discovered("hv9", 2), Discovered("new", 1))
    farm, _ = stage(
        ("hv1", {"report": reports("hv1")}), ("hv2", {"report": reports("hv2")}),
        hosts=(HostEntry(name="hv1"),), discovery={}, farm={"discovered": before},
    )  # fmt: skip
    told = farm.observe(1)

    assert [report.host for report in told.reports] == ["hv1", "hv2"]
    assert told.expected == ("hv1", "hv2", "hv9")
    assert [each.name for each in told.discovered] == ["hv2", "hv9"]


def test_they_do_not_where_hosts_are_not_to_be_found_any_more(stage: Stage) -> None:
    farm, _ = stage(
        ("hv1", {"report": reports("hv1")}), ("hv2", {"report": reports("hv2")}),
        hosts=(HostEntry(name="hv1"),), farm={"discovered": (Discovered("hv2", 2),)},
    )  # fmt: skip

    assert farm.observe(1).expected == ("hv1",)


def test_who_joins_the_farm_and_who_is_forgotten_stands_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    farm, _ = stage(
        ("hv1", {"report": reports("hv1")}), hosts=(), discovery={},
        farm={"discovered": (Discovered("hv1", 1), Discovered("hv2", 2, silent_since=0.0))},
    )  # fmt: skip

    for _ in range(2):
        farm.observe(1)
    assert [record.message for record in caplog.records if record.name == mcollective_farm.__name__] == [
        "hv2 has not reported for long; it is forgotten until it is found again",
        "hv1 was found, and takes part from now on",
    ]


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
        for ask in (lambda: farm.observe(1), lambda: farm.migrate(given), lambda: farm.look([given])):
            with pytest.raises(FarmError, match=str(coilmq_process.port)):
                ask()

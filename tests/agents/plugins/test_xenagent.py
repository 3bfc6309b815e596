"""The agent's actions, on a simulated host."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.hypervisor import Hypervisor, HypervisorError, Migration
from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.shared_farm import SimulatedHypervisor
from agents.mcollective.ddl import Abort, MissingData
from agents.plugins.xenagent import DDL, StillUnderWayError, XenAgent
from agents.report import Report, decode
from tests.contexts import context_of

SCENARIO = """
format: scenario/1
interval: 1s
migration: {bandwidth: 1000MiB/s}
hosts:
  - {name: hv1, cores: 4, memory: 8GiB, tags: [fast]}
  - {name: hv2, address: 10.0.0.2, cores: 4, memory: 8GiB}
vms:
  - {name: web1, host: hv1, memory: 64MiB, uuid: u1}
  - {name: web2, host: hv1, memory: 64MiB, uuid: u2}
events:
"""

NOW = 1_800_000_000.0

MIGRATE: Mapping[str, Any] = {
    "order": "farm-7-1", "epoch": 7, "vm": "u1", "name": "web1", "source": "hv1", "target": "hv2",
    "target_uri": "xen+ssh://hv2/system", "valid_until": NOW + 30,
}  # fmt: skip


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def agent(events: str = "  - {round: 1000, host: hv1, event: silent}") -> XenAgent:
        file = tmp_path / "farm.yaml"
        file.write_text(SCENARIO + events)
        hypervisor = SimulatedHypervisor("hv1", load_scenario(file), tmp_path)
        context = context_of(hypervisor, tmp_path, tags=("prod",), facts={"site": "lyon"})
        return XenAgent(context, clock=lambda: NOW, patience=0.3)

    return agent


def ask(agent: XenAgent, action: str, **data: Any) -> Any:
    """As the server does it: what the DDL refuses never reaches the agent."""
    assert DDL.validate(action, data) is None
    return agent.call(action, data, "cert=balancer")


def report(agent: XenAgent) -> Report:
    return decode(ask(agent, "report")["report"])


def end_of(agent: XenAgent, order: str) -> Mapping[str, Any]:
    while (state := ask(agent, "order", order=order))["state"] == "under way":
        time.sleep(0.01)
    return state


def test_a_report_is_one_string_with_what_the_configuration_adds(make: Any) -> None:
    told = report(make())
    assert (told.host, told.tags, told.facts) == ("hv1", ("fast", "prod"), {"site": "lyon"})
    assert [vm.name for vm in told.vms] == ["web1", "web2"]


def test_a_migration_is_started_at_once_and_its_end_is_told_by_order_and_report(make: Any) -> None:
    agent = make()
    assert ask(agent, "migrate", **MIGRATE)["state"] in {"under way", "done"}
    ended = end_of(agent, "farm-7-1")
    assert (ended["state"], ended["error"], ended["seconds"] > 0) == ("done", "", True)
    told = report(agent)
    assert [vm.name for vm in told.vms] == ["web2"]
    assert [(order.id, order.state) for order in told.orders] == [("farm-7-1", "done")]


def test_a_failed_migration_tells_the_words_of_the_hypervisor(make: Any) -> None:
    agent = make("  - {round: 1, vm: web1, event: migration-fails}")
    ask(agent, "migrate", **MIGRATE)
    ended = end_of(agent, "farm-7-1")
    assert (ended["state"], ended["error"]) == ("failed", "Failed to send migration data to destination host")


def test_an_order_that_is_repeated_only_tells_how_it_stands(make: Any) -> None:
    agent = make()
    ask(agent, "migrate", **MIGRATE)
    end_of(agent, "farm-7-1")
    assert ask(agent, "migrate", **MIGRATE)["state"] == "done"
    assert len(report(agent).orders) == 1


def test_an_order_that_nobody_gave_is_unknown(make: Any) -> None:
    assert ask(make(), "order", order="farm-7-9") == {"state": "unknown", "error": "", "seconds": 0.0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "hv3"}, "order farm-7-1 refused: it is for hv3, this is hv1"),
        ({"target": "hv1"}, "order farm-7-1 refused: its target is this host itself"),
        ({"valid_until": NOW - 5}, "order farm-7-1 refused: it is 5 s too late; if that is not so, set the clocks"),
        ({"valid_until": float("nan")}, "order farm-7-1 refused: it is nan s too late"),
    ],
)
def test_an_order_that_is_not_for_here_and_now_is_refused_and_nothing_happens(
    make: Any, change: Mapping[str, Any], words: str
) -> None:
    agent = make()
    with pytest.raises(Abort, match=re.escape(words)):
        ask(agent, "migrate", **{**MIGRATE, **change})
    assert report(agent).orders == ()


def test_while_one_is_under_way_there_is_no_room_for_another(make: Any) -> None:
    agent = make("  - {round: 1, vm: web1, event: migration-hangs}")
    ask(agent, "migrate", **MIGRATE)
    assert ask(agent, "order", order="farm-7-1")["state"] == "under way"
    with pytest.raises(Abort, match="order b refused: 1 under way, max_migrations is 1: try again later"):
        ask(agent, "migrate", **{**MIGRATE, "order": "b", "vm": "u2", "name": "web2"})
    with pytest.raises(Abort, match="order c refused: epoch 6 is over"):
        ask(agent, "migrate", **{**MIGRATE, "order": "c", "epoch": 6})


def test_a_hypervisor_that_does_not_answer_aborts_the_action_in_its_words(make: Any) -> None:
    with pytest.raises(Abort, match="hv1 does not answer"):
        ask(make("  - {round: 1, host: hv1, event: silent}"), "report")


class Broken:
    """A driver with a mistake in it."""

    def report(self) -> Report:
        raise HypervisorError("no")

    def migrate(self, migration: Migration) -> None:
        raise ZeroDivisionError(migration.order)

    def start(self, name: str) -> None:
        raise HypervisorError(f"{name} is not defined")

    def destroy(self, name: str) -> None:
        """Succeeds."""


def test_even_a_mistake_in_a_driver_ends_the_order(tmp_path: Path) -> None:
    agent = XenAgent(context_of(Broken(), tmp_path), clock=lambda: NOW)
    ask(agent, "migrate", **MIGRATE)
    assert end_of(agent, "farm-7-1")["error"] == "ZeroDivisionError: farm-7-1"


@pytest.mark.parametrize(
    "uri",
    [
        "xen:///system",
        "xen+ext://hv2/system?command=/tmp/evil",
        "xen+ext://hv2/system",
        "xen+ssh://hv2/system?command=/tmp/evil",
        "xen+ssh://-oProxyCommand=evil/system",
        "xen+unix://hv2/system",
        "xen+ssh://hv2/system\n",
        "hv2",
    ],
)
def test_a_target_uri_that_could_start_programs_or_stays_here_is_refused(uri: str) -> None:
    assert "target_uri" in (DDL.validate("migrate", {**MIGRATE, "target_uri": uri}) or "")


@pytest.mark.parametrize(
    "uri",
    [
        "xen://hv2.example.net/system",
        "xen+tcp://10.0.0.2:16509/system",
        "xen+ssh://balancer@hv2/system",
        "xen+tls://[fd00::2]:16514/system",
        "test+tcp://hv2/default",
    ],
)
def test_a_target_uri_names_transport_and_host(uri: str) -> None:
    assert DDL.validate("migrate", {**MIGRATE, "target_uri": uri, "migration_uri": "tcp://10.1.0.2"}) is None


# -- as in 2010


def test_the_actions_of_2010_answer_with_the_types_of_their_time(make: Any) -> None:
    agent = make()

    assert ask(agent, "echo", msg="hello") == "hello"
    assert (ask(agent, "find", name="web1"), ask(agent, "find", name="web9")) == ("Present", "Absent")
    assert ask(agent, "list") == {"slices": ["Domain-0", "web1", "web2"]}
    stat = ask(agent, "stat")
    assert (stat["slices"], stat["load"], stat["times"]) == (["web1", "web2"], 0.0, {"web1": "0.0", "web2": "0.0"})
    assert isinstance(stat["load"], float)


def test_a_slice_goes_to_the_address_of_its_new_host_and_the_answer_is_the_outcome(make: Any) -> None:
    agent = make()

    assert ask(agent, "migrate", slice="web1", newhost="10.0.0.2") == {"result": True, "state": "done", "error": ""}
    assert ask(agent, "list") == {"slices": ["Domain-0", "web2"]}


def test_a_slice_that_does_not_arrive_is_false_and_the_hypervisor_says_why(make: Any) -> None:
    agent = make("  - {round: 1, vm: web1, event: migration-fails}")

    failed = ask(agent, "migrate", slice="web1", newhost="10.0.0.2")

    assert (failed["result"], failed["error"]) == (False, "Failed to send migration data to destination host")


def test_a_slice_that_takes_longer_than_its_caller_waits_is_neither_true_nor_false(make: Any) -> None:
    agent = make("  - {round: 1, vm: web1, event: migration-hangs}")

    with pytest.raises(StillUnderWayError, match=r"web1 is still under way to 10\.0\.0\.2; order slice-\S+ goes on"):
        ask(agent, "migrate", slice="web1", newhost="10.0.0.2")
    with pytest.raises(Abort, match="1 under way, max_migrations is 1"):
        ask(agent, "migrate", slice="web2", newhost="10.0.0.2")


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ({"slice": "web9", "newhost": "10.0.0.2"}, Abort, "hv1 has no domU named web9"),
        ({"slice": "Domain-0", "newhost": "10.0.0.2"}, Abort, "hv1 has no domU named Domain-0"),
        ({"slice": "web1"}, MissingData, "Action migrate needs a newhost argument"),
        ({"newhost": "10.0.0.2"}, MissingData, "Action migrate needs a slice argument"),
        ({}, MissingData, "Action migrate needs a order argument"),
        ({"order": "o", "vm": "u1"}, MissingData, "Action migrate needs a epoch argument"),
        ({"slice": "web1", "newhost": "10.0.0.2", "order": "o"}, Abort, "slice and newhost stand alone"),
    ],
)
def test_a_migration_is_asked_for_in_one_way_or_the_other(
    make: Any, data: Mapping[str, Any], error: type[Abort], words: str
) -> None:
    agent = make()

    with pytest.raises(error, match=words):
        ask(agent, "migrate", **data)
    assert report(agent).orders == ()


def test_the_uri_of_a_new_host_is_made_as_the_configuration_says(tmp_path: Path) -> None:
    seen: list[Migration] = []

    class Watched(SimulatedHypervisor):
        def migrate(self, migration: Migration) -> None:
            seen.append(migration)

    file = tmp_path / "farm.yaml"
    file.write_text(SCENARIO + "  - {round: 1000, host: hv1, event: silent}")
    hypervisor: Hypervisor = Watched("hv1", load_scenario(file), tmp_path)
    agent = XenAgent(context_of(hypervisor, tmp_path, classic={"transport": "ssh", "user": "xen"}), clock=lambda: NOW)

    ask(agent, "migrate", slice="web1", newhost="10.0.0.2")

    assert [(each.target, each.target_uri, each.vm_uuid) for each in seen] == [
        ("10.0.0.2", "xen+ssh://xen@10.0.0.2/system", "u1")
    ]


def test_create_and_destroy_say_whether_and_domain_0_is_nobodys_to_destroy(tmp_path: Path) -> None:
    agent = XenAgent(context_of(Broken(), tmp_path))

    assert ask(agent, "create", name="web1") == {"result": False}
    assert ask(agent, "destroy", name="web1") == {"result": True}
    with pytest.raises(Abort, match="Domain-0 is the host itself"):
        ask(agent, "destroy", name="Domain-0")

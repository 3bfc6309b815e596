"""The agent's actions, on a simulated host."""

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import encode

from agents.hypervisor import Guest
from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.shared_farm import FILE, SimulatedHypervisor
from agents.mcollective.ddl import Abort, InvalidData, MissingData
from agents.plugins.xenagent import DDL, StillUnderWayError, XenAgent
from agents.report import Report, decode
from tests import movers
from tests.agents.plugins.drivers import Idle
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
def make(tmp_path: Path) -> Iterator[Any]:
    """Makes the agent of a host of one farm, as it is when it starts; on the same farm again unless told otherwise."""

    def agent(events: str = "", host: str = "hv1", patience: float = 60.0, **settings: Any) -> XenAgent:
        file = tmp_path / "farm.yaml"
        if events or not file.exists():
            file.write_text(SCENARIO + (events or "  - {round: 1000, host: hv1, event: silent}"))
        hypervisor = SimulatedHypervisor(host, load_scenario(file), tmp_path)
        driver = {"driver": "simulated", "simulated": {"scenario": str(file), "directory": str(tmp_path)}}
        own = tmp_path / host
        own.mkdir(exist_ok=True)
        wire = {"identity": host, **settings.pop("wire", {})}
        context = context_of(hypervisor, own, wire, tags=("prod",), facts={"site": "lyon"}, **driver, **settings)
        return XenAgent(context, clock=lambda: NOW, patience=patience)

    with movers.none_left(tmp_path):
        yield agent


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


def test_of_the_hosts_other_facts_a_report_has_those_that_the_configuration_lets_it_tell(
    make: Any, tmp_path: Path
) -> None:
    (tmp_path / "facts.yaml").write_text(
        f"rack: a\nsite: paris\nrole: db\nwidth: 19\nnotes: {'x' * 201}\nnetworks: [br0]\n"
    )
    wanted = ["rack", "site", "width", "notes", "networks", "nobody", "architecture"]
    told = report(make(wire={"facts": [str(tmp_path / "facts.yaml")]}, reported_facts=wanted)).facts
    assert set(told) == {"rack", "site", "width", "architecture"}
    assert (told["rack"], told["site"], told["width"]) == ("a", "paris", "19")


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


def test_an_agent_that_was_started_anew_still_knows_what_it_was_told(make: Any) -> None:
    ask(make(), "migrate", **MIGRATE)
    assert end_of(make(), "farm-7-1")["state"] == "done"
    assert ask(make(), "migrate", **MIGRATE)["state"] == "done"
    assert (report(make()).epoch, len(report(make()).orders)) == (7, 1)
    with pytest.raises(Abort, match="order b refused: epoch 6 is over"):
        ask(make(), "migrate", **{**MIGRATE, "order": "b", "epoch": 6, "vm": "u2", "name": "web2"})


def test_an_order_that_nobody_gave_is_unknown(make: Any) -> None:
    assert ask(make(), "order", order="farm-7-9") == {"state": "unknown"}


def test_an_order_tells_which_vm_goes_where_and_since_when(make: Any) -> None:
    agent = make()
    ask(agent, "migrate", **MIGRATE)
    told = ask(agent, "order", order="farm-7-1")
    assert (told["vm"], told["target"], told["age"] >= told["seconds"] >= 0) == ("web1", "hv2", True)


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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vm": "u9"}, "no domain with matching uuid 'u9'"),
        ({"domain_id": 77}, "domain 'web1' has the id 1 by now, not 77"),
    ],
)
def test_what_stands_against_a_departure_is_told_and_nothing_happens(
    make: Any, change: Mapping[str, Any], words: str
) -> None:
    agent = make()
    with pytest.raises(Abort, match=f"order farm-7-1 refused: .*{words}"):
        ask(agent, "migrate", **{**MIGRATE, **change})
    assert report(agent).orders == ()


def test_a_domain_id_that_cannot_be_one_is_refused(make: Any) -> None:
    with pytest.raises(InvalidData, match="domain_id is a number from -1 to 2147483647"):
        ask(make(), "migrate", **{**MIGRATE, "domain_id": 2**70})


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


# -- the target's part

ADMIT: Mapping[str, Any] = {"order": "farm-7-1", "epoch": 7, "valid_until": NOW + 20, "expires": 600}


def admit(agent: XenAgent, memory: float, uuid: str = "u1", **change: Any) -> list[str]:
    guest = encode(Guest(uuid, f"name of {uuid}", memory)).decode()
    obstacles: list[str] = ask(agent, "admit", **{**ADMIT, "guest": guest, **change})["obstacles"]
    return obstacles


def test_memory_is_promised_once_and_the_next_agent_keeps_the_promise(make: Any) -> None:
    assert admit(make(host="hv2"), 5000) == []
    assert admit(make(host="hv2"), 5000) == []
    assert admit(make(host="hv2"), 5000, "u2", order="farm-7-2") == [
        "hv2 has 3192 MiB free, 'name of u2' needs 5000",
    ]
    assert admit(make(host="hv2"), 3192, "u2", order="farm-7-2") == []


def test_what_has_arrived_needs_its_promise_no_more(make: Any) -> None:
    assert admit(make(host="hv2"), 64) == []
    ask(make(), "migrate", **MIGRATE)
    assert end_of(make(), "farm-7-1")["state"] == "done"
    assert admit(make(host="hv2"), 8192 - 64, "u2", order="farm-7-2") == []


def test_who_arrives_paused_waits_to_be_taken_over(make: Any) -> None:
    target = make(host="hv2")
    assert admit(target, 64) == []
    ask(make(), "migrate", **MIGRATE, hand_over=True)
    assert end_of(make(), "farm-7-1")["state"] == "done"
    assert [vm.state for vm in report(target).vms] == ["paused"]
    ask(target, "take_over", order="farm-7-1", epoch=7, vm="u1")
    assert [vm.state for vm in report(make(host="hv2")).vms] == ["running"]
    with pytest.raises(Abort, match="domain 'web1' did not arrive on hv2 to be taken over"):
        ask(target, "take_over", order="farm-7-1", epoch=7, vm="u1")


def test_who_was_never_let_in_is_not_taken_over(make: Any) -> None:
    with pytest.raises(Abort, match="order farm-7-1 refused: this host never let u1 in by it"):
        ask(make(), "take_over", order="farm-7-1", epoch=7, vm="u1")


def test_an_older_epoch_lets_nobody_in_and_takes_nobody_over(make: Any) -> None:
    agent = make(host="hv2")
    admit(agent, 64)
    with pytest.raises(Abort, match="epoch 6 is over"):
        admit(agent, 64, epoch=6)
    with pytest.raises(Abort, match="epoch 6 is over"):
        ask(agent, "take_over", order="farm-7-1", epoch=6, vm="u1")
    assert report(agent).epoch == 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"guest": "{}"}, "guest: Object missing required field `uuid`"),
        ({"guest": "{" * 900 + "}"}, "guest: "),
        ({"guest": '{"uuid": "u1", "name": "web1", "memory_mb": -1}'}, "memory_mb above 0"),
        ({"guest": '{"uuid": "", "name": "web1", "memory_mb": 1}'}, "it has a uuid"),
        ({"expires": 0}, "expires is a number of seconds above 0, at most 86400"),
        ({"expires": float("nan")}, "expires is a number of seconds"),
        ({"valid_until": NOW - 5}, "order farm-7-1 refused: it is 5 s too late"),
    ],
)
def test_a_guest_that_cannot_be_understood_or_is_late_is_not_looked_at(
    make: Any, change: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(Abort, match=words):
        admit(make(), 64, **change)


def test_it_is_told_which_libvirts_can_be_reached_from_here_and_why_others_cannot(make: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        open_port, closed = there.getsockname()[1], nobody.getsockname()[1]
        uris = [f"xen+tcp://127.0.0.1:{port}/system" for port in (open_port, closed)]
        assert ask(make(), "reach", uris=encode(uris).decode()) == {
            "reached": {uris[0]: "", uris[1]: f"127.0.0.1:{closed} cannot be reached: Connection refused"}
        }


@pytest.mark.parametrize(
    ("uris", "words"),
    [
        (["xen+tcp://hv2/system", "xen:///system"], "uris: xen:///system is no URI of another libvirt"),
        (["xen+ssh://hv2/system?command=evil"], "is no URI of another libvirt"),
        ([1], "uris: Expected `str`, got `int`"),
        (["xen://hv2/system"] * 2001, "uris: 2000 at most"),
    ],
)
def test_nothing_else_is_connected_to(make: Any, uris: Any, words: str) -> None:
    with pytest.raises(InvalidData, match=words):
        ask(make(), "reach", uris=encode(uris).decode())


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
    agent = make("  - {round: 1, vm: web1, event: migration-hangs}", patience=0.3)

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


def test_the_uri_of_a_new_host_is_made_as_the_configuration_says(make: Any, tmp_path: Path) -> None:
    agent = make("  - {round: 1, vm: web1, event: migration-fails}", classic={"transport": "ssh", "user": "xen"})

    ask(agent, "migrate", slice="web1", newhost="10.0.0.2")

    (told,) = report(agent).orders
    (migration,) = [json.loads(line)["migration"] for line in (tmp_path / FILE).read_text().splitlines()[1:]]
    assert (told.vm, told.target, told.id.startswith("slice-")) == ("web1", "10.0.0.2", True)
    assert (migration["target_uri"], migration["vm_uuid"]) == ("xen+ssh://xen@10.0.0.2/system", "u1")


class Defined(Idle):
    """A host on which nothing can be started, and whatever runs be stopped."""

    def destroy(self, name: str) -> None:
        """Succeeds."""


def test_create_and_destroy_say_whether_and_domain_0_is_nobodys_to_destroy(tmp_path: Path) -> None:
    agent = XenAgent(context_of(Defined(), tmp_path))

    assert ask(agent, "create", name="web1") == {"result": False}
    assert ask(agent, "destroy", name="web1") == {"result": True}
    with pytest.raises(Abort, match="Domain-0 is the host itself"):
        ask(agent, "destroy", name="Domain-0")

"""What a host tells of itself, with the types that stock commands expect."""

import os
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.ddl import Abort, InvalidData, render_ddl
from agents.mcollective.selection.data import DataError
from agents.mcollective.serializers import Symbol
from agents.plugins.rpcutil import DDL, ITEMS, create
from tests.agents.mcollective.oracle import STOCK, ruby
from tests.agents.plugins.drivers import Idle
from tests.contexts import context_of


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    (tmp_path / "classes").write_text("xen\n")
    wire = {"collectives": ["lyon"], "classes": tmp_path / "classes"}
    context = context_of(Idle(), tmp_path, wire, facts={"site": "lyon"})
    (tmp_path / "agents").mkdir()
    for name in ("rpcutil", "discovery"):
        (tmp_path / "agents" / f"{name}.py").write_text(f"from agents.plugins.{name} import create\n")
    context.roster.load(context)
    agent = create(context)

    def ask(action: str, **data: Any) -> Any:
        assert DDL.validate(action, data) is None
        return agent.call(action, data, "cert=admin")

    return ask


def test_the_inventory_has_all_that_mco_prints(asked: Any) -> None:
    told = asked("inventory")

    assert sorted(told["agents"]) == ["discovery", "rpcutil"]
    assert (told["classes"], told["facts"]["site"], told["version"]) == (["xen"], "lyon", "2.12.5")
    assert (told["main_collective"], told["collectives"]) == ("mcollective", ["mcollective", "lyon"])
    assert "fact_data" in told["data_plugins"]


def test_facts_are_told_by_name_and_those_that_are_not_known_are_nil(asked: Any) -> None:
    assert asked("get_fact", fact="site") == {"fact": "site", "value": "lyon"}
    assert asked("get_fact", fact="nosuch") == {"fact": "nosuch", "value": None}
    assert asked("get_facts", facts="site, nosuch") == {"values": {"site": "lyon", "nosuch": None}}


def test_the_daemon_tells_what_it_has_counted(asked: Any, tmp_path: Path) -> None:
    told = asked("daemon_stats")

    assert (told["pid"], told["total"], told["configfile"]) == (os.getpid(), 0, str(tmp_path / "agent.yaml"))
    assert list(told["times"]) == [Symbol(name) for name in ("utime", "stime", "cutime", "cstime")]
    assert set(told) == {output.name for output in DDL.actions[4].outputs}


def test_every_agent_is_described(asked: Any) -> None:
    discovery, rpcutil = asked("agent_inventory")["agents"]

    assert (discovery[Symbol("agent")], discovery[Symbol("timeout")]) == ("discovery", 5)
    assert (rpcutil[Symbol("name")], rpcutil[Symbol("license")]) == ("rpcutil", "Apache-2.0")


@pytest.mark.parametrize(
    ("item", "value"),
    [("identity", "hv1"), ("main_collective", "mcollective"), ("connector", "Activemq"), ("securityprovider", "Psk")],
)
def test_a_setting_is_told_under_mcollectives_name(asked: Any, item: str, value: str) -> None:
    assert asked("get_config_item", item=item) == {"item": item, "value": value}


@pytest.mark.parametrize("item", ["nosuch", "plugin.psk", "psk", "brokers", "pluginconf"])
def test_no_secret_is_told_and_nothing_unknown(asked: Any, item: str) -> None:
    with pytest.raises(Abort, match=f"Unknown config property {item}"):
        asked("get_config_item", item=item)


def test_every_setting_that_may_be_told_can_be(asked: Any) -> None:
    assert [asked("get_config_item", item=item)["item"] for item in ITEMS] == list(ITEMS)


def test_a_data_plugin_answers_as_it_does_in_filters(asked: Any, tmp_path: Path) -> None:
    assert asked("get_data", source="fstat", query=str(tmp_path / "classes"))["present"] == 1
    with pytest.raises(InvalidData):
        asked("get_data", source="fstat")
    with pytest.raises(DataError, match="No plugin nosuch_data defined"):
        asked("get_data", source="nosuch", query="x")


def test_a_ping_tells_the_hosts_time(asked: Any) -> None:
    assert isinstance(asked("ping")["pong"], int)
    assert asked("collective_info")["main_collective"] == "mcollective"


@pytest.mark.ruby
def test_it_can_be_asked_what_rubys_own_can_and_is_summed_up_the_same(tmp_path: Path) -> None:
    stock = (STOCK / "mcollective" / "agent" / "rpcutil.ddl").read_text()

    rubys, ours = ruby(tmp_path, "ddl", [stock, render_ddl(DDL)])

    assert rubys["get_fact"]["aggregates"]
    assert ours == rubys

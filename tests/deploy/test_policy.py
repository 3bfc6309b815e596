"""The agents' example policies: the balancer may do its work, operators may look, and nobody else anything."""

from pathlib import Path

import pytest

from agents.mcollective.authorization.doubts import doubts
from agents.mcollective.authorization.policy import authorize
from agents.mcollective.authorization.text import read_file
from agents.mcollective.ddl import Ddl
from agents.mcollective.settings import ActionPolicy
from agents.plugins import controller, process, rpcutil, xenagent
from tests.nodes import ToldNode

POLICIES = Path(__file__).parents[2] / "deploy" / "examples" / "policies"
DDLS = {plugin.DDL.agent: plugin.DDL for plugin in (controller, process, rpcutil, xenagent)}
NODE = ToldNode(agents=DDLS)
BALANCER, OPERATOR, STRANGER = "cert=balancer-public", "cert=operator-public", "cert=john-public"
CALLERS = (BALANCER, OPERATOR, STRANGER, "cert=balancer", "cert=balancer-public2", "cert=server-public", "uid=0", "")

MAY = {
    ("controller", "daemon_stats"): {OPERATOR},
    ("controller", "reload_agent"): {OPERATOR},
    ("controller", "reload_agents"): {OPERATOR},
    ("process", "list"): {OPERATOR},
    ("process", "kill"): set(),
    ("process", "pkill"): set(),
    ("rpcutil", "get_config_item"): {OPERATOR},
    ("rpcutil", "get_data"): {OPERATOR},
    ("rpcutil", "agent_inventory"): set(CALLERS),
    ("rpcutil", "collective_info"): set(CALLERS),
    ("rpcutil", "daemon_stats"): set(CALLERS),
    ("rpcutil", "get_fact"): set(CALLERS),
    ("rpcutil", "get_facts"): set(CALLERS),
    ("rpcutil", "inventory"): set(CALLERS),
    ("rpcutil", "ping"): set(CALLERS),
    ("xenagent", "report"): {BALANCER, OPERATOR},
    ("xenagent", "migrate"): {BALANCER},
    ("xenagent", "order"): {BALANCER, OPERATOR},
    ("xenagent", "admit"): {BALANCER},
    ("xenagent", "take_over"): {BALANCER},
    ("xenagent", "reach"): {BALANCER},
    ("xenagent", "echo"): {OPERATOR},
    ("xenagent", "find"): {OPERATOR},
    ("xenagent", "list"): {OPERATOR},
    ("xenagent", "stat"): {OPERATOR},
    ("xenagent", "create"): set(),
    ("xenagent", "destroy"): set(),
}


def who_may(agent: str, action: str) -> set[str]:
    settings = ActionPolicy(directory=POLICIES)
    return {caller for caller in CALLERS if authorize(settings, agent, caller, action, NODE).allowed}


@pytest.mark.parametrize(("agent", "action"), MAY)
def test_an_action_is_for_those_it_is_meant_for_and_for_nobody_else(agent: str, action: str) -> None:
    assert who_may(agent, action) == MAY[agent, action]


def test_the_table_names_every_action_of_every_agent() -> None:
    assert set(MAY) == {(ddl.agent, action.name) for ddl in DDLS.values() for action in ddl.actions}


def test_an_action_that_nobody_has_named_is_denied() -> None:
    assert who_may("xenagent", "fence") == set()


@pytest.mark.parametrize("agent", DDLS)
def test_no_example_has_a_mistake_or_a_doubt(agent: str) -> None:
    ddl: Ddl = DDLS[agent]
    reading = read_file(POLICIES / f"{agent}.policy")

    assert reading.findings == ()
    assert doubts(reading, ddl) == ()


def test_every_example_is_the_policy_of_an_agent() -> None:
    assert {path.stem for path in POLICIES.glob("*.policy")} == set(DDLS)

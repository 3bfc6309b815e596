"""The agents' example policy: the balancer may do its work, and nobody else anything."""

from pathlib import Path

import pytest

from agents.mcollective.policy import load

POLICY = Path(__file__).parents[2] / "deploy" / "examples" / "policies" / "xenagent.policy"


@pytest.mark.parametrize("action", ["report", "migrate", "order"])
def test_the_balancer_may_ask_for_what_it_needs(action: str) -> None:
    assert load(POLICY).allows("cert=balancer-public", action)


@pytest.mark.parametrize("caller", ["cert=balancer", "cert=balancer-public2", "cert=server-public", ""])
def test_nobody_else_may_ask_for_anything(caller: str) -> None:
    assert not load(POLICY).allows(caller, "report")


def test_an_action_that_nobody_named_is_denied() -> None:
    assert not load(POLICY).allows("cert=balancer-public", "fence")

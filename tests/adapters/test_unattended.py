"""Controls without an operator at hand."""

from balancer.adapters.journal_reader import Said
from balancer.adapters.unattended import Unattended
from balancer.core.model import Drained
from tests.farms import rules


def test_the_rules_are_those_given_and_nothing_else_happens() -> None:
    given = rules("rule r\n  when host.cpu > 85%\n  move vm by most cpu\n  to host by least cpu\n")
    controls = Unattended(given)
    assert controls.rules() is given
    assert (controls.paused(), controls.stopping()) == (None, False)


def test_a_pause_that_was_found_holds() -> None:
    assert Unattended(rules("every 30 s\n"), Said("paused by root")).paused() == "paused by root"


def test_a_drain_that_was_found_holds() -> None:
    drained = (Drained("hv7", "alice", 70.0),)
    assert Unattended(rules("every 30 s\n"), Said(drained=drained)).drained() == drained

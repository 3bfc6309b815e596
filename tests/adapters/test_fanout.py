import pytest

from balancer.adapters.fanout import Fanout
from balancer.core.model import OrderState
from balancer.ports import Event, JournalError, OperatorActed, RoundLost, Waiting
from tests.adapters.samples import Memory, changed, decided, decision


def test_the_durable_journal_hears_first() -> None:
    heard: list[str] = []

    class Listener(Memory):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def record(self, event: Event) -> None:
            heard.append(f"{self.name}: {type(event).__name__}")

    Fanout(Listener("durable"), Listener("metrics"), Listener("terminal")).record(Waiting(30.0))
    assert heard == ["durable: Waiting", "metrics: Waiting", "terminal: Waiting"]


@pytest.mark.parametrize(
    "event",
    [changed(OrderState.INTENT), decided(decision()), OperatorActed("root", "resume")],
    ids=["order", "round", "resume"],
)
def test_what_could_not_be_written_down_has_not_happened(event: Event) -> None:
    durable, terminal = Memory(), Memory()
    durable.failure = "disk full"
    with pytest.raises(JournalError, match="disk full"):
        Fanout(durable, terminal).record(event)
    assert terminal.events == []


@pytest.mark.parametrize("event", [RoundLost(3, "nothing is ordered: disk full"), OperatorActed("root", "pause")])
def test_trouble_is_told_even_where_it_cannot_be_written_down(event: Event) -> None:
    durable, terminal = Memory(), Memory()
    durable.failure = "disk full"
    with pytest.raises(JournalError, match="disk full"):
        Fanout(durable, terminal).record(event)
    assert terminal.events == [event]

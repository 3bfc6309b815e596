from io import StringIO

import pytest

from balancer.adapters.terminal import Terminal
from balancer.core.model import Journey, OrderState
from balancer.ports import (
    Event,
    MovedByOthers,
    OperatorActed,
    OrderChanged,
    OrderHeld,
    RoundLost,
    RulesRead,
    StrangerSeen,
    Waiting,
)
from tests.adapters.samples import changed, decided, decision, host, move, order, streak, vm

WHY = move().why


class Screen(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def told(*events: Event) -> str:
    stream = StringIO()
    with Terminal(stream) as terminal:
        for event in events:
            terminal.record(event)
    return stream.getvalue()


def test_a_run_reads_like_this() -> None:
    hot = (host("hv1", busy=0.8), host("hv2", busy=2.0), host("hv3", busy=7.44))
    assert told(
        RulesRead("default.rules", None),
        decided(decision(11, hosts=hot, vms=(), streaks=(streak("hv3", 2),), sentence="no action: hv3 in trouble")),
        Waiting(30.0),
        decided(decision(12, hosts=hot, vms=(), moves=(move("web1", "hv3", "hv1"),), sentence="move web1 to hv1")),
        changed(OrderState.INTENT),
        changed(OrderState.UNDER_WAY),
        OrderHeld("web2", "hv3", "hv2", "limit 1 at once per host: 1 already"),
        Waiting(30.0),
        changed(OrderState.DONE),
        RoundLost(13, "the broker does not answer"),
    ) == (
        "rules in force: default.rules\n"
        "round 11  3/3 hosts  busy max 93% mean 43%  hv3 hot for 2  — no action: hv3 in trouble\n"
        "round 12  3/3 hosts  busy max 93% mean 43%  — move web1 to hv1\n"
        f"ordered test3 from hypervisor3 to hypervisor2: {WHY}\n"
        "held web2 from hv3 to hv2: limit 1 at once per host: 1 already\n"
        f"moved test3 from hypervisor3 to hypervisor2: {WHY}\n"
        "round 13  lost: the broker does not answer\n"
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (changed(OrderState.DONE), f"moved test3 from hypervisor3 to hypervisor2: {WHY}\n"),
        (changed(OrderState.DONE, "dry-run"), f"would move test3 from hypervisor3 to hypervisor2: {WHY}\n"),
        (changed(OrderState.INTENT), ""),
        (changed(OrderState.INTENT, "dry-run"), ""),
        (
            changed(OrderState.FAILED, detail="no memory"),
            "failed to move test3 from hypervisor3 to hypervisor2: no memory\n",
        ),
        (
            changed(OrderState.IN_DOUBT, detail="no answer"),
            "in doubt: test3 from hypervisor3 to hypervisor2: no answer\n",
        ),
        (OperatorActed("root", "pause", "power works"), "pause by root: power works\n"),
        (OperatorActed("root", "resume"), "resume by root\n"),
        (
            MovedByOthers(Journey("web1", "uuid-web1", "hv1", "hv2", 60.0)),
            "moved by others: web1 from hv1 to hv2; it rests\n",
        ),
        (
            StrangerSeen("hv1", "b-1-3-1", "uuid-web1"),
            "a second balancer is at work: hv1 has its order b-1-3-1; stop one of the two\n",
        ),
    ],
)
def test_every_outcome_has_its_line(event: Event, line: str) -> None:
    assert told(event) == line


def test_broken_rules_are_shown_with_their_place() -> None:
    problem = "farm.rules:2:31: syntax: “runds”\n    2 |   for 3 runds\n      |         ^^^^^ did you mean rounds?"
    assert told(RulesRead("farm.rules", problem)) == (
        f"{problem}\nrules not read: farm.rules cannot be run with; the last good rules stay in force\n"
    )


def test_who_is_in_trouble_is_told_for_four_hosts_and_counted_for_all() -> None:
    names = ("hv1", "hv2", "hv3", "hv4", "hv5", "hv6")
    streaks = tuple(streak(name, rounds) for rounds, name in enumerate(names, 1))
    line = told(decided(decision(hosts=tuple(map(host, names)), vms=(), streaks=streaks)))
    assert "hv6 hot for 6  hv5 hot for 5  hv4 hot for 4  hv3 hot for 3  and 2 more  —" in line


def test_before_two_samples_nobody_knows_how_busy_the_farm_is() -> None:
    assert "busy unknown" in told(decided(decision(hosts=(host("hv1", busy=None),), vms=())))


def test_refused_messages_are_told_once_per_kind_and_minute() -> None:
    rounds = [decided(decision(number, vms=()), refused={"signature": 2}) for number in range(1, 5)]
    refusals = [line for line in told(*rounds).splitlines() if line.startswith("refused")]
    assert refusals == ["refused 2 messages: signature", "refused 4 messages: signature"]


def test_nothing_a_report_carries_reaches_the_terminal_unescaped() -> None:
    evil = order(OrderState.DONE, of=move("web\x1b]0;gotcha\x07\nmoved all", "hv1", "hv2"))
    line = told(OrderChanged(evil))
    assert "\x1b" not in line
    assert line.count("\n") == 1


def test_long_lines_stay_whole_in_a_pipe() -> None:
    line = told(RoundLost(1, "x" * 500))
    assert line == f"round 1  lost: {'x' * 500}\n"


def test_markup_in_names_is_only_text() -> None:
    assert told(RoundLost(1, "[bold]hv1[/bold]")) == "round 1  lost: [bold]hv1[/bold]\n"


def test_a_terminal_has_colour_and_a_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Screen()
    with Terminal(screen) as terminal:
        terminal.record(decided(decision(3, vms=(vm("a", "hypervisor2"),))))
        terminal.record(changed(OrderState.DONE))
        terminal.record(Waiting(30.0))
    assert "\x1b[32mmoved test3" in screen.getvalue()
    assert "round 4 in 30 s" in screen.getvalue()

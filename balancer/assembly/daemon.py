"""The loop on the real farm, until it is told to stop."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TextIO

from agents.mcollective.client import Client, FabricError
from agents.version import version
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.clock import SystemClock
from balancer.adapters.control import listening
from balancer.adapters.desk import ControlDesk, StatusBoard, commands
from balancer.adapters.discovery import finding
from balancer.adapters.fanout import Fanout
from balancer.adapters.journal import open_journal
from balancer.adapters.metrics import Metrics
from balancer.adapters.rule_file import RuleFile
from balancer.assembly.memory import interval_of, keep_of, mindful, recalled, settings_of
from balancer.assembly.tables import DIALECTS, MODES, OUTPUTS, Reach, Telling
from balancer.config import Configuration
from balancer.installation import DEFAULT, shipped
from balancer.loop import Loop, Pace
from balancer.ports import Ports
from dsl.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class DaemonWish:
    """What the operator wants of the daemon; None is the configuration's own."""

    mode: str | None = None
    interval: float | None = None
    output: str = "text"


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that is ready to run: its loop, what ends and reloads it, and the URL of its metrics."""

    loop: Loop
    mode: str
    rules: RuleFile
    stop: Callable[[], None]
    metrics: str


@contextmanager
def daemon(configuration: Configuration, wish: DaemonWish, stream: TextIO) -> Iterator[Daemon]:
    """The loop on the real farm. Holds the state directory's lock, the socket, the metrics' port and the broker.

    A broker that is not there is waited for: until it comes, rounds are lost.
    """
    clock = SystemClock()
    mode = wish.mode or configuration.mode
    with ExitStack() as stack:
        journal = stack.enter_context(open_journal(configuration.state, clock.now, keep_of(configuration)))
        said, per_vm = journal.said(), configuration.metrics.per_vm
        orders = journal.last_state(clock.now(), 0.0).orders
        metrics = Metrics(version(), clock.now, is_paused=said.paused is not None, per_vm=per_vm, orders=orders)
        board = StatusBoard(mode, orders)
        telling = Telling(_reached(configuration), lambda: rules.in_force)
        fanout = Fanout(journal, metrics, board, OUTPUTS[wish.output](stack, stream, telling))
        rules = RuleFile(
            configuration.rules or shipped(DEFAULT), LANGUAGE, fanout, partial(_too_short, configuration, wish)
        )
        pace = _pace(configuration, wish)
        desk = ControlDesk(rules, fanout, clock.now, said)
        stack.enter_context(listening(configuration.state, commands(desk, board)))
        address = stack.enter_context(metrics.serve(configuration.metrics.listen))
        client = stack.enter_context(closing(Client(configuration.mcollective)))
        with suppress(FabricError):
            client.connect()
        before = recalled(journal, clock.now(), interval_of(pace, rules.in_force))
        found = stack.enter_context(finding(configuration))
        farm = DIALECTS[configuration.dialect](Reach(client, configuration, clock.now, before.discovered, found))
        ports = Ports(clock, MODES[mode](farm), fanout, desk)
        settings = settings_of(journal, configuration, mode, configuration.warm_up)
        url = f"http://{address}/metrics"
        state = mindful(before.state, configuration)
        yield Daemon(Loop(ports, settings, pace, state), mode, rules, _both(desk.stop, clock.wake), url)


def _pace(configuration: Configuration, wish: DaemonWish) -> Pace:
    return Pace(wish.interval or configuration.interval)


def _too_short(configuration: Configuration, wish: DaemonWish, rules: Ruleset) -> str | None:
    """What stands against a round of this length."""
    interval, deadline = interval_of(_pace(configuration, wish), rules), configuration.deadline
    if deadline < interval:
        return None
    return (
        f"a round of {interval:g} s is too short for a deadline of {deadline:g} s: "
        f"set “deadline” in the configuration to less, or choose a longer interval"
    )


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        first()
        second()

    return call


def _reached(configuration: Configuration) -> Mapping[str, str]:
    return {host.name: host.address or host.name for host in configuration.inventory}

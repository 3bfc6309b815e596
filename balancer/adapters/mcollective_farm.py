"""A farm port over MCollective: the agent `xenagent` on every host of the inventory.

Rule: one question a round, to all, ended by the last answer or the deadline. A report counts for the host whose answer
carried it and for no other. An order goes to its source alone.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from agents.mcollective.client import Client, Replies
from agents.mcollective.message import Result
from agents.report import Report, ReportError, decode
from balancer.config import Configuration, HostEntry
from balancer.core.model import Gathering, Order
from balancer.ports import FarmError, Progress

AGENT: Final = "xenagent"
VALID: Final = 20.0
"""Seconds an order may be on its way; then its agent refuses it."""
ANSWER: Final = 5.0
"""Seconds an agent has to answer about an order."""


class McollectiveFarm:
    """The hosts of the configuration. `clock` tells seconds since the epoch."""

    def __init__(self, client: Client, configuration: Configuration, clock: Callable[[], float]) -> None:
        self._client = client
        self._hosts: Mapping[str, HostEntry] = {host.name: host for host in configuration.inventory}
        self._migration = configuration.migration
        self._deadline = configuration.deadline
        self._clock = clock

    def observe(self, round_number: int) -> Gathering:  # noqa: ARG002  (the port's)
        """Ask every host for its report."""
        replies = self._ask("report", {}, tuple(self._hosts), self._deadline)
        refused = Counter(replies.refused)
        reports = []
        for host, result in sorted(replies.by_host.items()):
            report = self._report(host, result, refused)
            if host in replies.conflicting:
                refused["conflicting answers"] += 1
            elif report is not None:
                reports.append(report)
        answered = {report.host for report in reports}
        expected = (host.name for host in self._hosts.values() if not host.maintenance or host.name in answered)
        return Gathering(tuple(reports), tuple(expected), dict(refused))

    def migrate(self, order: Order) -> Progress:
        """Hand the order to its source's agent."""
        replies = self._ask("migrate", self._inputs(order), (order.move.source,), ANSWER)
        return _progress(order, replies)

    def progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        """Ask each source how the order stands."""
        asked = ((order, self._ask("order", {"order": order.id}, (order.move.source,), ANSWER)) for order in orders)
        return [_progress(order, replies) for order, replies in asked if order.move.source in replies.by_host]

    def _ask(self, action: str, data: Mapping[str, Any], hosts: Sequence[str], timeout: float) -> Replies:
        if not self._client.connected:
            raise FarmError("no broker is connected; see that it runs and that mcollective.brokers names it")
        return self._client.call(AGENT, action, data, hosts, timeout)

    def _inputs(self, order: Order) -> dict[str, Any]:
        move, target = order.move, self._hosts[order.move.target]
        data_uri = self._migration.data_uri(target)
        return {
            "order": order.id, "epoch": order.epoch, "vm": move.uuid, "name": move.vm, "source": move.source,
            "target": move.target, "target_uri": self._migration.uri(target), "valid_until": self._clock() + VALID,
            **({"migration_uri": data_uri} if data_uri else {}),
        }  # fmt: skip

    def _report(self, host: str, result: Result, refused: Counter[str]) -> Report | None:
        """The report in an answer, with the host's own maintenance flag or ours; None where it cannot be used."""
        if result.status != 0:
            refused["agent failed"] += 1
            return None
        try:
            report = decode(result.data["report"])
        except (ReportError, KeyError, TypeError):
            refused["unreadable report"] += 1
            return None
        if report.host != host:
            refused["another host's report"] += 1
            return None
        return replace(report, maintenance=report.maintenance or self._hosts[host].maintenance)


def _progress(order: Order, replies: Replies) -> Progress:
    result = replies.by_host.get(order.move.source)
    if result is None or order.move.source in replies.conflicting:
        return Progress(order.id, "unknown", f"{order.move.source} did not answer")
    if result.status != 0:
        return Progress(order.id, "failed", result.text)
    state, error = result.data.get("state"), result.data.get("error")
    return Progress(order.id, str(state), str(error or ""))

"""A farm port over MCollective: the agent `xenagent` on every host of the inventory.

Rule: one question a round, to all, ended by the last answer or the deadline. A report counts for the host whose answer
carried it and for no other. An order goes to its source alone.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from agents.mcollective.client import Client, FabricError, Replies
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import OK, UNKNOWN_ERROR, Result
from agents.report import Report, ReportError, decode
from balancer.config import Configuration, HostEntry
from balancer.core.model import Gathering, Order
from balancer.ports import FarmError, Progress

AGENT: Final = "xenagent"
VALID: Final = 20.0
"""Seconds an order may be on its way; then its agent refuses it."""
ANSWER: Final = 5.0
"""Seconds an agent has to answer about an order."""
ALL_FROM: Final = 100
"""From so many hosts on every agent is asked: a filter that names each would outweigh the question a hundred times."""
TOLD: Final = ("under way", "done", "failed")
"""What an agent may say of an order and be believed; anything else is as good as no answer."""

_LOGGER: Final = logging.getLogger(__name__)


class McollectiveFarm:
    """The hosts of the configuration. `clock` tells seconds since the epoch."""

    def __init__(self, client: Client, configuration: Configuration, clock: Callable[[], float]) -> None:
        self._client = client
        self._hosts: Mapping[str, HostEntry] = {host.name: host for host in configuration.inventory}
        self._migration = configuration.migration
        self._deadline = configuration.deadline
        self._clock = clock
        self._log = RateLimitedLog(_LOGGER)

    def observe(self, round_number: int) -> Gathering:  # noqa: ARG002  (the port's)
        """Ask every host for its report."""
        to_all = len(self._hosts) >= ALL_FROM
        replies = self._ask("report", {}, tuple(self._hosts), self._deadline, broadcast=to_all)
        refused = Counter(replies.refused)
        reports = []
        for host, result in sorted(replies.by_host.items()):
            try:
                reports.append(self._report(host, result, is_alone=host not in replies.conflicting))
            except MessageError as error:
                refused[error.reason] += 1
                self._log.say(error.reason, error.message)
        answered = {report.host for report in reports}
        expected = (host.name for host in self._hosts.values() if not host.maintenance or host.name in answered)
        return Gathering(tuple(reports), tuple(expected), dict(refused))

    def migrate(self, order: Order) -> Progress:
        """Hand the order to its source's agent, which refuses before anything has happened, or never."""
        result = self._answer(order, "migrate", self._inputs(order))
        if result is None:
            return Progress(order.id, "unknown", f"{order.move.source} did not answer")
        if result.status == OK:
            return _progress(order, result)
        return Progress(order.id, "unknown" if result.status == UNKNOWN_ERROR else "failed", result.text)

    def progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        """Ask each source how its orders stand, a silent one once; not to say that is not to say that it failed."""
        silent: set[str] = set()
        told = []
        for order in orders:
            source = order.move.source
            result = None if source in silent else self._answer(order, "order", {"order": order.id})
            if result is None:
                silent.add(source)
            elif result.status == OK:
                told.append(_progress(order, result))
        return told

    def _answer(self, order: Order, action: str, data: Mapping[str, Any]) -> Result | None:
        """What the order's source says, once and without contradicting itself."""
        source = order.move.source
        replies = self._ask(action, data, (source,), ANSWER)
        return None if source in replies.conflicting else replies.by_host.get(source)

    def _ask(
        self, action: str, data: Mapping[str, Any], hosts: Sequence[str], timeout: float, *, broadcast: bool = False
    ) -> Replies:
        try:
            return self._client.call(AGENT, action, data, hosts, timeout, broadcast=broadcast)
        except FabricError as error:
            raise FarmError(str(error)) from None

    def _inputs(self, order: Order) -> dict[str, Any]:
        move, target = order.move, self._hosts[order.move.target]
        data_uri = self._migration.data_uri(target)
        return {
            "order": order.id, "epoch": order.epoch, "vm": move.uuid, "name": move.vm, "source": move.source,
            "target": move.target, "target_uri": self._migration.uri(target), "valid_until": self._clock() + VALID,
            **({"migration_uri": data_uri} if data_uri else {}),
        }  # fmt: skip

    def _report(self, host: str, result: Result, *, is_alone: bool) -> Report:
        """The report in an answer, with the host's own maintenance flag or ours; MessageError where there is none."""
        if not is_alone:
            raise MessageError("conflicting answers", f"{host} gave two; none is believed")
        if result.status != OK:
            raise MessageError("agent failed", f"{host}: {result.text}")
        try:
            report = decode(result.data["report"])
        except (ReportError, KeyError, TypeError) as error:
            raise MessageError("unreadable report", f"{host}: {error}") from None
        if report.host != host:
            raise MessageError("another host's report", f"{host} reports for {report.host}")
        return replace(report, maintenance=report.maintenance or self._hosts[host].maintenance)


def _progress(order: Order, result: Result) -> Progress:
    """How the order stands by its source's words."""
    state = result.data.get("state")
    if state not in TOLD:
        return Progress(order.id, "unknown", f"{order.move.source} does not know the order")
    return Progress(order.id, str(state), str(result.data.get("error") or ""))

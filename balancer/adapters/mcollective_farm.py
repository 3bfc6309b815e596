"""A farm port over MCollective: our own agent `xenagent` on every known host.

Rule: one question a round, to all, ended by the last answer or the deadline. An order is shown to its target, which may
refuse it, then goes to its source alone; how it ends is seen in reports. Who is found and takes no part yet is asked
with the others, and its report counts for nobody.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec.json import encode
from msgspec.structs import replace

from agents.mcollective.client import Client
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import OK, UNKNOWN_ERROR, Result
from agents.report import Report, ReportError, decode
from balancer.adapters.answers import Reports, ask, gather
from balancer.adapters.discovery import Found, nobody
from balancer.adapters.guests import guest_of
from balancer.adapters.known_hosts import Heard, KnownHosts
from balancer.config import Configuration, HostEntry
from balancer.core.model import Discovered, Gathering, Order
from balancer.core.orders.verdict import ends
from balancer.ports import Progress

VALID: Final = 20.0
"""Seconds an order may be on its way; then its agent refuses it."""
ANSWER: Final = 15.0
"""Seconds an agent has to answer about an order: it asks its hypervisor first, which may take 10 s."""
LOOK: Final = 5.0
"""Seconds hosts have for a report between two rounds."""
TOLD: Final = ("under way", "done", "failed", "lost")
"""What an agent may say of an order that it has taken."""

_LOGGER: Final = logging.getLogger(__name__)


class McollectiveFarm:
    """The hosts of the configuration, those `discovered` before, and whomever `found` brings.

    `clock` tells seconds since the epoch.
    """

    def __init__(
        self,
        client: Client,
        configuration: Configuration,
        clock: Callable[[], float],
        discovered: Sequence[Discovered] = (),
        found: Found = nobody,
    ) -> None:
        self._client = client
        self._hosts: Mapping[str, HostEntry] = {host.name: host for host in configuration.inventory}
        self._known = known_hosts(configuration, discovered)
        self._found = found
        self._migration = configuration.migration
        self._deadline = configuration.deadline
        self._clock = clock
        self._seen: Mapping[str, Report] = {}
        self._log = RateLimitedLog(_LOGGER)

    def observe(self, round_number: int) -> Gathering:  # noqa: ARG002  (the port's)
        """Ask every known host for its report."""
        known = self._known = self._known.and_found(self._found())
        told = gather(self._client, "report", known.asked, self._deadline, Reports(self._report, self._log))
        reported = {report.host for report in told.reports}
        self._known = known.after(Heard(told.heard, reported, self._clock()))
        self._tell_changes(known)
        members = known.members
        self._seen = {report.host: report for report in told.reports}
        return Gathering(
            tuple(report for report in told.reports if report.host in members),
            known.expected(reported),
            dict(told.refused),
            self._known.discovered,
        )

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """Ask both hosts of each."""
        return gather(self._client, "report", ends(orders), LOOK, Reports(self._report, self._log)).reports

    def examine(self, order: Order) -> Sequence[str]:
        """Show the order to its target's agent, which reserves its memory where it has nothing against it."""
        target = order.move.target
        result = self._answer(target, "admit", self._admission(order))
        if result is None:
            return (f"{target} did not answer",)
        if result.status != OK:
            return (f"{target}: {result.text}",)
        obstacles = result.data.get("obstacles") if isinstance(result.data, Mapping) else None
        if not isinstance(obstacles, list):
            return (f"{target} gave no clear answer",)
        return tuple(f"{target}: {each}" for each in obstacles)

    def migrate(self, order: Order) -> Progress:
        """Hand the order to its source's agent, which refuses before anything has happened, or never."""
        source = order.move.source
        result = self._answer(source, "migrate", self._inputs(order))
        if result is None:
            return Progress(order.id, "unknown", f"{source} did not answer")
        if result.status != OK:
            return Progress(order.id, "unknown" if result.status == UNKNOWN_ERROR else "failed", result.text)
        state = result.data.get("state") if isinstance(result.data, Mapping) else None
        return Progress(order.id, "under way") if state in TOLD else Progress(order.id, "unknown", "no clear answer")

    def take_over(self, order: Order) -> None:
        """Tell the target's agent, and hear why not in the log."""
        move = order.move
        data = {"order": order.id, "epoch": order.epoch, "vm": move.uuid}
        result = self._answer(move.target, "take_over", data)
        if result is not None and result.status != OK:
            self._log.say("take over", f"{move.target} does not let {move.vm} run: {result.text}")

    def _answer(self, host: str, action: str, data: Mapping[str, Any]) -> Result | None:
        """What a host says, once and without contradicting itself."""
        replies = ask(self._client, action, data, (host,), ANSWER)
        return None if host in replies.conflicting else replies.by_host.get(host)

    def _inputs(self, order: Order) -> dict[str, Any]:
        move, target = order.move, self._entry(order.move.target)
        return {
            "order": order.id, "epoch": order.epoch, "vm": move.uuid, "name": move.vm, "domain_id": move.domain_id,
            "source": move.source, "target": move.target, "target_uri": self._migration.uri(target.reached),
            "valid_until": self._clock() + VALID, "hand_over": order.hands_over,
            **({"migration_uri": target.data_uri} if target.data_uri else {}),
        }  # fmt: skip

    def _admission(self, order: Order) -> dict[str, Any]:
        """What the target has to know of the VM."""
        guest = guest_of(order, self._seen.get(order.move.source))
        return {
            "order": order.id, "epoch": order.epoch, "valid_until": self._clock() + VALID, "expires": order.limit,
            "guest": encode(guest).decode(),
        }  # fmt: skip

    def _entry(self, host: str) -> HostEntry:
        """What is configured of a host; of one that was found that is its name."""
        return self._hosts.get(host) or HostEntry(name=host)

    def _report(self, host: str, data: Any) -> Report:
        """The report in an answer, with the host's own maintenance flag or ours; MessageError where there is none."""
        try:
            report = decode(data["report"])
        except (ReportError, KeyError, TypeError) as error:
            raise MessageError("unreadable report", f"{host}: {error}") from None
        if report.host != host:
            raise MessageError("another host's report", f"{host} reports for {report.host}")
        return replace(report, maintenance=True) if self._entry(host).maintenance else report

    def _tell_changes(self, before: KnownHosts) -> None:
        """Who joins the farm or leaves it by itself: a person should be able to read that afterwards."""
        for host in sorted(self._known.members - before.members):
            _LOGGER.warning("%s was found, and takes part from now on", host)
        for host in sorted(before.members - self._known.members):
            _LOGGER.warning("%s has not reported for long; it is forgotten until it is found again", host)


def known_hosts(configuration: Configuration, discovered: Sequence[Discovered]) -> KnownHosts:
    """The hosts to begin with; what was found before counts for as long as hosts are to be found at all."""
    configured = {host.name: host.maintenance for host in configuration.inventory}
    if configuration.discovery is None:
        return KnownHosts(configured)
    strangers = tuple(each for each in discovered if each.name not in configured)
    return KnownHosts(configured, strangers, configuration.discovery.forget)

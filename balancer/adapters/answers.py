"""From a fabric's answers to reports, whatever the dialect.

Rule: a report counts for the host whose answer carried it and for no other. What cannot be used is counted by reason,
and said in the log, and costs the farm that one host's report.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agents.mcollective.client import Client, FabricError, Heard, Replies, pass_by
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import OK, Result
from agents.report import Report
from balancer.config import AGENT
from balancer.ports import FarmError

ALL_FROM: Final = 100
"""From so many hosts on every agent is asked: a filter that names each would outweigh the question a hundred times."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one question brought: reports, hosts by name, and what was refused, by reason; `heard`: whoever answered."""

    reports: tuple[Report, ...]
    refused: Mapping[str, int]
    heard: Collection[str]


class Reports:
    """Reports as they come, so that they are read while others are awaited.

    `read` makes the report of a host's data, or raises MessageError where there is none to be made.
    """

    def __init__(self, read: Callable[[str, Any], Report], log: RateLimitedLog) -> None:
        self._read = read
        self._log = log
        self._usable: dict[str, Report] = {}
        self._refused: Counter[str] = Counter()

    def hear(self, host: str, result: Result) -> None:
        """Take a host's first answer."""
        if result.status != OK:
            self._refuse(MessageError("agent failed", f"{host}: {result.text}"))
            return
        try:
            self._usable[host] = self._read(host, result.data)
        except MessageError as error:
            self._refuse(error)

    def told(self, replies: Replies) -> Told:
        """All of them, once nothing more comes."""
        for host in sorted(replies.conflicting):
            self._usable.pop(host, None)
            self._refuse(MessageError("conflicting answers", f"{host} gave two; none is believed"))
        usable = tuple(report for _, report in sorted(self._usable.items()))
        return Told(usable, self._refused + Counter(replies.refused), replies.by_host.keys())

    def _refuse(self, error: MessageError) -> None:
        self._refused[error.reason] += 1
        self._log.say(error.reason, error.message)


def gather(client: Client, action: str, hosts: Sequence[str], timeout: float, reports: Reports) -> Told:
    """The reports of these hosts that come within `timeout` s; FarmError where nobody can be asked."""
    return reports.told(ask(client, action, {}, hosts, timeout, heard=reports.hear))


def ask(  # noqa: PLR0913 - what a question consists of
    client: Client,
    action: str,
    data: Mapping[str, Any],
    hosts: Sequence[str],
    timeout: float,
    *,
    heard: Heard = pass_by,
) -> Replies:
    """What these hosts' agents answer within `timeout` s; FarmError where nobody can be asked."""
    try:
        return client.call(AGENT, action, data, hosts, timeout, broadcast=len(hosts) >= ALL_FROM, heard=heard)
    except FabricError as error:
        raise FarmError(str(error)) from None

"""From a fabric's answers to reports, whatever the dialect.

Rule: a report counts for the host whose answer carried it and for no other. What cannot be used is counted by reason,
and said in the log, and costs the farm that one host's report.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agents.mcollective.client import Client, FabricError, Replies
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import OK, Result
from agents.report import Report
from balancer.config import AGENT
from balancer.ports import FarmError

ALL_FROM: Final = 100
"""From so many hosts on every agent is asked: a filter that names each would outweigh the question a hundred times."""


def ask(client: Client, action: str, data: Mapping[str, Any], hosts: Sequence[str], timeout: float) -> Replies:
    """What these hosts' agents answer within `timeout` s; FarmError where nobody can be asked."""
    try:
        return client.call(AGENT, action, data, hosts, timeout, broadcast=len(hosts) >= ALL_FROM)
    except FabricError as error:
        raise FarmError(str(error)) from None


def reports(
    replies: Replies, read: Callable[[str, Any], Report], log: RateLimitedLog
) -> tuple[tuple[Report, ...], Counter[str]]:
    """The reports that `read` makes of each host's data, hosts by name, and what was refused, by reason.

    `read` raises MessageError where there is none to be made.
    """
    refused, usable = Counter(replies.refused), []
    for host, result in sorted(replies.by_host.items()):
        try:
            _check(host, result, is_alone=host not in replies.conflicting)
            usable.append(read(host, result.data))
        except MessageError as error:
            refused[error.reason] += 1
            log.say(error.reason, error.message)
    return tuple(usable), refused


def _check(host: str, result: Result, *, is_alone: bool) -> None:
    if not is_alone:
        raise MessageError("conflicting answers", f"{host} gave two; none is believed")
    if result.status != OK:
        raise MessageError("agent failed", f"{host}: {result.text}")

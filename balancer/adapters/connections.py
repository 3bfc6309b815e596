"""Which hosts reach which others' libvirt: each is asked to try all of them.

Rule: they connect and say nothing, so that nobody is disturbed. The URIs are those of a migration.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.json import encode

from agents.mcollective.client import Client
from agents.mcollective.message import OK, Result
from balancer.adapters.answers import ask
from balancer.config import Configuration, HostEntry
from balancer.core.doctor.checkup import Reached

SECONDS: Final = 3.0
"""How long an agent waits for a host that does not answer it; it tries 64 at once."""
AT_ONCE: Final = 64


def connections(client: Client, configuration: Configuration, hosts: Sequence[str]) -> Reached:
    """Whom each of these hosts reaches; one that gives no clear answer is left out. FarmError where nobody is asked."""
    entries = {host.name: host for host in configuration.inventory}
    uris = {host: configuration.migration.uri((entries.get(host) or HostEntry(name=host)).reached) for host in hosts}
    patience = SECONDS * (len(hosts) // AT_ONCE + 1) + configuration.deadline
    replies = ask(client, "reach", {"uris": encode(sorted(uris.values())).decode()}, hosts, patience)
    return {
        host: told
        for host, result in sorted(replies.by_host.items())
        if host not in replies.conflicting and (told := _told(result, uris)) is not None
    }


def _told(result: Result, uris: Mapping[str, str]) -> Mapping[str, str] | None:
    reached = result.data.get("reached") if result.status == OK and isinstance(result.data, Mapping) else None
    if not isinstance(reached, Mapping):
        return None
    return {host: str(reached.get(uri, "it was not tried")) for host, uri in uris.items()}

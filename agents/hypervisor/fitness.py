"""Whether a host is fit for a guest: what it offers, what its CPUs can do, which Xen it runs.

Rule: each objection is one sentence for people. What is unknown at one end only counts as no.
"""

from collections.abc import Collection, Iterator

from agents.hypervisor import Guest
from agents.report import can_do_all, is_as_new, lacking


def unfitness(host: str, offers: Collection[str], cpu: str | None, xen: str | None, guest: Guest) -> Iterator[str]:
    """Why the guest cannot live on the host that offers this, with such CPUs and that version of Xen."""
    if missing := lacking(guest.needs, offers):
        yield f"{host} does not offer {', '.join(missing)}"
    if not can_do_all(guest.cpu, cpu):
        yield f"{host}'s CPUs cannot do all that '{guest.name}' may use: {_lacking_features(guest.cpu, cpu)}"
    if not is_as_new(guest.xen, xen):
        ours, theirs = (known or "an unknown one" for known in (xen, guest.xen))
        yield f"{host} runs Xen {ours}, '{guest.name}' comes from {theirs}"


def _lacking_features(source: str | None, target: str | None) -> str:
    if source is None or target is None:
        return "what they can do is not known at both ends"
    return "they lack " + " ".join(lacking(source.split(), target.split()))

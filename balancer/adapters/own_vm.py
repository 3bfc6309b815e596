"""Which VM the balancer itself runs in, so that it does not send itself away.

Rule: what the kernel says, where this user may read it; on a machine that is no VM it names nothing that any host has.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

PLACES: Final = (Path("/sys/hypervisor/uuid"), Path("/sys/class/dmi/id/product_uuid"))
"""Xen's own word first; the other one only root may read."""


def own_vm(places: Sequence[Path] = PLACES) -> str | None:
    """The uuid of the VM that this is, or None where nobody tells."""
    for place in places:
        try:
            return place.read_text(encoding="ascii").strip().lower() or None
        except (OSError, UnicodeDecodeError):
            continue
    return None

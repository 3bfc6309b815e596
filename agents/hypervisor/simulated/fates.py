"""What may become of a migration: one row each, as two real hosts were seen to do it.

Rule: a fate says when it ends, what the call tells then, and what is left behind at both ends; it does nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from agents.hypervisor.events import EventKind
from agents.hypervisor.simulated.state import (
    FALSELY_PAUSED,
    ORPHAN,
    RUNS,
    STANDS_STILL,
    SUSPENDED,
    Condition,
)

AS_IT_WAS: Final = Condition("as it was")
GONE: Final = Condition("gone")

NOT_SENT: Final = "Failed to send migration data to destination host"
CUT: Final = "internal error: client socket is closed"


@dataclass(frozen=True, slots=True)
class Fate:
    """The end: what the call tells (`words` may name {name} and {uuid}), what the copies at both ends become.

    `after` are its seconds, None as many as the VM's memory takes. Unless it `shows`, the target never hears of it.
    """

    told: Literal["done", "failed", "lost"]
    words: str = ""
    source: Condition = AS_IT_WAS
    target: Condition = GONE
    after: float | None = None
    shows: bool = True


ARRIVES: Final = Fate("done", source=GONE, target=RUNS)

FORETOLD: Final[Mapping[EventKind, Fate]] = {
    "migration-fails": Fate("failed", NOT_SENT),
    "migration-hangs": Fate("failed", after=math.inf),
    "migration-refused": Fate(
        "failed",
        "operation failed: domain '{name}' already exists with uuid 00000000-0000-4000-8000-000000000001",
        source=FALSELY_PAUSED,
        after=0.4,
        shows=False,
    ),
    "migration-orphans": Fate("failed", CUT, target=ORPHAN, after=109.0),
    "migration-lost": Fate("failed", CUT, source=GONE, target=RUNS),
    "migration-doubles": Fate("failed", CUT, target=RUNS),
    "migration-stands": Fate("done", source=GONE, target=STANDS_STILL),
    "migration-suspends": Fate("failed", f"internal error: {NOT_SENT}", source=SUSPENDED),
    "migration-vanishes": Fate("failed", CUT, source=GONE),
    "migration-forgotten": Fate("lost", source=GONE, target=RUNS),
}
"""What an event arms for the next migration. Of a forgotten one nobody waits for the end: it is lost from the start."""

ALREADY_THERE: Final = Fate(
    "failed",
    "Requested operation is not valid: domain '{name}' is already active",
    source=FALSELY_PAUSED,
    after=0.2,
    shows=False,
)
TOO_LITTLE_MEMORY: Final = Fate("failed", f"internal error: {NOT_SENT}", after=15.0)
NEVER_ANSWERED: Final = Fate("failed", after=math.inf, shows=False)
BROKEN_OFF: Final = Fate("failed")
TARGET_KILLED: Final = Fate("failed", CUT, target=ORPHAN)
SOURCE_KILLED: Final = Fate("lost", target=ORPHAN)

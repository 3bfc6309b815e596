"""Each way in which a migration may end: what both hosts report meanwhile and after, and what the call tells."""

import pytest

from agents.hypervisor.simulated.fates import FORETOLD
from tests.agents.hypervisor.playing import TWO, farm, move, transcript

ROWS = {
    "migration-fails": (
        "",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
62 s  hv1: #1 running* (4968)  hv2: empty (7168)
o1: failed after 20 s: Failed to send migration data to destination host
""",
    ),
    "migration-hangs": (
        "",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
3600 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
o1: under way after 3560 s
""",
    ),
    "migration-refused": (
        "{round: 4, host: hv1, event: libvirtd-restart}",
        """
42 s  hv1: #1 falsely paused* (4968)  hv2: empty (7168)
62 s  hv1: #1 falsely paused* (4968)  hv2: empty (7168)
92 s  hv1: #1 running* (4968)  hv2: empty (7168)
o1: failed after 0.4 s: operation failed: domain 'web1' already exists with uuid 00000000-0000-4000-8000-000000000001
""",
    ),
    "migration-orphans": (
        "{round: 7, host: hv2, event: libvirtd-restart}",
        """
148 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
151 s  hv1: #1 running* (4968)  hv2: #1 paused (4968)
182 s  hv1: #1 running* (4968)  hv2: empty (7168)
o1: failed after 109 s: internal error: client socket is closed
""",
    ),
    "migration-lost": (
        "",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
62 s  hv1: empty (7168)  hv2: #1 running* (4968)
o1: failed after 20 s: internal error: client socket is closed
""",
    ),
    "migration-doubles": (
        "{round: 4, vm: web1, host: hv1, event: destroyed}",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
62 s  hv1: #1 running* (4968)  hv2: #1 running* (4968)
92 s  hv1: empty (7168)  hv2: #1 running* (4968)
o1: failed after 20 s: internal error: client socket is closed
""",
    ),
    "migration-stands": (
        "{round: 4, vm: web1, event: resumed}",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
62 s  hv1: empty (7168)  hv2: #1 running (4968)
92 s  hv1: empty (7168)  hv2: #1 running* (4968)
o1: done after 20 s
""",
    ),
    "migration-suspends": (
        "{round: 4, vm: web1, event: resumed}",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
62 s  hv1: #1 paused (4968)  hv2: empty (7168)
92 s  hv1: #1 running* (4968)  hv2: empty (7168)
o1: failed after 20 s: internal error: Failed to send migration data to destination host
""",
    ),
    "migration-vanishes": (
        "{round: 4, vm: web1, event: vm-started}",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
62 s  hv1: empty (7168)  hv2: empty (7168)
92 s  hv1: #2 running* (4968)  hv2: empty (7168)
o1: failed after 20 s: internal error: client socket is closed
""",
    ),
    "migration-forgotten": (
        "",
        """
42 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)
62 s  hv1: empty (7168)  hv2: #1 running* (4968)
o1: lost after 0 s
""",
    ),
}
"""Event -> what ends what it left behind, and the transcript; the migration begins at 40 s."""


@pytest.mark.parametrize("event", ROWS)
def test_a_migration_that_an_event_foretold_ends_as_it_says(event: str) -> None:
    end, text = ROWS[event]
    lines = text.strip().splitlines()
    playing = farm(f"{TWO}events:\n  - {{round: 2, vm: web1, event: {event}}}\n" + (f"  - {end}\n" if end else ""))
    move(playing, "web1", "hv2", now=40)
    assert transcript(playing, *(float(line.split()[0]) for line in lines[:-1])) == lines


def test_every_fate_that_can_be_foretold_has_its_row() -> None:
    assert set(ROWS) == set(FORETOLD)

"""`except KIND` of each statement that may say it, for every kind of move."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from tests.scenarios.words.ground import HOT, NONE, THREE, Row

KINDS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType({
    "repairs": (
        "xen1: a 1 tags=db, b 1 tags=db | xen2: | xen3: c 0.4", 'keep vms tagged "db" apart', "1 a: xen1 -> {}",
    ),
    "drains": ("xen1: a 1 | xen2: | xen3: c 0.4", 'drain host "xen1"', "1 a: xen1 -> {}"),
    "rules": (THREE, HOT, "1 big: xen1 -> {}"),
    "preferences": (
        "xen1: a 1 tags=db, b 1 tags=db | xen2: | xen3: c 0.4", 'prefer vms tagged "db" apart', "1 a: xen1 -> {}",
    ),
    "goal": (
        "xen1: a 1, b 1, c 1 | xen2: | xen3: d 0.4", "balance cpu within 20% by at most 1 moves", "1 a: xen1 -> {}",
    ),
})  # fmt: skip
"""Of each kind of move: a farm, what causes one, and the move, to xen2 where nothing is in the way."""


def excepted() -> Iterator[Row]:
    """`except KIND` of each statement that may say it, beside the same without it."""
    for kind, (farm, base, move) in KINDS.items():
        gone, other = move.format("xen2"), move.format("xen3")
        for word, statement in (("window", "window fri 01:00-02:00 UTC"), ("never", "never move vms")):
            yield Row(f"{word} … except {kind}", farm, f"{base}\n{statement}", f"{base}\n{statement} except {kind}",
                      NONE, gone, rounds=1)  # fmt: skip
        avoid = 'avoid moving vms to host "xen2"'
        yield Row(f"avoid … except {kind}", farm, f"{base}\n{avoid} cost 9", f"{base}\n{avoid} except {kind} cost 9",
                  other, gone, rounds=1)  # fmt: skip


ROWS: Final = tuple(excepted())

"""Walls and wishes: `drain`, `keep`, `prefer`, `never`, `avoid` and `reserve`."""

from typing import Final

from tests.scenarios.words.ground import BIG, EASE, HOT, NONE, OTHER, SMALL, THREE, TWO, Row, instead, with_
from tests.scenarios.words.kinds import KINDS

RACKS: Final = "xen1 tags=rack:a: a 2.4 tags=db, b 1.4 | xen2 tags=rack:b: c 0.2 tags=db | xen3 tags=rack:c: d 0.4"
CLUB: Final = "xen1: big 2.4 tags=db, small 1.4 | xen2: db2 0.1 tags=db | xen3: idle 0.4"
PAIR: Final = "xen1: app 2.4, cache 1.0, x 0.3 | xen2: | xen3: cache2 0.4"


ROWS: Final = (
    # -- drain
    Row("drain", "xen1: a 1 | xen2:", *with_('drain host "xen1"', ""), NONE, "1 a: xen1 -> xen2"),
    Row(
        "drain hosts",
        "xen1 maintenance: a 1 | xen2:",
        *with_("drain hosts where maintenance", ""),
        NONE,
        "1 a: xen1 -> xen2",
    ),
    Row("drain bars arrivals", THREE, *with_('drain host "xen2"'), BIG, OTHER),
    # -- keep, as a wall and as what is mended
    Row("keep … apart", CLUB, *with_('keep vms tagged "db" apart'), BIG, OTHER),
    Row("keep … apart, mended", KINDS["repairs"][0], *with_(KINDS["repairs"][1], ""), NONE, "1 a: xen1 -> xen2"),
    Row("keep at most … per host", CLUB, *with_('keep at most 1 of vms tagged "db" per host'), BIG, OTHER),
    Row(
        "keep at most … per TAGKEY",
        RACKS,
        *with_('keep at most 1 of vms tagged "db" per rack'),
        "1 a: xen1 -> xen2",
        "1 a: xen1 -> xen3",
    ),
    Row(
        "keep at most, mended",
        "xen1 tags=rack:a: a 1 tags=db | xen2 tags=rack:a: b 1 tags=db | xen3 tags=rack:b:",
        *with_('keep at most 1 of vms tagged "db" per rack', ""),
        NONE,
        "1 a: xen1 -> xen3",
    ),
    Row("keep … apart from", CLUB, *with_('keep vm "big" apart from vm "db2"'), BIG, OTHER),
    Row(
        "keep … apart from, mended",
        "xen1: a 1, b 1 | xen2:",
        *with_('keep vm "a" apart from vm "b"', ""),
        NONE,
        "1 a: xen1 -> xen2",
    ),
    Row(
        "keep … together",
        "xen1: a 1.2, b 1.3, c 1.3 | xen2:",
        *with_('keep vms named "a" or named "b" together', EASE),
        "1 b: xen1 -> xen2",
        "1 b: xen1 -> xen2, 1 a: xen1 -> xen2",
        rounds=1,
    ),
    Row(
        "keep … together, mended",
        "xen1: a 1 | xen2: b 1 memory=2GiB",
        *with_("keep vms together", ""),
        NONE,
        "1 a: xen1 -> xen2",
    ),
    Row(
        "keep … with",
        PAIR,
        *with_('keep vm "app" with vms named "cache*"'),
        "1 app: xen1 -> xen2",
        "1 app: xen1 -> xen3",
    ),
    Row(
        "keep … with, mended", "xen1: a 1 | xen2: b 1", *with_('keep vm "a" with vm "b"', ""), NONE, "1 a: xen1 -> xen2"
    ),
    Row("keep … on", THREE, *with_('keep vms on hosts named "xen1" or named "xen3"'), BIG, OTHER),
    Row("keep … on, mended", "xen1: a 1 | xen2:", *with_('keep vms on host "xen2"', ""), NONE, "1 a: xen1 -> xen2"),
    # -- prefer: a choice among equals, a cause of moves, a price
    Row("prefer … apart", CLUB, *with_('prefer vms tagged "db" apart'), BIG, OTHER),
    Row(
        "prefer at most … per TAGKEY",
        RACKS,
        *with_('prefer at most 1 of vms tagged "db" per rack'),
        "1 a: xen1 -> xen2",
        "1 a: xen1 -> xen3",
    ),
    Row("prefer … apart from", CLUB, *with_('prefer vm "big" apart from vm "db2"'), BIG, OTHER),
    Row("prefer … together", CLUB, *with_('prefer vms named "big" or named "idle" together'), BIG, OTHER),
    Row(
        "prefer … with",
        PAIR,
        *with_('prefer vm "app" with vms named "cache*"'),
        "1 app: xen1 -> xen2",
        "1 app: xen1 -> xen3",
    ),
    Row("prefer … on", THREE, *with_('prefer vms on host "xen3"'), BIG, OTHER, rounds=1),
    Row(
        "prefer, for its own sake",
        KINDS["preferences"][0],
        *with_(KINDS["preferences"][1], ""),
        NONE,
        "1 a: xen1 -> xen2",
    ),
    Row(
        "prefer … cost",
        THREE,
        *with_(" cost 3", f'{HOT}\nprefer vm "big" on host "xen2" cost 2\nprefer vm "big" on host "xen3"'),
        BIG,
        OTHER,
        rounds=1,
    ),
    # -- never
    Row("never", TWO, *with_('never move vm "big"'), BIG, SMALL),
    Row("never … from", TWO, *with_('never move vms from host "xen1"'), BIG, NONE),
    Row("never … to", THREE, *with_('never move vms to host "xen2"'), BIG, OTHER),
    Row("never … during", TWO, *with_('never move vm "big" during mon 00:00-23:00 UTC'), BIG, SMALL),
    # -- avoid
    Row("avoid", TWO, *with_('avoid moving vm "big"'), BIG, SMALL),
    Row("avoid … from", THREE, *with_('avoid moving vms from host "xen1" to host "xen2"'), BIG, OTHER),
    Row("avoid … to", THREE, *with_('avoid moving vms to host "xen2"'), BIG, OTHER),
    Row("avoid … during", THREE, *with_('avoid moving vms to host "xen2" during mon 00:00-23:00 UTC'), BIG, OTHER),
    Row(
        "avoid … cost",
        THREE,
        *instead(
            "cost 1", "cost 3", f'{HOT}\navoid moving vms to host "xen2" cost 1\navoid moving vms to host "xen3" cost 2'
        ),
        BIG,
        OTHER,
    ),
    # -- reserve
    Row(
        "reserve",
        "xen1: big 2.4 memory=6GiB, small 1.4 memory=6GiB | xen2 memory=24GiB: x 0.1 memory=11GiB",
        *with_("reserve memory for 1 lost host"),
        BIG,
        NONE,
    ),
)

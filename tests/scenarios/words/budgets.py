"""How much, how often and when, and the two goals."""

from typing import Final

from tests.scenarios.words.ground import BIG, EASE, FAR, FOUR, HOT, NONE, TWO, Row, instead, with_

RESTLESS: Final = "xen1: a 3.6 | xen2: | xen3: b 0.4"
"""Wherever a goes, it makes its host hot."""
SPREAD: Final = "xen1: a 0.4 | xen2: b 0.4 | xen3: c 0.8, d 0.4"
RACK: Final = (
    "xen1 tags=rack:a: a 0.9 | xen2 tags=rack:a: b 0.9, c 0.9 | xen3 tags=rack:b: d 0.9"
    " | xen4 tags=rack:c: | xen5 tags=rack:d: | xen6 tags=rack:e: | xen7 tags=rack:f:"
)
ALL_LEAVE: Final = "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 1 c: xen2 -> xen6, 1 d: xen3 -> xen7"
LEAVE: Final = 'drain hosts tagged "rack:a" or tagged "rack:b"\nlimit 9 at once'
BALANCE: Final = f"{FAR}\nbalance cpu within 5% by at most 9 moves"
PACK: Final = f"{FAR}\npack onto fewest hosts where after.cpu < 70% by at most 9 moves"


ROWS: Final = (
    # -- limit: instead of its default, and in every scope
    Row(
        "limit",
        RACK,
        *with_("limit 9 at once", 'drain hosts tagged "rack:a"'),
        "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 2 c: xen2 -> xen6",
        "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 1 c: xen2 -> xen6",
    ),
    *(
        Row(f"limit {cap}", RACK, *instead("limit 9 at once", f"limit {cap}", LEAVE), ALL_LEAVE, moves, rounds=2)
        for cap, moves in {
            "1 at once": "1 a: xen1 -> xen4, 2 b: xen2 -> xen5",
            "3 at once": "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 1 c: xen2 -> xen6, 2 d: xen3 -> xen7",
            "1 at once per host": "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 1 d: xen3 -> xen7, 2 c: xen2 -> xen6",
            "1 at once per rack": "1 a: xen1 -> xen4, 1 d: xen3 -> xen7, 2 b: xen2 -> xen5",
            "1 per round, 9 at once": "1 a: xen1 -> xen4, 2 b: xen2 -> xen5",
            "1 per round per host, 9 at once": (
                "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 1 d: xen3 -> xen7, 2 c: xen2 -> xen6"
            ),
            "1 per round per rack, 9 at once": "1 a: xen1 -> xen4, 1 d: xen3 -> xen7, 2 b: xen2 -> xen5",
        }.items()
    ),
    *(
        Row(
            f"limit {cap}",
            RACK,
            *instead("limit 9 at once", f"limit {cap}", f"{LEAVE}\nevery 20 min"),
            ALL_LEAVE,
            moves,
            rounds=4,
        )
        for cap, moves in {
            "1 per hour, 9 at once": "1 a: xen1 -> xen4, 4 b: xen2 -> xen5",
            "1 per hour per host, 9 at once": (
                "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 1 d: xen3 -> xen7, 4 c: xen2 -> xen6"
            ),
            "1 per hour per rack, 9 at once": "1 a: xen1 -> xen4, 1 d: xen3 -> xen7, 4 b: xen2 -> xen5",
            "1 per day, 9 at once": "1 a: xen1 -> xen4",
            "1 per day per host, 9 at once": "1 a: xen1 -> xen4, 1 b: xen2 -> xen5, 1 d: xen3 -> xen7",
            "1 per day per rack, 9 at once": "1 a: xen1 -> xen4, 1 d: xen3 -> xen7",
        }.items()
    ),
    # -- rest
    Row(
        "rest",
        RESTLESS,
        *with_("rest host 0 s"),
        "1 a: xen1 -> xen2",
        "1 a: xen1 -> xen2, 2 a: xen2 -> xen1, 3 a: xen1 -> xen2",
        rounds=3,
    ),
    Row(
        "rest vm",
        RESTLESS,
        *instead("rest vm 0 s", "rest vm 10 min", EASE),
        "1 a: xen1 -> xen2, 2 a: xen2 -> xen1, 3 a: xen1 -> xen2, 4 a: xen2 -> xen1",
        "1 a: xen1 -> xen2",
        rounds=4,
    ),
    Row(
        "rest host",
        FOUR,
        *instead("rest vm 0 s", "rest host 10 min", EASE),
        "1 a: xen1 -> xen2, 4 b: xen1 -> xen3",
        "1 a: xen1 -> xen2",
        rounds=6,
        series={"b.cpu": "1.0x2 2.4"},
    ),
    Row(
        "rest no return within",
        RESTLESS,
        *instead("rest vm 0 s", "rest no return within 10 min", EASE),
        "1 a: xen1 -> xen2, 2 a: xen2 -> xen1, 3 a: xen1 -> xen2, 4 a: xen2 -> xen1",
        "1 a: xen1 -> xen2, 2 a: xen2 -> xen3, 3 b: xen3 -> xen1",
        rounds=4,
    ),
    # -- window
    Row("window", TWO, *with_("window tue 00:00-06:00 UTC"), BIG, NONE),
    Row("window … window", TWO, *with_("window mon 00:00-06:00 UTC", f"{HOT}\nwindow tue 00:00-06:00 UTC"), NONE, BIG),
    # -- freeze
    Row("freeze", TWO, *with_("freeze when farm.vms > 1"), BIG, NONE),
    Row(
        "freeze, instead of its default",
        "xen1: big 2.4, small 1.4 | xen2: | xen3:",
        *with_("freeze when reports < 50%"),
        NONE,
        BIG,
        series={"xen3.cpu": "_x9"},
    ),
    # -- goals
    Row(
        "balance cpu",
        FOUR,
        *with_("balance cpu within 5% by at most 9 moves", FAR),
        NONE,
        "1 a: xen1 -> xen2, 1 b: xen1 -> xen3, 1 c: xen1 -> xen4",
    ),
    Row(
        "balance memory",
        FOUR,
        *with_("balance memory within 4% by at most 9 moves", FAR),
        NONE,
        "1 a: xen1 -> xen2, 1 b: xen1 -> xen3, 1 c: xen1 -> xen4",
    ),
    Row(
        "balance load",
        FOUR,
        *with_("balance load within 0.5 by at most 9 moves", FAR),
        NONE,
        "1 a: xen1 -> xen2, 1 b: xen1 -> xen3, 1 c: xen1 -> xen4",
    ),
    Row(
        "balance … within",
        FOUR,
        *instead("within 5%", "within 40%", BALANCE),
        "1 a: xen1 -> xen2, 1 b: xen1 -> xen3, 1 c: xen1 -> xen4",
        "1 a: xen1 -> xen2, 1 b: xen1 -> xen3",
    ),
    Row(
        "balance … by at most",
        FOUR,
        *instead("most 9", "most 1", BALANCE),
        "1 a: xen1 -> xen2, 1 b: xen1 -> xen3, 1 c: xen1 -> xen4",
        "1 a: xen1 -> xen2, 2 b: xen1 -> xen3",
    ),
    Row(
        "balance … each gaining",
        "xen1: a 1.0, b 0.2 | xen2: | xen3:",
        *instead("9 moves", "9 moves, each gaining 10%", f"{FAR}\nbalance cpu within 1% by at most 9 moves"),
        "1 a: xen1 -> xen2",
        NONE,
    ),
    Row(
        "pack",
        SPREAD,
        *with_("pack onto fewest hosts where after.cpu < 70% by at most 9 moves", FAR),
        NONE,
        "1 a: xen1 -> xen3, 1 b: xen2 -> xen3",
    ),
    Row("pack … where", SPREAD, *instead("70%", "20%", PACK), "1 a: xen1 -> xen3, 1 b: xen2 -> xen3", NONE),
    Row(
        "pack … where … where",
        SPREAD,
        *instead("70%", "70% where after.vms < 2", PACK),
        "1 a: xen1 -> xen3, 1 b: xen2 -> xen3",
        NONE,
    ),
    Row(
        "pack … by at most",
        SPREAD,
        *instead("most 9", "most 1", PACK),
        "1 a: xen1 -> xen3, 1 b: xen2 -> xen3",
        "1 a: xen1 -> xen3, 2 b: xen2 -> xen3",
    ),
)

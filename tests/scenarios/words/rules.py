"""`rule` with its clauses, what its tests and sums may name, and `every`."""

from typing import Final

from tests.scenarios.words.ground import BIG, EASE, HOT, LONG, NONE, OTHER, SMALL, THREE, TWO, Row, instead, with_

CLUB: Final = "xen1: big 2.4 tags=db, small 1.4 | xen2: db2 0.1 tags=db | xen3: idle 0.4"
RESTLESS: Final = "xen1: a 3.6 | xen2: | xen3: b 0.4"
"""Wherever a goes, it makes its host hot."""


ROWS: Final = (
    # -- rule, and its clauses
    Row("rule", TWO, "", HOT, NONE, BIG),
    Row("when … for N rounds", TWO, *instead("85%", "85% for 2 rounds"), BIG, "2 big: xen1 -> xen2"),
    Row("when … for TIME", TWO, *instead("85%", "85% for 1 min"), BIG, "3 big: xen1 -> xen2", rounds=3),
    Row("when … for … and TEST", TWO, *instead("85%", "85% for 1 rounds and host.vms > 2"), BIG, NONE),
    Row("move … by least", TWO, *instead("most cpu", "least cpu"), BIG, SMALL),
    Row(
        "move … by X, Y",
        "xen1: a 1.8, b 1.8 memory=2GiB | xen2:",
        *instead("most cpu", "most vcpus, most memory"),
        "1 a: xen1 -> xen2",
        "1 b: xen1 -> xen2",
    ),
    Row("move … where", TWO, *instead("most cpu", "most cpu where cpu < 2"), BIG, SMALL),
    Row("to … by most", THREE, *instead("by least cpu", "by most cpu"), BIG, OTHER),
    Row(
        "to … by X, Y",
        "xen1: big 2.4, small 1.4 | xen2 cores=4: | xen3 cores=8:",
        *instead("by least cpu", "by least cpu, most cores"),
        BIG,
        OTHER,
    ),
    Row("to … where", THREE, *instead("by least cpu", "by least cpu where vms > 0"), BIG, OTHER),
    Row(
        "until",
        "xen1: a 1.3, b 1.3, c 1.2 | xen2: | xen3:",
        f"{HOT}\nlimit 9 at once",
        f"{HOT} until source.cpu < 40%\nlimit 9 at once",
        "1 a: xen1 -> xen2",
        "1 a: xen1 -> xen2, 1 b: xen1 -> xen3",
        rounds=1,
    ),
    # -- names and tests
    Row("host.", TWO, *instead("host.cpu > 85%", "host.cpu > 85% and host.vms > 2"), BIG, NONE),
    Row(
        "source.",
        "xen1 cores=8: big 5.0 vcpus=8, small 2.4 | xen2 cores=16: | xen3 cores=4:",
        *instead("by least cpu", "by most cpu, least cores where cores <= source.cores"),
        "1 big: xen1 -> xen2",
        "1 big: xen1 -> xen3",
    ),
    Row(
        "after.",
        "xen1: big 2.4, small 1.4 | xen2: | xen3 cores=16: idle 0.4",
        *instead("by least cpu", "by least cpu where after.cpu < 50%"),
        BIG,
        OTHER,
    ),
    Row("vm.", TWO, *instead("by least cpu", "by least cpu where vm.cpu < 2"), BIG, SMALL),
    Row("farm.", TWO, *instead("85%", "85% and farm.hosts > 2"), BIG, NONE),
    Row(
        "facts.",
        "xen1: big 2.4, small 1.4 | xen2: | xen3 facts=row:7: idle 0.4",
        *instead("by least cpu", 'by least cpu where facts.row == "7"'),
        BIG,
        OTHER,
    ),
    Row("tagged", CLUB, *instead("most cpu", 'most cpu where not tagged "db"'), BIG, SMALL),
    Row("named", TWO, *instead("most cpu", 'most cpu where named "s*"'), BIG, SMALL),
    Row(
        "let … in",
        TWO,
        HOT,
        f'let chosen = vms named "s*"\n{HOT.replace("most cpu", "most cpu where in chosen")}',
        BIG,
        SMALL,
    ),
    Row("source", CLUB, *instead("by least cpu", 'by least cpu where source tagged "old"'), BIG, NONE),
    Row("not", TWO, *instead("most cpu", 'most cpu where not named "b*"'), BIG, SMALL),
    Row("and", TWO, *instead("most cpu", 'most cpu where named "*" and cpu < 2'), BIG, SMALL),
    Row(
        "or",
        TWO,
        *instead('named "x"', 'named "x" or cpu < 2', HOT.replace("most cpu", 'most cpu where named "x"')),
        NONE,
        SMALL,
    ),
    # -- every
    Row(
        "every",
        TWO,
        *with_("every 60 s", HOT.replace("85%", "85% for 1 min")),
        "3 big: xen1 -> xen2",
        "2 big: xen1 -> xen2",
        rounds=3,
    ),
    # -- what is counted over time
    *(
        Row(
            f"{function}(…)",
            TWO,
            *instead("host.cpu", f"{function}(host.cpu, 2 min)"),
            "5 big: xen1 -> xen2",
            NONE,
            rounds=8,
            series={"big.cpu": "1.4x3 2.5x1 1.4x1 2.5x3"},
        )
        for function in ("avg", "min", "p50")
    ),
    *(
        Row(
            f"{function}(…)",
            TWO,
            *instead("host.cpu", f"{function}(host.cpu, 2 min)", LONG),
            NONE,
            "6 big: xen1 -> xen2",
            rounds=9,
            series={"big.cpu": "1.4 2.5 1.4 2.5 1.4 2.5 1.4 2.5 1.4 2.5"},
        )
        for function in ("max", "p90", "p95", "p99")
    ),
    Row(
        "sum(…)",
        RESTLESS,
        *with_("freeze when sum(moves, 1 h) >= 1", EASE),
        "1 a: xen1 -> xen2, 2 a: xen2 -> xen1, 3 a: xen1 -> xen2, 4 a: xen2 -> xen1",
        "1 a: xen1 -> xen2",
        rounds=4,
    ),
)

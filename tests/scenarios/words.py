"""Every word of the language beside a small farm on which it makes the difference: statement -> scenario.

Rule: a row is two rule files that differ by what the row is about, and all moves that each of them causes, told as
`ROUND VM: SOURCE -> TARGET`. A farm is told as `xen1 cores=8: web1 2.0 memory=2GiB, web2 1 | xen2:`, each VM with the
CPUs that it keeps busy; hosts have 4 cores and 16 GiB, VMs 4 vCPUs and 1 GiB unless they say otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

LISTS: Final = frozenset({"tags"})
NUMBERS: Final = frozenset({"cores", "vcpus"})
TRUTHS: Final = frozenset({"maintenance", "passthrough"})


@dataclass(frozen=True, slots=True)
class Row:
    """What it is about; a farm; the file without it and with it; the moves of either. `series` are a test file's."""

    word: str
    farm: str
    without: str
    within: str
    moves_without: tuple[str, ...]
    moves_within: tuple[str, ...]
    rounds: int = 2
    series: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()


def ground(row: Row) -> dict[str, Any]:
    """The row's farm and series as a test file has them."""
    hosts: dict[str, Any] = {}
    vms: dict[str, Any] = {}
    series = dict(row.series)
    for part in row.farm.split("|"):
        words, _, guests = part.partition(": ") if ": " in part else part.rstrip().rstrip(":").partition(": ")
        host, *figures = words.split()
        hosts[host] = {"cores": 4, "memory": "16GiB", **_figures(figures)}
        for guest in filter(str.strip, guests.split(",")):
            name, cpu, *more = guest.split()
            vms[name] = {"host": host, "vcpus": 4, "memory": "1GiB", **_figures(more)}
            series.setdefault(f"{name}.cpu", cpu)
    return {"hosts": hosts, "vms": vms, "series": series}


def _figures(words: list[str]) -> dict[str, Any]:
    return dict(map(_figure, words))


def _figure(word: str) -> tuple[str, Any]:
    key, _, value = word.partition("=")
    if key in LISTS:
        return key, value.split("+")
    if key in TRUTHS:
        return key, True
    if key == "facts":
        return key, dict([value.split(":")])
    return key, float(value) if key in NUMBERS else value


# -- what most rows start from ----------------------------------------------------------------------------------------

HOT: Final = "rule hot when host.cpu > 85% move vm by most cpu to host by least cpu"
LONG: Final = HOT.replace("85%", "85% for 3 rounds")
TWO: Final = "xen1: big 2.4, small 1.4 | xen2:"
THREE: Final = "xen1: big 2.4, small 1.4 | xen2: | xen3: idle 0.4"
BIG: Final = ("1 big: xen1 -> xen2",)
OTHER: Final = ("1 big: xen1 -> xen3",)
SMALL: Final = ("1 small: xen1 -> xen2",)
NONE: Final = ()


def with_(statement: str, base: str = HOT) -> tuple[str, str]:
    """A file, and the same with one statement more, or with a blank in front one clause more."""
    return base, f"{base}{statement}" if statement.startswith(" ") else f"{base}\n{statement}"


def instead(part: str, other: str, base: str = HOT) -> tuple[str, str]:
    """A file, and the same with other words in one place."""
    assert part in base
    return base, base.replace(part, other)


# -- the kinds of move ------------------------------------------------------------------------------------------------

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
        gone, other = (move.format("xen2"),), (move.format("xen3"),)
        for word, statement in (("window", "window fri 01:00-02:00 UTC"), ("never", "never move vms")):
            yield Row(f"{word} … except {kind}", farm, f"{base}\n{statement}", f"{base}\n{statement} except {kind}",
                      NONE, gone, rounds=1)  # fmt: skip
        avoid = 'avoid moving vms to host "xen2" '
        yield Row(f"avoid … except {kind}", farm, f"{base}\n{avoid} cost 9", f"{base}\n{avoid} except {kind} cost 9",
                  other, gone, rounds=1)  # fmt: skip


# -- the table --------------------------------------------------------------------------------------------------------

RACKS: Final = "xen1 tags=rack:a: a 2.4 tags=db, b 1.4 | xen2 tags=rack:b: c 0.2 tags=db | xen3 tags=rack:c: d 0.4"
CLUB: Final = "xen1: big 2.4 tags=db, small 1.4 | xen2: db2 0.1 tags=db | xen3: idle 0.4"
PAIR: Final = "xen1: app 2.4, cache 1.0, x 0.3 | xen2: | xen3: cache2 0.4"
FOUR: Final = "xen1 tags=rack:a: a 1.0, b 1.0, c 1.0, d 0.8 | xen2 tags=rack:a: | xen3 tags=rack:b: | xen4 tags=rack:b:"
RESTLESS: Final = "xen1: a 3.6 | xen2: | xen3: b 0.4"
"""Wherever a goes, it makes its host hot."""
SPREAD: Final = "xen1: a 0.4 | xen2: b 0.4 | xen3: c 0.8, d 0.4"
RACK: Final = (
    "xen1 tags=rack:a: a 0.9 | xen2 tags=rack:a: b 0.9, c 0.9 | xen3 tags=rack:b: d 0.9"
    " | xen4 tags=rack:c: | xen5 tags=rack:d: | xen6 tags=rack:e: | xen7 tags=rack:f:"
)
ALL_LEAVE: Final = ("1 a: xen1 -> xen4", "1 b: xen2 -> xen5", "1 c: xen2 -> xen6", "1 d: xen3 -> xen7")
LEAVE: Final = 'drain hosts tagged "rack:a" or tagged "rack:b"\nlimit 9 at once'
EASE: Final = f"{HOT}\nlimit 9 at once\nrest vm 0 s"
FAR: Final = "limit 9 at once"
BALANCE: Final = f"{FAR}\nbalance cpu within 5% by at most 9 moves"
PACK: Final = f"{FAR}\npack onto fewest hosts where after.cpu < 70% by at most 9 moves"


ROWS: Final = (
    # -- rule, and its clauses
    Row("rule", TWO, "", HOT, NONE, BIG),
    Row("when … for N rounds", TWO, *instead("85%", "85% for 2 rounds"), BIG, ("2 big: xen1 -> xen2",)),
    Row("when … for TIME", TWO, *instead("85%", "85% for 1 min"), BIG, ("3 big: xen1 -> xen2",), rounds=3),
    Row("when … for … and TEST", TWO, *instead("85%", "85% for 1 rounds and host.vms > 2"), BIG, NONE),
    Row("move … by least", TWO, *instead("most cpu", "least cpu"), BIG, SMALL),
    Row(
        "move … by X, Y",
        "xen1: a 1.8, b 1.8 memory=2GiB | xen2:",
        *instead("most cpu", "most vcpus, most memory"),
        ("1 a: xen1 -> xen2",),
        ("1 b: xen1 -> xen2",),
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
        ("1 a: xen1 -> xen2",),
        ("1 a: xen1 -> xen2", "1 b: xen1 -> xen3"),
        rounds=1,
    ),
    # -- names and tests
    Row("host.", TWO, *instead("host.cpu > 85%", "host.cpu > 85% and host.vms > 2"), BIG, NONE),
    Row(
        "source.",
        "xen1 cores=8: big 5.0 vcpus=8, small 2.4 | xen2 cores=16: | xen3 cores=4:",
        *instead("by least cpu", "by most cpu, least cores where cores <= source.cores"),
        ("1 big: xen1 -> xen2",),
        ("1 big: xen1 -> xen3",),
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
    # -- drain
    Row("drain", "xen1: a 1 | xen2:", *with_('drain host "xen1"', ""), NONE, ("1 a: xen1 -> xen2",)),
    Row(
        "drain hosts",
        "xen1 maintenance: a 1 | xen2:",
        *with_("drain hosts where maintenance", ""),
        NONE,
        ("1 a: xen1 -> xen2",),
    ),
    Row("drain bars arrivals", THREE, *with_('drain host "xen2"'), BIG, OTHER),
    # -- keep, as a wall and as what is mended
    Row("keep … apart", CLUB, *with_('keep vms tagged "db" apart'), BIG, OTHER),
    Row("keep … apart, mended", KINDS["repairs"][0], *with_(KINDS["repairs"][1], ""), NONE, ("1 a: xen1 -> xen2",)),
    Row("keep at most … per host", CLUB, *with_('keep at most 1 of vms tagged "db" per host'), BIG, OTHER),
    Row(
        "keep at most … per TAGKEY",
        RACKS,
        *with_('keep at most 1 of vms tagged "db" per rack'),
        ("1 a: xen1 -> xen2",),
        ("1 a: xen1 -> xen3",),
    ),
    Row(
        "keep at most, mended",
        "xen1 tags=rack:a: a 1 tags=db | xen2 tags=rack:a: b 1 tags=db | xen3 tags=rack:b:",
        *with_('keep at most 1 of vms tagged "db" per rack', ""),
        NONE,
        ("1 a: xen1 -> xen3",),
    ),
    Row("keep … apart from", CLUB, *with_('keep vm "big" apart from vm "db2"'), BIG, OTHER),
    Row(
        "keep … apart from, mended",
        "xen1: a 1, b 1 | xen2:",
        *with_('keep vm "a" apart from vm "b"', ""),
        NONE,
        ("1 a: xen1 -> xen2",),
    ),
    Row(
        "keep … together",
        "xen1: a 1.2, b 1.3, c 1.3 | xen2:",
        *with_('keep vms named "a" or named "b" together', EASE),
        ("1 b: xen1 -> xen2",),
        ("1 c: xen1 -> xen2",),
        rounds=1,
    ),
    Row(
        "keep … together, mended",
        "xen1: a 1 | xen2: b 1 memory=2GiB",
        *with_("keep vms together", ""),
        NONE,
        ("1 a: xen1 -> xen2",),
    ),
    Row(
        "keep … with",
        PAIR,
        *with_('keep vm "app" with vms named "cache*"'),
        ("1 app: xen1 -> xen2",),
        ("1 app: xen1 -> xen3",),
    ),
    Row(
        "keep … with, mended",
        "xen1: a 1 | xen2: b 1",
        *with_('keep vm "a" with vm "b"', ""),
        NONE,
        ("1 a: xen1 -> xen2",),
    ),
    Row("keep … on", THREE, *with_('keep vms on hosts named "xen1" or named "xen3"'), BIG, OTHER),
    Row("keep … on, mended", "xen1: a 1 | xen2:", *with_('keep vms on host "xen2"', ""), NONE, ("1 a: xen1 -> xen2",)),
    # -- prefer: a choice among equals, a cause of moves, a price
    Row("prefer … apart", CLUB, *with_('prefer vms tagged "db" apart'), BIG, OTHER),
    Row(
        "prefer at most … per TAGKEY",
        RACKS,
        *with_('prefer at most 1 of vms tagged "db" per rack'),
        ("1 a: xen1 -> xen2",),
        ("1 a: xen1 -> xen3",),
    ),
    Row("prefer … apart from", CLUB, *with_('prefer vm "big" apart from vm "db2"'), BIG, OTHER),
    Row("prefer … together", CLUB, *with_('prefer vms named "big" or named "idle" together'), BIG, OTHER),
    Row(
        "prefer … with",
        PAIR,
        *with_('prefer vm "app" with vms named "cache*"'),
        ("1 app: xen1 -> xen2",),
        ("1 app: xen1 -> xen3",),
    ),
    Row("prefer … on", THREE, *with_('prefer vms on host "xen3"'), BIG, OTHER, rounds=1),
    Row(
        "prefer, for its own sake",
        KINDS["preferences"][0],
        *with_(KINDS["preferences"][1], ""),
        NONE,
        ("1 a: xen1 -> xen2",),
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
    # -- limit: instead of its default, and in every scope
    Row(
        "limit",
        RACK,
        *with_("limit 9 at once", 'drain hosts tagged "rack:a"'),
        ("1 a: xen1 -> xen4", "1 b: xen2 -> xen5", "2 c: xen2 -> xen6"),
        ("1 a: xen1 -> xen4", "1 b: xen2 -> xen5", "1 c: xen2 -> xen6"),
    ),
    *(
        Row(f"limit {cap}", RACK, *instead("limit 9 at once", f"limit {cap}", LEAVE), ALL_LEAVE, moves, rounds=2)
        for cap, moves in {
            "1 at once": ("1 a: xen1 -> xen4", "2 b: xen2 -> xen5"),
            "3 at once": ("1 a: xen1 -> xen4", "1 b: xen2 -> xen5", "1 c: xen2 -> xen6", "2 d: xen3 -> xen7"),
            "1 at once per host": ("1 a: xen1 -> xen4", "1 b: xen2 -> xen5", "1 d: xen3 -> xen7", "2 c: xen2 -> xen6"),
            "1 at once per rack": ("1 a: xen1 -> xen4", "1 d: xen3 -> xen7", "2 b: xen2 -> xen5"),
            "1 per round, 9 at once": ("1 a: xen1 -> xen4", "2 b: xen2 -> xen5"),
            "1 per round per host, 9 at once": (
                "1 a: xen1 -> xen4",
                "1 b: xen2 -> xen5",
                "1 d: xen3 -> xen7",
                "2 c: xen2 -> xen6",
            ),
            "1 per round per rack, 9 at once": ("1 a: xen1 -> xen4", "1 d: xen3 -> xen7", "2 b: xen2 -> xen5"),
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
            "1 per hour, 9 at once": ("1 a: xen1 -> xen4", "4 b: xen2 -> xen5"),
            "1 per hour per host, 9 at once": (
                "1 a: xen1 -> xen4",
                "1 b: xen2 -> xen5",
                "1 d: xen3 -> xen7",
                "4 c: xen2 -> xen6",
            ),
            "1 per hour per rack, 9 at once": ("1 a: xen1 -> xen4", "1 d: xen3 -> xen7", "4 b: xen2 -> xen5"),
            "1 per day, 9 at once": ("1 a: xen1 -> xen4",),
            "1 per day per host, 9 at once": ("1 a: xen1 -> xen4", "1 b: xen2 -> xen5", "1 d: xen3 -> xen7"),
            "1 per day per rack, 9 at once": ("1 a: xen1 -> xen4", "1 d: xen3 -> xen7"),
        }.items()
    ),
    # -- rest
    Row(
        "rest",
        RESTLESS,
        *with_("rest host 0 s"),
        ("1 a: xen1 -> xen2",),
        ("1 a: xen1 -> xen2", "2 a: xen2 -> xen1", "3 a: xen1 -> xen2"),
        rounds=3,
    ),
    Row(
        "rest vm",
        RESTLESS,
        *instead("rest vm 0 s", "rest vm 10 min", EASE),
        (
            "1 a: xen1 -> xen2",
            "2 a: xen2 -> xen1",
            "3 a: xen1 -> xen2",
            "4 a: xen2 -> xen1",
            "5 a: xen1 -> xen2",
            "6 a: xen2 -> xen1",
        ),
        ("1 a: xen1 -> xen2",),
        rounds=6,
    ),
    Row(
        "rest host",
        FOUR,
        *instead("rest vm 0 s", "rest host 10 min", EASE),
        ("1 a: xen1 -> xen2", "4 b: xen1 -> xen3"),
        ("1 a: xen1 -> xen2",),
        rounds=6,
        series={"b.cpu": "1.0x2 2.4"},
    ),
    Row(
        "rest no return within",
        RESTLESS,
        *instead("rest vm 0 s", "rest no return within 10 min", EASE),
        (
            "1 a: xen1 -> xen2",
            "2 a: xen2 -> xen1",
            "3 a: xen1 -> xen2",
            "4 a: xen2 -> xen1",
            "5 a: xen1 -> xen2",
            "6 a: xen2 -> xen1",
        ),
        ("1 a: xen1 -> xen2", "2 a: xen2 -> xen3", "3 b: xen3 -> xen1"),
        rounds=6,
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
        ("1 a: xen1 -> xen2", "1 b: xen1 -> xen3", "1 c: xen1 -> xen4"),
    ),
    Row(
        "balance memory",
        FOUR,
        *with_("balance memory within 4% by at most 9 moves", FAR),
        NONE,
        ("1 a: xen1 -> xen2", "1 b: xen1 -> xen3", "1 c: xen1 -> xen4"),
    ),
    Row(
        "balance load",
        FOUR,
        *with_("balance load within 0.5 by at most 9 moves", FAR),
        NONE,
        ("1 a: xen1 -> xen2", "1 b: xen1 -> xen3", "1 c: xen1 -> xen4"),
    ),
    Row(
        "balance … within",
        FOUR,
        *instead("within 5%", "within 40%", BALANCE),
        ("1 a: xen1 -> xen2", "1 b: xen1 -> xen3", "1 c: xen1 -> xen4"),
        ("1 a: xen1 -> xen2", "1 b: xen1 -> xen3"),
    ),
    Row(
        "balance … by at most",
        FOUR,
        *instead("most 9", "most 1", BALANCE),
        ("1 a: xen1 -> xen2", "1 b: xen1 -> xen3", "1 c: xen1 -> xen4"),
        ("1 a: xen1 -> xen2", "2 b: xen1 -> xen3"),
    ),
    Row(
        "balance … each gaining",
        "xen1: a 1.0, b 0.2 | xen2: | xen3:",
        *instead("9 moves", "9 moves, each gaining 10%", f"{FAR}\nbalance cpu within 1% by at most 9 moves"),
        ("1 a: xen1 -> xen2",),
        NONE,
    ),
    Row(
        "pack",
        SPREAD,
        *with_("pack onto fewest hosts where after.cpu < 70% by at most 9 moves", FAR),
        NONE,
        ("1 a: xen1 -> xen3", "1 b: xen2 -> xen3"),
    ),
    Row("pack … where", SPREAD, *instead("70%", "20%", PACK), ("1 a: xen1 -> xen3", "1 b: xen2 -> xen3"), NONE),
    Row(
        "pack … where … where",
        SPREAD,
        *instead("70%", "70% where after.vms < 2", PACK),
        ("1 a: xen1 -> xen3", "1 b: xen2 -> xen3"),
        NONE,
    ),
    Row(
        "pack … by at most",
        SPREAD,
        *instead("most 9", "most 1", PACK),
        ("1 a: xen1 -> xen3", "1 b: xen2 -> xen3"),
        ("1 a: xen1 -> xen3", "2 b: xen2 -> xen3"),
    ),
    # -- every
    Row(
        "every",
        TWO,
        *with_("every 60 s", HOT.replace("85%", "85% for 1 min")),
        ("3 big: xen1 -> xen2",),
        ("2 big: xen1 -> xen2",),
        rounds=3,
    ),
    # -- what is counted over time
    *(
        Row(
            f"{function}(…)",
            TWO,
            *instead("host.cpu", f"{function}(host.cpu, 2 min)"),
            ("5 big: xen1 -> xen2",),
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
            ("6 big: xen1 -> xen2",),
            rounds=9,
            series={"big.cpu": "1.4 2.5 1.4 2.5 1.4 2.5 1.4 2.5 1.4 2.5"},
        )
        for function in ("max", "p90", "p95", "p99")
    ),
    Row(
        "sum(…)",
        RESTLESS,
        *with_("freeze when sum(moves, 1 h) >= 1", EASE),
        ("1 a: xen1 -> xen2", "2 a: xen2 -> xen1", "3 a: xen1 -> xen2", "4 a: xen2 -> xen1"),
        ("1 a: xen1 -> xen2",),
        rounds=4,
    ),
    *excepted(),
)
"""In the order of the manual."""

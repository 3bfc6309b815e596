"""What each word of the language does, in one line: the source of the manual's tables and of what an editor shows.

Rule: one row a word. A word that means something else in some statement has a row of that statement, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Entry:
    """A word: how what it begins is written, what that means, an example; `statement` where it means so only there.

    In a shape small words are written as they stand, capitals stand for something, brackets hold what may be left out.
    """

    word: str
    shape: str
    meaning: str
    example: str = ""
    statement: str = ""


STATEMENTS: Final = (
    Entry("every", "every TIME", "the length of a round: 5 s to 1 h, once per file", "every 30 s"),
    Entry("let", "let NAME = SET", "a name for a set, which is worked out anew each round",
          'let db = vms tagged "db" or named "pg-*"'),
    Entry("rule", "rule NAME when … move vm … to host … [until …]",
          "which hosts are in trouble, which VM leaves them, where it goes, and when that is enough",
          "rule relieve\n"
          "  when  host.cpu > 85% for 3 rounds and host.vms > 1\n"
          "  move  vm   by most cpu          where age > 15 min\n"
          '  to    host by least after.cpu   where after.cpu < 65%  as "max load"\n'
          "  until source.cpu < 70%"),
    Entry("drain", "drain HOSTS", "these hosts are emptied, and nothing is put on them", 'drain host "hv7"'),
    Entry("keep", "keep VMS apart | together | with VMS | on HOSTS | at most N of VMS per host/TAGKEY",
          "a wall: no move may break it nor make it worse, and what is broken is mended",
          'keep vms tagged "db" apart'),
    Entry("prefer", "prefer … [cost N]", "any keep as a wish: of several hosts the one with the least cost is taken",
          'prefer vms named "web*" apart cost 2'),
    Entry("never", "never move VMS [from HOSTS] [to HOSTS] [during HOURS] [except KIND, …]",
          "a wall: such a move is never made", 'never move vms tagged "pet" except drains'),
    Entry("avoid", "avoid moving VMS [from HOSTS] [to HOSTS] [during HOURS] [except KIND, …] [cost N]",
          "such a move is made only where nothing cheaper helps", "avoid moving vms where memory > 64 GiB cost 5"),
    Entry("reserve", "reserve memory for N lost hosts",
          "what ran on the N fullest hosts still fits into the free memory of the others",
          "reserve memory for 1 lost host"),
    Entry("limit", "limit N [at once | per round | per hour | per day] [per host/TAGKEY], …",
          "the budget of migrations; a host counts at both ends of a move",
          "limit 2 at once, 1 per host, 20 per hour"),
    Entry("rest", "rest vm TIME, host TIME, no return within TIME",
          "quiet after a move; what is not named is 0, the longest is 30 d",
          "rest vm 15 min, host 5 min, no return within 2 h"),
    Entry("window", "window DAYS HOURS ZONE [except KIND, …]",
          "moves start only inside; several lines add up, and a day owns the night that it begins",
          "window mon-fri 20:00-06:00 Europe/Paris except drains"),
    Entry("freeze", "freeze when TEST", "nothing moves while this holds; several lines add up",
          "freeze when reports < 80%"),
    Entry("balance", "balance cpu/memory/load within AMOUNT by at most N moves[, each gaining AMOUNT]",
          "every host is brought within this of the farm's mean",
          "balance cpu within 5% by at most 10 moves, each gaining 1%"),
    Entry("pack", "pack onto fewest hosts where TEST by at most N moves",
          "hosts are emptied, as many as the others can take in within these limits",
          "pack onto fewest hosts where after.cpu < 70% by at most 4 moves"),
)  # fmt: skip
"""What may stand at the margin."""

CLAUSES: Final = (
    Entry("when", "when TEST [for N rounds | for TIME] [and TEST]", "which hosts are in trouble", statement="rule"),
    Entry("when", "when TEST", "as long as this holds"),
    Entry("for", "TEST for N rounds | for TIME [and TEST]",
          "all to the left must have held for so long; what follows `and` need hold only now", statement="rule"),
    Entry("move", 'move vm by most X | least X, … [where TEST [as "…"]]…',
          "which VM: the first in this order that passes the gates and finds a host", statement="rule"),
    Entry("to", 'to host by most X | least X, … [where TEST [as "…"]]…',
          "which host: the first in this order that passes the gates", statement="rule"),
    Entry("until", "until TEST", "go on, VM after VM, until the source meets this; else one VM per host and round",
          statement="rule"),
    Entry("as", 'where TEST as "…"', "the reason that is told where the gate refuses", statement="rule"),
    Entry("by", "by most X | least X, …", "the order of preference", statement="rule"),
    Entry("apart", "VMS apart [from VMS]", "never two of them on one host, or none beside one of the others"),
    Entry("together", "VMS together", "all of them on one host"),
    Entry("with", "VMS with VMS", "each of the first has at least one of the second on its host"),
    Entry("on", "VMS on HOSTS", "they run there only"),
    Entry("of", "at most N of VMS per host/TAGKEY", "whom the cap counts"),
    Entry("from", "from HOSTS", "only journeys that begin there"),
    Entry("from", "VMS apart from VMS", "no host has one of both", statement="keep"),
    Entry("from", "VMS apart from VMS", "no host has one of both", statement="prefer"),
    Entry("to", "to HOSTS", "only journeys that end there; in its tests `after.`, `source.` and `vm.` may be named"),
    Entry("during", "during DAYS HOURS ZONE", "only in these hours"),
    Entry("except", "except KIND, …", "kinds of move that are made all the same"),
    Entry("cost", "cost N", "what going against this wish weighs"),
    Entry("per", "per host | per TAGKEY", "for each host, or for all hosts with the same value of a tag `KEY:value`"),
    Entry("per", "per round | per hour | per day | per host | per TAGKEY",
          "the time that a budget is for, or whose it is", statement="limit"),
    Entry("at", "at most N", "this many, not more"),
    Entry("at", "at once", "so many migrations under way at the same time", statement="limit"),
    Entry("once", "at once", "so many migrations under way at the same time"),
    Entry("within", "no return within TIME", "how long a VM does not go back to a host that it left", statement="rest"),
    Entry("within", "within AMOUNT", "how far from the mean a host may be"),
    Entry("gaining", "each gaining AMOUNT", "a move is worth it where the busier of its two hosts has so much less"),
)  # fmt: skip
"""What may stand inside of a statement."""

WORDS: Final = (
    Entry("vms", "vms [where TEST]", "all VMs, or those that pass the test"),
    Entry("hosts", "hosts [where TEST]", "all hosts, or those that pass the test"),
    Entry("vm", 'vm "NAME" | vm TEST', "one VM by its own name; before a test: the VM that is moved"),
    Entry("host", 'host "NAME" | host TEST', "one host by its own name; before a test: the host in question"),
    Entry("source", "source TEST", "a test of the host that the VM leaves"),
    Entry("vm.", "vm.NAME", "the VM that is moved"),
    Entry("host.", "host.NAME", "the host in question, of a VM the one that it runs on"),
    Entry("source.", "source.NAME", "the host that the VM leaves, as it is before that"),
    Entry("after.", "after.NAME", "the host as it would be once the VM has arrived"),
    Entry("farm.", "farm.NAME", "all hosts together"),
    Entry("where", 'where TEST [as "…"]', "only those that pass the test"),
    Entry("tagged", 'tagged "GLOB"', "one of its tags is like this: `*` stands for anything, `?` for one character"),
    Entry("named", 'named "GLOB"', "its own name is like this: `*` stands for anything, `?` for one character"),
    Entry("in", "in NAME", "it is one of a set that a `let` named"),
    Entry("most", "most X", "the largest first"),
    Entry("least", "least X", "the smallest first"),
    Entry("not", "not TEST", "the test fails; binds closest, then `and`, then `or`"),
    Entry("and", "TEST and TEST", "both hold; binds closer than `or`"),
    Entry("or", "TEST or TEST", "one of them holds, or both"),
    Entry("avg", "avg(X, TIME)", "the mean of the reports in this time"),
    Entry("max", "max(X, TIME)", "the largest of the reports in this time"),
    Entry("min", "min(X, TIME)", "the smallest of the reports in this time"),
    Entry("sum", "sum(X, TIME)", "the sum of the reports in this time"),
    Entry("p50", "p50(X, TIME)", "half of the reports in this time are at most this"),
    Entry("p90", "p90(X, TIME)", "nine in ten of the reports in this time are at most this"),
    Entry("p95", "p95(X, TIME)", "nineteen in twenty of the reports in this time are at most this"),
    Entry("p99", "p99(X, TIME)", "ninety-nine in a hundred of the reports in this time are at most this"),
    Entry("repairs", "except repairs", "moves that mend a broken `keep` or `reserve`"),
    Entry("drains", "except drains", "moves that empty a drained host"),
    Entry("rules", "except rules", "moves that a `rule` asks for"),
    Entry("preferences", "except preferences", "moves that a `prefer` asks for"),
    Entry("goal", "except goal", "moves that `balance` or `pack` asks for"),
    Entry("round", "per round", "in each round of the loop"),
    Entry("hour", "per hour", "in the last 60 minutes"),
    Entry("day", "per day", "in the last 24 hours"),
)  # fmt: skip
"""What may stand inside of clauses."""

_TABLE: Final[Mapping[tuple[str, str], Entry]] = MappingProxyType({
    (entry.statement, entry.word): entry for entry in (*WORDS, *CLAUSES, *STATEMENTS)
})  # fmt: skip


def entry(word: str, statement: str) -> Entry | None:
    """What a word means in a statement that begins with `statement`; None for a word that says nothing by itself."""
    return _TABLE.get((statement, word)) or _TABLE.get(("", word))

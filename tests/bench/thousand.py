"""Rule files of a thousand statements, for benchmarks: as a large site would write them, and lopsided ones.

Rule: the same on every machine; each can be run with.
"""

import re
from collections.abc import Iterator
from itertools import chain, count, islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from dsl.reading import passages

SAMPLE: Final = (Path(__file__).parents[1] / "dsl" / "farm.rules").read_text(encoding="utf-8")
STATEMENTS: Final = 1_000
RACKS: Final = 10
ONCE: Final = ("every", "limit", "rest", "reserve", "balance")
FIVE_LINES: Final = """\
rule r{number}
  when  host.cpu > 85% for 3 rounds and host.vms > 1
  move  vm   by most cpu                where age > 15 min and not tagged "pet"
  to    host by least cpu, least vms    where after.cpu < 65%  as "max load"
  until source.cpu < 70%
"""


def sample_repeated() -> Iterator[str]:
    """The statements of the sample over and over, each time under names of their own; once what may stand only once."""
    statements = [passage.text for passage in passages(SAMPLE) if not passage.text.startswith("#")]
    given = "|".join(re.findall(r"^(?:let|rule) (\w+)", SAMPLE, flags=re.MULTILINE))
    names = re.compile(rf'\b({given})\b(?!")')
    for copy in count():
        yield from (
            names.sub(rf"\1_{copy}", text) + "\n" for text in statements if not copy or not text.startswith(ONCE)
        )


def five_line_rules() -> Iterator[str]:
    """A rule after the other, all about all hosts."""
    return (FIVE_LINES.format(number=number) for number in count())


def keeps_of_their_own() -> Iterator[str]:
    """Walls over a thousand sets."""
    return (f'keep vms tagged "group{number}" or named "vm0{number:03}?" apart\n' for number in count())


def keeps_of_one_set() -> Iterator[str]:
    """Walls over one set, each with a limit of its own."""
    return (
        f'keep at most {number % 900 + 30} of vms tagged "group1" or named "vm001*" per rack\n' for number in count()
    )


def lets_upon_lets() -> Iterator[str]:
    """Each set begins with the one before it."""
    following = (f'let set{number} = vms in set{number - 1} or tagged "group{number}"\n' for number in count(1))
    return chain(['let set0 = vms tagged "group0"\n'], following)


def large_site(goal: str) -> Iterator[str]:
    """A hundred statements of each kind, most about a few VMs each; with a goal, and looking back."""
    yield f"{goal}\n"
    for number in range(59):
        yield f'let set{number} = vms tagged "group{number}" or named "vm000{number:02}*"\n'
    for number in range(40):
        warm = "avg(host.cpu, 10 min) > 75% and " if number % 4 == 0 else ""
        yield (
            f'rule relieve{number} when {warm}host tagged "rack:r{number % RACKS}" and host.cpu > {85 + number / 10}% '
            f'for 3 rounds move vm by most cpu where not tagged "group{number}" to host by least cpu '
            "where after.cpu < 65% where after.memory < 90% until source.cpu < 70%\n"
        )
    for number in range(100):
        yield f'keep vms tagged "group{number}" apart\n'
        yield f'keep at most 3 of vms tagged "group{number}" per rack\n'
        yield f'keep vms named "vm01{number:02}*" apart from vms tagged "group{number + 60}"\n'
        yield f'never move vm "vm{number:05}" except drains\n'
        yield f'never move vms tagged "group{number}" to hosts tagged "rack:r{number % RACKS}"\n'
        yield f'never move vms named "vm00{number:02}*" to hosts where after.cpu > 60%\n'
        yield f"avoid moving vms where memory > {number + 3} GiB and cpu > 2 cost {number + 1}\n"
        yield f'prefer vms named "vm01{number:02}*" apart cost 2\n'
        yield f'avoid moving vms tagged "group{number}" from hosts tagged "rack:r1" to host "h{number:04}"\n'


FILES: Final = MappingProxyType({
    title: "".join(islice(statements, STATEMENTS))
    for title, statements in {
        "the sample repeated": sample_repeated(),
        "five-line rules": five_line_rules(),
        "keeps of their own": keeps_of_their_own(),
        "keeps of one set": keeps_of_one_set(),
        "lets upon lets": lets_upon_lets(),
        "a large site": large_site("balance cpu within 5% by at most 10 moves"),
        "a large site, packed": large_site("pack onto fewest hosts where after.cpu < 70% by at most 4 moves"),
    }.items()
})  # fmt: skip
"""By what they are."""

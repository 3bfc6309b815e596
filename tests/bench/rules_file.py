"""How long the front end of the rule language takes: files of 1,000 statements, and files that no person wrote.

Rule: the files are made here, the same on every machine; the times are this machine's, and nobody is judged by them.

    make bench
"""

import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from statistics import median
from time import process_time

from balancer.core.signals import VOCABULARY
from dsl.formatting import format_source
from dsl.loading import load
from dsl.parser import parse
from dsl.reading import passages
from tests.dsl.hostile import HARMLESS, HOSTILE

SAMPLE = (Path(__file__).parents[1] / "dsl" / "farm.rules").read_text(encoding="utf-8")
STATEMENTS = 1_000
RUNS = 5
ONCE = ("every", "limit", "rest", "reserve", "balance")
FIVE_LINES = """\
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
    """A rule after the other."""
    return (FIVE_LINES.format(number=number) for number in count())


def milliseconds(work: Callable[[], object]) -> float:
    """The median of some runs, in CPU time: other programs on this machine do not count."""
    return median(_once(work) for _ in range(RUNS)) * 1000


def _once(work: Callable[[], object]) -> float:
    began = process_time()
    work()
    return process_time() - began


def measured(title: str, source: bytes, **others: Callable[[], object]) -> str:
    """One line: the file, and what each step takes."""
    steps = others | {"check": lambda: load("f", source, VOCABULARY), "format": lambda: format_source(source)}
    return title.ljust(54) + "  ".join(f"{step} {milliseconds(work):5.0f} ms" for step, work in steps.items())


def main() -> None:
    """A line for each file; to check and to format is to parse, too."""
    for title, statements in {"the sample repeated": sample_repeated(), "five-line rules": five_line_rules()}.items():
        text = "".join(islice(statements, STATEMENTS))
        lines = text.count("\n")
        told = measured(
            f"{STATEMENTS:,} statements, {title}, {lines:,} lines", text.encode(), parse=partial(parse, text)
        )
        sys.stdout.write(f"{told}\n")
    for kind, source in ({kind: source for kind, (source, _) in HOSTILE.items()} | dict(HARMLESS)).items():
        sys.stdout.write(f"{measured(kind, source)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

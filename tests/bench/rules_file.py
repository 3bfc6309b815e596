"""How long the front end of the rule language takes: files of 1,000 statements, and files that no person wrote.

Rule: the files are made here, the same on every machine; the times are this machine's, and nobody is judged by them.

    make bench
"""

import sys
from collections.abc import Callable
from functools import partial
from time import process_time

from balancer.adapters.calendar import LANGUAGE
from dsl.formatting import format_source
from dsl.loading import load
from dsl.parser import parse
from tests.bench.thousand import FILES, STATEMENTS
from tests.dsl.hostile import HARMLESS, HOSTILE, MISTAKEN

RUNS = 5


def milliseconds(work: Callable[[], object]) -> float:
    """The best of some runs, in CPU time: other programs on this machine hardly count."""
    return min(_once(work) for _ in range(RUNS)) * 1000


def _once(work: Callable[[], object]) -> float:
    began = process_time()
    work()
    return process_time() - began


def measured(title: str, source: bytes, **others: Callable[[], object]) -> str:
    """One line: the file, and what each step takes."""
    steps = others | {"check": lambda: load("f", source, LANGUAGE), "format": lambda: format_source(source)}
    return title.ljust(54) + "  ".join(f"{step} {milliseconds(work):5.0f} ms" for step, work in steps.items())


def main() -> None:
    """A line for each file; to check and to format is to parse, too."""
    for title, text in FILES.items():
        lines = text.count("\n")
        told = measured(
            f"{STATEMENTS:,} statements, {title}, {lines:,} lines", text.encode(), parse=partial(parse, text)
        )
        sys.stdout.write(f"{told}\n")
    for kind, source in (
        {kind: source for kind, (source, _) in {**HOSTILE, **MISTAKEN}.items()} | dict(HARMLESS)
    ).items():
        sys.stdout.write(f"{measured(kind, source)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

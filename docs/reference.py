"""Writes the tables of all words in docs/rules.md anew, from `dsl.manual`: `make reference`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dsl.manual import CLAUSES, STATEMENTS, WORDS, Entry

MANUAL: Final = Path(__file__).with_name("rules.md")
BEGIN: Final = "<!-- made by docs/reference.py; make reference writes it anew -->\n"
END: Final = "<!-- until here -->\n"


def reference() -> str:
    """The tables: what begins a statement, what stands inside of one, what stands inside of clauses."""
    tables = (("statement", STATEMENTS), ("clause", CLAUSES), ("word", WORDS))
    return "\n".join(_table(title, entries) for title, entries in tables)


def _table(title: str, entries: Iterable[Entry]) -> str:
    rows = "".join(f"| {_where(entry)} | {_code(entry.shape)} | {entry.meaning} |\n" for entry in entries)
    return f"| {title} | is written | says |\n|---|---|---|\n{rows}"


def _where(entry: Entry) -> str:
    return f"`{entry.word}` in `{entry.statement}`" if entry.statement else f"`{entry.word}`"


def _code(shape: str) -> str:
    return f"`{shape}`".replace("|", "\\|")


def renewed(manual: str) -> str:
    """The manual with the tables of today."""
    before, _, rest = manual.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


if __name__ == "__main__":
    MANUAL.write_text(renewed(MANUAL.read_text(encoding="utf-8")), encoding="utf-8")

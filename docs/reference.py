"""Writes docs/rules-words.md anew, from `dsl.manual` and the vocabulary: `make reference`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from balancer.adapters.calendar import LANGUAGE
from dsl.manual import CLAUSES, STATEMENTS, WORDS, Entry
from dsl.syntax import Kind

MANUAL: Final = Path(__file__).with_name("rules-words.md")
BEGIN: Final = "<!-- made by docs/reference.py; make reference writes it anew -->\n"
END: Final = "<!-- until here -->\n"
KINDS: Final = {Kind.BOOL: "yes or no"}
OWNERS: Final = {
    "host": "Of a host: `host.`, `source.`, `after.`, or bare where hosts are spoken of.",
    "vm": "Of a VM: `vm.`, or bare where VMs are spoken of.",
    "farm": "Of the farm: `farm.`, bare in `freeze when`.",
}


def reference() -> str:
    """What begins a statement, what stands inside of one, what stands inside of clauses, what can be measured."""
    kinds = (("Statements", "statement", STATEMENTS), ("Clauses", "clause", CLAUSES), ("In clauses", "word", WORDS))
    tables = [f"## {heading}\n\n{_table(title, entries)}" for heading, title, entries in kinds]
    names = "\n".join(f"{told}\n\n{_names(owner)}" for owner, told in OWNERS.items())
    return "\n".join((*tables, f"## Names\n\n{names}"))


def _table(title: str, entries: Iterable[Entry]) -> str:
    rows = "".join(f"| {_where(entry)} | {_code(entry.shape)} | {entry.meaning} |\n" for entry in entries)
    return f"| {title} | is written | says |\n|---|---|---|\n{rows}"


def _where(entry: Entry) -> str:
    return f"`{entry.word}` in `{entry.statement}`" if entry.statement else f"`{entry.word}`"


def _code(shape: str) -> str:
    return f"`{shape}`".replace("|", "\\|")


def _names(owner: str) -> str:
    words = [word for word in LANGUAGE.words.values() if word.owner == owner]
    rows = "".join(f"| `{word.name}` | {KINDS.get(word.kind, word.kind)} | {word.meaning} |\n" for word in words)
    return f"| name | kind | meaning |\n|---|---|---|\n{rows}"


def renewed(manual: str) -> str:
    """The manual with the tables of today."""
    before, _, rest = manual.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


if __name__ == "__main__":
    MANUAL.write_text(renewed(MANUAL.read_text(encoding="utf-8")), encoding="utf-8")

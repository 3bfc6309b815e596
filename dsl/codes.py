"""The codes of findings: how grave each is, and what it means in one line.

Rule: one row for each code, and a section under its name in the manual. An error leaves no sense to run with; a warning
leaves one, and the author may allow it. `with_farm` marks what is told only, or also, where a farm is at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Code:
    """How grave a finding is, and what it says of the file."""

    severity: Literal["error", "warning"]
    meaning: str
    with_farm: bool = False


CODES: Final[Mapping[str, Code]] = MappingProxyType({
    "encoding": Code("error", "the file is no plain UTF-8 text"),
    "too-big": Code("error", "the file is larger than any that a person writes"),
    "too-deep": Code("error", "brackets stand in brackets beyond all reading"),
    "too-long": Code("error", "one statement has too many words"),
    "too-many": Code("error", "the file has too many statements or comments, or too many mistakes to tell"),
    "syntax": Code("error", "a statement does not read"),
    "unknown-name": Code("error", "nothing bears this name"),
    "unknown-set": Code("error", "no `let` names this set"),
    "unknown-zone": Code("error", "this machine knows no such time zone"),
    "wrong-owner": Code("error", "a name says whose it is where that has no meaning, or does not where it must"),
    "wrong-unit": Code("error", "an amount is held against something of another kind"),
    "wrong-kind": Code("error", "unlike things are held against each other"),
    "wrong-set": Code("error", "VMs stand where hosts are wanted, or hosts where VMs are"),
    "out-of-bounds": Code("error", "an amount that no farm needs"),
    "twice": Code("error", "a thing is said twice that can be said once"),
    "reserved": Code("error", "a set takes a word of the language for its name"),
    "circular": Code("error", "a set is made of itself"),
    "never-stops": Code("error", "the `until` of a rule is met where its `when` is"),
    "never-opens": Code("error", "hours without a minute in which a VM may move"),
    "conflict": Code("error", "statements that cannot hold together", with_farm=True),
    "never-empty": Code("warning", "a drain that walls keep from ever being finished", with_farm=True),
    "never-true": Code("warning", "a test that nothing meets"),
    "always-true": Code("warning", "a test that everything meets"),
    "back-and-forth": Code("warning", "a target may become what a rule would relieve"),
    "shadowed": Code("warning", "a rule that never acts, since an earlier statement leaves it nothing"),
    "redundant": Code("warning", "a statement that says no more than another"),
    "never-closes": Code("warning", "hours that leave no minute of the week out"),
    "unused-allow": Code("warning", "an `# allow:` that allows nothing"),
    "and-more": Code("warning", "more warnings than are told"),
    "matches-nothing": Code("warning", "no VM or host of the farm is meant", with_farm=True),
    "no-such-tag": Code("warning", "hosts bear no tag of this key", with_farm=True),
    "never-reported": Code("warning", "no host of the farm reports this", with_farm=True),
})  # fmt: skip

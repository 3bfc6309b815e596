"""The syntax tree of a rule file: what the author wrote, with the place of every word.

Rule: values only. The parser makes these nodes, the checker returns the same kinds of nodes with every name's owner
filled in and every amount in its base unit (share 0-1, seconds, MiB, plain number), so that evaluation never sees a
unit.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the file; lines and columns count from 1, `end_column` is the first column behind the text."""

    line: int
    column: int
    end_line: int
    end_column: int


NOWHERE: Final = Span(0, 0, 0, 0)
"""The place of what no file says: a default."""


Places = tuple[tuple[str, Span], ...]
"""Where those words of a node stand that are no nodes themselves, each under the name of its field."""


class Kind(StrEnum):
    """What sort of value a name or an amount has."""

    NUMBER = "number"
    SHARE = "share"
    SIZE = "size"
    TIME = "time"
    ROUNDS = "rounds"
    VERSION = "version"
    TEXT = "text"
    BOOL = "bool"


# -- sums -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amount:
    """A literal number.

    As parsed: `value` as written and `unit` (None without one). As checked: base unit, unit None.
    """

    value: float
    unit: str | None
    text: str
    span: Span
    kind: Kind = Kind.NUMBER


@dataclass(frozen=True, slots=True)
class Text:
    """A literal in quotes, without them."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A measured thing: `cpu` (owner None until checked), `host.cpu`, `after.memory`, `facts.rack` (its whole name).

    Of a fact, once checked, `kind` is what its text is read as.
    """

    owner: str | None
    name: str
    span: Span
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """An aggregate over time: `avg(host.cpu, 10 min)`.

    As checked, those of one file that say the same have the same `number`.
    """

    function: str
    of: "Sum"
    window: Amount
    span: Span
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + right` and its like; `operator` is one of + - * /."""

    operator: str
    left: "Sum"
    right: "Sum"
    span: Span


Sum = Amount | Text | Name | Over | Arithmetic

# -- tests ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`; `operator` is one of < <= > >= == !=."""

    operator: str
    left: Sum
    right: Sum
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pick:
    """`tagged "db*"` or `named "pg-*"`; `how` is that word, `pattern` may hold * and ?."""

    owner: str | None
    how: str
    pattern: str
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """`in pets`: membership of a set that a `let` named."""

    owner: str | None
    set_name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Both:
    """`left and right`."""

    left: "Test"
    right: "Test"
    span: Span


@dataclass(frozen=True, slots=True)
class Either:
    """`left or right`."""

    left: "Test"
    right: "Test"
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """`not test`."""

    test: "Test"
    span: Span


Test = Compare | Pick | Member | Both | Either | Not | Name
"""A bare `Name` is a test when its kind is bool: `passthrough`, `maintenance`."""

# -- sets -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A set by the name its `let` gave it."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class One:
    """One thing by its own name: `host "hv7"`; `thing` is `host` or `vm`."""

    thing: str
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class All:
    """All things of a kind (`thing` is `host` or `vm`) that pass `test`; without a test simply all.

    As checked, those of one file that say the same have the same `number`: who belongs to them is worked out once.
    """

    thing: str
    test: Test | None
    span: Span
    number: int | None = None


Set = NamedSet | One | All

# -- statements -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Every:
    """The length of a round."""

    amount: Amount
    span: Span


@dataclass(frozen=True, slots=True)
class Let:
    """A name for a set."""

    name: str
    set: Set
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class When:
    """`held [for amount] [and now]`: what must have held that long, and what must hold at this moment.

    As checked, `identity` tells it from every other that says something else, wherever it stands.
    """

    held: Test
    hold: Amount | None
    now: Test | None
    span: Span
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """One order of preference; `direction` is `most` or `least`."""

    direction: str
    of: Sum
    span: Span


@dataclass(frozen=True, slots=True)
class Gate:
    """`where test as "label"`; `label` is the test's own text where the author gave none."""

    test: Test
    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Choice:
    """`move vm …` or `to host …`: gates first, then the order of preference."""

    by: tuple[Key, ...]
    where: tuple[Gate, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Rule:
    """Which hosts are in trouble, which VM leaves them, where it goes, and when that is enough."""

    name: str
    when: When
    move: Choice
    to: Choice
    until: Test | None
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Drain:
    """Leave these hosts, put nothing on them."""

    hosts: Set
    span: Span


@dataclass(frozen=True, slots=True)
class Relation:
    """How a kept set lives.

    `how` is apart, apart_from, together, with, on or at_most; `other`, `count` and `per` as it needs.
    """

    how: str
    other: Set | None = None
    count: int | None = None
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """A wall about neighbourhood; `hard` is False for `prefer`, whose price is `cost`."""

    hard: bool
    vms: Set
    relation: Relation
    cost: float | None
    text: str
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Hours:
    """Days, hours and the zone they are told in, as written."""

    days: str
    hours: str
    zone: str
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Never:
    """A wall about journeys; `hard` is False for `avoid moving`, whose price is `cost`."""

    hard: bool
    vms: Set
    source: Set | None
    target: Set | None
    during: Hours | None
    excepted: tuple[str, ...]
    cost: float | None
    text: str
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reserve:
    """What ran on `lost` hosts must still fit on the others."""

    lost: int
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Cap:
    """One budget of migrations: `period` is None (at once), round, hour or day; `per` is None, host or a tag key."""

    count: int
    period: str | None
    per: str | None
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """The budgets of migrations."""

    caps: tuple[Cap, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Rest:
    """Quiet after a move, seconds once checked; None where the file is silent."""

    vm: Amount | None
    host: Amount | None
    no_return: Amount | None
    span: Span


@dataclass(frozen=True, slots=True)
class Window:
    """Moves start only in these hours."""

    hours: Hours
    excepted: tuple[str, ...]
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Freeze:
    """No move starts while `test` holds."""

    test: Test
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Balance:
    """Every host within `within` of the farm's mean of `signal`."""

    signal: str
    within: Amount
    at_most: int
    gaining: Amount | None
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """Onto the fewest hosts."""

    where: tuple[Gate, ...]
    at_most: int
    gaining: Amount | None
    span: Span
    places: Places = field(default=(), compare=False, repr=False)


Statement = (
    Every | Let | Rule | Drain | Keep | Never | Reserve | Limit | Rest | Window | Freeze | Balance | Pack
)  # fmt: skip


WHERE_IT_STANDS: Final = frozenset({"span", "places"})
"""The fields of a node that tell where it stands, and not what it says."""


def place(node: Any, word: str) -> Span:
    """Where a word of a node stands; the whole node where that is not known, as of what no file says."""
    found: Span = next((span for name, span in node.places if name == word), node.span)
    return found


def without_places(node: Any) -> Any:
    """A node as nested tuples without its places: two nodes that say the same compare equal."""
    if isinstance(node, tuple):
        return tuple(without_places(each) for each in node)
    said = _said(node.__class__)
    return (type(node).__name__, *[without_places(getattr(node, name)) for name in said]) if said else node


@cache
def _said(kind: type) -> tuple[str, ...]:
    """The fields of a node that tell what it says; of what is no node, none."""
    if not is_dataclass(kind):
        return ()
    return tuple(each.name for each in fields(kind) if each.name not in WHERE_IT_STANDS)

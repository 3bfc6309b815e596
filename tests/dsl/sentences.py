"""Random rule files: every statement of the grammar, in any layout, with comments wherever one may stand."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Words = SearchStrategy[tuple[str, ...]]
"""A phrase, word by word."""


def said(*parts: str | Words) -> Words:
    """One part after the other; a text stands for its words."""
    strategies = [st.just(tuple(part.split())) if isinstance(part, str) else part for part in parts]
    return st.tuples(*strategies).map(lambda phrases: tuple(word for phrase in phrases for word in phrase))


def maybe(*parts: str | Words) -> Words:
    return st.one_of(st.just(()), said(*parts))


def chain(link: Words, *joints: str, most: int = 3) -> Words:
    """One link or several, a joint between two."""
    further = st.lists(said(st.sampled_from([(joint,) for joint in joints]), link), max_size=most - 1)
    return st.builds(lambda first, others: first + tuple(word for other in others for word in other), link, further)


def repeated(part: Words, least: int = 0, most: int = 2) -> Words:
    return st.lists(part, min_size=least, max_size=most).map(lambda parts: tuple(word for one in parts for word in one))


def word(*choices: str) -> Words:
    return st.sampled_from(choices).map(lambda choice: (choice,))


NAME = word("db", "pets", "cpu", "x_1", "Web", "a_name_that_is_rather_long_and_goes_on_for_a_while")
STRING = word('"x"', '"pg-*"', '"a # b"', '"where and or"', '"ü  é"', '"' + "long " * 30 + '"')
NUMBER = word("0", "2", "30", "007", "0.50", "2.5", "123456789012345.123456")
WHOLE = word("0", "2", "30", "1")
UNIT = word("%", "rounds", "round", "s", "min", "h", "d", "B", "KiB", "MiB", "GiB", "TiB")
AMOUNT = st.one_of(NUMBER, said(NUMBER, UNIT), said(NUMBER, UNIT).map(lambda both: ("".join(both),)))
REF = word("host.cpu", "after.memory", "source.xen", "vm.share", "farm.reports", "facts.rack", "host.facts.row")
WHOSE = word("vm", "host", "source")

TEST: Words = st.deferred(lambda: chain(said(repeated(word("not")), FACT), "and", "or"))
SUM: Words = st.deferred(lambda: chain(ATOM, "+", "-", "*", "/"))
FACT: Words = st.deferred(
    lambda: st.one_of(
        SUM,
        said(SUM, word("<", "<=", ">", ">=", "==", "!="), SUM),
        said(maybe(WHOSE), word("tagged", "named"), STRING),
        said(maybe(WHOSE), "in", NAME),
    )
)
ATOM: Words = st.deferred(
    lambda: st.one_of(
        AMOUNT, NAME, REF, STRING, said("(", TEST, ")"), said(word("avg", "max", "p95"), "(", SUM, ",", AMOUNT, ")")
    )
)
SET = st.one_of(
    NAME, said(word("vm", "host"), st.one_of(STRING, NAME)), said(word("vms", "hosts"), maybe(maybe("where"), TEST))
)
GATE = said("where", TEST, maybe("as", STRING))
ORDER = said("by", chain(said(word("most", "least"), SUM), ",", most=4), repeated(GATE))
HOURS = said(word("daily", "mon", "sat-sun"), word("01:00-04:00"), word("UTC", "Europe/Paris", "Etc/GMT-1"))
EXCEPT = maybe("except", chain(word("drains", "repairs", "goal"), ","))
COST = maybe("cost", NUMBER)
JOURNEY = said(SET, maybe("from", SET), maybe("to", SET), maybe("during", HOURS))
AT_MOST = said("by at most", WHOLE, "moves", maybe(", each gaining", AMOUNT))
CAP = said(
    WHOLE, maybe("migrations"), st.one_of(maybe("at once"), said("per", word("hour", "day"))), maybe("per", NAME)
)
PAUSES = st.lists(word("vm", "host", "no return within"), min_size=1, max_size=3, unique=True).flatmap(
    lambda named: said(*[part for number, (name,) in enumerate(named) for part in ("," * bool(number), name, AMOUNT)])
)

STATEMENTS: dict[str, Words] = {
    "every": said("every", AMOUNT),
    "let": said("let", NAME, "=", SET),
    "rule": said(
        "rule", NAME, "when", TEST, maybe("for", AMOUNT, maybe("and", TEST)),
        "move vm", ORDER, "to host", ORDER, maybe("until", TEST),
    ),
    "drain": said("drain", SET),
    "at most": said(word("keep", "prefer"), "at most", WHOLE, "of", SET, "per", NAME, COST),
    "keep": said(
        word("keep", "prefer"), SET,
        st.one_of(said("apart", maybe("from", SET)), said("together"), said(word("with", "on"), SET)), COST,
    ),
    "never": said("never move", JOURNEY, EXCEPT),
    "avoid": said("avoid moving", JOURNEY, EXCEPT, COST),
    "reserve": said("reserve memory for", WHOLE, "lost", word("host", "hosts")),
    "limit": said("limit", chain(CAP, ",")),
    "rest": said("rest", PAUSES),
    "window": said("window", HOURS, EXCEPT),
    "freeze": said("freeze when", TEST),
    "balance": said("balance", NAME, "within", AMOUNT, AT_MOST),
    "pack": said("pack onto fewest hosts", repeated(GATE, 1), AT_MOST),
}  # fmt: skip
"""Every statement that the grammar knows, by its name."""

GAPS = st.sampled_from(
    [" ", " ", " ", "   ", "\t", "\n  ", "\n\n \t ", "  # why\n  ", "\n # alone\n\n  # twice\n    ", "\r\n "]
)
ENDS = st.sampled_from(
    ["\n", "\n", "\n\n", "  # behind\n", "\n  # below\n", "\n\n\n# at the margin\n", "\n# a\n\n  # b\n"]
)


@st.composite
def laid_out(draw: st.DrawFn, statement: Words) -> str:
    """A statement in some layout."""
    first, *others = draw(statement)
    return first + "".join(draw(GAPS) + other for other in others) + draw(ENDS)


def files() -> SearchStrategy[str]:
    """A file of some statements, whatever their meaning."""
    head = st.sampled_from(["", "# head\n", "\n\n  # head\n\n"])
    statements = st.lists(st.one_of(*map(laid_out, STATEMENTS.values())), max_size=5)
    return st.builds(lambda first, others: first + "".join(others), head, statements)

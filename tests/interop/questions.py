"""What is asked of both servers in every cell, and what both must answer: the questions of the matrix, as tables.

Both have the same facts and classes (stock.py), the fact `node` and the identity apart.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

Asked = Mapping[str, tuple[tuple[str, ...], frozenset[str]]]
"""Words, and who is meant by them."""

RUBY: Final = "ruby1"
OURS: Final = "ours1"
BOTH: Final = frozenset({RUBY, OURS})
NONE: Final = frozenset[str]()

FINDS: Final[Asked] = MappingProxyType({
    "everybody": ((), BOTH),
    "fact = ": (("-F", "country=de"), BOTH),
    "fact ==": (("-F", "country==de"), BOTH),
    "fact of another": (("-F", "country=fr"), NONE),
    "fact of one": (("-F", f"node={OURS}"), frozenset({OURS})),
    "fact =~": (("-F", "country=~^d"), BOTH),
    "fact =/regexp/": (("-F", "node=/^ruby/"), frozenset({RUBY})),
    "fact !=": (("-F", "country!=fr"), BOTH),
    "fact != itself": (("-F", "country!=de"), NONE),
    "fact <": (("-F", "cpus<17"), BOTH),
    "fact < as a number": (("-F", "cpus<2"), NONE),
    "fact >": (("-F", "cpus>9"), BOTH),
    "fact > of floats": (("-F", "ratio>10.25"), NONE),
    "fact <=": (("-F", "cpus<=16"), BOTH),
    "fact >=": (("-F", "cpus>=17"), NONE),
    "a number, as text where the fact is text": (("-F", "country>9"), BOTH),
    "no such fact": (("-F", "nosuch!=x"), NONE),
    "an element of a list": (("-F", "roles=db"), BOTH),
    "a key of a mapping": (("-F", "disks=sda"), BOTH),
    "a value of a mapping": (("-F", "disks=ssd"), NONE),
    "two facts": (("-F", "country=de", "-F", "customer=other"), NONE),
    "class": (("-C", "xen"), BOTH),
    "no such class": (("-C", "xe"), NONE),
    "class regexp": (("-C", "/^xen::/"), BOTH),
    "no such class regexp": (("-C", "/^host/"), NONE),
    "agent": (("-A", "witness"), BOTH),
    "no such agent": (("-A", "nosuch"), NONE),
    "identity regexp": (("-I", "/^our/"), frozenset({OURS})),
    "classes and facts": (("-W", "xen country=de"), BOTH),
    "compound and": (("-S", "country=de and xen"), BOTH),
    "compound or": (("-S", "country=fr or web"), BOTH),
    "compound not": (("-S", "not country=de"), NONE),
    "compound !": (("-S", "!country=fr"), BOTH),
    "compound ( )": (("-S", f"(country=fr or web) and not (node={RUBY} or nosuch)"), frozenset({OURS})),
    "compound fact regexp": (("-S", f"node=/^{RUBY[:2]}/ or /^nosuch/"), frozenset({RUBY})),
    "compound class regexp": (("-S", "/^xen::/ and cpus>=16"), BOTH),
    "compound data": (("-S", 'fstat("/etc/passwd").present=1'), BOTH),
    "compound data regexp": (("-S", 'fstat("/etc/passwd").name=/pass/ and xen'), BOTH),
    "compound data of what is not": (("-S", 'fstat("/etc/nosuch").present=1'), NONE),
    "compound data number": (("-S", 'fstat("/etc/passwd").size > 10'), BOTH),
    "compound fact data": (("-S", "fact('country').value=de"), BOTH),
    "compound agent data": (("-S", "agent('witness').timeout=2"), BOTH),
})  # fmt: skip
"""Words of `mco find`, and who is found. Where precedence is not to the point, none is needed."""

PINGS: Final[Asked] = MappingProxyType({
    "everybody": ((), BOTH),
    "identity": (("-I", OURS), frozenset({OURS})),
    "two identities": (("-I", OURS, "-I", RUBY), BOTH),
    "class": (("-C", "/web/"), BOTH),
    "nobody": (("-F", "country=fr"), NONE),
})  # fmt: skip


def ageless(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same without the ages of a file, which are another second later."""
    return {name: type(value) if name.endswith("_age") else value for name, value in data.items()}


GOOD: Final[Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]]] = MappingProxyType({
    "only what is needed": (("text=hello",), {}),
    "each type": (
        ("text=hello", "times=3", "ratio=0.5", "weight=7", "loud=true", "mood=sad", "address=10.0.0.1", "command=ls /"),
        {
            "times": 3, "ratio": 0.5, "weight": 7, "loud": True, "mood": "sad", "address": "10.0.0.1",
            "command": "ls /",
        },
    ),
    "other than ASCII": (("text=hällo, wörld ß",), {"text": "hällo, wörld ß"}),
})  # fmt: skip
"""Arguments of the witness's `say`, and what of its data is not as it is unless told."""

UNTOLD: Final[Mapping[str, Any]] = MappingProxyType({
    "text": "hello", "times": 1, "ratio": None, "weight": None, "loud": False, "mood": "glad", "address": None,
    "command": None,
})  # fmt: skip

BAD: Final[Mapping[str, tuple[tuple[str, ...], int]]] = MappingProxyType({
    "it gives up": (("refuse",), 1),
    "it is declared and not there": (("promise",), 2),
    "it finds something missing": (("lack",), 3),
    "it finds something wrong": (("doubt",), 4),
    "it has a mistake": (("stumble",), 5),
    "no such action": (("vanish",), 4),
    "nothing to say": (("say",), 4),
    "more than is allowed": (("say", f"text={41 * 'a'}"), 4),
    "what does not match": (("say", "text=hello; rm"), 4),
    "no integer": (("say", "text=hello", "times=3"), 4),
    "no float": (("say", "text=hello", "ratio=0.5"), 4),
    "no number": (("say", "text=hello", "weight=heavy"), 4),
    "no boolean": (("say", "text=hello", "loud=yes"), 4),
    "none of the list": (("say", "text=hello", "mood=angry"), 4),
    "no address": (("say", "text=hello", "address=10.0.0.300"), 4),
    "not safe for a shell": (("say", "text=hello", "command=ls; reboot"), 4),
})  # fmt: skip
"""Actions of the witness with arguments, all of them text, and the status that says what is wrong."""

UNSEEN: Final[Mapping[str, tuple[str, Any, int | None]]] = MappingProxyType({
    "as any": ("say", {"text": "hello", "process_results": True}, 0),
    "it does not say that it waits": ("say", {"text": "hello"}, 0),
    "types as they should be": ("say", {"text": "hello", "times": 3, "ratio": 0.5, "loud": True}, 0),
    "no such action": ("nosuch", {}, 4),
    "nothing to say": ("say", {}, 4),
    "nil to say": ("say", {"text": None}, 4),
    "a number to say": ("say", {"text": 7}, 4),
    "a list to say": ("say", {"text": ["hello"]}, 4),
    "a hash to say": ("say", {"text": {"hello": 1}}, 4),
    "nil where nothing is needed": ("say", {"text": "hello", "mood": None}, 4),
    "a float for an integer": ("say", {"text": "hello", "times": 3.0}, 4),
    "an integer for a float": ("say", {"text": "hello", "ratio": 1}, 4),
    "a boolean for a number": ("say", {"text": "hello", "weight": True}, 4),
    "a number for a boolean": ("say", {"text": "hello", "loud": 1}, 4),
    "a list for one of a list": ("say", {"text": "hello", "mood": ["glad"]}, 4),
    "what is declared nowhere": ("refuse", {"louder": True}, 1),
    "no data": ("refuse", None, None),
    "a list of data": ("refuse", ["louder"], None),
    "it is not waited for": ("refuse", {"process_results": False}, None),
})  # fmt: skip
"""Actions of the witness with data that no DDL has seen, and the status; none where there is no answer."""

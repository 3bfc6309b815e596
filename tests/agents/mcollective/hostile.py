"""The corpus: messages that somebody may send who wishes a host ill.

Rule: a table of names and bytes, the same on each call, that needs no key. What has to be signed to get any further is
there as hostile documents for `sealed` and as hostile fields of a request for `tests.wire.say`.

`corpus()` for every server, whatever it speaks: each message is refused or filtered, none is answered. `documents(of)`
are hostile bodies; `sealed(…)` puts one into an envelope that is in order. `requests()` are hostile requests.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from agents.mcollective.selection.filters import empty_filter
from agents.mcollective.serializers import Serializer, Symbol
from agents.mcollective.serializers.psych import YAML
from agents.mcollective.serializers.ruby_marshal import MARSHAL
from tests.wire import CALLER, NOW

Named = tuple[str, bytes]

SERIALIZERS: Final[Mapping[str, Serializer]] = MappingProxyType({"yaml": YAML, "marshal": MARSHAL})
MEBIBYTE: Final = 1024 * 1024
ABSENT: Final = object()


def corpus() -> list[Named]:
    """All that needs no key; a name begins with the serializer that it is meant for."""
    return [(f"{of}: {name}", data) for of in SERIALIZERS for name, data in _messages(of)]


def documents(of: str) -> list[Named]:
    """What may stand for a whole message, or for a signed body, in `yaml` or `marshal`."""
    return list(_DOCUMENTS[of]())


def sealed(of: str, body: bytes, sign: Callable[[bytes], str]) -> bytes:
    """An envelope in order around that body, which `sign` signs; for the agent `echo` of `tests.wire`, made NOW."""
    return SERIALIZERS[of].encode(_envelope(of, body) | {Symbol("hash"): sign(body)})


def requests(caller: str = CALLER) -> list[tuple[str, dict[str, Any]]]:
    """Changes for `tests.wire.say` that are refused or filtered although that caller has signed them."""
    return [*_calls(caller), *_claims(), *_filters()]


def _messages(of: str) -> Iterator[Named]:
    yield from documents(of)
    yield from _with_wrong_fields(of)
    yield from _cut_off(of)
    yield from _garbled(of)
    for name, filters in _FILTERS.items():
        yield f"filter {name}", _message(of, filter=filters)
    for name, document in documents(of):
        if len(document) < 1000:
            yield f"{name}, as a body", sealed(of, document, lambda _body: "A" * 344)


def _message(of: str, **changes: Any) -> bytes:
    fields = _envelope(of, SERIALIZERS[of].encode("ping")) | {Symbol(name): value for name, value in changes.items()}
    return SERIALIZERS[of].encode({name: value for name, value in fields.items() if value is not ABSENT})


def _envelope(of: str, body: bytes) -> dict[Symbol, Any]:
    fields = {
        "body": _embedded(of, body),
        "senderid": "balancer",
        "requestid": "a" * 32,
        "filter": empty_filter("echo"),
        "collective": "mcollective",
        "agent": "echo",
        "callerid": CALLER,
        "ttl": 60,
        "msgtime": NOW,
        "hash": "A" * 344,
    }
    return {Symbol(name): value for name, value in fields.items()}


def _embedded(of: str, body: bytes) -> str | bytes:
    try:
        return SERIALIZERS[of].embed(body)
    except UnicodeDecodeError:
        return body


def _with_wrong_fields(of: str) -> Iterator[Named]:
    for field, wrong in _WRONG.items():
        for value in wrong:
            yield f"{field} {_short(value)}", _message(of, **{field: value})
    yield "no fields at all", SERIALIZERS[of].encode({})
    yield "a name as string and as symbol", SERIALIZERS[of].encode(_envelope(of, b"") | {"agent": "echo"})
    for value in (None, True, 7, 1.5, "ping", Symbol("ping"), b"ping", [], [[]], {1: 2}, {"body": {}}):
        yield f"{_short(value)} for an envelope", SERIALIZERS[of].encode(value)


def _short(value: Any) -> str:
    text = "absent" if value is ABSENT else repr(value)
    return text if len(text) < 40 else f"{text[:30]} of {len(text)} characters"


def _cut_off(of: str) -> Iterator[Named]:
    whole = _message(of)
    for part in range(1, 40):
        end = len(whole) * part // 40
        yield f"cut off at {end}", whole[:end]


def _garbled(of: str) -> Iterator[Named]:
    whole = _message(of)
    for part in range(20):
        at = len(whole) * part // 20
        yield f"byte {at} is not UTF-8", whole[:at] + b"\xff" + whole[at + 1 :]
        yield f"a NUL at {at}", whole[:at] + b"\x00" + whole[at:]


_NO_NAMES: Final = (
    *(
        ABSENT,
        None,
        True,
        7,
        1.5,
        [],
        ["a"],
        {},
        b"\xff",
        "",
        " ",
        "a b",
        "a\n",
        "a\x00",
        "a/b",
        "-rf",
        ".",
        "é",
        "a" * 201,
    ),
    *("../../etc/passwd", "/queue/a", "a;id", "$(id)", "a' OR '1'='1", "a" * 100_000),
)
_NO_CALLERS: Final = (
    *(ABSENT, None, 7, [], {}, "", "cert", "cert=", "=a", "cert=a=b", "cert=a b", "cert=a\n", "cert=a\x00", "cert=é"),
    *("cert=../balancer-public", "cert=..", "cert=/etc/passwd", "cert=a/../balancer-public", "cert=" + "a" * 100_000),
    *("cert=nobody", "uid=0;id", "CERT=balancer-public\nuid=0", "cert=balancer-public "),
)
_NO_NUMBERS: Final = (ABSENT, None, True, "60", "", 1.5, -1, 2**53 + 1, 2**100, -(2**100), [], [60], {}, b"60")
_NO_BODIES: Final = (ABSENT, None, True, 7, 1.5, [], {}, Symbol("a"))
_NO_HASHES: Final = (
    *(ABSENT, None, True, 7, [], {}, b"\xff", "", "*", "é", "=", "A", "A" * 343, "A" * 344, "\n" * 344),
    *("0" * 32, "A" * 500_000, "AB " * 300_000, "A\n" * 250_000),
)
_WRONG: Final[Mapping[str, tuple[Any, ...]]] = MappingProxyType({
    **dict.fromkeys(("agent", "senderid", "requestid", "collective"), _NO_NAMES),
    **dict.fromkeys(("ttl", "msgtime"), _NO_NUMBERS),
    "callerid": _NO_CALLERS,
    "body": _NO_BODIES,
    "hash": _NO_HASHES,
    "filter": (ABSENT, None, True, 7, "", "agent", [], [[]], {7: []}, {"agent": [], Symbol("agent"): []}),
})  # fmt: skip


def _statement(text: Any) -> dict[str, Any]:
    return {"statement": text}


def _function(**changes: Any) -> dict[str, Any]:
    asked = {"name": "fstat", "params": "/nosuch", "value": "md5", "operator": "==", "r_compare": "a"}
    return {"fstatement": asked | changes}


def _fact(**changes: Any) -> dict[Symbol, Any]:
    return {
        Symbol(name): value for name, value in ({"fact": "country", "value": "de", "operator": "=="} | changes).items()
    }


def _inside(levels: int, value: Any) -> Any:
    for _ in range(levels):
        value = [value]
    return value


_REGEXPS: Final = (
    *("(a+)+$", "(a|a)*b", "((((a{1000}){1000}){1000}){1000})", "(?<=a)b", r"(a)\\1", "(?#{system('id')})", "#{id}"),
    *("[", "(", "(?P<", "\\\\", "*", "a{99999999}", "(" * 5000, "a" * 100_000, "\\x00", "[[:alpha:", "(?i)" * 1000),
)
_NO_LISTS: Final = (None, True, 7, 1.5, "", "a", {}, {"a": []}, b"a")
_NO_TEXTS: Final = (None, True, 7, 1.5, [], ["a"], {}, b"a", _inside(12, "a"))
_KINDS: Final = ("fact", "cf_class", "puppet_class", "agent", "identity", "compound")
_FILTERS: Final[Mapping[str, Any]] = MappingProxyType({
    **{f"{kind} {_short(value)}": {kind: value} for kind in _KINDS for value in _NO_LISTS},
    **{f"{kind} of {_short(value)}": {kind: [value]} for kind in _KINDS for value in _NO_TEXTS},
    **{f"{kind} /{text[:20]}": {kind: [f"/{text}/"]} for kind in ("cf_class", "identity") for text in _REGEXPS},
    **{f"fact =~ {text[:20]}": {"fact": [_fact(fact="hostname", operator="=~", value=text)]} for text in _REGEXPS},
    **{f"{kind} of 5,000": {kind: [f"a{number}" for number in range(5000)]} for kind in _KINDS},
    **{f"fact {name} {_short(value)}": {"fact": [_fact(**{name: value})]}
       for name in ("fact", "value", "operator") for value in _NO_TEXTS},
    **{f"fact {operator}": {"fact": [_fact(operator=operator)]} for operator in ("", "eval", "====", "=~ ", "`id`")},
    **{f"statement {_short(value)}": {"compound": [[_statement(value)]]} for value in _NO_TEXTS},
    **{f"statement /{text[:20]}": {"compound": [[_statement(f"/{text}/")]]} for text in _REGEXPS},
    **{f"fstatement {name} {_short(value)}": {"compound": [[_function(**{name: value})]]}
       for name in ("name", "value", "operator", "r_compare") for value in (7, [], {}, "", "../a", "a" * 100_000)},
    "10,000 open brackets": {"compound": [[{"(": "("}] * 10_000]},
    "90 brackets in each other": {"compound": [[{"(": "("}] * 90 + [_statement("a")] + [{")": ")"}] * 90]},
    "199 times not": {"compound": [[{"not": "not"}] * 198 + [_statement("a")]]},
    "an and without sides": {"compound": [[{"and": "and"}]]},
    "a word nobody knows": {"compound": [[{"eval": "system('id')"}]]},
    "an entry of two keys": {"compound": [[{"statement": "a", "and": "and"}]]},
    "50 data functions": {"compound": [[_function(), {"and": "and"}] * 50 + [_function()]]},
    "six stacks": {"compound": [[_statement("a")]] * 6},
    "only keys that nobody knows": {"sudo": ["yes"]},
    "this host twice": {"identity": ["hv1", "hv1"]},
})  # fmt: skip


def _filters() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in _FILTERS.items():
        yield f"filter {name}", {"filter": value}


def _claims() -> Iterator[tuple[str, dict[str, Any]]]:
    yield from {
        "a ttl of a week": {"ttl": 7 * 86400},
        "an hour from the future": {"time": NOW + 3600},
        "an hour old": {"time": NOW - 3600},
        "of the year 1970": {"time": 0},
        "another collective": {"collective": "other"},
        "an agent that nobody has": {"agent": "nosuch"},
        "another agent's call": {"agent": "rpcutil"},
        "an agent of a long name": {"agent": "a" * 200},
    }.items()


def _calls(caller: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for value in (None, True, 7, 1.5, "", "ping", b"\x04\x08o:", Symbol("say"), [], ["say"], {}, _inside(15, "say")):
        yield f"{_short(value)} for a call", {"body": value}
    for field, wrong in {
        "agent": (*_NO_NAMES, "rpcutil"),
        "action": _NO_NAMES,
        "caller": (ABSENT, None, True, 7, [], {}, "", "cert=root", "cert=balancer-public\n"),
        "data": (ABSENT, None, True, 7, "", "text", [], [["text", "a"]], {7: "a"}, {"text": "a", Symbol("text"): "a"}),
    }.items():
        for value in wrong:
            yield f"{field} {_short(value)} in a call", {"body": _call(caller, **{field: value})}
    yield "a call with a name as string and as symbol", {"body": _call(caller) | {"action": "say"}}


def _call(caller: str, /, **changes: Any) -> dict[Any, Any]:
    fields = {"agent": "echo", "action": "say", "caller": caller, "data": {Symbol("text"): "a"}} | changes
    return {Symbol(name): value for name, value in fields.items() if value is not ABSENT}


_CLASSES: Final = (
    *("ERB", "Object", "Kernel", "Proc", "Set", "OpenStruct", "Logger", "Date", "DateTime", "BigDecimal", "Exception"),
    *("Gem::Installer", "Gem::Requirement", "Gem::SpecFetcher", "Gem::Package::TarReader", "Gem::StubSpecification"),
    *("Net::BufferedIO", "Net::WriteAdapter", "Process::Status", "MCollective::Shell", "MCollective::RPC::Request"),
    *("ActiveSupport::Deprecation::DeprecatedInstanceVariableProxy", "Rack::Response", "Puppet::Util::Execution"),
)
_OF_RUBY: Final = ("object", "struct", "exception", "hash", "array", "string", "object:Set", "hash-with-ivars", "data")
_TAGS: Final = (
    *("!ruby/class Kernel", "!ruby/module Kernel", "!ruby/encoding UTF-8", "!ruby/range 1..2", "!ruby/proc a"),
    *(
        "!ruby/object:Complex 1+1i",
        "!ruby/regexp [a]",
        "!ruby/sym {a: b}",
        "!ruby/symbol [a]",
        "!ruby/cgi a",
        "!str [a]",
    ),
    *("!!python/object/apply:os.system [id]", "!!python/object/new:subprocess.Popen [id]", "!!python/name:os.system"),
    *("!!python/module:os", "!!python/tuple [a]", "!!python/bytes a", "!!python/object:object {}", "!!python/none"),
    *(
        "!!set {a}",
        "!!omap [a: b]",
        "!!pairs [a: b]",
        "!!timestamp 2010-01-01",
        "!!float 1e400",
        "!!int 1",
        "!!bool yes",
    ),
    *("!!null a", "!!merge <<", "!!value =", "!!map {}", "!!seq []", "!!yaml a", "!a b", "!!a b", "!<tag:a,2010:b> c"),
    *("!<!ruby/object:ERB> {}", "!ruby!object:ERB {}", "! {}", "! []", "!" + "a" * 100_000 + " b", "!binary [a]"),
    *("!binary '*'", "!binary =", "!binary " + "a " * 200_000, "!binary é", "!!binary |\n  %%%"),
)
_BROKEN_YAML: Final = (
    *(
        b"",
        b" ",
        b"\n",
        b"\x00",
        b"# nothing",
        b"...",
        b"@a",
        b"`a",
        b"%",
        b"% a",
        b"*",
        b"&",
        b"}",
        b"]",
        b"[",
        b"{",
        b"'",
        b'"',
    ),
    *(
        b"a: b: c",
        b"a:\n\t- b",
        b"- a\n b",
        b"[a, b",
        b"{a: b",
        b'"\\q"',
        b'"\\ud800"',
        b'"\\UFFFFFFFF"',
        b'"\\x4"',
        b"|a",
    ),
    *(
        b"--- a\n--- b\n",
        b"a\n...\nb\n",
        b"--- a\n" * 1000,
        b"%YAML 9.9\n--- a",
        b"%YAML 1.1\n%YAML 1.1\n--- a",
        b"%FOO a",
    ),
    *(
        b"a\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xc3",
        b"a: \xe9",
        b"\x80",
        b"\x1b[31m",
        b"\x7f",
    ),
    *("a: b".encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037")),
    *(
        b"\xef\xbb\xbf\xef\xbb\xbfa: b",
        b"\xef\xbb\xbf",
        b"a\xef\xbb\xbf: b: c",
        b"a" * 2000 + b": b: c",
        b"? a\n: b\n: c",
    ),
)
_STRANGE_YAML: Final = (
    *(
        b"a: 1\na: 2",
        b":a: 1\n:a: 2",
        b"1: 1\n1: 2",
        b"? [a]\n: b",
        b"? {a: b}\n: c",
        b"~: a",
        b"1.5: a",
        b"yes: a",
        b": a",
    ),
    *(
        b".nan",
        b".inf",
        b"-.INF",
        b"+.Inf",
        b"1.0e+999",
        b"-1.0e+999",
        b"9" * 41,
        b"9" * 500_000,
        b"1" + b",1" * 200_000,
    ),
    *(b"1" + b"_" * 400_000, b"0." + b"0" * 400_000 + b"1", b"." + b"1" * 400_000, b"1.0e" + b"9" * 400_000),
    *(
        b"*a",
        b"&a [*a]",
        b"&a {b: *a}",
        b"&a {*a : b}",
        b"- &a b\n- *c",
        b"*" + b"a" * 100_000,
        b"&a *a",
        b"- &a\n- &a *a",
    ),
    *(b"<<: {a: b}", b"a: &a {x: 1}\nb: {<<: *a}", b"a: &a {x: 1}\nb: {<<: [*a, *a]}", b"<<: <<", b"- <<"),
)


def _yaml_documents() -> Iterator[Named]:
    tagged = [*(f"!ruby/{kind}:{name} {{}}" for kind in _OF_RUBY for name in _CLASSES[:6]), *_TAGS]
    tagged += [f"!ruby/object:{name} {{a: b}}" for name in _CLASSES[6:]]
    for text in tagged:
        yield text[:60], f"--- {text}\n".encode()
        yield f"{text[:60]}, inside", f"---\n:filter:\n  fact:\n  - {text}\n".encode()
    for document in (*_BROKEN_YAML, *_STRANGE_YAML):
        yield f"{document[:30]!r}, {len(document)} bytes", document
    for name, document in _yaml_bombs().items():
        yield name, document if isinstance(document, bytes) else document.encode()


def _yaml_bombs() -> Mapping[str, str | bytes]:
    return {
        "an alias bomb of lists": _doubled("[{0}, {0}]", 30),
        "an alias bomb of hashes": _doubled("{{a: {0}, b: {0}}}", 30),
        "an alias bomb of a long string": _doubled("[{0}, {0}]", 18, "a" * 10_000),
        "an alias bomb that ends in a hash's key": _doubled("[{0}, {0}]", 12) + "\n- ? *x11\n  : a",
        "a merge bomb": _doubled("{{<<: {0}, b: {0}}}", 30, "{a: b}"),
        "a long list 1,000 times": f"- &a [{'a, ' * 5000}a]\n" + "- *a\n" * 1000,
        "a long string 1,000 times": f"- &a {'a' * 10_000}\n" + "- *a\n" * 1000,
        "20,000 anchors": "".join(f"- &a{number} b\n" for number in range(20_000)),
        "60,000 aliases": "- &a b\n" + "- *a\n" * 60_000,
        "100,000 brackets": "[" * 100_000,
        "100,000 brackets, closed": "[" * 100_000 + "]" * 100_000,
        "100,000 braces": "{" * 100_000,
        "100,000 hashes in each other": "{a: " * 100_000,
        "100,000 brackets and braces": "[{" * 50_000,
        "100,000 dashes": "- " * 100_000,
        "100,000 question marks": "? " * 100_000,
        "lists that go in 1,000 times": "".join(f"{' ' * depth}-\n" for depth in range(1000)),
        "hashes that go in 1,000 times": "".join(f"{' ' * depth}a:\n" for depth in range(1000)),
        "60,000 numbers": "- 1\n" * 60_000,
        "100,000 numbers in brackets": "[" + "1," * 100_000 + "1]",
        "100,000 floats in brackets": "[" + "1.5," * 100_000 + "1]",
        "100,000 empty lists": "[" + "[]," * 100_000 + "[]]",
        "30,000 hashes": "- a: b\n" * 30_000,
        "60,000 keys": "".join(f"a{number}: b\n" for number in range(60_000)),
        "60,000 symbols": "".join(f"- :a{number}\n" for number in range(60_000)),
        "20,000 numbers of one hash for keys": "".join(f"{number * (2**61 - 1)}: b\n" for number in range(1, 20_000)),
        "70,000 %TAG directives": "".join(f"%TAG !{number}! b\n" for number in range(70_000)) + "--- a",
        "a %TAG for Ruby's objects": "%TAG ! !ruby/object:\n--- !ERB {}\n",
        "a %TAG behind a document": "--- a\n...\n" + "%TAG !a! b\n" * 20_000,
        "500,000 comments": "#\n" * 500_000,
        "a mebibyte of spaces": " " * MEBIBYTE,
        "a mebibyte of newlines": "\n" * MEBIBYTE,
        "a mebibyte of NULs": "\0" * MEBIBYTE,
        "a mebibyte of quotes": "'" * MEBIBYTE,
        "a mebibyte of backslashes": '"' + "\\\\" * (MEBIBYTE // 2 - 1),
        "a mebibyte of smileys in quotes": '"' + "\U0001f600" * (MEBIBYTE // 4 - 1),
        "a mebibyte in one plain word": "a" * MEBIBYTE,
        "a mebibyte in one literal": "|\n " + "a\n " * (MEBIBYTE // 3 - 10),
        "a mebibyte in one symbol": ":" + "a" * (MEBIBYTE - 1),
        "an anchor of a mebibyte": "&" + "a" * (MEBIBYTE - 5) + " b",
        "more than a mebibyte": "a" * (MEBIBYTE + 1),
        "3 mebibytes": b"\xff" * 3 * MEBIBYTE,
    }  # fmt: skip


def _doubled(twice: str, levels: int, first: str = "lol") -> str:
    lines = [f"- &x{level} {twice.format(f'*x{level - 1}')}" for level in range(1, levels)]
    return "\n".join([f"- &x0 {first}", *lines])


def _marshalled(data: bytes) -> bytes:
    return b"\x04\x08" + data


def _long(number: int) -> bytes:
    """A length as Marshal has it, of four bytes where it is not small."""
    return bytes([number + 5]) if 0 < number < 123 else b"\x04" + (number & 0xFFFFFFFF).to_bytes(4, "little")


def _run(text: bytes) -> bytes:
    return _long(len(text)) + text


def _foreign(name: str) -> Iterator[Named]:
    of = b":" + _run(name.encode())
    yield f"an object of {name}", b"o" + of + b"\x00"
    yield f"{name} with variables", b"o" + of + b'\x06:\x09@srcI"\x08`id`\x06:\x06ET'
    yield f"{name} by its _load", b"u" + of + _run(b"system('id')")
    yield f"{name} by its marshal_load", b"U" + of + b"[\x06i\x06"
    yield f"a Struct {name}", b"S" + of + b"\x06:\x06ai\x06"
    yield f"a list extended by {name}", b"e" + of + b"[\x00"
    yield f"a string of class {name}", b"C" + of + b'"\x06a'
    yield f"data of {name}", b"d" + of + b"0"
    yield f"the class {name}", b"c" + _run(name.encode())
    yield f"the module {name}", b"m" + _run(name.encode())
    yield f"the class or module {name}", b"M" + _run(name.encode())


_PLACES: Final[Mapping[str, bytes]] = MappingProxyType({
    "in a list": b"[\x06%s",
    "as a value": b"{\x06:\x06a%s",
    "as a key": b"{\x06%si\x06",
    "as a variable": b'I"\x06a\x06:\x06E%s',
    "as an encoding": b'I"\x06a\x06:\rencoding%s',
    "as a name of a variable": b'I"\x06a\x06%sT',
    "as a default": b"}\x00%s",
    "wrapped": b"I%s\x06:\x06ET",
})  # fmt: skip
_DAMAGED: Final = (
    *(
        b"",
        b"?",
        b"00",
        b"[\x07i\x06",
        b'"\x0aab',
        b"i",
        b"i\x04\x01",
        b"i\xfc\x01",
        b"f",
        b"l",
        b"l+",
        b"I",
        b'I"\x06a',
        b":",
        b"@",
    ),
    *(
        b"[\xfa",
        b"{\xfa",
        b'"\xfaab',
        b":\xfaa",
        b"f\xfa1",
        b"l+\xfa",
        b"/\xfaa\x00",
        b"[\xff\x00",
        b'"\xfc\x00\x00\x00\x80a',
    ),
    *(kind + b"\x04\xff\xff\xff\x7f" + b"0" * 50 for kind in (b"[", b"{", b'"', b":", b"f", b"l+", b"/", b'I"', b"I:")),
    *(kind + b"\x04\xff\xff\xff\xff" + b"0" * 50 for kind in (b"[", b"{", b'"', b":", b"f", b"l+", b"/", b'I"', b"I:")),
    *(b"I[\x00\x06:\x06ET", b'II"\x06a\x06:\x06ET', b"Ii\x06\x00", b"I@\x00", b"I;\x00", b"K", b"\x00", b"\xff"),
    *(b'I"\x06a\x00', b'I"\x06a\x07:\x06ET:\x06ET', b'I"\x06a\x06:\x06E0', b'I"\x06a\x06:\x06Ei\x06', b'I"\x06a\xfa'),
    *(
        b'I"\x06a\x06:\rencoding"' + _run(name)
        for name in (b"UTF-7", b"UTF-16", b"rot13", b"idna", b"../a", b"a" * 100_000)
    ),
    *(
        b'I"\x06\xff\x06:\x06ET',
        b'I"\x06\xff\x06:\x06EF',
        b'I"\x07\xc0\x80\x06:\x06ET',
        b":\x06\xff",
        b"I:\x06\xff\x06:\x06ET",
    ),
    *(
        b"f\x08inf",
        b"f\x09-inf",
        b"f\x08nan",
        b"f\x0a1e999",
        b"f\x081_0",
        b"f\x080x1",
        b"f\x001",
        b"f" + _run(b"1" * 500_000),
    ),
    *(b"l+" + _long(250_000) + b"\xff" * 500_000, b"l-" + _long(20) + b"\xff" * 40, b"l*\x06\x01\x00", b"l+\x06\x01"),
    *(
        b"@\x00",
        b"@\x06",
        b"@\xfa",
        b"[\x06@\x00",
        b"{\x06:\x06a@\x00",
        b"{\x06@\x00:\x06a",
        b"[\x07i\x06@\x06",
        b"@\x04\xff\xff\xff\x7f",
    ),
    *(b";\x00", b"[\x07:\x06a;\x06", b"[\x07:\x06a;\xfa", b"I:\x06a\x06;\x06T", b"[\x07[\x06@\x00@\x06"),
    *(
        b"{\x07:\x06ai\x06;\x00i\x07",
        b"{\x07i\x060i\x060",
        b"{\x0600",
        b"{\x06T0",
        b"{\x06f\x0610",
        b"{\x06[\x000",
        b"{\x06{\x000",
    ),
)


def _marshal_documents() -> Iterator[Named]:
    for version in (
        b"",
        b"\x04",
        b"\x04\x07",
        b"\x04\x09",
        b"\x03\x08",
        b"\x05\x00",
        b"\x00\x00",
        b"--- ",
        b"\x80\x04",
        b"\xac\xed",
    ):
        yield f"version {version!r}", version + b"0"
    for name in _CLASSES[:8]:
        for what, data in _foreign(name):
            yield what, _marshalled(data)
    for what, data in _foreign("ERB"):
        for place, around in _PLACES.items():
            yield f"{what}, {place}", _marshalled(around.replace(b"%s", data))
    for data in _DAMAGED:
        yield f"{data[:20]!r}, {len(data)} bytes", _marshalled(data)
    for what, data in _marshal_bombs().items():
        yield what, _marshalled(data)


def _marshal_bombs() -> Mapping[str, bytes]:
    return {
        "the gadget of all Rubies": (
            b"[\x08c\x15Gem::SpecFetcherc\x13Gem::InstallerU:\x15Gem::Requirement[\x06o:\x1cGem::Package::TarReader\x06"
            b":\x08@ioo:\x14Net::BufferedIO\x07;\x07o:\x23Gem::Package::TarReader::Entry\x07:\x0a@readi\x00"
        ),
        "a link bomb of lists": _linked(b"[\x07@%s@%s"),
        "a link bomb of hashes": _linked(b"{\x07i\x06@%si\x07@%s"),
        "a long list 1,000 times": b"[" + _long(1001) + b"[" + _long(5000) + b"0" * 5000 + b"@\x06" * 1000,
        "a long string 1,000 times": b"[" + _long(1001) + b'"' + _run(b"a" * 10_000) + b"@\x06" * 1000,
        "100,000 lists in each other": b"[\x06" * 100_000,
        "100,000 hashes in each other": b"{\x06i\x06" * 100_000,
        "100,000 hashes as keys": b"{\x06" * 100_000,
        "100,000 strings in each other": b'I"\x00\x06:\x06E' * 100_000,
        "100,000 symbols in each other": b"I:\x00\x06" * 100_000,
        "60,000 numbers": b"[" + _long(60_000) + b"i\x06" * 60_000,
        "60,000 floats": b"[" + _long(60_000) + b"f\x061" * 60_000,
        "60,000 empty lists": b"[" + _long(60_000) + b"[\x00" * 60_000,
        "60,000 strings": b"[" + _long(60_000) + b'I"\x00\x06:\x06ET' * 60_000,
        "30,000 hashes": b"[" + _long(30_000) + b"{\x06i\x060" * 30_000,
        "60,000 symbols": b"[" + _long(60_000) + b"".join(b":" + _run(b"a%d" % number) for number in range(60_000)),
        "10,000 lists of 10 lists": b"[" + _long(10_000) + (b"[\x0f" + b"[\x00" * 10) * 10_000,
        "4,000 numbers of one hash for keys": b"{" + _long(4000) + b"".join(map(_of_one_hash, range(1, 4001))),
        "a mebibyte of nothing": b"0" * (MEBIBYTE - 2),
        "a mebibyte in one string": b'"' + _run(b"a" * (MEBIBYTE - 8)),
        "a mebibyte in one symbol": b":" + _run(b"a" * (MEBIBYTE - 8)),
        "a mebibyte in one text": b'I"' + _run(b"\xf0\x9f\x98\x80" * (MEBIBYTE // 4 - 5)) + b"\x06:\x06ET",
        "a mebibyte in one regular expression": b"/" + _run(b"/" * (MEBIBYTE - 9)) + b"\x00",
        "a regular expression that takes for ever": b"/" + _run(b"(a+)+$") + b"\x00",
        "more than a mebibyte": b'"' + _run(b"a" * MEBIBYTE),
        "3 mebibytes": b"\xff" * 3 * MEBIBYTE,
    }  # fmt: skip


def _linked(twice: bytes) -> bytes:
    levels = range(1, 31)
    links = b"".join(twice.replace(b"%s", bytes([level + 5])) for level in levels)
    return b"[" + _long(len(levels) + 1) + b"[\x07i\x06i\x06" + links


def _of_one_hash(number: int) -> bytes:
    return b"l+\x0a" + (number * (2**61 - 1)).to_bytes(10, "little") + b"0"


_DOCUMENTS: Final[Mapping[str, Callable[[], Iterator[Named]]]] = MappingProxyType({
    "yaml": _yaml_documents,
    "marshal": _marshal_documents,
})  # fmt: skip

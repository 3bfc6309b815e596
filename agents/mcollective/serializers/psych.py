"""YAML as Ruby's Psych writes and reads it, within bounds.

Rule: build from the parser's events, never from its composer; an iterative walk with a limit on everything ends as a
plain value or as one DecodeError. Symbols are not strings, no string is ever a date, nothing is executed.
"""

import base64
import binascii
import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import yaml

from agents.mcollective.errors import DecodeError
from agents.mcollective.serializers import EncodeError, Limits, Regexp, Serializer, Symbol, Tally, hash_of
from agents.mcollective.serializers.psych_lines import lines_of_names
from agents.mcollective.serializers.psych_scalars import plain

_DEFAULT: Final = Limits()


def decode(data: bytes, limits: Limits = _DEFAULT) -> Any:
    """The one value in a document of plain YAML with Ruby's symbols; DecodeError for everything else."""
    if len(data) > limits.size:
        raise DecodeError("too large", f"{len(data)} bytes, at most {limits.size}")
    value = lines_of_names(data, limits)
    return parsed(data, limits) if value is None else value


def parsed(data: bytes, limits: Limits) -> Any:
    """The same, by the parser's events."""
    _check(data)
    builder = _Builder(Tally(limits, len(data)))
    try:
        # Given a str, the parser would encode it first.
        for event in iter(yaml.CBaseLoader(data).get_event, None):
            _HANDLERS[type(event)](builder, event)
    except yaml.YAMLError as error:
        raise DecodeError("damaged", _first_line(error)) from None
    return builder.result()


def encode(value: Any) -> bytes:
    """The value as one YAML document that Psych's safe_load and `decode` read alike; strings are double-quoted."""
    try:
        text = yaml.dump(value, Dumper=_Dumper, width=-1, sort_keys=False, explicit_start=True, allow_unicode=True)
        return str(text).encode()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise EncodeError(_first_line(error)) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _check(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("not UTF-8", f"at byte {error.start}") from None
    if b"%TAG" in data and _TAG_DIRECTIVE.search(data):
        raise DecodeError("forbidden tag", "a %TAG directive")


_TAG_DIRECTIVE: Final = re.compile(rb"(?:\A|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9])%TAG")
"""No peer writes any, and each of many would cost the parser a look at all before it."""


class _Outer(NamedTuple):
    """What is left aside while a collection inside it is read, and how that one ends."""

    items: list[Any]
    anchor: str | None
    build: Callable[[list[Any]], Any]


@dataclass(slots=True)
class _Builder:
    """`items`: those of the innermost collection; a document is the only item of a list."""

    tally: Tally
    items: list[Any] = field(default_factory=list)
    outer: list[_Outer] = field(default_factory=list)
    anchors: dict[str, Any] = field(default_factory=dict)

    def result(self) -> Any:
        if not self.items:
            raise DecodeError("damaged", "no document")
        return self.items[0]

    def document(self, _event: yaml.DocumentStartEvent) -> None:
        if self.items:
            raise DecodeError("damaged", "a second document")

    def scalar(self, event: yaml.ScalarEvent) -> None:
        value = _scalar(event, self.tally.limits)
        self.tally.count(1, len(self.outer))
        self._take(value, event.anchor)

    def begin(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        if event.tag is not None:
            raise DecodeError("forbidden tag", event.tag[:80])
        self.outer.append(_Outer(self.items, event.anchor, _COLLECTIONS[type(event)]))
        self.tally.count(1, len(self.outer))
        self.items = []

    def end(self, _event: yaml.CollectionEndEvent) -> None:
        outer = self.outer.pop()
        value = outer.build(self.items)
        self.items = outer.items
        self._take(value, outer.anchor)

    def alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self.anchors:
            raise DecodeError("unknown alias", f"*{event.anchor}"[:80])
        value = self.anchors[event.anchor]
        self.tally.count(1, len(self.outer))
        self.tally.repeat(value, len(self.outer))
        self.items.append(value)

    def _take(self, value: Any, anchor: str | None) -> None:
        self.items.append(value)
        if anchor is not None:
            self.anchors[anchor] = value


_COLLECTIONS: Final[Mapping[type[yaml.Event], Callable[[list[Any]], Any]]] = MappingProxyType({
    yaml.SequenceStartEvent: lambda items: items,
    yaml.MappingStartEvent: hash_of,
})  # fmt: skip

_HANDLERS: Final[Mapping[type[yaml.Event], Callable[[_Builder, Any], None]]] = MappingProxyType({
    yaml.StreamStartEvent: lambda _builder, _event: None,
    yaml.StreamEndEvent: lambda _builder, _event: None,
    yaml.DocumentStartEvent: _Builder.document,
    yaml.DocumentEndEvent: lambda _builder, _event: None,
    yaml.ScalarEvent: _Builder.scalar,
    yaml.SequenceStartEvent: _Builder.begin,
    yaml.MappingStartEvent: _Builder.begin,
    yaml.SequenceEndEvent: _Builder.end,
    yaml.MappingEndEvent: _Builder.end,
    yaml.AliasEvent: _Builder.alias,
})  # fmt: skip


def _scalar(event: yaml.ScalarEvent, limits: Limits) -> Any:
    tag, text = event.tag, event.value
    if tag is not None and tag != _AS_IF_PLAIN:
        return _tagged(tag, text)
    return plain(text, limits) if event.implicit[0] else text


_AS_IF_PLAIN: Final = "!"
"""So Psych marks symbols that it has to quote, as in `! ':a: b'`."""


def _tagged(tag: str, text: str) -> Any:
    if tag not in _TAGS:
        raise DecodeError("forbidden tag", tag[:80])
    return _TAGS[tag](text)


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode().translate(None, b" \t\r\n"), validate=True)
    except (binascii.Error, ValueError):
        raise DecodeError("damaged", "!binary that is no base64") from None


_TAGS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType({
    "!ruby/sym": Symbol,
    "!ruby/symbol": Symbol,
    "!ruby/regexp": Regexp,
    "!binary": _binary,
    "tag:yaml.org,2002:binary": _binary,
    "tag:yaml.org,2002:str": str,
})  # fmt: skip


class _Dumper(yaml.CSafeDumper):
    """PyYAML's own, with every string quoted: Psych would read `08:30` or `1,000` as a number, a date not at all."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


_NAME: Final = re.compile(r"[A-Za-z_]\w*[?!]?", re.ASCII)
_IMPLIED: Final = "!ruby/symbol"
_WRITTEN: Final = "!ruby/sym"
"""The same to Psych: one is what a plain `:name` implies, the other is written out where a name is not so plain."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str:
    r"""Always quoted, or a block: what `"` would double with each level of text within text stands as it is.

    A block's lines may end in nothing but \\n. Where libyaml cannot write what is asked for it takes `"`.
    """
    if '"' not in text or not text.isascii() or "\r" in text:
        return '"'
    return "|" if "\n" in text else "'"


def _represent_symbol(dumper: _Dumper, symbol: Symbol) -> yaml.Node:
    if _NAME.fullmatch(symbol):
        return dumper.represent_scalar(_IMPLIED, f":{symbol}")
    return dumper.represent_scalar(_WRITTEN, str(symbol), style='"')


def _represent_float(dumper: _Dumper, number: float) -> yaml.Node:
    if not math.isfinite(number):
        raise ValueError(f"{number} has no form on the wire")
    return dumper.represent_float(number)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Symbol, _represent_symbol)
_Dumper.add_representer(float, _represent_float)
for _without_form in (set, dt.date, dt.datetime):
    _Dumper.add_representer(_without_form, _Dumper.represent_undefined)
_Dumper.add_implicit_resolver(_IMPLIED, re.compile(r":[A-Za-z_]"), [":"])

YAML: Final = Serializer(encode, decode, embed=bytes.decode)

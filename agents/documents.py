"""How a file that a person writes is read: YAML against a pydantic model, all mistakes at once, each with its place.

Rule: YAML gives the structure, the model gives the types. Every scalar reaches the model as the text that stands in the
file (`no` is a name, `0x9` a series); only an empty value and `null` are None. What nobody needs in such a file is
refused: anchors, aliases, tags, merge keys, several documents, the same key twice.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from dsl.syntax import Kind
from dsl.units import quantity

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 20
MAX_SHOWN: Final = 50

Step = str | int
Place = tuple[int, int]
Places = Callable[[Sequence[Step]], Place]
"""Where the key or entry at a path stands, line and column from 1."""


class Document(BaseModel):
    """What every file's model builds on: unknown keys are refused, values are frozen, numbers finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: at which key (`("hosts", 2, "cores")`), what, and what would be right."""

    path: tuple[Step, ...]
    message: str
    code: str = "wrong-value"


class DocumentError(Exception):
    """A file that cannot be used; its text is all there is to say, `FILE:LINE:COL: code: message` for each mistake."""


def load(
    path: Path,
    model: type[AnyModel],
    check: Callable[[AnyModel], Iterable[Mistake]] | None = None,
    limit: int = MAX_BYTES,
) -> AnyModel:
    """The file as a `model`; DocumentError where it is unreadable, above `limit` bytes, or wrong. See `parse`."""
    return parse(read_bytes(path, limit), model, check, path)


def read_bytes(path: Path, limit: int) -> bytes:
    """The file as it is; DocumentError where it is unreadable or above `limit` bytes."""
    try:
        with path.open("rb") as file:
            source = file.read(limit + 1)
    except OSError as error:
        raise DocumentError(f"{path}:1:1: unreadable: {error.strerror or error}") from None
    if len(source) > limit:
        raise DocumentError(f"{path}:1:1: too-large: more than {limit} bytes")
    return source


def parse(
    source: bytes,
    model: type[AnyModel],
    check: Callable[[AnyModel], Iterable[Mistake]] | None = None,
    path: Path = Path("-"),
) -> AnyModel:
    """The bytes as a `model`; `check` finds what types cannot say. Relative paths in it count from beside `path`."""
    return parse_placed(source, model, check, path)[0]


def parse_placed(
    source: bytes,
    model: type[AnyModel],
    check: Callable[[AnyModel], Iterable[Mistake]] | None = None,
    path: Path = Path("-"),
) -> tuple[AnyModel, Places]:
    """The bytes as a `model`, and where each of its keys and entries stands."""
    try:
        root, findings = _compose(source)
    except _Unreadable as unreadable:
        raise _document_error(path, [unreadable.finding]) from None
    try:
        value = model.model_validate(_plain(root), context={"folder": path.parent})
        mistakes = list(check(value)) if check else []
    except ValidationError as error:
        mistakes = list(_mistakes(error, model))
    findings += [_place_of(root, mistake) for mistake in mistakes]
    if findings:
        raise _document_error(path, findings)
    return value, lambda steps: _walk(root, steps)[0]


# -- the types that files share


def _amount(kind: Kind) -> Callable[[Any], Any]:
    """Reads text with a unit of `kind`; numbers come from code, not from a file, and are base units already."""

    def read(value: Any) -> Any:
        if isinstance(value, str) and value.rstrip().endswith("/s"):
            raise ValueError(f"“{value}” is a rate, wanted is a {kind}")
        return quantity(value, kind) if isinstance(value, str) else value

    return read


def _rate(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    size, slash, unit = value.strip().rpartition("/")
    if (slash, unit) != ("/", "s"):
        raise ValueError(f"“{value}” is not a rate: write a size for each second, like 110MiB/s")
    return quantity(size, Kind.SIZE)


def _beside(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


Seconds = Annotated[float, BeforeValidator(_amount(Kind.TIME))]
"""A time, written with its unit: `30s`, `10 min`."""
Mebibytes = Annotated[float, BeforeValidator(_amount(Kind.SIZE))]
"""A size, written with its unit: `32GiB`."""
Rate = Annotated[float, BeforeValidator(_rate)]
"""MiB in a second, written with its unit: `110MiB/s`."""
FileName = Annotated[Path, AfterValidator(_beside)]
"""A path; a relative one counts from the folder of the file that names it."""


# -- text to nodes


@dataclass(frozen=True, slots=True)
class _Finding:
    place: Place
    code: str
    message: str


class _Unreadable(Exception):  # noqa: N818 - it never leaves this module
    """The structure breaks off here."""

    def __init__(self, place: Place, code: str, message: str) -> None:
        super().__init__(message)
        self.finding = _Finding(place, code, message)


@dataclass(frozen=True, slots=True)
class _Scalar:
    place: Place
    text: str | None


@dataclass(frozen=True, slots=True)
class _Sequence:
    place: Place
    items: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Mapping:
    place: Place
    keys: Mapping[str, Place]
    values: Mapping[str, "_Node"]


_Node = _Scalar | _Sequence | _Mapping


def _compose(source: bytes) -> tuple[_Node, list[_Finding]]:
    """The one document as nodes, and the keys that stand twice. Events come one by one, however deep the nesting."""
    composer = _Composer(yaml.parse(_decode(source), Loader=yaml.CSafeLoader))
    try:
        return composer.document(), composer.findings
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        context = f" {error.context}" if error.context else ""
        raise _Unreadable(place, "syntax", f"this is not YAML: {error.problem}{context}") from None


def _decode(source: bytes) -> str:
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Unreadable((1, 1), "encoding", f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        before = text[: odd.start()]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise _Unreadable(place, "encoding", f"the character U+{ord(odd[0]):04X} cannot stand in this file")
    return text


class _Composer:
    """Events to nodes, refusing what these files must not hold."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self.findings: list[_Finding] = []

    def document(self) -> _Node:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise _Unreadable((1, 1), "empty", "the file is empty")
        node = self._node(next(self._events), 0)
        next(self._events)
        if not isinstance(after := next(self._events), yaml.StreamEndEvent):
            raise _Unreadable(_start(after), "syntax", "a second document begins here; one file holds one")
        return node

    def _node(self, event: yaml.Event, depth: int) -> _Node:
        place = _start(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Unreadable(place, "syntax", "anchors (&) and aliases (*) are not read here; write the value out")
        if getattr(event, "tag", None) is not None:
            raise _Unreadable(place, "syntax", "tags (!) are not read here; leave it out")
        if depth > MAX_DEPTH:
            raise _Unreadable(place, "syntax", f"nested deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.ScalarEvent):
            return _Scalar(place, None if event.implicit[0] and event.value in {"", "~", "null"} else event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return _Sequence(place, tuple(self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)))
        return self._mapping(place, depth)

    def _mapping(self, place: Place, depth: int) -> _Mapping:
        keys: dict[str, Place] = {}
        values: dict[str, _Node] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._key(event)
            if key in keys:
                first = keys[key][0]
                self.findings.append(
                    _Finding(_start(event), "duplicate-key", f"“{key}” stands in line {first} already")
                )
            keys.setdefault(key, _start(event))
            values.setdefault(key, self._node(next(self._events), depth + 1))
        return _Mapping(place, keys, values)

    def _key(self, event: yaml.Event) -> str:
        node = self._node(event, 0) if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent) else None
        if not isinstance(node, _Scalar) or node.text in {None, "<<"}:
            raise _Unreadable(_start(event), "syntax", "a key is a plain word here")
        return str(node.text)

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event


def _start(event: yaml.Event) -> Place:
    if event.start_mark is None:
        return 1, 1
    return event.start_mark.line + 1, event.start_mark.column + 1


def _plain(node: _Node) -> Any:
    if isinstance(node, _Scalar):
        return node.text
    if isinstance(node, _Sequence):
        return [_plain(item) for item in node.items]
    return {key: _plain(value) for key, value in node.values.items()}


# -- mistakes to messages

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("missing-key", "is missing"),
    "int_parsing": ("wrong-type", "{input} is not a whole number"),
    "int_parsing_size": ("wrong-type", "{input} has too many digits"),
    "int_type": ("wrong-type", "a whole number is wanted here, not {input}"),
    "int_from_float": ("wrong-type", "{input} is not a whole number"),
    "float_parsing": ("wrong-type", "{input} is not a number"),
    "float_type": ("wrong-type", "a number is wanted here, not {input}"),
    "finite_number": ("out-of-range", "{input} is not a finite number"),
    "bool_parsing": ("wrong-type", "{input} is neither true nor false"),
    "bool_type": ("wrong-type", "true or false is wanted here, not {input}"),
    "string_type": ("wrong-type", "a text is wanted here, not {input}"),
    "path_type": ("wrong-type", "a path is wanted here, not {input}"),
    "tuple_type": ("wrong-type", "a list is wanted here, not {input}"),
    "list_type": ("wrong-type", "a list is wanted here, not {input}"),
    "dict_type": ("wrong-type", "keys with values are wanted here, not {input}"),
    "mapping_type": ("wrong-type", "keys with values are wanted here, not {input}"),
    "model_type": ("wrong-type", "keys with values are wanted here, not {input}"),
    "dataclass_type": ("wrong-type", "keys with values are wanted here, not {input}"),
    "greater_than": ("out-of-range", "{input} is too small; it must be more than {gt}"),
    "greater_than_equal": ("out-of-range", "{input} is too small; at least {ge}"),
    "less_than": ("out-of-range", "{input} is too large; it must be less than {lt}"),
    "less_than_equal": ("out-of-range", "{input} is too large; at most {le}"),
    "string_too_short": ("out-of-range", "{input} is too short; at least {min_length} characters"),
    "string_too_long": ("out-of-range", "{input} is too long; at most {max_length} characters"),
    "too_short": ("out-of-range", "too few entries; at least {min_length}"),
    "too_long": ("out-of-range", "too many entries; at most {max_length}"),
    "string_pattern_mismatch": ("wrong-value", "{input} has a character that cannot stand here; allowed: {pattern}"),
    "literal_error": ("wrong-value", "{input} is none of {expected}"),
    "value_error": ("wrong-value", "{error}"),
}
"""Of pydantic's kinds of error those that these models can bring: our code and words."""


def _mistakes(error: ValidationError, model: type[BaseModel]) -> Iterator[Mistake]:
    all_details = error.errors(include_url=False)
    within = {details["loc"][:-depth] for details in all_details for depth in range(1, len(details["loc"]))}
    for details in all_details:
        if details["type"] == "too_short" and details["loc"] in within:
            continue  # only because its entries are wrong
        if details["type"] == "extra_forbidden":
            yield Mistake(details["loc"], _unknown_key(details["loc"], model), "unknown-key")
        else:
            code, message = _describe(details)
            yield Mistake(details["loc"], message, code)


def _describe(details: ErrorDetails) -> tuple[str, str]:
    if details["input"] is None and details["type"] != "missing":
        return "wrong-type", "has no value; give it one or leave the key out"
    code, words = _WORDS.get(details["type"], ("wrong-value", details["msg"].replace("{", "{{").replace("}", "}}")))
    return code, words.format(input=_shown(details["input"]), **details.get("ctx", {}))


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "keys with values"
    text = str(value)
    return f"“{text if len(text) <= 60 else text[:59] + '…'}”"


def _unknown_key(path: tuple[Step, ...], model: type[BaseModel]) -> str:
    known = sorted(_known_keys(model, path[:-1]))
    nearest = difflib.get_close_matches(str(path[-1]), known, 1)
    return f"unknown key; did you mean “{nearest[0]}”?" if nearest else f"unknown key; known here: {', '.join(known)}"


def _known_keys(model: type[BaseModel], path: tuple[Step, ...]) -> set[str]:
    """The keys that may stand at `path`; the JSON schema tells it for models and dataclasses alike."""
    schema = model.model_json_schema()
    here = list(_alternatives(schema, schema))
    for step in path:
        below = (deeper for part in here for deeper in _below(part, step))
        here = [part for deeper in below for part in _alternatives(deeper, schema)]
    return {key for part in here for key in part.get("properties", {})}


def _below(schema: Mapping[str, Any], step: Step) -> Iterator[Mapping[str, Any]]:
    for found in (schema.get("properties", {}).get(step), schema.get("additionalProperties"), schema.get("items")):
        if isinstance(found, Mapping):
            yield found


def _alternatives(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema itself, or what its `$ref`, `anyOf`, `oneOf` and `allOf` stand for."""
    if reference := schema.get("$ref"):
        yield from _alternatives(root["$defs"][reference.rpartition("/")[2]], root)
    yield schema
    for several in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(several, ()):
            yield from _alternatives(part, root)


def _place_of(root: _Node, mistake: Mistake) -> _Finding:
    """Where the mistake stands: an unknown key at the key, all else at the value, what is missing at what lacks it."""
    place, node, names = _walk(root, mistake.path, told_missing=mistake.code == "missing-key")
    at_value = mistake.code != "unknown-key" and not (isinstance(node, _Scalar) and node.text is None)
    name = f"{names.removeprefix('.')}: " if names else ""
    return _Finding(node.place if at_value else place, mistake.code, name + mistake.message)


def _walk(root: _Node, path: Sequence[Step], *, told_missing: bool = False) -> tuple[Place, _Node, str]:
    """Place and node of a path as far as it leads, and its name; `told_missing`: with the steps that lead nowhere."""
    place, node, names = root.place, root, ""
    for step in path:
        if isinstance(node, _Mapping) and step in node.values:
            place, node, names = node.keys[str(step)], node.values[str(step)], f"{names}.{step}"
        elif isinstance(node, _Sequence) and isinstance(step, int) and step < len(node.items):
            place, node, names = node.items[step].place, node.items[step], f"{names}[{step}]"
        elif told_missing:
            names = f"{names}.{step}"
    return place, node, names


def _document_error(path: Path, findings: list[_Finding]) -> DocumentError:
    ordered = sorted(findings, key=lambda finding: finding.place)
    lines = [f"{path}:{at.place[0]}:{at.place[1]}: {at.code}: {at.message}" for at in ordered[:MAX_SHOWN]]
    rest = len(ordered) - MAX_SHOWN
    return DocumentError("\n".join([*lines, f"… and {rest} more"] if rest > 0 else lines))

"""MCollective's own server.cfg and client.cfg, so that a site can point at what it has.

Rule: what is said there means here what it means to MCollective, its defaults included; what is about MCollective's own
inner life is ignored; what cannot be done as it is said is refused with its place and a way out. A relative path counts
from the file's folder.
"""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from agents.documents import MAX_BYTES, DocumentError, Step, read_bytes
from agents.mcollective.cfg.keys import CONNECTORS, DEFAULTS, KNOWN, PLUGINS, PROVIDERS, REQUIRED, SWITCHES, USED
from agents.mcollective.settings import ClientSettings, ServerSettings, Settings

AnySettings = TypeVar("AnySettings", bound=Settings)


def read_server(path: Path, environment: Mapping[str, str] = os.environ) -> ServerSettings:
    """The settings in a server.cfg and the plugin.d beside it; DocumentError with every mistake and its place."""
    return _read(path, ServerSettings, environment)[1]


def read_client(path: Path, environment: Mapping[str, str] = os.environ) -> ClientSettings:
    """The settings in a client.cfg and the plugin.d beside it; DocumentError with every mistake and its place."""
    return _read(path, ClientSettings, environment)[1]


def server_document(path: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What `read_server` reads as plain keys and values, for a larger document; its paths are absolute."""
    return _read(path, ServerSettings, environment)[0]


def client_document(path: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What `read_client` reads as plain keys and values, for a larger document; its paths are absolute."""
    return _read(path, ClientSettings, environment)[0]


@dataclass(frozen=True, slots=True)
class _Place:
    file: Path
    line: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:1"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line, or what stands for one."""

    place: _Place
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class _Value:
    """What an entry says: `row` is its key as the tables have it, `path` where it goes in our settings."""

    entry: _Entry
    row: str
    path: tuple[Step, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class _Finding:
    place: _Place
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.code}: {self.message}"


def _read(path: Path, model: type[AnySettings], environment: Mapping[str, str]) -> tuple[dict[str, Any], AnySettings]:
    found = list(_lines(path))
    entries = {key: _Entry(_Place(path), key, value) for key, value in DEFAULTS.items()}
    entries |= {each.key: each for each in found if isinstance(each, _Entry)}
    entries |= {each.key: each for each in _from_environment(path, entries, environment)}
    read = [_value(entry, entries["connector"].value.lower(), model, path) for entry in entries.values()]
    _refuse(each for each in [*found, *read] if isinstance(each, _Finding))
    values = [each for each in read if isinstance(each, _Value)]
    _refuse(_contradictions(path, model, values))
    document = _document(path, model, values)
    return document, _validated(path, model, document, values)


def _refuse(findings: Iterable[_Finding]) -> None:
    told = list(findings)
    if told:
        raise _error(told)


def _error(findings: Iterable[_Finding]) -> DocumentError:
    """The file's own mistakes first, then those of plugin.d."""
    ordered = sorted(findings, key=lambda each: (len(each.place.file.parts), each.place.file, each.place.line))
    return DocumentError("\n".join(map(str, ordered)))


# -- lines to entries

_LINE: Final = re.compile(r"\s*(?P<key>[^=]*[^=\s])\s*=\s*(?P<value>.+)")
_PLUGIN_FILE: Final = re.compile(r"\w+\.cfg")


def _lines(path: Path) -> Iterator[_Entry | _Finding]:
    """What the file and the plugin.d beside it say, in the order in which the last word counts."""
    yield from _lines_of(path, "")
    for file in sorted((path.parent / "plugin.d").glob("*.cfg")):
        if _PLUGIN_FILE.fullmatch(file.name):
            yield from _lines_of(file, f"plugin.{file.stem}.")


def _lines_of(path: Path, prefix: str) -> Iterator[_Entry | _Finding]:
    for number, line in enumerate(_decoded(path).split("\n"), start=1):
        text = line.rstrip()
        if text and not text.startswith("#"):
            yield _line(_Place(path, number), prefix, text)


def _decoded(path: Path) -> str:
    try:
        return read_bytes(path, MAX_BYTES).decode()
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}:1:1: encoding: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _line(place: _Place, prefix: str, text: str) -> _Entry | _Finding:
    match = _LINE.fullmatch(text)
    if match is None:
        return _Finding(place, "syntax", f"“{text[:60]}” is no “key = value”; a comment has its # in column 1")
    return _Entry(place, prefix + match["key"], match["value"])


def _from_environment(path: Path, said: Iterable[str], environment: Mapping[str, str]) -> Iterator[_Entry]:
    """What MCollective takes from the environment rather than from its files."""
    names = [
        ("MCOLLECTIVE_PSK", "plugin.psk"),
        ("MCOLLECTIVE_SSL_PRIVATE", "plugin.ssl_client_private"),
        ("MCOLLECTIVE_SSL_PUBLIC", "plugin.ssl_client_public"),
        *(pair for key in said if (host := _HOST.fullmatch(key)) for pair in _of_broker(host[1], host[2])),
    ]
    return (_Entry(_Place(path), key, environment[name]) for name, key in names if name in environment)


_HOST: Final = re.compile(r"plugin\.(activemq|rabbitmq)\.pool\.([0-9]+)\.host")


def _of_broker(connector: str, number: str) -> Iterator[tuple[str, str]]:
    pool, own = f"plugin.{connector}.pool.{number}", f"MCOLLECTIVE_{connector.upper()}_POOL{number}"
    yield "STOMP_USER", f"{pool}.user"
    yield "STOMP_PASSWORD", f"{pool}.password"
    yield f"{own}_SSL_CERT", f"{pool}.ssl.cert"
    yield f"{own}_SSL_KEY", f"{pool}.ssl.key"


# -- entries to values

_CONNECTOR: Final = re.compile(r"plugin\.(activemq|rabbitmq)\.")
_POOL: Final = re.compile(r"\.pool\.([1-9][0-9]{0,3})\.")
_AGENT: Final = re.compile(r"plugin\.([^.]+)\.activate_agent")


def _row(key: str) -> str:
    """The key as the tables have it."""
    key = _AGENT.sub("plugin.AGENT.activate_agent", key)
    return key if key in KNOWN else _POOL.sub(".pool.N.", _CONNECTOR.sub("plugin.CONNECTOR.", key))


def _value(entry: _Entry, connector: str, model: type[Settings], path: Path) -> _Value | _Finding | None:
    """None where it is about something that we, this side or this connector have no use for."""
    row, about = _row(entry.key), _CONNECTOR.match(entry.key)
    key = USED[model].get(row)
    if key is None or (about and about[1] != connector):
        return _unknown(entry, row)
    try:
        value = key.read(entry.value)
    except ValueError as error:
        return _Finding(entry.place, "wrong-value", f"{entry.key}: {error}")
    pool = _POOL.search(entry.key)
    where = tuple(int(pool[1]) - 1 if pool and step == "N" else step for step in key.path)
    return _Value(entry, row, where, str(path.absolute().parent / value) if key.file else value)


def _unknown(entry: _Entry, row: str) -> _Finding | None:
    if row in KNOWN or _is_foreign(entry.key):
        return None
    spellings = {known.replace("CONNECTOR", connector) for known in KNOWN for connector in CONNECTORS}
    nearest = difflib.get_close_matches(_POOL.sub(".pool.N.", entry.key), sorted(spellings), 1)
    advice = f"did you mean “{nearest[0]}”?" if nearest else "MCollective has no such key; leave it out"
    return _Finding(entry.place, "unknown-key", f"{entry.key}: {advice}")


def _is_foreign(key: str) -> bool:
    """It is a key of a plugin that is not known here, and not a known one misspelt."""
    plugin, dot, _ = key.removeprefix("plugin.").partition(".")
    ours = PLUGINS if dot else {known.removeprefix("plugin.") for known in KNOWN}
    return key.startswith("plugin.") and plugin not in PLUGINS and not difflib.get_close_matches(plugin, ours, 1, 0.8)


# -- values to a document


def _contradictions(path: Path, model: type[Settings], values: list[_Value]) -> Iterator[_Finding]:
    """What is wrong only together with what else is said, or not said."""
    said = {value.row: value.value for value in values}
    given = {value.entry.key for value in values}
    pool = f"plugin.{said['connector']}.pool"
    hosts = [f"{pool}.{number}.host" for number in range(1, said.get("plugin.CONNECTOR.pool.size", 0) + 1)]
    for key in (f"{pool}.size", *hosts, *REQUIRED[model, said["securityprovider"]]):
        if key not in given:
            yield _Finding(_Place(path), "missing-key", f"{key} is missing")
    if model is ServerSettings:
        yield from _contradictions_of_servers(said, {value.row: value.entry.place for value in values})


def _contradictions_of_servers(said: Mapping[str, Any], places: Mapping[str, _Place]) -> Iterator[_Finding]:
    for switch, (provider, wanted) in PROVIDERS.items():
        if said[switch] and said[provider].lower() != wanted:
            advice = f"“{said[provider]}” is not known here; {provider} = {wanted}, or {switch} = 0"
            yield _Finding(places[provider], "wrong-value", f"{provider}: {advice}")
    if said["main_collective"] not in said["collectives"]:
        advice = f"“{said['main_collective']}” is none of collectives; write one of them, or name it there"
        yield _Finding(places["main_collective"], "wrong-value", f"main_collective: {advice}")


def _document(path: Path, model: type[Settings], values: list[_Value]) -> dict[str, Any]:
    said = {value.row: value.value for value in values}
    document: dict[str, Any] = {}
    for value in values:
        if value.path and said.get(SWITCHES.get(value.row, ""), True):
            _put(document, value.path, value.value)
    document["brokers"] = [_broker(document["brokers"][place]) for place in range(said["plugin.CONNECTOR.pool.size"])]
    document.pop("ssl" if said["securityprovider"] == "psk" else "psk", None)
    return document | (_served(path.absolute().parent, document, values) if model is ServerSettings else {})


def _put(document: dict[Any, Any], path: tuple[Step, ...], value: Any) -> None:
    for step in path[:-1]:
        document = document.setdefault(step, {})
    document[path[-1]] = value


def _broker(said: Mapping[str, Any]) -> dict[str, Any]:
    """One broker; its certificates are for nothing where `ssl` is off."""
    plain = {key: value for key, value in said.items() if key not in {"ssl", "tls"}}
    return plain | ({"tls": said.get("tls", {})} if said.get("ssl") else {})


def _served(folder: Path, document: Mapping[str, Any], values: list[_Value]) -> dict[str, Any]:
    """What a server's settings have that is more than one key."""
    registration = document["registration"]
    facts = document.get("facts", "").split(":")
    return {
        "policies": document["policies"] | {"directory": str(folder / "policies")},
        "registration": registration | ({"splay": registration["interval"]} if "splay" in registration else {}),
        "facts": [str(folder / file) for file in facts if file],
        "inactive": [match[1] for value in values if (match := _AGENT.fullmatch(value.entry.key)) and not value.value],
    }


def _validated(path: Path, model: type[AnySettings], document: dict[str, Any], values: list[_Value]) -> AnySettings:
    entries = {value.path: value.entry for value in values}
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _error(_out_of_bounds(path, error, entries)) from None


def _out_of_bounds(
    path: Path, error: ValidationError, entries: Mapping[tuple[Step, ...], _Entry]
) -> Iterator[_Finding]:
    """What our settings do not take, each at the line whose key leads there."""
    wrong = {details["loc"]: details["msg"] for details in error.errors()}
    for loc, message in wrong.items():
        if any(other[: len(loc)] == loc != other for other in wrong):
            continue  # only because of what is wrong within
        above = (loc[:depth] for depth in range(len(loc), 0, -1))
        entry = next((entries[part] for part in above if part in entries), _Entry(_Place(path), str(loc[0]), ""))
        yield _Finding(entry.place, "wrong-value", f"{entry.key}: “{entry.value[:60]}”: {message}")

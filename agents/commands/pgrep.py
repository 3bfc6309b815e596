"""The command `mc-pgrep`: which processes match, on which hosts, and what they take together.

Rule: what hosts say is foreign, read with care and printed harmless. Text is for people and follows the announcement of
2010, JSON is for programs and keeps its keys. Whatever goes wrong is one line on stderr and an exit code: 0 every host
that was asked has told, 1 not every one, 2 usage or configuration, 3 no broker.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import chain, count
from types import MappingProxyType
from typing import Any, Final

from agents.commands.arguments import add_client_config, client_settings
from agents.commands.words import NOBODY, of_dropped
from agents.errors import UsageError, guarded
from agents.mcollective.client import Client, Replies
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import printable
from agents.mcollective.message import OK, Result
from agents.mcollective.selection.filters import filter_for, parse_fact
from agents.mcollective.selection.matching import is_regexp
from agents.mcollective.settings import NAME, ClientSettings
from agents.plugins.process import DDL
from agents.progress import progress
from agents.version import version

PROGRAM: Final = "mc-pgrep"
FORMAT: Final = "pgrep/1"
MOST_NAMED: Final = 10
"""Hosts that one line of trouble names."""

# -- what hosts told


@dataclass(frozen=True, slots=True)
class Row:
    """One process; sizes in bytes, `tty` None without a terminal, `started` seconds since the epoch where told."""

    pid: int
    ppid: int | None
    user: str
    uid: int | None
    name: str
    state: str
    tty: str | None
    vsize: int
    rss: int
    started: int | None
    command: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What one host told; `truncated` more match that its answer had no room for."""

    host: str
    processes: tuple[Row, ...]
    truncated: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """All of it, by host: who told, who refused and why, who said nothing; `dropped` messages by what was wrong."""

    listings: tuple[Listing, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    silent: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def matched(self) -> tuple[Listing, ...]:
        """The hosts where something matches."""
        return tuple(listing for listing in self.listings if listing.processes)

    @property
    def processes(self) -> Iterator[Row]:
        """All processes."""
        return chain.from_iterable(listing.processes for listing in self.listings)

    @property
    def code(self) -> int:
        """The exit code: somebody was asked, and all have told."""
        return 0 if self.listings and not (self.refused or self.silent) else 1


def answers(hosts: Collection[str], replies: Replies) -> Answers:
    """What the hosts that were asked have said."""
    listings, refused = [], []
    for host, result in sorted(replies.by_host.items()):
        try:
            listings.append(_listing(host, result, is_doubtful=host in replies.conflicting))
        except MessageError as error:
            refused.append((host, error.message))
    silent = sorted(set(hosts) - set(replies.by_host))
    return Answers(tuple(listings), tuple(refused), tuple(silent), replies.refused)


def _listing(host: str, result: Result, *, is_doubtful: bool) -> Listing:
    if is_doubtful:
        raise MessageError("conflicting", "two different answers came in its name; see who has the hosts' key")
    if result.status != OK:
        raise MessageError("refused", result.text)
    data = result.data if isinstance(result.data, Mapping) else {}
    rows = data.get("pslist")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise MessageError("malformed", "its answer is no list of processes; is its agent “process” another's?")
    return Listing(host, tuple(map(_row, rows)), _integer(data.get("truncated")) or 0)


def _row(hash_: Mapping[Any, Any]) -> Row:
    """A process as an agent tells it, with symbols for keys; MCollective's own may lack some and has more."""
    told = {str(key): value for key, value in hash_.items()}
    command = _text(told.get("cmdline"))
    state = _text(told.get("state"))
    return Row(
        pid=_integer(told.get("pid")) or 0,
        ppid=_integer(told.get("ppid")),
        user=_text(told.get("username")),
        uid=_integer(told.get("uid")),
        name=_text(told.get("name")),
        state=state,
        tty=_terminal(_integer(told.get("tty_nr")) or 0),
        vsize=_integer(told.get("vsize")) or 0,
        rss=(_integer(told.get("rss")) or 0) * 1024,
        started=_integer(told.get("started")),
        command=f"[{command}]" if state == "Z" else command,
    )


def _integer(value: Any) -> int | None:
    """A number that a kernel may have said; what else comes is as good as nothing."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _text(value: Any) -> str:
    """Ruby has strings without an encoding, and numbers for users without a name."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value) if isinstance(value, str | int) else ""


_TERMINALS: Final[Mapping[int, str]] = MappingProxyType({4: "tty", 136: "pts/", 204: "ttyS", 229: "hvc"})
"""Linux' device numbers of those that people and Xen's consoles sit at."""


def _terminal(number: int) -> str | None:
    if number == 0:
        return None
    major, minor = number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00
    return f"{_TERMINALS[major]}{minor}" if major in _TERMINALS else f"{major}:{minor}"


# -- for people


def size(count: float) -> str:
    """Bytes as people read them, base 1024: `92.805MB`, `0B`."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.3f}".rstrip("0").rstrip(".") + unit
        count /= 1024
    return f"{count:.3f}".rstrip("0").rstrip(".") + "TB"


def _time(started: int | None) -> str:
    return "-" if started is None else datetime.fromtimestamp(min(started, 2**32), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


FIELDS: Final[Mapping[str, Callable[[Row], str]]] = MappingProxyType({
    "PID": lambda row: str(row.pid),
    "PPID": lambda row: "-" if row.ppid is None else str(row.ppid),
    "USER": lambda row: printable(row.user)[:10],
    "UID": lambda row: "-" if row.uid is None else str(row.uid),
    "VSZ": lambda row: size(row.vsize),
    "RSS": lambda row: size(row.rss),
    "STATE": lambda row: printable(row.state)[:10],
    "TTY": lambda row: row.tty or "-",
    "STARTED": lambda row: _time(row.started),
    "NAME": lambda row: printable(row.name)[:20],
    "COMMAND": lambda row: printable(row.command)[:60],
})  # fmt: skip
"""What a column can show."""


def listing_lines(told: Answers, fields: Sequence[str] = ()) -> list[str]:
    """Each host with matches and its processes, then an empty line; without fields as in 2010, else in columns."""
    matched = told.matched
    blocks = [list(map(_plain, listing.processes)) for listing in matched] if not fields else _columns(matched, fields)
    return [
        line for listing, block in zip(matched, blocks, strict=True) for line in (printable(listing.host), *block, "")
    ]


def _plain(row: Row) -> str:
    return f"{FIELDS['USER'](row):>11} {row.pid:>6} {FIELDS['COMMAND'](row)}"


def _columns(listings: Iterable[Listing], fields: Sequence[str]) -> list[list[str]]:
    """For each host a header and its processes, as wide as the widest of all hosts."""
    tables = [
        [list(fields), *([FIELDS[name](row) for name in fields] for row in listing.processes)] for listing in listings
    ]
    widths = [max(map(len, column)) for column in zip(*chain.from_iterable(tables), strict=True)]
    return [[_joined(cells, widths) for cells in table] for table in tables]


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def statistics_lines(told: Answers) -> list[str]:
    """What all processes take together."""
    rows = list(told.processes)
    return [
        "   ---- process list stats ----",
        f"        Matched hosts: {len(told.matched)}",
        f"    Matched processes: {len(rows)}",
        f"        Resident Size: {size(sum(row.rss for row in rows))}",
        f"         Virtual Size: {size(sum(row.vsize for row in rows))}",
    ]


def trouble_lines(told: Answers, timeout: float) -> list[str]:
    """What the listing does not show: a line for each host that refused or told in part, one for all the silent."""
    lines = [f"{printable(host)}: {printable(reason)}" for host, reason in told.refused]
    lines += [
        f"{printable(listing.host)}: {listing.truncated} more match, for which its answer has no room"
        for listing in told.listings
        if listing.truncated
    ]
    if told.silent:
        some = ", ".join(told.silent[:MOST_NAMED]) + (", …" if told.silent[MOST_NAMED:] else "")
        lines.append(f"no answer within {timeout:g} s from {len(told.silent)}: {printable(some)}")
    if told.dropped:
        lines.append(of_dropped(told.dropped))
    if not (told.listings or told.refused or told.silent):
        lines.append(NOBODY)
    return lines


# -- for programs


def document(told: Answers, pattern: str) -> dict[str, Any]:
    """The answer as pgrep/1, which docs/pgrep.md tells."""
    rows = list(told.processes)
    return {
        "format": FORMAT,
        "pattern": pattern,
        "hosts": [asdict(listing) for listing in told.matched],
        "refused": [{"host": host, "reason": reason} for host, reason in told.refused],
        "silent": list(told.silent),
        "dropped": dict(told.dropped),
        "stats": {
            "hosts": len(told.matched),
            "processes": len(rows),
            "rss": sum(row.rss for row in rows),
            "vsize": sum(row.vsize for row in rows),
        },
    }


# -- the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return guarded(PROGRAM, lambda: _run(_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    told = _ask(options)
    _tell(told, options)
    return told.code


def _ask(options: argparse.Namespace) -> Answers:
    data, wanted = _data(options), _filter(options)
    with closing(Client(_settings(options))) as client:
        client.connect()
        hosts = _named(options) or client.discover(wanted, options.discovery_timeout)
        bar = progress(sys.stderr, len(hosts)) if options.progress and hosts else nullcontext(_no_bar)
        answered = count(1)
        with bar as draw:
            replies = client.call(
                "process", "list", data, hosts, options.timeout, heard=lambda *_: draw(next(answered))
            )
    return answers(hosts, replies)


def _no_bar(_done: int) -> None:
    """For whom no progress is drawn."""


def _tell(told: Answers, options: argparse.Namespace) -> None:
    if options.format == "json":
        sys.stdout.write(json.dumps(document(told, options.pattern)) + "\n")
    else:
        sys.stdout.write("\n".join([*listing_lines(told, options.fields), *statistics_lines(told), ""]))
    sys.stdout.flush()
    for line in trouble_lines(told, options.timeout):
        sys.stderr.write(f"{PROGRAM}: {line}\n")


def _data(options: argparse.Namespace) -> dict[str, Any]:
    """What is asked; UsageError where the agent's schema refuses it, before any host is bothered."""
    data = {"pattern": options.pattern, "just_zombies": options.zombies}
    data |= {} if options.user is None else {"user": options.user}
    problem = DDL.validate("list", data)
    if problem:
        raise UsageError(problem)
    return data


def _filter(options: argparse.Namespace) -> Mapping[str, Any]:
    return filter_for(
        DDL.agent,
        identities=options.identity,
        classes=options.with_class,
        facts=map(parse_fact, options.fact),
        combined=options.combined,
        compound=options.compound,
    )


def _named(options: argparse.Namespace) -> tuple[str, ...]:
    """The hosts that are asked without a search: all that are wanted, by their whole names."""
    criteria = (options.with_class, options.fact, options.combined, options.compound)
    return () if any(criteria) or any(map(is_regexp, options.identity)) else tuple(dict.fromkeys(options.identity))


def _settings(options: argparse.Namespace) -> ClientSettings:
    settings = client_settings(options.config)
    if options.collective is None:
        return settings
    if options.collective not in settings.all_collectives:
        known = ", ".join(settings.all_collectives)
        raise UsageError(f"{options.collective} is no collective of this configuration; known there: {known}")
    return settings.model_copy(update={"collective": options.collective})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        PROGRAM, description="Lists the processes that match, on all hosts that match.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {version()}")
    parser.add_argument("pattern", metavar="PATTERN", help="a regular expression on the command line")
    parser.add_argument("-z", "--zombies", action="store_true", help="only those that have ended and nobody waited for")
    parser.add_argument("-u", "--user", metavar="U", help="only those of this user")
    parser.add_argument("--fields", type=_fields, default=(), metavar="A,B,…", help=f"of {', '.join(FIELDS)}")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="for people or for programs")
    _add_hosts(parser.add_argument_group("which hosts"))
    add_client_config(parser)
    parser.add_argument("-t", "--timeout", type=_seconds, default=DDL.timeout + 2.0, metavar="S", help="to answer")
    parser.add_argument("--dt", dest="discovery_timeout", type=_seconds, default=2.0, metavar="S", help="to be found")
    parser.add_argument("--np", dest="progress", action="store_false", help="no progress bar")
    return parser


def _add_hosts(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-C", dest="with_class", action="append", default=[], metavar="CLASS", help="of a class, or /like it/"
    )
    group.add_argument("-F", dest="fact", action="append", default=[], metavar="FACT", help="country=de")
    group.add_argument(
        "-I", dest="identity", type=_host, action="append", default=[], metavar="NAME", help="of a name, or /like it/"
    )
    group.add_argument("-W", dest="combined", action="append", default=[], metavar="WORDS", help="xen country=de")
    group.add_argument("-S", dest="compound", metavar="EXPRESSION", help="country=de and not xen")
    group.add_argument("-T", dest="collective", metavar="COLLECTIVE", help="in this collective")


def _host(text: str) -> str:
    if not is_regexp(text) and not re.fullmatch(NAME, text):
        raise argparse.ArgumentTypeError(f"“{text}” is neither a host's name nor an expression like /^hv/")
    return text


def _fields(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().upper() for name in text.split(","))
    for name in names:
        if name not in FIELDS:
            raise argparse.ArgumentTypeError(f"“{name}” is no field; known are {', '.join(FIELDS)}")
    return names


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"“{text}” is no number of seconds from 0.1 to 600")
    return value


if __name__ == "__main__":
    sys.exit(main())

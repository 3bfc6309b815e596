"""The agent `process`: what runs on a host and, where its configuration allows it, signals to what runs there.

Rule: what goes away or hides while one looks is left out or shown in part, never an error. A signal reaches the process
that was found or none: never the agent, what it runs under, or the kernel's own. An answer fits into one message.
"""

import functools
import json
import logging
import pwd
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import psutil
import re2

from agents.config import ProcessOptions
from agents.context import Context
from agents.mcollective.ddl import Abort, Action, Agent, Ddl, Input, Output
from agents.mcollective.serializers import Symbol

LOG: Final = logging.getLogger(__name__)

LONGEST: Final = 4096
"""Characters of a command line that are told."""
MOST: Final = 2000
"""Processes in one answer: with eleven fields each, what a reader takes as one message."""

_SIGNAL: Final = Input("signal", "The signal to send, by name or number", maxlength=10, validation=r"^\w+$")
_PATTERN: Final = "A regular expression on the command line"

DDL: Final = Ddl(
    agent="process",
    description="The processes of a host",
    version="3.0.0",
    timeout=10,
    authorized_by_policy=True,
    actions=(
        Action(
            "list",
            "List processes",
            inputs=(
                Input("pattern", _PATTERN, optional=True, maxlength=50),
                Input("just_zombies", "Only those that have ended and nobody has waited for", "boolean", optional=True),
                Input("user", "Only those of this user, by name or number", optional=True, maxlength=50),
            ),
            outputs=(
                Output("pslist", "The processes that match", []),
                Output("truncated", "How many more match, for which the answer has no room", 0),
            ),
        ),
        Action(
            "kill",
            "Send a signal to one process",
            inputs=(Input("pid", "Its number", maxlength=10, validation=r"^\d+$"), _SIGNAL),
            outputs=(Output("killed", "1 if the signal was sent, 0 if there is no such process", 0),),
            explicit=True,
        ),
        Action(
            "pkill",
            "Send a signal to all processes that match, unless all do",
            inputs=(Input("pattern", _PATTERN, maxlength=50), _SIGNAL),
            outputs=(Output("killed", "How many processes the signal was sent to", 0),),
            explicit=True,
        ),
    ),
)

_STATES: Final[Mapping[str | None, str]] = MappingProxyType({
    psutil.STATUS_RUNNING: "R",
    psutil.STATUS_SLEEPING: "S",
    psutil.STATUS_DISK_SLEEP: "D",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_TRACING_STOP: "t",
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_DEAD: "X",
    psutil.STATUS_WAKING: "W",
    psutil.STATUS_IDLE: "I",
    psutil.STATUS_PARKED: "P",
})  # fmt: skip
"""psutil's words to the kernel's letters, which MCollective's users know."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment; `vsize` bytes, `rss` KiB, `started` seconds since the epoch."""

    pid: int
    ppid: int
    uid: int
    username: str
    name: str
    state: str
    cmdline: str
    tty_nr: int
    vsize: int
    rss: int
    started: int
    handle: psutil.Process = field(compare=False, repr=False)

    @property
    def is_kernel(self) -> bool:
        """A thread of the kernel, the only one that lives without memory of its own; so seems what hides all."""
        return self.vsize == 0 and self.state != "Z"

    def row(self) -> dict[Symbol, Any]:
        """As MCollective's clients read it."""
        return {
            Symbol("pid"): self.pid,
            Symbol("ppid"): self.ppid,
            Symbol("uid"): self.uid,
            Symbol("username"): self.username,
            Symbol("name"): self.name,
            Symbol("state"): self.state,
            Symbol("cmdline"): self.cmdline,
            Symbol("tty_nr"): self.tty_nr,
            Symbol("vsize"): self.vsize,
            Symbol("rss"): self.rss,
            Symbol("started"): self.started,
        }


def create(context: Context) -> Agent:
    """The agent of this host; an answer takes at most seven eighths of a message, the rest is envelope."""
    return ProcessAgent(context.config.process, context.config.mcollective.max_message_bytes * 7 // 8)


class ProcessAgent:
    """Lists, and signals where the options switch that on; `room` is an answer's bytes on the wire."""

    def __init__(self, options: ProcessOptions, room: int) -> None:
        self._options: Final = options
        self._room: Final = room

    @property
    def ddl(self) -> Ddl:
        """What it can be asked."""
        return DDL

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        """Carry out a declared action with checked inputs; Abort with the reason where it failed."""
        return self._ACTIONS[action](self, data, caller)

    def _list(self, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        fits = _matcher(data.get("pattern", "."))
        zombies, user = data.get("just_zombies", False), data.get("user")
        found = [
            process
            for process in processes()
            if fits(process.cmdline)
            and (process.state == "Z" or not zombies)
            and user in {None, process.username, str(process.uid)}
        ]
        rows = with_room(found, self._room)
        return {"pslist": rows, "truncated": len(found) - len(rows)}

    def _kill(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        _check_switch("kill", is_on=self._options.kill)
        number = _signal(data["signal"])
        pid = int(data["pid"])
        # Not just any that the kernel knows: a thread's number stands for its whole process, the agent's own included.
        target = _look(pid, _username) if pid in psutil.pids() else None
        if target is None:
            return {"killed": 0}
        if _is_protected(target, _own()):
            raise Abort(
                f"{target.pid} is not signalled: init, the kernel's threads and what the agent runs under are not"
            )
        return {"killed": int(_send(target, number, caller))}

    def _pkill(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        _check_switch("pkill", is_on=self._options.pkill)
        number, fits, own = _signal(data["signal"]), _matcher(data["pattern"]), _own()
        within_reach = [process for process in processes() if not _is_protected(process, own)]
        targets = [process for process in within_reach if fits(process.cmdline)]
        if targets and len(targets) == len(within_reach):
            raise Abort(f"the pattern matches all {len(targets)} processes; nothing is signalled, name those you mean")
        return {"killed": sum(_send(target, number, caller) for target in targets)}

    _ACTIONS: Final = MappingProxyType({"list": _list, "kill": _kill, "pkill": _pkill})


def with_room(found: Iterable[Process], room: int) -> list[dict[Symbol, Any]]:
    """As many as one answer has room for, by pid."""
    rows = []
    for process in islice(found, MOST):
        row = process.row()
        # A reply is text within text: what is escaped is escaped twice, in JSON a little longer than in YAML.
        room -= len(json.dumps(json.dumps(row)))
        if room < 0:
            break
        rows.append(row)
    return rows


# -- looking


def processes() -> Iterator[Process]:
    """What runs here now, by pid."""
    username = functools.cache(_username)
    for pid in psutil.pids():
        process = _look(pid, username)
        if process is not None:
            yield process


def _look(pid: int, username: Callable[[int], str]) -> Process | None:
    """None where there is none (any more)."""
    try:
        handle = psutil.Process(pid)
        seen = handle.as_dict(("ppid", "name", "cmdline", "uids", "status", "memory_info", "create_time"))
    except psutil.NoSuchProcess:
        return None
    uid = seen["uids"].real if seen["uids"] else -1
    memory = seen["memory_info"]
    return Process(
        pid=pid,
        ppid=seen["ppid"] or 0,
        uid=uid,
        username=username(uid),
        name=_clean(seen["name"] or "?"),
        state=_STATES.get(seen["status"], "?"),
        cmdline=_command(seen),
        tty_nr=_terminal(pid),
        vsize=memory.vms if memory else 0,
        rss=memory.rss // 1024 if memory else 0,
        started=int(seen["create_time"] or 0),
        handle=handle,
    )


def _username(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def _command(seen: Mapping[str, Any]) -> str:
    words = " ".join(seen["cmdline"] or ()).strip()
    if words or seen["status"] == psutil.STATUS_ZOMBIE:  # which has none, and gets brackets from whoever prints it
        return _clean(words or seen["name"] or "?")
    return f"[{_clean(seen['name'] or '?')}]"


def _clean(text: str) -> str:
    """In characters that every serializer and every terminal takes: anyone may name a process as they like."""
    known = text[:LONGEST].encode(errors="surrogateescape").decode(errors="replace")
    return "".join(character if character.isprintable() else "?" for character in known)


def _terminal(pid: int) -> int:
    """The device number of its terminal, 0 for none."""
    # Not psutil's: it knows only the terminals that were there at its first look.
    try:
        stat = Path(psutil.PROCFS_PATH, str(pid), "stat").read_bytes()
    except OSError:
        return 0
    return int(stat.rpartition(b")")[2].split()[4])


def _matcher(pattern: str) -> Callable[[str], bool]:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise Abort(f"the pattern is no regular expression of RE2: {_reason(error)}") from None
    return lambda text: compiled.search(text) is not None


def _reason(error: Exception) -> str:
    reason = error.args[0]
    return reason.decode(errors="replace") if isinstance(reason, bytes) else "it is not UTF-8"


# -- signals


def _check_switch(action: str, *, is_on: bool) -> None:
    if not is_on:
        raise Abort(
            f"{action} is switched off on this host; “process: {{{action}: true}}” in its configuration turns it on"
        )


def _signal(text: str) -> signal.Signals:
    try:
        if text.isdecimal():
            return signal.Signals(int(text))
        return signal.Signals[f"SIG{text.upper().removeprefix('SIG')}"]
    except (KeyError, ValueError):
        raise Abort(f"{text} is no signal; wanted is one like TERM, SIGHUP or 9") from None


def _own() -> frozenset[int]:
    """The agent and what it runs under."""
    agent = psutil.Process()
    return frozenset((0, 1, agent.pid, *(parent.pid for parent in agent.parents())))


def _is_protected(process: Process, own: frozenset[int]) -> bool:
    return process.is_kernel or process.pid in own


def _send(process: Process, number: signal.Signals, caller: str) -> bool:
    """False where it has ended; its number may be another's by now, so psutil compares when both began."""
    try:
        process.handle.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        raise Abort(f"the agent may not signal {process.pid}, which is {process.username}'s") from None
    LOG.info("%s for %s to %d: %s", number.name, caller, process.pid, process.cmdline)
    return True

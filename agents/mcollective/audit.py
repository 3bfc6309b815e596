"""Who asked for what: a line for each authorized request, in the form of MCollective's own audit log.

Rule: a log that cannot be written is said, and holds nothing up. Data are told as Ruby's inspect tells them; whatever
would break the line is escaped.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import Call, Request
from agents.mcollective.serializers import Symbol

MAX_DATA: Final = 8192
"""Characters of one request's data that are told."""

_LOGGER: Final = logging.getLogger(__name__)


class Audit:
    """Appends to the file, opened anew for each line so that it may be rotated; without a file nothing is told."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._log = RateLimitedLog(_LOGGER)

    def tell(self, request: Request, call: Call, now: float) -> None:
        """Write the request's line."""
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line(request, call, now) + "\n")
        except OSError as error:
            self._log.say("audit", f"{self._path}: {error.strerror}; requests are served without a trace there")


def line(request: Request, call: Call, now: float) -> str:
    """One request as one line."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    data = inspect({Symbol(name): value for name, value in call.data.items()} | _wanted(call))[:MAX_DATA]
    return (
        f"[{moment}] reqid={request.request_id}: reqtime={request.time} caller={request.caller}@{request.sender} "
        f"agent={call.agent} action={call.action} data={data}"
    )


def _wanted(call: Call) -> dict[Symbol, bool]:
    return {Symbol("process_results"): call.process_results}


def inspect(value: Any) -> str:
    """A value of the wire as Ruby's inspect writes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inspect(key)}=>{inspect(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inspect, value)) + "]"
    if isinstance(value, Symbol):
        return f":{value}" if value.isidentifier() else f":{_quoted(value)}"
    if isinstance(value, str):
        return _quoted(value)
    return {"None": "nil", "True": "true", "False": "false"}.get(repr(value), repr(value))


_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "#": "#"}


def _quoted(text: str) -> str:
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code < 128 else f"\\u{code:04X}" if code < 0x10000 else f"\\u{{{code:X}}}"

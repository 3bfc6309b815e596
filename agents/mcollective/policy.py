"""May this caller do this? The part of MCollective's ActionPolicy files that needs no facts and no classes.

Rule: denied unless a line says otherwise; callers are compared whole, never in part; a file with one line that cannot
be read denies everything, because that line may have been the `deny` that counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

MAX_BYTES: Final = 1024 * 1024
ANY: Final = "*"

_VERDICTS: Final[Mapping[str, bool]] = MappingProxyType({"allow": True, "deny": False})


class PolicyError(Exception):
    """A policy that cannot be read, so that nothing is allowed; `FILE:LINE: what is wrong` and what would be right."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: empty `callers` or `actions` are any."""

    allows: bool
    callers: frozenset[str]
    actions: frozenset[str]

    def covers(self, caller: str, action: str) -> bool:
        """The line is about them."""
        return (not self.callers or caller in self.callers) and (not self.actions or action in self.actions)


@dataclass(frozen=True, slots=True)
class Policy:
    """The first line that covers a request decides, else the default."""

    lines: tuple[Line, ...] = ()
    default: bool = False

    def allows(self, caller: str, action: str) -> bool:
        """The caller may ask for the action."""
        return next((line.allows for line in self.lines if line.covers(caller, action)), self.default)


def load(path: Path) -> Policy:
    """The policy in a file; PolicyError where it is missing or cannot be read in full."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise PolicyError(f"{path}:1: more than {MAX_BYTES} bytes")
        return parse(text.decode(), str(path))
    except OSError as error:
        raise PolicyError(
            f"{path}: {error.strerror}; write one with “policy default deny” and what is allowed"
        ) from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path}:1: not UTF-8") from None


def parse(text: str, file: str) -> Policy:
    """The policy in a text; of several defaults the last one counts, as in MCollective."""
    lines: list[Line] = []
    default = False
    for number, line in enumerate(text.split("\n"), start=1):
        match line.split():
            case []:
                continue
            case ["policy", "default", "allow" | "deny" as word]:
                default = _VERDICTS[word]
            case _ if not line.startswith("#"):
                lines.append(_line(line, f"{file}:{number}"))
    return Policy(tuple(lines), default)


def _line(line: str, place: str) -> Line:
    if line.endswith("\r"):
        raise PolicyError(f"{place}: a line that ends in CR LF; save the file with LF")
    columns = [column for column in line.split("\t") if column]
    if len(columns) != 5 or columns[0] not in _VERDICTS:
        raise PolicyError(f"{place}: wanted are allow or deny, callers, actions, facts and classes, with tabs between")
    if columns[3:] != [ANY, ANY]:
        raise PolicyError(f"{place}: facts and classes can only be * here")
    return Line(_VERDICTS[columns[0]], _tokens(columns[1], place), _tokens(columns[2], place))


def _tokens(column: str, place: str) -> frozenset[str]:
    tokens = frozenset(column.split())
    if not tokens or (ANY in tokens and len(tokens) > 1):
        raise PolicyError(f"{place}: callers and actions are * alone, or names with spaces between")
    return tokens - {ANY}

"""The schema of rules-test/1: what an author may write into a `*.test.yaml`.

Rule: types alone; what they cannot say is looked for in `checks`.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field

from agents.documents import Document, FileName
from agents.hypervisor.events import Event, Name
from agents.hypervisor.scenario import Host, MigrationSettings, SeriesText, Vm
from balancer.core.trials.expectations import CLAIMS

START: Final = "2026-01-05 00:00 UTC"
"""The clock of round 1 where a file names none: a Monday."""

_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d) (\S+)")
_SPAN: Final = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _MOMENT.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"“{value}” is not a date, a time and a zone: write them like {START}")
    try:
        zone = ZoneInfo(found[2])
    except (KeyError, OSError, ValueError):  # a name that is not there, or is no name
        raise ValueError(f"“{found[2]}” is no time zone: write UTC, or one like Europe/Paris") from None
    return datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=zone).timestamp()


def _span(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _SPAN.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"“{value}” is not a number or two, like 2-12")
    return int(found[1]), int(found[2] or found[1])


def _named(value: Any) -> Any:
    """Each thing of a mapping knows the name it stands under."""
    if not isinstance(value, dict):
        return value
    return {key: {"name": key, **body} if isinstance(body, dict) else body for key, body in value.items()}


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _reason_alone(value: Any) -> Any:
    return {"reason": value} if isinstance(value, str) else value


Moment = Annotated[float, BeforeValidator(_moment)]
"""Seconds since the epoch, written as date, time and zone."""
LeastMost = Annotated[tuple[int, int], BeforeValidator(_span)]
Round = Annotated[int, Field(ge=1, le=1_000_000)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Figures = Annotated[dict[str, str], Field(min_length=1)]


class FarmModel(Document):
    """A farm within a test file: keys as in scenario/1, hosts and VMs by name."""

    hosts: Annotated[dict[Name, Host], BeforeValidator(_named), Field(min_length=1, max_length=10_000)]
    vms: Annotated[dict[Name, Vm], BeforeValidator(_named), Field(max_length=100_000)] = Field(default_factory=dict)
    migration: MigrationSettings = MigrationSettings()


class MoveModel(Document):
    """A move that shall begin in that round; what is left out may be anything."""

    model_config = ConfigDict(validate_by_name=True)

    round: Round
    vm: Name
    source: Annotated[Name | None, Field(alias="from")] = None
    to: Name
    rule: Name | None = None
    outcome: Literal["under way", "done", "failed", "in doubt"] | None = None
    why: Text | None = None


class RefusalModel(Document):
    """Why a candidate is refused, and by which numbers."""

    reason: Text
    value: Text | None = None
    limit: Text | None = None


class ExpectModel(Document):
    """One claim about one round, and of whom."""

    round: Round
    host: Name | None = None
    vm: Name | None = None
    rule: Name | None = None
    streak: Annotated[int, Field(ge=0)] | None = None
    rejected: Annotated[RefusalModel | None, BeforeValidator(_reason_alone)] = None
    value: Figures | None = None
    why: Text | None = None
    frozen: Text | None = None
    held: Text | None = None
    empty: Literal["true", "false"] | None = None
    on: Name | None = None

    @property
    def claims(self) -> list[str]:
        """The claims that it makes: one, where it is right."""
        return [name for name in CLAIMS if getattr(self, name) is not None]


class FuzzModel(Document):
    """How many random farms, of which size, for how many rounds."""

    runs: Annotated[int, Field(ge=1, le=100_000)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    hosts: LeastMost = (2, 12)
    vms: LeastMost = (0, 80)
    rounds: Annotated[int, Field(ge=1, le=1000)] = 8


class CaseModel(Document):
    """One test: a farm and what shall happen on it, or random farms."""

    name: Text
    farm: Text | None = None
    series: dict[str, SeriesText] = Field(default_factory=dict)
    events: tuple[Event, ...] = ()
    rounds: Round | None = None
    moves: tuple[MoveModel, ...] | Literal["any"] = ()
    expect: tuple[ExpectModel, ...] = ()
    always: tuple[Text, ...] = ()
    walls: bool = False
    fuzz: FuzzModel | None = None


class TrialFile(Document):
    """A whole rules-test/1 file."""

    format: Literal["rules-test/1"]
    rules: Annotated[tuple[FileName, ...], BeforeValidator(_one_or_more), Field(min_length=1, max_length=100)]
    start: Moment = _moment(START)
    farms: dict[Name, FarmModel] = Field(default_factory=dict)
    tests: Annotated[tuple[CaseModel, ...], Field(min_length=1, max_length=10_000)]

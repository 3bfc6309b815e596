"""Tests of rules read from disk: what types cannot say of them.

Rule: a mistake has the file, line and column of its key; a name that nobody bears is a mistake, never an empty test.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from agents.documents import MAX_BYTES, Mistake, Places, parse_placed
from agents.documents import read_bytes as document_bytes
from agents.hypervisor.events import event_mistakes
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.rule_file import read, read_bytes
from balancer.adapters.trials.grounds import Ground, demand_mistake, ground_of, series_mistakes
from balancer.adapters.trials.model import CaseModel, ExpectModel, FarmModel, FuzzModel, TrialFile
from balancer.core.trials.always import demand
from balancer.core.trials.expectations import CLAIMS
from balancer.core.trials.figures import known_names, wanted
from dsl.findings import did_you_mean
from dsl.ruleset import Ruleset

Steps = tuple[str | int, ...]

MOST: Final = 5000
"""Hosts or VMs of a random farm."""

ASKING: Final = frozenset({"keep", "reserve", "drain", "prefer", "balance", "pack"})
"""Who asks for moves, as moves and refusals name it, beside the rules that have names of their own."""

FILE: Final = re.compile(r"\.(json|ya?ml)$")
"""How a farm ends that is a file."""


def load_trials(path: Path) -> tuple[TrialFile, Places]:
    """The tests of a file, and where each thing in it stands; DocumentError with every mistake and its place."""
    return parse_placed(document_bytes(path, MAX_BYTES), TrialFile, partial(_check, path.parent), path)


def _check(folder: Path, file: TrialFile) -> Iterator[Mistake]:
    """What the types cannot say, of farms and of each test by itself."""
    for name, farm in file.farms.items():
        yield from _farm_mistakes(("farms", name), farm)
    books = [(read(rules, LANGUAGE), read_bytes(rules)) for rules in file.rules]
    names: set[str] = set()
    for number, case in enumerate(file.tests):
        path = ("tests", number)
        if case.name in names:
            yield Mistake((*path, "name"), f"“{case.name}” stands twice", "duplicate")
        names.add(case.name)
        yield from _case_mistakes(path, case, file, folder)
        yield from _rule_mistakes(path, case, {rule.name for rules, _ in books for rule in rules.rules})
        for place, text in enumerate(case.always):
            yield from _demand_mistakes((*path, "always", place), text, books)


def _farm_mistakes(path: Steps, farm: FarmModel) -> Iterator[Mistake]:
    for kind, things in (("hosts", farm.hosts), ("vms", farm.vms)):
        for key, thing in things.items():
            if thing.name != key:
                yield Mistake((*path, kind, key, "name"), "the name is the key it stands under; leave it out")
    for key, host in farm.hosts.items():
        if host.cpu and re.fullmatch(r"[\d.]+%?", host.cpu):
            hint = f"“cpu” of a host is what its CPUs can do; how busy it is stands in a test: series: {{{key}.cpu: …}}"
            yield Mistake((*path, "hosts", key, "cpu"), hint)
    for key, vm in farm.vms.items():
        if vm.host not in farm.hosts:
            yield Mistake((*path, "vms", key, "host"), _nobody("host", vm.host, farm.hosts), "unknown-host")
        if told := demand_mistake(vm, vm.cpu):
            yield Mistake((*path, "vms", key, "cpu"), told, "wrong-series")


def _case_mistakes(path: Steps, case: CaseModel, file: TrialFile, folder: Path) -> Iterator[Mistake]:
    if (case.farm is None) == (case.fuzz is None):
        yield Mistake(path, "a test has either a farm or a fuzz", "wrong-test")
    elif case.fuzz is not None:
        yield from _fuzz_mistakes(path, case, case.fuzz)
    elif case.farm not in file.farms and not FILE.search(str(case.farm)):
        nearest = did_you_mean(str(case.farm), file.farms) or "name one of them, or a .yaml or .json file"
        yield Mistake((*path, "farm"), f"no farm of this file is named “{case.farm}”; {nearest}", "unknown-farm")
    elif not any(True for _ in _farms_of(case, file)):
        yield from _played_mistakes(path, case, ground_of(file, str(case.farm), folder))
    for number, claim in enumerate(case.expect):
        yield from _claim_mistakes((*path, "expect", number), claim)


def _demand_mistakes(path: Steps, text: str, books: Iterable[tuple[Ruleset, bytes]]) -> Iterator[Mistake]:
    for rules, source in books:
        try:
            demand(text, rules, source, LANGUAGE)
        except ValueError as error:
            yield Mistake(path, str(error))
            return


def _farms_of(case: CaseModel, file: TrialFile) -> Iterator[Mistake]:
    """The mistakes of the farm itself, because of which nothing can be said of who plays on it."""
    farm = file.farms.get(str(case.farm))
    return _farm_mistakes((), farm) if farm is not None else iter(())


def _fuzz_mistakes(path: Steps, case: CaseModel, fuzz: FuzzModel) -> Iterator[Mistake]:
    for key in sorted(case.model_fields_set - {"name", "fuzz"}):
        yield Mistake((*path, key), f"a fuzz has farms and walls of its own; leave “{key}” out", "wrong-test")
    for key, least in (("hosts", 1), ("vms", 0)):
        low, high = getattr(fuzz, key)
        if not least <= low <= high <= MOST:
            message = f"“{low}-{high}” is no span from {least} to {MOST}"
            yield Mistake((*path, "fuzz", key), message, "out-of-range")


def _played_mistakes(path: Steps, case: CaseModel, ground: Ground) -> Iterator[Mistake]:
    """Names that nobody on that farm bears."""
    known = {"host": {*ground.farm.hosts}, "vm": {*ground.farm.vms}}
    for mistake in series_mistakes(case, ground):
        yield replace(mistake, path=(*path, *mistake.path))
    for number, event in enumerate(case.events):
        yield from event_mistakes((*path, "events", number), event, known | {"to": known["host"]})
    moves = () if case.moves == "any" else case.moves
    named = [
        *(("moves", number, key, what, name) for number, move in enumerate(moves)
          for key, what, name in (("vm", "vm", move.vm), ("from", "host", move.source), ("to", "host", move.to))),
        *(("expect", number, key, what, name) for number, told in enumerate(case.expect)
          for key, what, name in (("vm", "vm", told.vm), ("host", "host", told.host), ("on", "host", told.on))),
    ]  # fmt: skip
    for where, number, key, what, name in named:
        if name is not None and name not in known[what]:
            yield Mistake((*path, where, number, key), _nobody(what, name, known[what]), f"unknown-{what}")


def _rule_mistakes(path: Steps, case: CaseModel, known: set[str]) -> Iterator[Mistake]:
    """Rules that none of the rule files has."""
    moves = () if case.moves == "any" else case.moves
    for where, rules in (("moves", [move.rule for move in moves]), ("expect", [claim.rule for claim in case.expect])):
        for number, rule in enumerate(rules):
            if rule is not None and rule not in known | ASKING:
                message = f"no rule is named “{rule}”; {did_you_mean(rule, known)}".rstrip("; ")
                yield Mistake((*path, where, number, "rule"), message, "unknown-rule")


def _claim_mistakes(path: Steps, claim: ExpectModel) -> Iterator[Mistake]:
    if len(claim.claims) != 1:
        yield Mistake(path, f"one expectation says one of {', '.join(CLAIMS)}", "wrong-expectation")
        return
    (said,) = claim.claims
    named = frozenset(key for key in ("host", "vm") if getattr(claim, key) is not None)
    subjects = CLAIMS[said].subjects
    if named not in subjects:
        ways = " or ".join(" and ".join(sorted(keys)) or "nobody" for keys in subjects)
        yield Mistake((*path, said), f"“{said}” is said of {ways}", "wrong-expectation")
    elif claim.value is not None:
        yield from _figure_mistakes((*path, "value"), next(iter(named), "farm"), claim.value)
    if claim.rule is not None and said not in {"streak", "rejected"}:
        yield Mistake((*path, "rule"), "a rule is named with streak and rejected only", "wrong-expectation")


def _figure_mistakes(path: Steps, owner: str, figures: Mapping[str, str]) -> Iterator[Mistake]:
    kinds = known_names(owner)
    for name, text in figures.items():
        if name not in kinds:
            message = f"a {owner} has no “{name}”; {did_you_mean(name, kinds)}".rstrip("; ")
            yield Mistake((*path, name), message, "unknown-name")
        elif text != "unknown":
            try:
                wanted(text, kinds[name])
            except ValueError as error:
                yield Mistake((*path, name), str(error))


def _nobody(what: str, name: str, known: Iterable[str]) -> str:
    return f"no {what} of this farm is named “{name}”; {did_you_mean(name, known)}".rstrip("; ")

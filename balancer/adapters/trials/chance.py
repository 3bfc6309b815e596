"""Random farms for a fuzz: unlike hosts, names and tags that the rule file speaks of, and things that go wrong.

Rule: a seed and a number give the same farm on any machine. A farm is made as an author would write it, so that one on
which something breaks can be pasted into a test file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from random import Random
from typing import Any, Final, Self

import yaml

from balancer.adapters.trials.model import CaseModel, FarmModel, FuzzModel
from dsl.ruleset import Ruleset
from dsl.syntax import Cap, One, Pick, Relation

CORES: Final = (4, 8, 16, 32)
HOST_GIB: Final = (8, 16, 32, 64)
VM_MIB: Final = (256, 512, 1024, 2048, 4096, 8192)
AGES: Final = ("1 min", "10 min", "1 h", "40 d")
XENS: Final = ("4.14.6", "4.17.5", "4.17.5", "4.19.0")

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """What the rule file calls hosts and VMs: patterns of names and tags, and the keys of tags that it counts per."""

    names: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, tuple[str, ...]]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, rules: Ruleset) -> Self:
        """All that any statement names."""
        nodes = list(_nodes(rules))
        picks = [each for each in nodes if isinstance(each, Pick)]
        found = {
            (thing, how): [
                each.pattern for each in picks if each.how == how and (each.owner == "vm") == (thing == "vm")
            ]
            for thing in ("host", "vm")
            for how in ("named", "tagged")
        }
        for each in nodes:
            if isinstance(each, One):
                found[each.thing, "named"].append(each.name)
        keys = {each.per for each in nodes if isinstance(each, Cap | Relation) and each.per not in {None, "host"}}
        return cls(
            {thing: tuple(sorted(set(found[thing, "named"]))) for thing in ("host", "vm")},
            {thing: tuple(sorted(set(found[thing, "tagged"]))) for thing in ("host", "vm")},
            tuple(sorted(str(key) for key in keys)),
        )


def _nodes(node: Any) -> Iterator[Any]:
    """Everything in a tree."""
    if isinstance(node, tuple):
        for each in node:
            yield from _nodes(each)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            yield from _nodes(getattr(node, field.name))


@dataclass(frozen=True, slots=True)
class RandomFarm:
    """A farm and what happens to it, as plain values of a test file; `start` in minutes after the file's own."""

    hosts: Mapping[str, Plain]
    vms: Mapping[str, Plain]
    events: tuple[Plain, ...]
    failure: float
    rounds: int
    start: int

    def with_vms(self, names: Sequence[str]) -> Self:
        """The same with these VMs alone."""
        vms = {name: self.vms[name] for name in names}
        events = tuple(each for each in self.events if each.get("vm", next(iter(names), "")) in vms or "host" in each)
        return replace(self, vms=vms, events=events)

    def with_hosts(self, names: Sequence[str]) -> Self:
        """The same with these hosts alone, and the VMs on them."""
        hosts = {name: self.hosts[name] for name in names}
        vms = [name for name, vm in self.vms.items() if vm["host"] in hosts]
        events = tuple(each for each in self.events if each.get("host", names[0]) in hosts)
        return replace(self, hosts=hosts, events=events).with_vms(vms)

    def ground(self) -> tuple[CaseModel, FarmModel]:
        """As a test and its farm."""
        case = {"name": "fuzz", "farm": "fuzz", "events": self.events, "rounds": str(self.rounds), "walls": "true"}
        return CaseModel.model_validate(case), FarmModel.model_validate(self._farm())

    def text(self, rules: str, start: str, seed: int) -> str:
        """As a test file that plays the same."""
        lines = ["format: rules-test/1", _flow({"rules": rules}), f"start: {start}", "farms:", "  found:"]
        for key, things in self._farm().items():
            lines += [f"    {key}:", *(f"      {_flow({name: thing})}" for name, thing in things.items())]
        case = {"farm": "found", "rounds": self.rounds, "moves": "any", "walls": True, "events": list(self.events)}
        lines += ["tests:", f"  - name: found by fuzz, seed {seed}"]
        return "\n".join([*lines, *(f"    {_flow({key: value})}" for key, value in case.items() if value), ""])

    def _farm(self) -> Plain:
        """The blocks of a farm, without those that are empty."""
        migration = {"failure": str(self.failure)} if self.failure else {}
        blocks = {"hosts": self.hosts, "vms": self.vms, "migration": migration}
        return {key: dict(things) for key, things in blocks.items() if things}


def _flow(pair: Plain) -> str:
    """A key and its value on one line."""
    said = yaml.safe_dump(pair, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return said.strip()[1:-1]


def random_farm(fuzz: FuzzModel, run: int, words: Words) -> RandomFarm:
    """The farm of that run."""
    chance = Random(f"{fuzz.seed}/{run}")  # noqa: S311 - a game, no secret
    same_xen = chance.random() < 0.6
    hosts = {
        name: _host(chance, words, chance.choice(XENS) if not same_xen else XENS[1])
        for name in _names(chance, "h", words.names["host"], chance.randint(*fuzz.hosts))
    }
    vms: dict[str, Plain] = {}
    room = {name: float(host["memory"].removesuffix("GiB")) * 1024 - 512 for name, host in hosts.items()}
    hot = {name for name in hosts if chance.random() < 0.4}
    for name in _names(chance, "v", words.names["vm"], chance.randint(*fuzz.vms)):
        home, memory = chance.choice(sorted(hosts)), chance.choice(VM_MIB)
        if memory <= room[home]:
            room[home] -= memory
            vms[name] = {"host": home, "memory": f"{memory}MiB"} | _vm(chance, words, fuzz.rounds, is_hot=home in hot)
    events = tuple(_events(chance, fuzz.rounds, sorted(hosts), sorted(vms)))
    failure = chance.choice((0.0, 0.0, 0.0, 0.2))
    return RandomFarm(hosts, vms, events, failure, fuzz.rounds, chance.randrange(7 * 24 * 60))


def _names(chance: Random, letter: str, patterns: Sequence[str], count: int) -> list[str]:
    """Names like `v7`, about half of them as the file speaks of them."""
    names: dict[str, None] = {}
    for number in range(1, count + 1):
        pattern = chance.choice(patterns) if patterns and chance.random() < 0.5 else f"{letter}*"
        name = _like(pattern, number)
        names[f"{letter}{number}" if name in names else name] = None
    return list(names)


def _like(pattern: str, number: int) -> str:
    """A name or tag that the pattern matches."""
    return pattern.replace("*", str(number)).replace("?", str(number % 10))


def _tags(chance: Random, words: Words, thing: str) -> list[str]:
    tags = [_like(each, chance.randint(1, 3)) for each in words.tags[thing] if chance.random() < 0.35]
    keyed = words.keys if thing == "host" else ()
    return tags + [f"{key}:{chance.choice('abc')}" for key in keyed if chance.random() < 0.85]


def _host(chance: Random, words: Words, xen: str) -> Plain:
    host: Plain = {
        "cores": str(chance.choice(CORES)),
        "memory": f"{chance.choice(HOST_GIB)}GiB",
        "dom0_memory": "512MiB",
    }
    host |= {"tags": tags} if (tags := _tags(chance, words, "host")) else {}
    host["xen"] = xen
    if chance.random() < 0.1:
        host["maintenance"] = "true"
    return host


def _vm(chance: Random, words: Words, rounds: int, *, is_hot: bool) -> Plain:
    vcpus = chance.randint(1, 8)
    vm: Plain = {"vcpus": str(vcpus), "age": chance.choice(AGES)}
    vm |= {"tags": tags} if (tags := _tags(chance, words, "vm")) else {}
    vm["cpu"] = _demand(chance, vcpus, rounds, least=0.5 if is_hot else 0.0)
    if chance.random() < 0.05:
        vm["passthrough"] = "true"
    return vm


def _demand(chance: Random, vcpus: int, rounds: int, *, least: float) -> str:
    """One or two levels, with a change somewhere."""
    levels = [round(vcpus * chance.uniform(least, 1.0), 2) for _ in range(chance.choice((1, 1, 2)))]
    return " ".join(f"{level}x{chance.randint(0, rounds)}" for level in levels)


def _events(chance: Random, rounds: int, hosts: Sequence[str], vms: Sequence[str]) -> Iterator[Plain]:
    if chance.random() < 0.3 and rounds > 2:
        host, begin = chance.choice(hosts), chance.randint(1, rounds - 1)
        yield {"round": begin, "host": host, "event": "silent"}
        yield {"round": begin + chance.randint(1, 3), "host": host, "event": "answers"}
    for _ in range(chance.randint(0, 2) if vms else 0):
        yield {"round": chance.randint(1, rounds), "vm": chance.choice(vms), "event": "migration-fails"}

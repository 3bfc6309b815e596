"""Random rule files that may be run, of the whole language, and random farms that they speak of.

What a file says of CPUs, memory or time stands in marks (`<cpu 0.5>`, `<MiB 512>`, `<s 60>`) until `told` fills them
in, so that a file can be told of a farm that is larger, or whose clocks run slower.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from balancer.adapters.calendar import LANGUAGE
from balancer.core.formats import plan_document
from balancer.core.model import Decision
from dsl.loading import load
from tests.farms import INTERVAL, Farm, Rounds, farm

Texts = st.SearchStrategy[str]

# -- farms ------------------------------------------------------------------------------------------------------------

TAGS = ("db", "app", "cache", "pet")
RACKS = (("rack:a",), ("rack:b",), ("rack:b", "rack:c"), ())


@st.composite
def farms(draw: st.DrawFn, hosts: int = 5, vms: int = 12) -> Farm:
    """Two hosts or more, some VMs on the first ones; all figures are such that sums of them are exact."""
    names = [f"xen{number}" for number in range(draw(st.integers(2, hosts)))]
    made = farm(" | ".join(f"{name}:" for name in names))
    for name in names:
        figures: dict[str, Any] = {
            "cores": draw(st.sampled_from([4.0, 8.0])),
            "memory": draw(st.sampled_from([4096.0, 8192.0, 32768.0])),
            "tags": draw(st.sampled_from([(), ("licensed",), ("old",)])) + draw(st.sampled_from(RACKS)),
            "maintenance": draw(st.integers(0, 9)) == 9,
            "xen": draw(st.sampled_from(["4.9", "4.17", "4.17", None])),
            "cpu_group": draw(st.sampled_from(["intel", "intel", "amd"])),
            "facts": draw(st.sampled_from([{}, {"row": "7"}, {"row": "8", "watts": "350"}])),
            "uptime": draw(st.sampled_from([600.0, 86400.0])),
        }
        made.with_(**{name: figures})
    for number in range(draw(st.sampled_from([0, vms // 2, vms - 2, vms]))):
        home = made.hosts[draw(st.sampled_from(names[: draw(st.integers(1, 3))]))]
        memory = draw(st.sampled_from([256.0, 512.0, 1024.0]))
        if sum(vm.memory for vm in made.vms.values() if vm.host == home.name) + memory > home.memory:
            continue
        made.add(
            home.name, f"vm{number:02}", draw(st.sampled_from(range(17))) / 8, memory=memory,
            tags=tuple(draw(st.sets(st.sampled_from(TAGS), max_size=2))),
            passthrough=draw(st.integers(0, 15)) == 15, state=draw(st.sampled_from(["running"] * 7 + ["paused"])),
        )  # fmt: skip
    return made


# -- rule files -------------------------------------------------------------------------------------------------------

_SETS_OF_VMS = st.sampled_from([
    'vms tagged "db"', 'vms tagged "app"', 'vms tagged "cache"', 'vms tagged "pet" or tagged "db"', "vms",
    'vms named "vm0*"', 'vms named "*3"', 'vm "vm01"', 'vm "vm02"', "large", "vms where not in large",
    "vms where cpu > <cpu 0.5> and not passthrough", "vms where memory >= <MiB 512>", "vms where host.cpu > 60%",
    "vms where cpu / vcpus > 20%", "vms where age > <s 60>",
    'vms where host tagged "old"', "vms where host in licensed",
])  # fmt: skip
_SETS_OF_HOSTS = st.sampled_from([
    'hosts tagged "licensed"', 'hosts tagged "old"', 'host "xen1"', 'host "xen0"', "licensed",
    "hosts where maintenance",
    "hosts where cpu > 60%", "hosts where not in licensed", 'hosts named "xen*" and not tagged "rack:a"',
    "hosts where xen < 4.17", 'hosts where cpu_group == "amd"', "hosts where memory_free < <MiB 2048>",
    "hosts where load > <cpu 2> or vms > 4", "hosts where age < <s 3600>", "hosts where vcpus > 2 * cores",
    'hosts where facts.row == "7"', "hosts where facts.watts > 300", "hosts where max(cpu, <s 60>) > 80%",
])  # fmt: skip
_TARGETS = _SETS_OF_HOSTS | st.sampled_from([
    "hosts where after.cpu > 80%", "hosts where after.memory > 70%", "hosts where xen < source.xen",
    "hosts where cpu_group != source.cpu_group", "hosts where after.vms > source.vms",
    "hosts where after.memory_free < vm.memory", "hosts where after.load > <cpu 4>",
])  # fmt: skip
_HOURS = st.sampled_from([
    "daily 00:00-06:00 UTC", "mon-fri 20:00-06:00 Europe/Paris", "sat-sun 01:00-04:00 UTC", "thu 00:00-23:00 UTC",
])  # fmt: skip
KINDS = ("repairs", "drains", "rules", "preferences", "goal")
_EXCEPT = st.just("") | st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True).map(
    lambda kinds: f" except {', '.join(kinds)}"
)
_COST = st.sampled_from(["", " cost 2", " cost 0.5", " cost 5"])


def _said(pattern: str, **parts: Texts) -> Texts:
    """The pattern, with its parts drawn."""
    return st.fixed_dictionaries(parts).map(lambda drawn: pattern.format(**drawn))


_NEIGHBOURS = st.one_of(
    _said("{vms} apart", vms=_SETS_OF_VMS),
    _said("at most {n} of {vms} per {per}", n=st.sampled_from("123"), vms=_SETS_OF_VMS,
          per=st.sampled_from(["host", "rack"])),
    _said("{vms} apart from {other}", vms=_SETS_OF_VMS, other=_SETS_OF_VMS),
    _said("{vms} together", vms=_SETS_OF_VMS),
    _said("{vms} with {other}", vms=_SETS_OF_VMS, other=_SETS_OF_VMS),
    _said("{vms} on {hosts}", vms=_SETS_OF_VMS, hosts=_SETS_OF_HOSTS),
)  # fmt: skip
_JOURNEY = _said(
    "{vms}{source}{target}{hours}{but}", vms=_SETS_OF_VMS,
    source=st.just("") | _SETS_OF_HOSTS.map(" from {}".format),
    target=st.just("") | _TARGETS.map(" to {}".format),
    hours=st.just("") | _HOURS.map(" during {}".format), but=_EXCEPT,
)  # fmt: skip
_GATES_OF_VMS = st.sampled_from([
    "", " where cpu > <cpu 0.25>", " where not in large", ' where age > <s 60> as "too young"',
    " where memory < <MiB 1024> or cpu > <cpu 1>", " where share > 5%", " where cpu_time > <cpu 1> * <s 5>",
    " where moves == 0 and host.vms > 1", " where avg(cpu, <s 60>) / vcpus > 20%", " where sum(moves, <s 3600>) < 2",
])  # fmt: skip
_GATES_OF_HOSTS = st.sampled_from([
    "", ' where after.cpu < 70%  as "max cpu"', " where after.cpu < source.cpu - 10%", ' where vms < 6  as "max VMs"',
    " where after.memory < 80%", " where cores >= source.cores", ' where not tagged "old"', " where moves < 2",
    " where xen >= source.xen", " where after.load < <cpu 3>", " where farm.cpu < 90% and memory_free > vm.memory",
    " where max(cpu, <s 60>) < 70%", ' where not facts.row == "8"',
])  # fmt: skip
_RULE = _said(
    "rule {name}\n  when  {when}{hold}\n  move  vm by {by}{which}\n  to    host by {best}{where}{until}",
    name=st.sampled_from(["first", "second"]),
    when=st.sampled_from([
        "host.cpu > 70%", "host.load > <cpu 3>", 'host tagged "old"', "host.memory > 60% and host.cpu > 50%",
        "host.cpu > farm.cpu + 10%", "host.vms > 4 or host.vcpus > 2 * host.cores", "not host.memory_free > <MiB 3000>",
        "avg(host.cpu, <s 60>) > 60%", "p90(host.load, <s 60>) > <cpu 2> or min(host.cpu, <s 60>) > 70%",
    ]),
    hold=st.sampled_from(["", " for 2 rounds", " for <s 60>", " for 2 rounds and host.memory > 5%"]),
    by=st.sampled_from(["most cpu", "least memory, most cpu", "most cpu / vcpus", "most age"]),
    which=_GATES_OF_VMS,
    best=st.sampled_from(["least cpu", "least after.cpu", "most memory_free", "least vms, least load", "most cores"]),
    where=_GATES_OF_HOSTS,
    until=st.sampled_from(["", "\n  until source.cpu < 50%"]),
)  # fmt: skip
_CAPS = st.sampled_from([
    "2 at once, 1 per host", "1 at once", "3 per round", "4 at once, 1 per rack", "5 per hour, 2 at once",
    "1 per day per host, 3 at once", "6 at once, 2 per host, 8 per round",
])  # fmt: skip
_ONCE = (
    _CAPS.map("limit {}".format),
    st.sampled_from([
        "rest vm <s 900>, host <s 0>, no return within <s 7200>", "rest vm <s 60>", "rest host <s 60>",
        "rest no return within <s 600>",
    ]),
    st.sampled_from(["reserve memory for 1 lost host", "reserve memory for 2 lost hosts"]),
    st.sampled_from([
        "balance cpu within 5% by at most 4 moves", "balance memory within 10% by at most 2 moves, each gaining 2%",
        "balance load within <cpu 0.5> by at most 3 moves",
        "pack onto fewest hosts where after.cpu < 70% by at most 3 moves",
        "pack onto fewest hosts where after.cpu < 80% where after.memory < 90% by at most 6 moves",
    ]),
    st.just("every <s 30>"),
)  # fmt: skip
_ANY = st.one_of(
    _NEIGHBOURS.map("keep {}".format), _NEIGHBOURS.map("keep {}".format),
    st.tuples(_NEIGHBOURS, _COST).map(lambda both: f"prefer {both[0]}{both[1]}"),
    _JOURNEY.map("never move {}".format),
    st.tuples(_JOURNEY, _COST).map(lambda both: f"avoid moving {both[0]}{both[1]}"),
    _SETS_OF_HOSTS.map("drain {}".format),
    _said("window {hours}{but}", hours=_HOURS, but=_EXCEPT),
    st.sampled_from(["freeze when reports < 50%", "freeze when failures > 3",
        "freeze when sum(failures, <s 600>) > 1", "freeze when farm.cpu > 90%",
    ]),
)  # fmt: skip
_LETS = (
    st.sampled_from(["vms where memory > <MiB 512>", 'vms tagged "app" or named "vm1*"', "vms where cpu > <cpu 1>"])
    .map("let large = {}".format),
    st.sampled_from(['hosts tagged "licensed"', "hosts where cores > <cpu 4>", 'hosts named "xen1"'])
    .map("let licensed = {}".format),
)  # fmt: skip
_EASE = "rule ease\n  when  host.cpu > 60%\n  move  vm by most cpu\n  to    host by least cpu where after.cpu < 75%"


@st.composite
def files(draw: st.DrawFn, once: Sequence[Texts] = _ONCE) -> tuple[str, ...]:
    """The statements of a file; what is not a rule may stand anywhere."""
    said = [draw(each) for each in _LETS]
    said += draw(st.lists(_ANY, max_size=5))
    said += [draw(each) for each in once if draw(st.booleans())]
    rules = draw(st.lists(_RULE, max_size=2, unique_by=lambda rule: rule.split("\n")[0]))
    return (*said, *rules, *draw(st.sampled_from([[_EASE], [_EASE], []])))


def told(statements: Sequence[str], *, cpu: float = 1.0, memory: float = 1.0, time: float = 1.0) -> str:
    """The file's text, its CPUs, memory and times so many times larger."""
    text = "".join(f"{each}\n" for each in statements)
    for word, times, unit in (("cpu", cpu, ""), ("MiB", memory, " MiB"), ("s", time, " s")):
        text = _grown(text, word, times, unit)
    return text


def _grown(text: str, word: str, times: float, unit: str) -> str:
    """The figures that are marked with this word so many times larger, in their unit."""
    return re.sub(rf"<{word} ([0-9.]+)>", lambda mark: f"{float(mark[1]) * times:g}{unit}", text)


def may_be_run(text: str) -> bool:
    """Whether the checker has nothing against it: sets drawn by chance may contradict each other."""
    return load("farm.rules", text.encode(), LANGUAGE).ruleset is not None


# -- what comes of them -----------------------------------------------------------------------------------------------


def played(made: Farm, text: str, *, rounds: int = 4, interval: float = INTERVAL) -> list[Decision]:
    """Some rounds of this farm (which itself stays as it is), whatever may start at once carried out in between."""
    play = Rounds(deepcopy(made), text, interval=interval)
    decisions = []
    for _ in range(rounds):
        decisions.append(play.next())
        for move in decisions[-1].plan.moves:
            if move.wave == 1:
                play.carry_out(move)
    return decisions


def documents(decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """What outsiders read of each round, but for the fingerprint of the rules' text."""
    return [{**plan_document(each, 0.0), "rules_sha256": ""} for each in decisions]


def without_lines(document: Any) -> Any:
    """The same, whatever lines of the file it names."""
    if isinstance(document, dict):
        return {key: without_lines(value) for key, value in document.items() if key != "line"}
    if isinstance(document, list):
        return [without_lines(each) for each in document]
    return re.sub(r"\bline \d+", "line", document) if isinstance(document, str) else document


def journeys(decisions: Sequence[Decision]) -> list[tuple[object, ...]]:
    """All moves, each with its round and wave, who wanted it, and what it was for."""
    return [
        (each.plan.round, move.wave, move.vm, move.source, move.target, move.rule, move.reason)
        for each in decisions
        for move in each.plan.moves
    ]

"""`explain`: why a VM or a host is left as it is, or is not: what holds, by how much, what would have to change.

Rule: it looks and changes nothing. Without `--snapshot` it reads the daemon's journal, whether the daemon runs or not.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from balancer.assembly.moment import snapshot_case
from balancer.commands.arguments import add_daemon, add_format, positive, state_directory
from balancer.commands.words import many, moment
from balancer.core.cycle import Case, begun
from balancer.core.explanation.clauses import Clause
from balancer.core.explanation.host import HostExplained, Wanted, explain_host
from balancer.core.explanation.troubles import Trouble
from balancer.core.explanation.vm import Asked, Target, VmExplained, explain_vm
from balancer.core.figures.signals import TABLE
from balancer.core.formats import plain, printable
from balancer.core.model import Move, Order, Rejection
from balancer.core.wording import gap, nth, refusal, spoken
from balancer.errors import Exit, UsageError
from balancer.execution import exceeded
from balancer.replay import recalled
from dsl.findings import nearest

HELP = "why a VM or a host is left as it is, or is not: what holds, by how much, and what would have to change"
Explained = TypeVar("Explained", HostExplained, VmExplained)

PAST: Final = 5
"""Moves of a VM that are told."""
SHOWN: Final = 10
"""Hosts told as targets, and VMs that may not leave; the JSON has all."""
SIGNS: Final = {True: "+", False: "-", None: "?"}


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `explain`."""
    add_daemon(parser)
    parser.add_argument("thing", choices=("vm", "host"), metavar="vm|host", help="what it is")
    parser.add_argument("name", help="its name; of a VM also its uuid")
    parser.add_argument("--snapshot", type=Path, help="a farm/1 file, instead of the daemon's last round")
    parser.add_argument("--round", type=positive, help="a round of the journal, instead of its last")
    parser.add_argument("--rules", type=Path, help="a rule file, instead of the rules of that round")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Ask and print."""
    explained = _of_snapshot(arguments) if arguments.snapshot else _of_journal(arguments)
    if arguments.format == "json":
        print(json.dumps({"format": "explain/1"} | plain(explained)))
    else:
        when = "" if arguments.snapshot else f" ({moment(explained.time)})"
        told = vm_in_words(explained, when) if isinstance(explained, VmExplained) else host_in_words(explained, when)
        print("\n".join(printable(line) for line in told))
    return Exit.DONE


def _of_snapshot(arguments: Namespace) -> HostExplained | VmExplained:
    if arguments.round is not None:
        raise UsageError("--round is of a journal; a snapshot is one round")
    case = snapshot_case(arguments.snapshot, arguments.rules)
    if arguments.thing == "host":
        return _with_limits(explain_host(case, _host(case, arguments.name)), case)
    return _with_limits(explain_vm(case, _vm(case, arguments.name)), case)


def _of_journal(arguments: Namespace) -> HostExplained | VmExplained:
    with recalled(state_directory(arguments), arguments.round, arguments.rules) as its:
        if arguments.thing == "host":
            return _with_limits(explain_host(its.case, _host(its.case, arguments.name), its.paused), its.case)
        place = _vm(its.case, arguments.name)
        vm = begun(its.case).projection.observation.vms[place]
        until = its.case.now if arguments.round is not None else float("inf")
        past = its.journal.moves_of(vm.name, until, PAST)
        return _with_limits(explain_vm(its.case, place, past, its.paused), its.case)


def _with_limits(explained: Explained, case: Case) -> Explained:
    """With the limits that its planned moves would exceed, as the daemon would say when it comes to start them."""
    return replace(explained, against=(*explained.against, *dict.fromkeys(_limits(explained.moves, case))))


def _limits(moves: Sequence[Move], case: Case) -> Iterator[str]:
    for move in moves:
        if (why := exceeded(move, case.state, case.rules.caps, case.now)) is not None:
            yield why


def _host(case: Case, name: str) -> str:
    """The name of a host that reported; UsageError where there is none."""
    observation = begun(case).projection.observation
    if name in observation.silent:
        raise UsageError(f"{name} did not report in round {observation.round}: nothing is decided on it")
    _known(name, [host.name for host in observation.hosts], "host")
    return name


def _vm(case: Case, name: str) -> int:
    """The place of a VM; UsageError where none, or more than one, bears the name."""
    vms = begun(case).projection.observation.vms
    found = [place for place, vm in enumerate(vms) if name in {vm.uuid, vm.name}]
    if not found:
        _known(name, [vm.name for vm in vms], "VM")
    if len(found) > 1:
        told = ", ".join(f"{vms[place].uuid} on {vms[place].host}" for place in found)
        raise UsageError(f"{len(found)} VMs are called “{name}”: name one by its uuid: {told}")
    return found[0]


def _known(name: str, names: Iterable[str], what: str) -> None:
    known = set(names)
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean “{near}”?" if near else f"{many(len(known), what)} reported"
        raise UsageError(f"no {what} “{name}” reported in that round; {hint}")


# -- for people --------------------------------------------------------------------------------------------------------


def host_in_words(its: HostExplained, when: str = "") -> Iterator[str]:
    """A host, a line each; `when` is told behind the round."""
    yield f"host {its.host}, round {its.round}{when}, rules {its.rules}"
    yield its.told
    yield f"  {_figures('host', its.figures)}"
    yield from (f"  against a move: {each}" for each in its.against)
    yield from (f"  drained by {each}" for each in its.drained)
    yield from (line for each in its.troubles for line in _trouble(each))
    yield from (f"  {_who(each)}: {each.told}" for each in its.wanted)
    yield from _moves(its.moves)
    yield from _cut([f"  {each.vm} may not leave: {_refusal(each)}" for each in its.stays], "VM")
    for each in its.closed:
        whom = f"{each.vms} of {many(each.of, 'VM')} elsewhere, such as {each.example.vm}"
        yield f"  as a target refused to {whom}: {_refusal(each.example)}"
    if not its.closed:
        yield "  as a target open to every VM elsewhere, as far as walls go"


def vm_in_words(its: VmExplained, when: str = "") -> Iterator[str]:
    """A VM, a line each; `when` is told behind the round."""
    yield f"VM {its.vm} on {its.host}, round {its.round}{when}, rules {its.rules}"
    yield its.told
    if its.earlier:
        moved = [f"{move.vm} to {move.target}" for move in its.earlier]
        more = [f"{len(moved) - SHOWN} more"] if len(moved) > SHOWN else []
        yield f"  told as after {many(len(moved), 'earlier move')} of this round: {', '.join(moved[:SHOWN] + more)}"
    yield f"  {_figures('vm', its.figures)}"
    yield from (f"  against a move: {each}" for each in its.against)
    yield from (line for each in its.troubles for line in _trouble(each))
    yield from (line for each in its.asked for line in _asked(each))
    yield from _moves(its.moves)
    yield from (f"  {_past(order)}" for order in its.past)


def _figures(owner: str, figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {spoken(value, TABLE[owner, name].kind)}" for name, value in figures.items())


def _trouble(its: Trouble) -> Iterator[str]:
    yield f"  {its.rule} (line {its.line}): {its.told}{', relief begun earlier goes on' if its.engaged else ''}"
    yield from _clauses("when", its.held)
    yield from _clauses("and", its.now)
    yield from _clauses("until", its.until)


def _clauses(word: str, of: Sequence[Clause]) -> Iterator[str]:
    for each in of:
        wanting = f"  ({each.needs})" if each.needs else ""
        yield f"    {SIGNS[each.holds]} {word:5} {each.text}{wanting}"


def _asked(its: Asked) -> Iterator[str]:
    who = f"  {_who(its)}:"
    if its.told and its.kind != "rules":
        yield f"{who} {its.told}"
        who = "   "
    if its.rank is not None:
        rank = f"may leave, {nth(its.rank)} of {its.of}" if its.kind == "rules" else "may leave"
        yield f"{who} {rank}{f': {its.why}' if its.why else ''}{_before(its)}"
    if its.along:
        yield f"    with it {'goes' if len(its.along) == 1 else 'go'} {', '.join(its.along)}: {' and '.join(its.bonds)}"
    yield from (f"{who} may not leave: {_refusal(each)}" for each in its.stays)
    if its.needs:
        yield f"    {its.needs}"
    yield from _cut([_target(each) for each in its.targets], "host")


def _who(its: Asked | Wanted) -> str:
    return f"{its.rule} (line {its.line})" if its.line is not None else its.rule or "by the walls alone"


def _before(its: Asked) -> str:
    """Who goes first, and whether because it costs less."""
    first = (f"{each} (cheaper)" if each in its.cheaper else each for each in its.before[:SHOWN])
    return f"; before it {', '.join(first)}" if its.before else ""


def _target(its: Target) -> str:
    if its.rank is not None:
        why = "; ".join(each for each in (its.why, *_price(its)) if each)
        return f"    {its.rank}. {its.host}" + (f": {why}" if why else "")
    against = "; ".join(_refusal(each) for each in its.rejections)
    return f"    -  {its.host}: {against}" + (f"  ({its.needs})" if its.needs else "")


def _price(its: Target) -> Iterator[str]:
    """What a move there costs, and which wishes are against it."""
    if its.cost:
        yield f"costs {its.cost:g}" if its.cost > 0 else f"lowers the cost by {-its.cost:g}"
    yield from its.despite


def _refusal(rejection: Rejection) -> str:
    more = gap(rejection)
    line = f" (line {rejection.line})" if rejection.line is not None else ""
    return f"{refusal(rejection)}{f', {more}' if more else ''}{line}"


def _moves(moves: Sequence[Move]) -> Iterator[str]:
    for move in moves:
        yield f"  planned, wave {move.wave}: {move.vm} from {move.source} to {move.target}: {move.why}"


def _past(order: Order) -> str:
    move = order.move
    return f"{moment(order.started)} {order.state}: from {move.source} to {move.target}: {move.why}"


def _cut(lines: Sequence[str], thing: str) -> Iterator[str]:
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"    and {many(len(lines) - SHOWN, thing)} more"

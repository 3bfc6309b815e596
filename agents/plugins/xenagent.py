"""The agent `xenagent`: what a balancer may ask of a hypervisor, over MCollective.

Rule: `migrate` by order starts and answers at once; how it went is told by `order` and by every report. An order that
is late, from an older epoch, for another host, or that something stands against is refused, and then nothing has
happened.

Beside that it answers what the agent of 2010 answered, with the types of its time. Its `migrate` names a slice and a
new host, waits for the end, and takes the same way through the same checks.
"""

import logging
import math
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from msgspec import DecodeError
from msgspec.json import decode
from msgspec.structs import replace

from agents.book import BookError
from agents.context import Context
from agents.hypervisor import Guest, Hypervisor, HypervisorError, Migration, reach
from agents.mcollective.ddl import Abort, InvalidData, MissingData
from agents.moves import Moves
from agents.orders import OrderRefused, Orders
from agents.plugins.xen.schema import DDL, TARGET_URI
from agents.report import VmReport, encode
from agents.transport import Transport

LOG: Final = logging.getLogger(__name__)

BY_ORDER: Final = ("order", "epoch", "vm", "name", "source", "target", "target_uri", "valid_until")
BY_SLICE: Final = ("slice", "newhost")
VALID: Final = 20.0
"""Seconds in which a migration by slice is begun, or never."""
NO_DOMAIN: Final = -1
MAX_DOMAIN: Final = 2**31 - 1
MAX_RESERVED: Final = 86_400.0
MAX_URIS: Final = 2000
MAX_FACT: Final = 200
"""Characters of a fact in a report."""
PATIENCE: Final = 25.0
"""Seconds that `migrate` by slice waits for the end: a little less than its callers do."""
POLL: Final = 0.1
DOMAIN_0: Final = "Domain-0"
NANOSECONDS: Final = 1e9


class StillUnderWayError(Exception):
    """A migration that has not ended while its caller waited: no refusal, so no Abort."""


class XenAgent:
    """Speaks for one hypervisor. `clock` tells seconds since the epoch."""

    ddl = DDL

    def __init__(self, context: Context, clock: Callable[[], float] = time.time, patience: float = PATIENCE) -> None:
        self._hypervisor: Final[Hypervisor] = context.hypervisor
        self._orders: Final[Orders] = context.orders
        self._moves: Final = Moves(context.hypervisor, context.orders, Path(context.file))
        self._config: Final = context.config
        self._node: Final = context.node
        self._host: Final = context.node.identity
        self._transport: Final[Transport] = context.config.classic
        self._clock: Final = clock
        self._patience: Final = patience

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Any:
        """Carry out a declared action with checked inputs; Abort with the reason where it failed."""
        try:
            return self._ACTIONS[action](self, data, caller)
        except (HypervisorError, BookError) as error:
            raise Abort(str(error)) from None

    def _report(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        # First the orders: one that has ended by then has done to the VMs all that it will.
        orders = self._orders.all()
        report = self._hypervisor.report()
        full = replace(
            report,
            host=self._host,
            tags=(*report.tags, *self._config.tags),
            facts={**report.facts, **self._facts()},
            orders=orders,
            epoch=self._orders.epoch,
        )
        return {"report": encode(full)}

    def _facts(self) -> Mapping[str, str]:
        """What the configuration says, and what it lets be told of the host's other facts, if they are texts."""
        named = self._config.reported_facts
        known = self._node.facts() if named else {}
        told = {name: known[name] for name in named if isinstance(known.get(name), str)}
        return {**self._config.facts, **{name: text for name, text in told.items() if len(text) <= MAX_FACT}}

    def _migrate(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        by_slice = any(name in data for name in BY_SLICE)
        missing = [name for name in (BY_SLICE if by_slice else BY_ORDER) if name not in data]
        if missing:
            raise MissingData(f"Action migrate needs a {missing[0]} argument")
        if not by_slice:
            return self._migrate_by_order(data, caller)
        if len(data) > len(BY_SLICE):
            raise Abort("slice and newhost stand alone; an order has vm and target instead")
        return self._migrate_by_slice(data, caller)

    def _migrate_by_order(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        order = data["order"]
        if data["source"] != self._host:
            raise Abort(f"order {order} refused: it is for {data['source']}, this is {self._host}")
        if data["target"] == self._host:
            raise Abort(f"order {order} refused: its target is this host itself")
        self._refuse_late(data)
        if not NO_DOMAIN <= data.get("domain_id", NO_DOMAIN) <= MAX_DOMAIN:
            raise InvalidData(f"domain_id is a number from {NO_DOMAIN} to {MAX_DOMAIN}")
        migration = Migration(
            order=data["order"],
            vm_uuid=data["vm"],
            vm_name=data["name"],
            target=data["target"],
            target_uri=data["target_uri"],
            migration_uri=data.get("migration_uri"),
            domain_id=data.get("domain_id"),
            hand_over=data.get("hand_over", False),
        )
        self._begin(migration, data["epoch"], data["valid_until"], caller)
        return self._state(data, caller)

    def _migrate_by_slice(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        vm = self._vm(data["slice"])
        newhost = data["newhost"]
        order = f"slice-{uuid.uuid4()}"
        migration = Migration(order, vm.uuid, vm.name, newhost, self._transport.uri(newhost))
        self._begin(migration, None, self._clock() + VALID, caller)
        deadline = time.monotonic() + self._patience
        while (state := self._state({"order": order}, caller))["state"] == "under way":
            if time.monotonic() > deadline:
                raise StillUnderWayError(
                    f"{vm.name} is still under way to {newhost}; order {order} goes on and tells how it ends"
                )
            time.sleep(POLL)
        return {"result": state["state"] == "done", "state": state["state"], "error": state["error"]}

    def _vm(self, name: str) -> VmReport:
        """The one VM of that name on this host."""
        found = [vm for vm in self._hypervisor.report().vms if vm.name == name]
        if len(found) != 1:
            raise Abort(f"{self._host} has {len(found) or 'no'} domU{'s' if found else ''} named {name}")
        return found[0]

    def _begin(self, migration: Migration, epoch: int | None, valid_until: float, caller: str) -> None:
        with _refused(migration.order):
            is_new = self._moves.send(migration, epoch, valid_until)
        if is_new:
            LOG.info("order %s of %s: moving %s to %s", migration.order, caller, migration.vm_name, migration.target)

    def _admit(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        self._refuse_late(data)
        seconds, order = data["expires"], data["order"]
        if not 0 < seconds <= MAX_RESERVED:
            raise InvalidData(f"expires is a number of seconds above 0, at most {MAX_RESERVED:g}")
        guest = _guest(data["guest"])
        with _refused(order):
            obstacles = self._moves.admit(order, data["epoch"], guest, seconds)
        LOG.info("order %s of %s: %s %s", order, caller, guest.name, "; ".join(obstacles) or "may come")
        return {"obstacles": list(obstacles)}

    def _take_over(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        with _refused(data["order"]):
            self._moves.take_over(data["order"], data["epoch"], data["vm"])
        LOG.info("order %s of %s: %s has been taken over", data["order"], caller, data["vm"])
        return {}

    def _reach(self, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        return {"reached": reach.obstacles(_uris(data["uris"]))}

    def _refuse_late(self, data: Mapping[str, Any]) -> None:
        late = self._clock() - data["valid_until"]
        # Not "late > 0": whatever is no number (NaN) must not pass either.
        if not late <= 0:
            raise Abort(
                f"order {data['order']} refused: it is {late:.0f} s too late; if that is not so, set the clocks"
            )

    def _state(self, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        order = self._orders.state(data["order"])
        if order is None:
            return {"state": "unknown"}
        told = ("state", "error", "seconds", "age", "vm", "target")
        return {name: getattr(order, name) for name in told}

    # -- as in 2010

    def _echo(self, data: Mapping[str, Any], _caller: str) -> str:
        text: str = data["msg"]
        return text

    def _find(self, data: Mapping[str, Any], _caller: str) -> str:
        return "Present" if data["name"] in self._slices() else "Absent"

    def _list(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        return {"slices": self._slices()}

    def _slices(self) -> list[str]:
        return [DOMAIN_0, *(vm.name for vm in self._hypervisor.report().vms)]

    def _stat(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        report = self._hypervisor.report()
        return {
            "slices": [vm.name for vm in report.vms],
            "load": float(report.load),
            "times": {vm.name: f"{vm.counter.cpu_ns / NANOSECONDS:.1f}" for vm in report.vms},
        }

    def _create(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        return self._done(self._hypervisor.start, data["name"], f"start of {data['name']} for {caller}")

    def _destroy(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        if data["name"] == DOMAIN_0:
            raise Abort(f"{DOMAIN_0} is the host itself")
        return self._done(self._hypervisor.destroy, data["name"], f"end of {data['name']} for {caller}")

    def _done(self, act: Callable[[str], None], name: str, what: str) -> Mapping[str, Any]:
        try:
            act(name)
        except HypervisorError as error:
            LOG.warning("%s: %s", what, error)
            return {"result": False}
        LOG.info("%s: done", what)
        return {"result": True}

    _ACTIONS: Final[Mapping[str, Callable[["XenAgent", Mapping[str, Any], str], Any]]] = MappingProxyType({
        "report": _report,
        "migrate": _migrate,
        "order": _state,
        "admit": _admit,
        "take_over": _take_over,
        "reach": _reach,
        "echo": _echo,
        "find": _find,
        "list": _list,
        "stat": _stat,
        "create": _create,
        "destroy": _destroy,
    })  # fmt: skip


@contextmanager
def _refused(order: str) -> Iterator[None]:
    """A refusal is told with its order."""
    try:
        yield
    except OrderRefused as refusal:
        raise Abort(f"order {order} refused: {refusal}") from None


def _guest(text: str) -> Guest:
    """The guest in untrusted JSON."""
    try:
        guest = decode(text, type=Guest)
    except (DecodeError, RecursionError) as error:
        raise InvalidData(f"guest: {error}") from None
    if not guest.uuid or not guest.name or not 0 < guest.memory_mb < math.inf:
        raise InvalidData("guest: it has a uuid, a name, and memory_mb above 0")
    return guest


def _uris(text: str) -> list[str]:
    """The libvirt URIs in untrusted JSON, each one that a migration could name."""
    try:
        uris = decode(text, type=list[str])
    except (DecodeError, RecursionError) as error:
        raise InvalidData(f"uris: {error}") from None
    strange = next((uri for uri in uris if not re.fullmatch(TARGET_URI, uri)), None)
    if strange is not None or len(uris) > MAX_URIS:
        raise InvalidData(f"uris: {strange} is no URI of another libvirt" if strange else f"uris: {MAX_URIS} at most")
    return uris


def create(context: Context) -> XenAgent:
    """The agent."""
    return XenAgent(context)

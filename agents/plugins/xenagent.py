"""The agent `xenagent`: what a balancer may ask of a hypervisor, over MCollective.

Rule: `migrate` by order starts and answers at once; how it went is told by `order` and by every report. Look again just
before acting: an order that is late, from an older epoch or for another host is refused, and then nothing has happened.

Beside that it answers what the agent of 2010 answered, with the types of its time. Its `migrate` names a slice and a
new host, waits for the end, and takes the same way through the same checks.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from agents.context import Context
from agents.hypervisor import Hypervisor, HypervisorError, Migration
from agents.mcollective.ddl import Abort, Action, Ddl, Input, MissingData, Output
from agents.orders import OrderRefused, Orders
from agents.report import Report, VmReport, encode
from agents.transport import Transport

LOG: Final = logging.getLogger(__name__)

NAME: Final = r"^[^\x00-\x1f]{1,200}$"
ORDER: Final = r"^[A-Za-z0-9_][\w.:-]{0,199}$"
HOST: Final = r"^[A-Za-z0-9_][\w.-]{0,199}$"
# No query: libvirt would take `?command=…` from it and run that as root. No transport that starts programs (ext).
TARGET_URI: Final = r"^[a-z]+(\+(tcp|tls|ssh|libssh|libssh2))?://(\w[\w.-]*@)?[A-Za-z0-9\[][\w.:\]-]*/[\w/-]*$"
MIGRATION_URI: Final = r"^tcp://[A-Za-z0-9\[][\w.:\]-]*$"

BY_ORDER: Final = ("order", "epoch", "vm", "name", "source", "target", "target_uri", "valid_until")
BY_SLICE: Final = ("slice", "newhost")
PATIENCE: Final = 25.0
"""Seconds that `migrate` by slice waits for the end: a little less than its callers do."""
POLL: Final = 0.1
DOMAIN_0: Final = "Domain-0"
NANOSECONDS: Final = 1e9


class StillUnderWayError(Exception):
    """A migration that has not ended while its caller waited: no refusal, so no Abort."""


NAMED: Final = (Input("name", "The domU's name", validation=NAME, maxlength=200),)

DDL: Final = Ddl(
    agent="xenagent",
    description="Load of a hypervisor and its VMs, and their live migration",
    version="2.0",
    timeout=30,
    authorized_by_policy=True,
    actions=(
        Action(
            "report",
            "How the host and its VMs are",
            outputs=(Output("report", "The report as one string of JSON, report/1"),),
            timeout=20,
        ),
        Action(
            "migrate",
            "Migrate a VM from this host: by order, answered at once, or by slice and newhost as in 2010",
            inputs=(
                Input("order", "The order's id; a known one starts nothing", optional=True, validation=ORDER),
                Input("epoch", "The epoch of the balancer that gives it", "integer", optional=True),
                Input("vm", "The VM's uuid", optional=True, validation=NAME),
                Input("name", "The VM's name", optional=True, validation=NAME),
                Input("source", "The host it runs on, which must be this one", optional=True, validation=HOST),
                Input("target", "The host it shall go to", optional=True, validation=HOST),
                Input("target_uri", "The target's libvirt URI, as seen here", optional=True, validation=TARGET_URI),
                Input("migration_uri", "The way of its data", optional=True, validation=MIGRATION_URI),
                Input("valid_until", "Seconds since the epoch after which it is late", "number", optional=True),
                Input("slice", "The domU's name, with newhost and without all others", optional=True, validation=NAME),
                Input("newhost", "The new host's IPv4 address", optional=True, validation="ipv4address", maxlength=50),
            ),
            outputs=(
                Output("state", "By order: under way, done or failed"),
                Output("error", "By order: why it failed", ""),
                Output("result", "By slice: whether it has arrived"),
            ),
        ),
        Action(
            "order",
            "How an order stands",
            inputs=(Input("order", "The order's id", validation=ORDER),),
            outputs=(
                Output("state", "under way, done, failed or unknown"),
                Output("error", "Why it failed", ""),
                Output("seconds", "How long it took, or takes until now", 0.0),
            ),
        ),
        Action(
            "echo", "Say it again", inputs=(Input("msg", "What to say", validation=r"^[^\x00]*$", maxlength=10_000),)
        ),
        Action("find", "Whether the host has the domU: Present or Absent", inputs=NAMED),
        Action("list", "The host's slices, Domain-0 among them", outputs=(Output("slices", "Their names"),)),
        Action(
            "stat",
            "The host's load, and what its domUs have used",
            outputs=(
                Output("slices", "Names of the domUs"),
                Output("load", "Load average of Domain-0 over one minute"),
                Output("times", "CPU seconds of each domU since it came"),
            ),
        ),
        Action("create", "Start a domU that is defined here", inputs=NAMED, outputs=(Output("result", "Whether"),)),
        Action("destroy", "Stop a domU at once", inputs=NAMED, outputs=(Output("result", "Whether"),)),
    ),
)


class XenAgent:
    """Speaks for one hypervisor. `clock` tells seconds since the epoch."""

    ddl = DDL

    def __init__(self, context: Context, clock: Callable[[], float] = time.time, patience: float = PATIENCE) -> None:
        self._hypervisor: Final[Hypervisor] = context.hypervisor
        self._orders: Final[Orders] = context.orders
        self._config: Final = context.config
        self._host: Final = context.node.identity
        self._transport: Final[Transport] = context.config.classic
        self._clock: Final = clock
        self._patience: Final = patience

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Any:
        """Carry out a declared action with checked inputs; Abort with the reason where it failed."""
        return self._ACTIONS[action](self, data, caller)

    def _report(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        report = self._look()
        full = replace(
            report,
            host=self._host,
            tags=(*report.tags, *self._config.tags),
            facts={**report.facts, **self._config.facts},
            orders=self._orders.all(),
        )
        return {"report": encode(full)}

    def _look(self) -> Report:
        try:
            return self._hypervisor.report()
        except HypervisorError as error:
            raise Abort(str(error)) from None

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
        self._refuse(data)
        migration = Migration(
            order=data["order"],
            vm_uuid=data["vm"],
            vm_name=data["name"],
            target=data["target"],
            target_uri=data["target_uri"],
            migration_uri=data.get("migration_uri"),
        )
        self._begin(migration, data["epoch"], caller)
        return self._state(data, caller)

    def _migrate_by_slice(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        vm = self._vm(data["slice"])
        newhost = data["newhost"]
        order = f"slice-{uuid.uuid4()}"
        migration = Migration(order, vm.uuid, vm.name, newhost, self._transport.uri(newhost))
        self._begin(migration, None, caller)
        deadline = time.monotonic() + self._patience
        while (state := self._state({"order": order}, caller))["state"] == "under way":
            if time.monotonic() > deadline:
                raise StillUnderWayError(
                    f"{vm.name} is still under way to {newhost}; order {order} goes on and tells how it ends"
                )
            time.sleep(POLL)
        if state["error"]:
            LOG.warning("%s to %s as %s wanted: %s", vm.name, newhost, caller, state["error"])
        return {"result": state["state"] == "done", "state": state["state"], "error": state["error"]}

    def _vm(self, name: str) -> VmReport:
        """The one VM of that name on this host."""
        found = [vm for vm in self._look().vms if vm.name == name]
        if len(found) != 1:
            raise Abort(f"{self._host} has {len(found) or 'no'} domU{'s' if found else ''} named {name}")
        return found[0]

    def _begin(self, migration: Migration, epoch: int | None, caller: str) -> None:
        try:
            is_new = self._orders.take(migration, epoch)
        except OrderRefused as refusal:
            raise Abort(f"order {migration.order} refused: {refusal}") from None
        if is_new:
            LOG.info("order %s of %s: moving %s to %s", migration.order, caller, migration.vm_name, migration.target)
            threading.Thread(target=self._carry_out, args=(migration,), name="migration", daemon=True).start()

    def _refuse(self, data: Mapping[str, Any]) -> None:
        late = self._clock() - data["valid_until"]
        obstacles = (
            (data["source"] != self._host, f"it is for {data['source']}, this is {self._host}"),
            (data["target"] == self._host, "its target is this host itself"),
            # Not "late > 0": whatever is no number (NaN) must not pass either.
            (not late <= 0, f"it is {late:.0f} s too late; if that is not so, set the clocks"),
        )
        for stands_in_the_way, words in obstacles:
            if stands_in_the_way:
                raise Abort(f"order {data['order']} refused: {words}")

    def _carry_out(self, migration: Migration) -> None:
        try:
            self._hypervisor.migrate(migration)
        except HypervisorError as error:
            self._end(migration, str(error))
        except Exception as error:  # noqa: BLE001 - whatever happens, the order must be told to have ended
            self._end(migration, f"{type(error).__name__}: {error}")
        else:
            self._end(migration, None)

    def _end(self, migration: Migration, error: str | None) -> None:
        self._orders.end(migration.order, error)
        how = "done" if error is None else f"failed: {error}"
        LOG.info("order %s: %s to %s %s", migration.order, migration.vm_name, migration.target, how)

    def _state(self, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        order = self._orders.state(data["order"])
        if order is None:
            return {"state": "unknown", "error": "", "seconds": 0.0}
        return {"state": order.state, "error": order.error, "seconds": order.seconds}

    # -- as in 2010

    def _echo(self, data: Mapping[str, Any], _caller: str) -> str:
        text: str = data["msg"]
        return text

    def _find(self, data: Mapping[str, Any], _caller: str) -> str:
        return "Present" if data["name"] in self._slices() else "Absent"

    def _list(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        return {"slices": self._slices()}

    def _slices(self) -> list[str]:
        return [DOMAIN_0, *(vm.name for vm in self._look().vms)]

    def _stat(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        report = self._look()
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
        "echo": _echo,
        "find": _find,
        "list": _list,
        "stat": _stat,
        "create": _create,
        "destroy": _destroy,
    })  # fmt: skip


def create(context: Context) -> XenAgent:
    """The agent."""
    return XenAgent(context)

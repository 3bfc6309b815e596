"""The agent `xenagent`: what a balancer may ask of a hypervisor, over MCollective.

Rule: `migrate` starts and answers at once; how it went is told by `order` and by every report. Look again just before
acting: an order that is late, from an older epoch or for another host is refused, and then nothing has happened.
"""

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from agents.hypervisor import Hypervisor, HypervisorError, Migration
from agents.mcollective.ddl import Abort, Action, Ddl, Input, Output
from agents.orders import OrderRefused, Orders
from agents.report import encode

LOG: Final = logging.getLogger(__name__)

NAME: Final = r"^[^\x00-\x1f]{1,200}$"
ORDER: Final = r"^[A-Za-z0-9_][\w.:-]{0,199}$"
HOST: Final = r"^[A-Za-z0-9_][\w.-]{0,199}$"
# No query: libvirt would take `?command=…` from it and run that as root. No transport that starts programs (ext).
TARGET_URI: Final = r"^[a-z]+(\+(tcp|tls|ssh|libssh|libssh2))?://(\w[\w.-]*@)?[A-Za-z0-9\[][\w.:\]-]*/[\w/-]*$"
MIGRATION_URI: Final = r"^tcp://[A-Za-z0-9\[][\w.:\]-]*$"

DDL: Final = Ddl(
    agent="xenagent",
    description="Load of a hypervisor and its VMs, and their live migration",
    version="1.0",
    timeout=20,
    actions=(
        Action(
            "report",
            "How the host and its VMs are",
            outputs=(Output("report", "The report as one string of JSON, report/1"),),
        ),
        Action(
            "migrate",
            "Start the live migration of a VM from this host, and answer at once",
            inputs=(
                Input("order", "The order's id; a known one starts nothing", "string", validation=ORDER),
                Input("epoch", "The epoch of the balancer that gives it", "integer"),
                Input("vm", "The VM's uuid", "string", validation=NAME),
                Input("name", "The VM's name", "string", validation=NAME),
                Input("source", "The host it runs on, which must be this one", "string", validation=HOST),
                Input("target", "The host it shall go to", "string", validation=HOST),
                Input("target_uri", "The target's libvirt URI, as seen from here", "string", validation=TARGET_URI),
                Input("migration_uri", "The way of its data", "string", optional=True, validation=MIGRATION_URI),
                Input("valid_until", "Seconds since the epoch after which it is too late", "number"),
            ),
            outputs=(Output("state", "under way, done or failed"), Output("error", "Why it failed", "")),
        ),
        Action(
            "order",
            "How an order stands",
            inputs=(Input("order", "The order's id", "string", validation=ORDER),),
            outputs=(
                Output("state", "under way, done, failed or unknown"),
                Output("error", "Why it failed", ""),
                Output("seconds", "How long it took, or takes until now", 0.0),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the configuration says of this host."""

    host: str
    tags: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


class XenAgent:
    """Hosts one hypervisor; `max_migrations` may leave it at once. `clock` tells seconds since the epoch."""

    def __init__(
        self,
        hypervisor: Hypervisor,
        identity: Identity,
        max_migrations: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hypervisor: Final = hypervisor
        self._identity: Final = identity
        self._orders: Final = Orders(max_migrations)
        self._clock: Final = clock

    @property
    def ddl(self) -> Ddl:
        """What it can be asked."""
        return DDL

    @property
    def under_way(self) -> int:
        """How many migrations have not ended."""
        return self._orders.under_way()

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        """Carry out a declared action with checked inputs; Abort with the reason where it failed."""
        return self._ACTIONS[action](self, data, caller)

    def _report(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        try:
            report = self._hypervisor.report()
        except HypervisorError as error:
            raise Abort(str(error)) from None
        identity = self._identity
        full = dataclasses.replace(
            report,
            host=identity.host,
            tags=(*report.tags, *identity.tags),
            facts={**report.facts, **identity.facts},
            orders=self._orders.all(),
        )
        return {"report": encode(full)}

    def _migrate(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        self._refuse(data)
        migration = Migration(
            order=data["order"],
            vm_uuid=data["vm"],
            vm_name=data["name"],
            target=data["target"],
            target_uri=data["target_uri"],
            migration_uri=data.get("migration_uri"),
        )
        try:
            is_new = self._orders.take(migration, data["epoch"])
        except OrderRefused as refusal:
            raise Abort(f"order {migration.order} refused: {refusal}") from None
        if is_new:
            LOG.info("order %s of %s: moving %s to %s", migration.order, caller, migration.vm_name, migration.target)
            threading.Thread(target=self._carry_out, args=(migration,), name="migration", daemon=True).start()
        return self._state(data, caller)

    def _refuse(self, data: Mapping[str, Any]) -> None:
        late = self._clock() - data["valid_until"]
        obstacles = (
            (data["source"] != self._identity.host, f"it is for {data['source']}, this is {self._identity.host}"),
            (data["target"] == self._identity.host, "its target is this host itself"),
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

    _ACTIONS: Final = MappingProxyType({"report": _report, "migrate": _migrate, "order": _state})

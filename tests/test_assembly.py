"""What is put together for each mode: the table, and what a daemon holds while it is ready to run."""

import io
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest

from agents.mcollective.client import FabricError
from agents.mcollective.ddl import Action, Ddl, Input
from agents.mcollective.settings import ClientKeys, ServerKeys
from balancer.adapters.control import ask
from balancer.adapters.journal import open_journal
from balancer.adapters.journal_reader import read_journal
from balancer.adapters.metrics import MetricsError
from balancer.adapters.rehearsal import Rehearsal
from balancer.adapters.rule_file import RulesError
from balancer.adapters.snapshot import SnapshotFarm, read_snapshot
from balancer.assembly.daemon import DaemonWish, daemon
from balancer.assembly.moment import decide_live, decide_snapshot
from balancer.assembly.tables import MODES, OUTPUTS
from balancer.assembly.virtual import Wish, simulation
from balancer.config import Configuration, read_configuration
from balancer.core.history import NOTHING
from balancer.core.model import Decision
from balancer.errors import UsageError
from balancer.ports import JournalError, OperatorActed
from tests.adapters.puppets import Answer, Stage, staged
from tests.adapters.samples import decided, decision
from tests.stage import SOON, coilmq_wire, nobody, simulated_agents, write_balancer
from tests.wire import eventually

SCENARIOS = Path(__file__).parent / "scenarios"


def configured(tmp_path: Path, keys: Path, **settings: Any) -> Configuration:
    """A daemon whose broker is never there."""
    wire = coilmq_wire(nobody()) | {"connect_timeout": "0.1s"}
    return read_configuration(write_balancer(tmp_path, ["hv1", "hv2"], wire, keys, **settings))


def test_active_is_the_farm_itself_and_dry_is_its_rehearsal(tmp_path: Path) -> None:
    file = tmp_path / "farm.json"
    file.write_text('{"format": "farm/1", "hosts": [{"name": "h1", "cores": 1, "memory_mb": 1}]}')
    farm = SnapshotFarm(read_snapshot(file), 30.0)
    assert MODES["active"](farm) is farm
    assert isinstance(MODES["dry-run"](farm), Rehearsal)
    assert set(MODES) == {"active", "dry-run"}


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_tells_the_same_simulation(output: str) -> None:
    told = io.StringIO()
    with simulation(Wish(SCENARIOS / "overload.yaml", output=output), told) as play:
        play.loop.run(play.rounds)
    assert "web1" in told.getvalue()
    assert play.summary()["moves"] == 1


def test_a_simulation_takes_what_is_wished_for_and_else_the_scenarios_own() -> None:
    with simulation(Wish(SCENARIOS / "overload.yaml"), io.StringIO()) as own:
        assert (own.rounds, own.seed) == (16, 1)
    with simulation(Wish(SCENARIOS / "overload.yaml", rounds=3, seed=0), io.StringIO()) as wished:
        assert (wished.rounds, wished.seed) == (3, 0)


def test_a_daemon_that_is_ready_can_be_asked_and_scraped_and_holds_its_state(tmp_path: Path, keys: Path) -> None:
    configuration = configured(tmp_path, keys)
    with daemon(configuration, DaemonWish(), io.StringIO()) as ready:
        assert ready.mode == "dry-run"
        assert ask(configuration.state, "status")["mode"] == "dry-run"
        with urlopen(ready.metrics, timeout=30) as answer:
            assert b"xen_balancer_build_info" in answer.read()
        with pytest.raises(JournalError, match="held by process"):
            open_journal(configuration.state, lambda: 0.0)
    with open_journal(configuration.state, lambda: 0.0) as journal:
        assert journal.history(10).rounds == ()


def test_rounds_without_a_broker_are_lost_and_counted(tmp_path: Path, keys: Path) -> None:
    configuration = configured(tmp_path, keys)
    told = io.StringIO()
    with daemon(configuration, DaemonWish(interval=1.0), told) as ready:
        ready.loop.run(2)
        with urlopen(ready.metrics, timeout=30) as answer:
            assert b'xen_balancer_rounds_total{result="lost"} 2.0' in answer.read()
        assert ask(configuration.state, "status")["lost"]["round"] == 2
    assert "round 2  lost: " in told.getvalue()
    journal = read_journal(configuration.state)
    assert len([noted for noted in journal.history(9).notes if type(noted.event).__name__ == "RoundLost"]) == 2
    journal.close()


def test_a_pause_from_before_is_in_force_and_in_the_metrics_from_the_start(tmp_path: Path, keys: Path) -> None:
    configuration = configured(tmp_path, keys, mode="active")
    with open_journal(configuration.state, lambda: 0.0) as journal:
        journal.record(OperatorActed("root", "pause", "rack b"))
    with daemon(configuration, DaemonWish(), io.StringIO()) as ready:
        assert ask(configuration.state, "status")["paused"] == "paused by root: rack b"
        with urlopen(ready.metrics, timeout=30) as answer:
            assert b'xen_balancer_mode{mode="paused"} 1.0' in answer.read()


def test_what_rules_aggregate_over_time_is_there_from_the_start(tmp_path: Path, keys: Path) -> None:
    configuration = configured(tmp_path, keys)
    line = {("host", "cpu"): np.array([0.5, 0.25])}
    history = NOTHING.with_line(30.0, {"host": ["hv1 b", "hv2 b"]}, line, {("host", "cpu"): 3600.0})
    seen = decision()
    with open_journal(configuration.state, lambda: 0.0) as journal:
        journal.record(decided(replace(seen, state=replace(seen.state, history=history))))
    with daemon(configuration, DaemonWish(), io.StringIO()) as ready:
        assert ready.loop.state.history == history


def test_stopping_ends_the_loop_before_its_next_round(tmp_path: Path, keys: Path) -> None:
    with daemon(configured(tmp_path, keys), DaemonWish(), io.StringIO()) as ready:
        ready.stop()
        ready.loop.run()
        assert ready.loop.state.round == 0


def test_a_round_that_is_shorter_than_the_deadline_is_refused_whoever_wants_it(tmp_path: Path, keys: Path) -> None:
    (tmp_path / "farm.rules").write_text("every 5 s\n")
    write = configured(tmp_path, keys, deadline="0.9s", rules="farm.rules")
    by_rules = write.model_copy(update={"interval": None, "deadline": 10.0})
    for configuration, wish in ((by_rules, DaemonWish()), (write, DaemonWish(interval=0.5))):
        with pytest.raises(RulesError, match="too short for a deadline of"), daemon(configuration, wish, io.StringIO()):
            pytest.fail("it must not become ready")


def test_what_stands_in_the_way_is_found_before_anything_is_left_open(tmp_path: Path, keys: Path) -> None:
    (tmp_path / "wrong.rules").write_text("nonsense\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ways = [(configured(tmp_path, keys, metrics={"listen": address}), MetricsError),
                (configured(tmp_path, keys, rules="wrong.rules"), RulesError)]  # fmt: skip
        for configuration, kind in ways:
            with pytest.raises(kind), daemon(configuration, DaemonWish(), io.StringIO()):
                pytest.fail("it must not become ready")
    with daemon(configured(tmp_path, keys), DaemonWish(), io.StringIO()) as ready:
        assert ready.loop.state.round == 0


def test_a_plan_for_the_running_farm_says_which_broker_is_not_there(tmp_path: Path, keys: Path) -> None:
    configuration = configured(tmp_path, keys)
    with pytest.raises(FabricError, match=str(configuration.mcollective.brokers[0])):
        decide_live(configuration, None, None)


def snapshot_decision(folder: Path, rounds_over: int | None) -> Decision:
    file = folder / "farm.json"
    hosts = [{"name": name, "cores": 4, "memory_mb": 16384} for name in ("h1", "h2")]
    vms = [{"name": f"v{each}", "cpu": 1.8, "memory_mb": 1024, "host": "h1"} for each in (1, 2)]
    file.write_text(json.dumps({"format": "farm/1", "hosts": hosts, "vms": vms}))
    return decide_snapshot(file, None, rounds_over)


def test_for_a_snapshot_every_streak_is_reached_unless_another_is_supposed(tmp_path: Path) -> None:
    assert [(move.vm, move.target) for move in snapshot_decision(tmp_path, None).plan.moves] == [("v1", "h2")]
    assert snapshot_decision(tmp_path, 2).plan.moves == ()
    assert len(snapshot_decision(tmp_path, 3).plan.moves) == 1


def test_a_snapshot_has_always_been_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "slow.rules").write_text(
        "rule slow when avg(host.cpu, 1 h) > 75% for 10 min move vm by most p95(cpu, 30 min) to host by least cpu"
    )
    file = tmp_path / "farm.json"
    hosts = [{"name": name, "cores": 2, "memory_mb": 8192} for name in ("h1", "h2")]
    vms = [{"name": name, "cpu": 0.9, "memory_mb": 512, "host": "h1"} for name in ("v1", "v2")]
    file.write_text(json.dumps({"format": "farm/1", "hosts": hosts, "vms": vms}))
    (move,) = decide_snapshot(file, tmp_path / "slow.rules", None).plan.moves
    assert (move.vm, move.numbers["host.avg(cpu, 1 h)"]) == ("v1", 0.9)


# -- hosts with the agent of 2010


CLASSIC = Ddl(
    agent="xenagent",
    description="The agent of 2010, as far as a balancer asks it",
    version="0.1",
    timeout=30,
    actions=(
        Action("stat", "Load"),
        Action("migrate", "Migrate", inputs=(Input("slice", ""), Input("newhost", "", validation="ipv4address"))),
    ),
)
ADDRESSES = {"192.0.2.11": "hv1", "192.0.2.12": "hv2"}


@dataclass
class Year2010:
    """Two hosts; every VM uses the CPUs that stand beside it."""

    cpus: dict[str, float]
    where: dict[str, str]
    came: dict[str, float] = field(default_factory=dict)

    def answers(self, host: str) -> dict[str, Answer]:
        return {"stat": lambda _: self._stat(host), "migrate": lambda data: self._migrate(host, data)}

    def _stat(self, host: str) -> dict[str, Any]:
        here = [vm for vm, place in self.where.items() if place == host]
        times = {vm: f"{self.cpus[vm] * (time.time() - self.came.get(vm, 1.7e9)):.1f}" for vm in here}
        return {"slices": here, "load": sum(self.cpus[vm] for vm in here), "times": times}

    def _migrate(self, host: str, data: Mapping[str, Any]) -> dict[str, Any]:
        assert self.where[data["slice"]] == host
        time.sleep(1.5)
        self.where[data["slice"]] = ADDRESSES[data["newhost"]]
        self.came[data["slice"]] = time.time()
        return {"result": True}


@contextmanager
def year_2010(broker: int, folder: Path, keys: tuple[ServerKeys, ClientKeys]) -> Iterator[tuple[Year2010, Stage]]:
    """The farm of 2010: hv1 is over 85 % busy, web1 has room on hv2."""
    farm = Year2010({"web1": 2.4, "db1": 1.4, "dns1": 0.1}, {"web1": "hv1", "db1": "hv1", "dns1": "hv2"})
    with staged(CLASSIC, folder, keys, coilmq_wire(broker)) as stage:
        for host in ADDRESSES.values():
            stage.enter(host, farm.answers(host))
        yield farm, stage


def of_2010(stage: Stage, **settings: Any) -> Configuration:
    (stage.folder / "farm.rules").write_text(SOON)
    hosts = [{"name": name, "address": address, "cores": 4, "memory": 16384.0} for address, name in ADDRESSES.items()]
    own = {"state": stage.folder / "state", "rules": stage.folder / "farm.rules", "interval": 1.0, "deadline": 0.9}
    dialect = {"dialect": "classic", "classic": {"vm_memory": 1024.0, "dom0_memory": 512.0}, "hosts": hosts}
    return stage.configuration(**own | dialect | {"metrics": {"listen": "127.0.0.1:0"}} | settings)


@pytest.fixture
def key_pairs(server_keys: ServerKeys, client_keys: ClientKeys) -> tuple[ServerKeys, ClientKeys]:
    return server_keys, client_keys


def test_a_farm_of_2010_is_balanced(coilmq_port: int, tmp_path: Path, key_pairs: tuple[ServerKeys, ClientKeys]) -> None:
    told = io.StringIO()
    with year_2010(coilmq_port, tmp_path, key_pairs) as (farm, stage):
        configuration = of_2010(stage, mode="active")
        with daemon(configuration, DaemonWish(), told) as ready:
            assert eventually(lambda: ready.loop.run(3) or farm.where["web1"] == "hv2")

    assert farm.where == {"web1": "hv2", "db1": "hv1", "dns1": "hv2"}
    assert "moved web1 from hv1 to hv2: hv1 cpu " in told.getvalue()
    assert [line for line in told.getvalue().splitlines() if "lost" in line or "failed" in line] == []
    with closing(read_journal(configuration.state)) as journal:
        (order,) = journal.history(9).orders
        assert [change.state for change in journal.changes(order.id)] == ["intent", "under way", "done"]
        assert journal.history(9).rounds[-1].complete == 1.0


def test_a_dry_run_and_a_plan_tell_the_same_of_it_and_move_nothing(
    coilmq_port: int, tmp_path: Path, key_pairs: tuple[ServerKeys, ClientKeys]
) -> None:
    told = io.StringIO()
    with year_2010(coilmq_port, tmp_path, key_pairs) as (farm, stage):
        before = dict(farm.where)
        with daemon(of_2010(stage), DaemonWish(), told) as ready:
            assert eventually(lambda: ready.loop.run(3) or "would move web1 from hv1 to hv2" in told.getvalue())
            with urlopen(ready.metrics, timeout=30) as answer:
                assert b"xen_balancer_hosts_reporting 2.0" in answer.read()
        elsewhere = of_2010(stage, state=tmp_path / "nobody")
        decision = decide_live(elsewhere, None, None)

    seen = decision.observation
    assert [(vm.name, vm.host) for vm in seen.vms] == [("db1", "hv1"), ("dns1", "hv2"), ("web1", "hv1")]
    assert all(host.busy is not None for host in seen.hosts)
    assert farm.where == before


# -- hosts that are found


def test_a_daemon_without_configured_hosts_finds_them_and_the_next_one_knows_them_at_once(
    coilmq_port: int, tmp_path: Path, keys: Path
) -> None:
    wire = coilmq_wire(coilmq_port)
    with simulated_agents(tmp_path, wire, keys):
        wanted = {"every": "5s", "wait": "0.5s"}
        configuration = read_configuration(write_balancer(tmp_path, [], wire, keys, discovery=wanted))
        with daemon(configuration, DaemonWish(), io.StringIO()) as ready:

            def all_take_part() -> bool:
                ready.loop.run(1)
                return ask(configuration.state, "status")["expected"] == 2

            assert eventually(all_take_part)
        with daemon(configuration, DaemonWish(), io.StringIO()) as again:
            again.loop.run(1)
            status = ask(configuration.state, "status")
        decision = decide_live(configuration, None, None)

    assert (status["expected"], sorted(status["hosts"]), status["found"]) == (2, ["hv1", "hv2"], [])
    assert [host.name for host in decision.observation.hosts] == ["hv1", "hv2"]


def test_a_plan_where_no_host_is_known_yet_says_what_to_do(tmp_path: Path, keys: Path) -> None:
    wire = coilmq_wire(nobody())
    configuration = read_configuration(write_balancer(tmp_path, [], wire, keys, discovery={}))
    with pytest.raises(UsageError, match="no host is known yet: “xen-balancer run” finds them"):
        decide_live(configuration, None, None)

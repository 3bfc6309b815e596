"""Two balancers on one farm: each says that it is not alone, and the one that was there first is refused."""

from contextlib import ExitStack
from pathlib import Path

from tests.brokers import coilmq
from tests.stage import HOT, SOON, coilmq_wire, running, simulated_agents, write_balancer


def test_a_second_balancer_is_noticed_and_said(tmp_path: Path, keys: Path) -> None:
    broker, wire = coilmq(tmp_path), {}
    with ExitStack() as stack:
        broker.start()
        stack.callback(broker.stop)
        wire = coilmq_wire(broker.port)
        (tmp_path / "farm.rules").write_text(SOON)
        hosts = stack.enter_context(simulated_agents(tmp_path, wire, keys, HOT))
        watcher, mover = tmp_path / "watcher", tmp_path / "mover"
        configs = []
        for folder, rules in ((watcher, ""), (mover, SOON)):
            folder.mkdir()
            (folder / "farm.rules").write_text(rules)
            configs.append(str(write_balancer(folder, hosts, wire, keys, mode="active", rules="farm.rules")))
        first = stack.enter_context(running("balancer.cli", "run", "--config", configs[0], log=watcher / "log"))
        assert first.says("round 2 ")
        second = stack.enter_context(running("balancer.cli", "run", "--config", configs[1], log=mover / "log"))
        assert second.says("moved web1 from hv1 to hv2")

        assert first.says("a second balancer is at work: hv1 has its order ")
        assert first.says("moved by others: web1 from hv1 to hv2; it rests")
        assert "a second balancer" not in second.said

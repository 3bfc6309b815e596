"""The closing run: Debian's ActiveMQ, two real agents on libvirt, this machine's real load, and the real daemon, dry.

With `-s` it prints what an operator sees: `pytest -s tests/e2e/test_real_input.py -k ten_rounds`.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from agents.mcollective.connector.connection import Connection, Incoming
from agents.mcollective.connector.destinations import Outgoing, Subscription
from agents.mcollective.message import OK, Reply, Result, result_body
from agents.mcollective.security.ssl_plugin import SslHost
from agents.mcollective.serializers import Limits
from agents.mcollective.serializers.psych import YAML
from agents.mcollective.settings import ClientKeys, ClientSettings, ServerKeys
from tests.conftest import Login
from tests.stage import SOON, Program, running, write_agent, write_balancer, xen_balancer
from tests.wire import eventually

pytestmark = [pytest.mark.broker, pytest.mark.libvirt, pytest.mark.xdist_group("activemq")]

NODE = """
<node>
  <cpu><mhz>2000</mhz><model>x86_64</model><active>4</active>
    <nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads></cpu>
  <memory>8388608</memory>
  {domains}
</node>
"""
DOMAIN = """
  <domain type='test'>
    <name>{name}</name><uuid>11111111-1111-1111-1111-{number:012}</uuid>
    <memory>{kibibytes}</memory><vcpu>1</vcpu><os><type>hvm</type></os>
  </domain>
"""
CPUS_OF_A_TEST_DOMAIN = 1.0
"""libvirt's test driver tells the time of day as each domain's CPU time: every one of them keeps one CPU busy."""


def node(file: Path, domains: dict[str, int], mebibytes: int = 512) -> str:
    """The URI of a host of libvirt's test driver with these domains, by name and the end of their uuid."""
    told = "".join(
        DOMAIN.format(name=name, number=number, kibibytes=1024 * mebibytes) for name, number in domains.items()
    )
    file.write_text(NODE.format(domains=told))
    return f"test://{file}"


@dataclass(frozen=True)
class Site:
    """Two hypervisors' agents on the broker, and a daemon's configuration."""

    config: str
    collective: str
    agents: dict[str, Program]
    daemon: Program

    def metrics(self) -> str:
        url = re.search(r"metrics: (\S+)", self.daemon.said)
        assert url
        with urlopen(url[1], timeout=30) as answer:
            return str(answer.read().decode())

    def ask(self, *words: str) -> str:
        """What another command says of it."""
        done = xen_balancer(*words, "--config", self.config)
        assert (done.returncode, done.stderr) == (0, ""), words
        return done.stdout

    def counted(self, reason: str) -> bool:
        return bool(re.search(f'xen_balancer_reports_refused_total{{reason="{reason}"}} [1-9]', self.metrics()))


Begin = Callable[..., Site]
NOTHING: Mapping[str, Any] = {}


@pytest.fixture
def begin(activemq_login: Login, keys: Path, tmp_path: Path) -> Iterator[Begin]:
    """Starts an agent for each URI, then the daemon, and returns once all have answered."""
    pytest.importorskip("libvirt", reason="needs libvirt-python: pip install .[libvirt]")
    with ExitStack() as stack:
        broker = {
            "host": "127.0.0.1", "port": activemq_login.port, "user": activemq_login.user,
            "password_file": str(activemq_login.password_file),
        }  # fmt: skip
        common = {"brokers": [broker], "collective": f"c{abs(hash(tmp_path))}", "reconnect_max": "0.5s"}

        def start(
            uris: dict[str, str], silent: Sequence[str] = (), wire: Mapping[str, Any] = NOTHING, **settings: Any
        ) -> Site:
            agents = {}
            for host, uri in uris.items():
                config = write_agent(tmp_path, host, common, keys, driver="libvirt", libvirt={"uri": uri})
                words = ("agents.cli", "--config", str(config))
                agents[host] = stack.enter_context(running(*words, log=tmp_path / f"{host}.log"))
            assert all(agent.says("serves with the libvirt driver") for agent in agents.values())
            pace = {"interval": "2s", "deadline": "1.5s"}
            config = write_balancer(tmp_path, [*uris, *silent], common | wire, keys, **pace | settings)
            daemon = stack.enter_context(running("balancer.cli", "run", "--config", str(config), log=tmp_path / "log"))
            site = Site(str(config), str(common["collective"]), agents, daemon)
            assert daemon.says("round 1 "), daemon.said
            return site

        yield start


def told(title: str, text: str) -> None:
    """For whoever looks on with -s."""
    sys.stdout.write(f"\n$ {title}\n{text}")


def test_ten_rounds_on_real_input(begin: Begin, tmp_path: Path) -> None:
    hot = {"web1": 1, "web2": 2, "db1": 3, "build1": 4}
    site = begin({
        "hv1": node(tmp_path / "hv1.xml", hot),
        "hv2": node(tmp_path / "hv2.xml", {"dns1": 5}),
    })  # fmt: skip
    assert site.daemon.says("round 10 ")
    status, metrics, plan = site.ask("status"), site.metrics(), site.ask("plan", "--rounds-over", "3")
    document = json.loads(site.ask("status", "--format", "json"))
    assert site.daemon.end() == 0
    history = site.ask("history", "--last", "1000")

    told("xen-balancer run", site.daemon.said)
    told("xen-balancer status", status)
    told("curl http://127.0.0.1:9460/metrics", metrics)
    told("xen-balancer plan --rounds-over 3", plan)
    told("xen-balancer history", history)

    # hv1's four VMs keep its four CPUs busy; libvirt's test driver knows of no free memory on hv2, so none may go.
    said = site.daemon.said
    assert "hv1 hot for 3  — no action: hv1 in trouble for 3 rounds; refused: memory 4" in said
    assert ("move" in said, "Traceback" in said) == (False, False)
    assert {name: host["vms"] for name, host in document["hosts"].items()} == {"hv1": 4, "hv2": 1}
    assert document["hosts"]["hv1"]["cpu"] == pytest.approx(4 * CPUS_OF_A_TEST_DOMAIN / 4, abs=0.1)
    assert document["hosts"]["hv2"]["cpu"] == pytest.approx(1 * CPUS_OF_A_TEST_DOMAIN / 4, abs=0.1)

    # Both tell this machine's own load.
    load = float(Path("/proc/loadavg").read_text().split()[0])
    assert document["hosts"]["hv1"]["load"] == pytest.approx(document["hosts"]["hv2"]["load"], abs=0.5)
    assert document["hosts"]["hv1"]["load"] == pytest.approx(load, abs=10)

    assert "2 of 2 hosts: " in status
    assert "  hv1 " in status
    assert 'xen_balancer_mode{mode="dry-run"} 1.0' in metrics
    # The rounds go on while it is asked: however many a scrape tells, hv1 was in trouble in each of them.
    told_by = dict(line.rsplit(" ", 1) for line in metrics.splitlines())
    rounds = told_by['xen_balancer_rounds_total{result="decided"}']
    assert float(rounds) >= 10
    assert told_by['xen_balancer_host_streak_rounds{host="hv1",rule="relieve"}'] == rounds
    assert plan.startswith("2 of 2 hosts, 5 VMs, rules ")
    assert "  web1 stays (relieve): not hv2 (memory: 512 MiB, limit 0 MiB)\n" in plan
    assert [number for number in range(1, 11) if f"Z  round {number}: no action: " not in history] == []


def test_a_hot_host_of_real_input_gets_its_move_and_the_reason(begin: Begin, tmp_path: Path) -> None:
    # test:///default has 16 CPUs, one VM and 3 MiB free: room for a VM that is small enough.
    (tmp_path / "soon.rules").write_text(SOON)
    uris = {
        "hv1": node(tmp_path / "hv1.xml", {"web1": 1, "web2": 2, "db1": 3, "build1": 4}, 1),
        "hv2": "test:///default",
    }
    site = begin(uris, rules=str(tmp_path / "soon.rules"))
    assert site.daemon.says("would move ")
    assert site.daemon.end() == 0
    history, said = site.ask("history"), site.daemon.said
    told("xen-balancer run", said)

    why = r"hv1 cpu \S+% > 85% for 2 rounds; \w+ uses \S+ CPUs?, most there; hv2 has least cpu"
    assert re.search(rf"would move \w+ from hv1 to hv2: {why}", said)
    assert re.search(rf"done after 0 s, \d+ s expected \(dry-run\): \w+ from hv1 to hv2: {why}", history)
    assert "\nmoved " not in said


def test_promtool_has_nothing_to_say_of_the_real_metrics(begin: Begin, tmp_path: Path) -> None:
    promtool = shutil.which("promtool") or pytest.skip("needs promtool: apt-get install prometheus")
    site = begin({"hv1": node(tmp_path / "hv1.xml", {"web1": 1})}, metrics={"listen": "127.0.0.1:0", "per_vm": True})
    assert site.daemon.says("round 2 ")
    metrics = site.metrics()
    assert 'xen_balancer_vm_busy_cpus{host="hv1",uuid="11111111-1111-1111-1111-000000000001",vm="web1"}' in metrics
    checked = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False)
    assert (checked.stdout, checked.stderr, checked.returncode) == ("", "", 0)


def test_a_vm_that_two_hosts_report_is_shown_in_doubt_and_never_moved(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "eager.rules").write_text(
        "rule any\n  when host.vms > 0\n  move vm by most cpu\n  to host by least cpu\n"
    )
    uris = {"hv1": "test:///default", "hv2": "test:///default"}
    site = begin(uris, rules=str(tmp_path / "eager.rules"))
    assert site.daemon.says("round 10 ")
    status, plan = site.ask("status"), site.ask("plan")
    told("xen-balancer status", status)
    told("xen-balancer plan", plan)

    for said in (site.daemon.said, status, plan):
        assert "in doubt: test RUNS TWICE, on hv1 and hv2; stop all but one of them at once" in said
    assert "xen_balancer_vms_in_doubt 1.0" in site.metrics()
    assert site.daemon.end() == 0
    assert "move test" not in site.daemon.said


class Intruder:
    """Somebody else on the broker, who hears what the agents hear and sends whatever he likes."""

    def __init__(self, login: Login, site: Site, client_keys: ClientKeys) -> None:
        broker = {
            "host": "127.0.0.1", "port": login.port, "user": login.user, "password_file": login.password_file,
        }  # fmt: skip
        settings = ClientSettings(identity="intruder", collective=site.collective, brokers=(broker,), ssl=client_keys)  # type: ignore[arg-type]
        self.heard: list[Incoming] = []
        self.topic = f"/topic/{site.collective}.xenagent.agent"
        self.replies = f"/queue/{site.collective}.reply.balancer_{site.daemon.process.pid}.1"
        self._connection = Connection(settings, self.heard.append)
        self._connection.start((Subscription("all", self.topic),))
        self._connection.wait(30)

    def send(self, destination: str, body: bytes) -> None:
        self._connection.send(Outgoing(destination, {}, body))

    def close(self) -> None:
        self._connection.close()


def test_whatever_else_is_sent_is_counted_by_reason_and_the_loop_goes_on(
    begin: Begin, activemq_login: Login, client_keys: ClientKeys, server_keys: ServerKeys, tmp_path: Path
) -> None:
    uris = {"hv1": node(tmp_path / "hv1.xml", {"web1": 1}), "hv2": node(tmp_path / "hv2.xml", {"dns1": 5})}
    site = begin(uris)
    intruder = Intruder(activemq_login, site, client_keys)
    try:
        security = SslHost(server_keys, YAML, Limits(1024 * 1024))

        def answer(sender: str, request_id: str) -> bytes:
            body = result_body(Result(OK, "OK", {"report": "{}"}))
            return security.seal(Reply("xenagent", body, sender, request_id, int(time.time())))

        damaged, late = b"\xff\x00 no YAML at all", answer("hv1", "f" * 32)
        forged = answer("hv1", "e" * 32).replace(b"hv1", b"hv2")
        for body in (damaged, b"x" * (2 * 1024 * 1024), b"- " * 10_000 + b"x", late, forged):
            intruder.send(intruder.replies, body)
            intruder.send(intruder.topic, body)
        reasons = ("bad signature", "not UTF-8", "too deep", "too large", "unknown request")
        assert eventually(lambda: all(map(site.counted, reasons)), 60), site.metrics()
        assert eventually(lambda: all("not UTF-8" in agent.said for agent in site.agents.values()))

        whole = site.daemon.said.count("2/2 hosts")
        assert site.daemon.says("2/2 hosts", times=whole + 3)
        assert [agent.process.poll() for agent in site.agents.values()] == [None, None]
    finally:
        intruder.close()
    assert site.daemon.end() == 0
    said = [site.daemon.said, *(agent.said for agent in site.agents.values())]
    assert [text for text in said if "Traceback" in text] == []


def test_an_answer_of_a_host_that_was_not_asked_is_an_unknown_sender(
    begin: Begin, activemq_login: Login, client_keys: ClientKeys, server_keys: ServerKeys, tmp_path: Path
) -> None:
    # The silent host keeps each round open; the broadcast lets the intruder hear the question.
    uris = {"hv1": node(tmp_path / "hv1.xml", {"web1": 1})}
    site = begin(uris, silent=["hv2"], wire={"direct_threshold": 0})
    intruder = Intruder(activemq_login, site, client_keys)
    security = SslHost(server_keys, YAML, Limits(1024 * 1024))

    def answered() -> bool:
        for question in intruder.heard[-1:]:
            request = security.open(question.body)
            body = result_body(Result(OK, "OK", {"report": "{}"}))
            reply = Reply("xenagent", body, "hv9", request.request_id, int(time.time()))
            intruder.send(question.reply_to, security.seal(reply))
        return site.counted("unknown sender")

    try:
        assert eventually(answered, 60), site.metrics()
    finally:
        intruder.close()
    assert "hv9" not in site.ask("status")
    assert site.daemon.end() == 0


# -- what dies in the middle


def test_an_agent_that_is_killed_is_silent_and_back_when_it_is_started_again(begin: Begin, tmp_path: Path) -> None:
    site = begin({
        "hv1": node(tmp_path / "hv1.xml", {"web1": 1}), "hv2": node(tmp_path / "hv2.xml", {"dns1": 5}),
    })  # fmt: skip
    assert site.daemon.says("2/2 hosts", times=2)
    site.agents["hv2"].end(signal.SIGKILL)
    assert site.daemon.says("1/2 hosts", times=2)
    assert re.search(r"1/2 hosts .*— .*reports", site.daemon.said)
    assert re.search(r"hv2 +silent", site.ask("status"))
    assert 'xen_balancer_host_vms{host="hv2"}' not in site.metrics()

    whole = site.daemon.said.count("2/2 hosts")
    config = str(Path(site.config).with_name("hv2.yaml"))
    with running("agents.cli", "--config", config, log=tmp_path / "again.log"):
        assert site.daemon.says("2/2 hosts", times=whole + 2)
        assert site.daemon.end() == 0
    assert "Traceback" not in site.daemon.said


def test_a_broker_that_is_started_anew_costs_the_rounds_in_between(
    begin: Begin, activemq_login: Login, tmp_path: Path
) -> None:
    site = begin({"hv1": node(tmp_path / "hv1.xml", {"web1": 1})})
    assert site.daemon.says("1/1 hosts", times=2)
    activemq_login.process.stop()
    try:
        assert site.daemon.says("  lost: ")
    finally:
        activemq_login.process.start()
    whole = site.daemon.said.count("1/1 hosts")
    assert site.daemon.says("1/1 hosts", times=whole + 2)
    assert 'xen_balancer_rounds_total{result="lost"}' in site.metrics()
    assert site.daemon.end() == 0
    assert [each for each in (site.daemon, *site.agents.values()) if "Traceback" in each.said] == []

"""Real brokers for tests: processes of their own, on ports of the operating system's choice, on the loopback only.

Rule: started and ended by whoever asks, never shared with the machine; a broker that is not installed is said by name.
Each speaks STOMP on one port, and STOMP over TLS on another, where it asks for a certificate of its own authority.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import pytest

from tests.certificates import STORE_PASSWORD, Authority

ACTIVEMQ = Path("/usr/share/activemq")
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER, PASSWORD = "mcollective", "marionette"
COLLECTIVES = ("mcollective", *(f"farm{number}" for number in range(200)))
"""RabbitMQ's exchanges are made when it starts: these collectives have theirs."""
STARTUP = 180.0
SHUTDOWN = 20.0

_ACTIVEMQ_XML = Template("""\
<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans
    http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
    http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" useJmx="false" brokerName="localhost" persistent="false"
          dataDirectory="$base/data">
    <destinationPolicy><policyMap><policyEntries>
      <policyEntry topic="&gt;" producerFlowControl="false"/>
    </policyEntries></policyMap></destinationPolicy>
    <plugins><simpleAuthenticationPlugin><users>
      <authenticationUser username="$user" password="$password" groups="mcollective,everyone"/>
    </users></simpleAuthenticationPlugin></plugins>
    <sslContext><sslContext
      keyStore="file:$broker" keyStorePassword="$store" trustStore="file:$trusted" trustStorePassword="$store"/>
    </sslContext>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:$port?transport.tcpNoDelay=true"/>
      <transportConnector name="stomp+ssl"
        uri="stomp+ssl://127.0.0.1:$tls_port?needClientAuth=true&amp;transport.tcpNoDelay=true"/>
    </transportConnectors>
  </broker>
</beans>
""")

_RABBITMQ_CONF = Template("""\
listeners.tcp.1 = 127.0.0.1:$ready_port
stomp.listeners.tcp.1 = 127.0.0.1:$port
stomp.listeners.ssl.1 = 127.0.0.1:$tls_port
ssl_options.cacertfile = $ca
ssl_options.certfile = $certificate
ssl_options.keyfile = $key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
load_definitions = $definitions
log.console = true
log.file = false
disk_free_limit.absolute = 1MB
""")


def free_ports(number: int) -> list[int]:
    """Ports that were free just now, all different."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def free_port() -> int:
    """A port that was free just now."""
    return free_ports(1)[0]


@dataclass
class BrokerProcess:
    """One broker; it can be stopped and started again on its ports.

    Where it has a TLS port, `authority` signs for those that may come in there. It is ready once `ready_port` answers.
    `companion` is a program that it needs beside itself.
    """

    port: int
    command: list[str]
    log: Path
    tls_port: int = 0
    authority: Authority | None = None
    ready_port: int = 0
    companion: list[str] = field(default_factory=list)
    environment: Mapping[str, str] | None = None
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Return once it takes connections."""
        self.processes = [self._run(command) for command in (self.companion, self.command) if command]
        deadline = time.monotonic() + STARTUP
        while not self._answers():
            if self.processes[-1].poll() is not None or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"the broker did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, at once if it will not."""
        while self.processes:
            _end(self.processes.pop())

    def send_signal(self, number: signal.Signals) -> None:
        """SIGSTOP makes it a broker that says nothing any more; SIGCONT wakes it."""
        self.processes[-1].send_signal(number)

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.log.parent, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.ready_port or self.port), 1).close()
        except OSError:
            return False
        return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(SHUTDOWN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class TlsDoor:
    """TLS in front of a plain broker: what comes in is decrypted and handed on, as a broker's own TLS port would."""

    def __init__(self, certificate: Path, key: Path, broker_port: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._context = context
        self._broker_port = broker_port
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hang_up(self) -> None:
        """End every connection, as a broker does that goes down."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End for good."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(plain, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", self._broker_port)) as outside,
        ):
            self._open += [inside, outside]
            back = threading.Thread(target=_pump, args=(outside, inside), daemon=True)
            back.start()
            _pump(inside, outside)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def coilmq(folder: Path) -> BrokerProcess:
    """CoilMQ, from PyPI: no log-in, no selectors."""
    port = free_port()
    command = [sys.executable, "-m", "coilmq.start", "--host", "127.0.0.1", "--port", str(port)]
    return BrokerProcess(port, command, folder / "coilmq.log")


def activemq(folder: Path) -> BrokerProcess:
    """Debian's ActiveMQ; skipped where it is not installed, but not in CI."""
    _need("activemq", installed=ACTIVEMQ.exists() and shutil.which("java") is not None)
    port, tls_port = free_ports(2)
    for name in ("conf", "data", "tmp"):
        (folder / name).mkdir()
    authority = Authority.create(folder / "conf")
    config = folder / "conf" / "activemq.xml"
    text = _ACTIVEMQ_XML.substitute(
        base=folder, port=port, tls_port=tls_port, user=USER, password=PASSWORD, store=STORE_PASSWORD,
        broker=authority.issue("broker", ["127.0.0.1"]).store, trusted=authority.store,
    )  # fmt: skip
    config.write_text(text)
    options = {
        "activemq.home": ACTIVEMQ, "activemq.base": folder, "activemq.conf": folder / "conf",
        "activemq.data": folder / "data", "java.io.tmpdir": folder / "tmp", "java.net.preferIPv4Stack": "true",
    }  # fmt: skip
    defines = [f"-D{name}={value}" for name, value in options.items()]
    jar = str(ACTIVEMQ / "bin" / "activemq.jar")
    command = ["java", "-Xms64M", "-Xmx256M", *defines, "-jar", jar, "start", f"xbean:file:{config}"]
    return BrokerProcess(port, command, folder / "activemq.log", tls_port, authority)


def rabbitmq(folder: Path, collectives: Iterable[str] = COLLECTIVES) -> BrokerProcess:
    """Debian's RabbitMQ with MCollective's exchanges for these collectives; skipped where it is not installed.

    Its virtual host is `/`. Its nodes find no other: each has an epmd of its own.
    """
    _need("rabbitmq-server", installed=RABBITMQ.exists())
    port, tls_port, ready_port, node_port, epmd_port = free_ports(5)
    authority = Authority.create(folder)
    broker = authority.issue("broker", ["127.0.0.1"])
    definitions = folder / "definitions.json"
    definitions.write_text(json.dumps(_definitions(collectives)))
    text = _RABBITMQ_CONF.substitute(
        port=port, tls_port=tls_port, ready_port=ready_port, definitions=definitions,
        ca=authority.certificate, certificate=broker.certificate, key=broker.key,
    )  # fmt: skip
    (folder / "rabbitmq.conf").write_text(text)
    (folder / "enabled_plugins").write_text("[rabbitmq_stomp].\n")
    return BrokerProcess(
        port,
        [str(RABBITMQ)],
        folder / "rabbitmq.log",
        tls_port,
        authority,
        # AMQP is not spoken here, but its port is the last to open: then the exchanges are there too.
        ready_port,
        ["epmd", "-port", str(epmd_port), "-address", "127.0.0.1"],
        _rabbitmq_environment(folder, node_port, epmd_port),
    )


def _rabbitmq_environment(folder: Path, node_port: int, epmd_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": f"node{node_port}@localhost",
        "RABBITMQ_DIST_PORT": str(node_port),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONFIG_FILES": str(folder / "no-conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "no-advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_SERVER_ERL_ARGS": "+P 65536 +t 1048576 +stbt u +sbwt none +sbwtdcpu none +sbwtdio none",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false",
        # Its script then becomes the broker, instead of a shell that waits for it.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _definitions(collectives: Iterable[str]) -> dict[str, Any]:
    kinds = {
        f"{name}_{kind}": of for name in collectives for kind, of in (("broadcast", "topic"), ("directed", "direct"))
    }
    exchanges = [
        {
            "name": name,
            "vhost": "/",
            "type": kind,
            "durable": True,
            "auto_delete": False,
            "internal": False,
            "arguments": {},
        }
        for name, kind in (kinds | {"mcollective_reply": "direct"}).items()
    ]
    return {
        "users": [{"name": USER, "password": PASSWORD, "tags": []}],
        "vhosts": [{"name": "/"}],
        "permissions": [{"user": USER, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
        "exchanges": exchanges,
    }


def _need(package: str, *, installed: bool) -> None:
    if not installed:
        missing = f"needs Debian's package: apt-get install {package}"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)

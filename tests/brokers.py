"""Real brokers for tests: processes of their own, on ports of the operating system's choice, on the loopback only.

Rule: started and ended by whoever asks, never shared with the machine; a broker that is not installed is said by name.
"""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pytest

ACTIVEMQ = Path("/usr/share/activemq")
USER, PASSWORD = "mcollective", "marionette"
STARTUP = 60.0

_ACTIVEMQ_XML = Template("""\
<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans
    http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
    http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" useJmx="false" brokerName="localhost" persistent="false"
          dataDirectory="$base/data">
    <plugins><simpleAuthenticationPlugin><users>
      <authenticationUser username="$user" password="$password" groups="mcollective,everyone"/>
    </users></simpleAuthenticationPlugin></plugins>
    <transportConnectors><transportConnector name="stomp" uri="stomp://127.0.0.1:$port"/></transportConnectors>
  </broker>
</beans>
""")


def free_port() -> int:
    """A port that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class BrokerProcess:
    """One broker; it can be stopped and started again on its port."""

    port: int
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it takes connections."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + STARTUP
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"the broker did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, at once if it will not."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


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
    if not ACTIVEMQ.exists() or shutil.which("java") is None:
        missing = "needs ActiveMQ: apt-get install activemq"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    port = free_port()
    for name in ("conf", "data", "tmp"):
        (folder / name).mkdir()
    config = folder / "conf" / "activemq.xml"
    config.write_text(_ACTIVEMQ_XML.substitute(base=folder, port=port, user=USER, password=PASSWORD))
    options = {
        "activemq.home": ACTIVEMQ, "activemq.base": folder, "activemq.conf": folder / "conf",
        "activemq.data": folder / "data", "java.io.tmpdir": folder / "tmp", "java.net.preferIPv4Stack": "true",
    }  # fmt: skip
    defines = [f"-D{name}={value}" for name, value in options.items()]
    jar = str(ACTIVEMQ / "bin" / "activemq.jar")
    command = ["java", "-Xms64M", "-Xmx256M", *defines, "-jar", jar, "start", f"xbean:file:{config}"]
    return BrokerProcess(port, command, folder / "activemq.log")

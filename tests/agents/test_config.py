"""The agent's configuration, and the example of it that is handed out."""

import re
from pathlib import Path

import pytest

from agents.config import AgentConfig, load_config
from agents.documents import DocumentError

EXAMPLE = Path(__file__).parents[2] / "deploy/examples/agent.yaml"

MINIMAL = """\
mcollective:
  identity: hv1
  ssl: {server_private: server-private.pem, server_public: server-public.pem, client_cert_dir: clients}
  policies: policies
"""


def read(tmp_path: Path, text: str) -> AgentConfig:
    (tmp_path / "agent.yaml").write_text(text)
    return load_config(tmp_path / "agent.yaml")


def complaints(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]


def test_little_is_enough(tmp_path: Path) -> None:
    config = read(tmp_path, MINIMAL)
    assert (config.driver, config.libvirt.uri, config.libvirt.patience) == ("libvirt", "xen:///system", 10.0)
    assert (config.max_migrations, config.log_level, config.tags, config.facts) == (1, "info", (), {})
    assert config.mcollective.policies == tmp_path / "policies"
    assert config.mcollective.ssl.server_private == tmp_path / "server-private.pem"


def test_the_example_can_be_run_with() -> None:
    config = load_config(EXAMPLE)
    assert config.mcollective.identity == "hv1.example.net"
    assert (config.driver, config.tags, config.facts) == ("libvirt", ("prod", "rack:a"), {"site": "lyon"})


def test_what_the_example_says_of_defaults_is_true(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    said = re.findall(
        r"^  # (vhost|direct_addressing|heartbeat|connect_timeout|reconnect_max): (\S+)", text, re.MULTILINE
    )
    said_on_top = re.findall(r"^# (max_migrations): (\S+)", text, re.MULTILINE)
    written = "".join(f"  {key}: {value}\n" for key, value in said)
    assert (len(said), len(said_on_top)) == (5, 1)
    assert read(tmp_path, MINIMAL + written + "max_migrations: " + said_on_top[0][1]) == read(tmp_path, MINIMAL)


def test_the_part_of_the_example_for_the_simulated_driver_can_be_run_with(tmp_path: Path) -> None:
    lines = re.search(r"^# simulated:.*\n((?:#   .*\n)+)", EXAMPLE.read_text(), re.MULTILINE)
    assert lines is not None
    config = read(tmp_path, f"{MINIMAL}driver: simulated\n" + re.sub(r"^# ?", "", lines[0], flags=re.MULTILINE))
    assert config.simulated is not None
    assert config.simulated.scenario == tmp_path / "farm.yaml"


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    assert complaints(tmp_path, f"{MINIMAL}drivr: libvirt\nlibvirt: {{patience: 10s/s}}\nmax_migrations: 5000\n") == [
        "agent.yaml:5:1: unknown-key: drivr: unknown key; did you mean “driver”?",
        "agent.yaml:6:21: wrong-value: libvirt.patience: “10s/s” is a rate, wanted is a time",
        "agent.yaml:7:17: out-of-range: max_migrations: “5000” is too large; at most 10",
    ]
    assert complaints(tmp_path, MINIMAL.replace("identity: hv1", "identty: hv1")) == [
        "agent.yaml:2:3: unknown-key: mcollective.identty: unknown key; did you mean “identity”?"
    ]
    assert complaints(tmp_path, "driver: xen\n") == [
        "agent.yaml:1:1: missing-key: mcollective: is missing",
        "agent.yaml:1:9: wrong-value: driver: “xen” is none of 'libvirt' or 'simulated'",
    ]


def test_the_simulated_driver_needs_its_farm(tmp_path: Path) -> None:
    assert complaints(tmp_path, f"{MINIMAL}driver: simulated\n") == [
        "agent.yaml:5:9: missing-key: driver: the simulated driver needs `simulated:` with scenario and directory"
    ]

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

SERVER_CFG = """\
main_collective = mcollective
identity = hv1
connector = activemq
plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = localhost
securityprovider = psk
plugin.psk = secret
plugin.yaml = facts.yaml
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
    assert (config.state, config.live_guests) == (Path("/var/lib/xen-balancer-agent"), ("pvh", "hvm"))
    assert (config.shared_storage, config.memory_margin) == ((), 64.0)
    assert config.mcollective.policies.directory == tmp_path / "policies"
    assert config.mcollective.ssl is not None
    assert config.mcollective.ssl.server_private == tmp_path / "server-private.pem"


def test_the_example_can_be_run_with() -> None:
    config = load_config(EXAMPLE)
    assert config.mcollective.identity == "hv1.example.net"
    assert (config.driver, config.tags, config.facts) == ("libvirt", ("prod", "rack:a"), {"site": "lyon"})


def test_what_the_example_says_of_defaults_is_true(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    said = re.findall(
        r"^  # (connector|randomize|direct_addressing|agents_multiplex|heartbeat|connect_timeout|reconnect_max"
        r"|registration|inactive): ([^#\n]+?)(?:  .*)?$",
        text,
        re.MULTILINE,
    )
    said_on_top = re.findall(
        r"^# (process|classic|max_migrations|state|live_guests|memory_margin): ([^#\n]+?)(?:  .*)?$", text, re.MULTILINE
    )
    written = "".join(f"  {key}: {value}\n" for key, value in said)
    on_top = "".join(f"{key}: {value}\n" for key, value in said_on_top)
    assert (len(said), len(said_on_top)) == (9, 6)
    assert read(tmp_path, MINIMAL + written + on_top) == read(tmp_path, MINIMAL)


def test_a_site_points_at_the_server_cfg_it_has(tmp_path: Path) -> None:
    (tmp_path / "server.cfg").write_text(SERVER_CFG)

    config = read(tmp_path, "mcollective: server.cfg\ntags: [prod]\n")

    assert (config.mcollective.identity, config.tags) == ("hv1", ("prod",))
    assert config.mcollective.psk is not None
    assert config.mcollective.policies.directory == tmp_path / "policies"
    assert config.mcollective.facts == (tmp_path / "facts.yaml",)


def test_a_mistake_in_that_server_cfg_is_told_with_its_place_there(tmp_path: Path) -> None:
    (tmp_path / "server.cfg").write_text(SERVER_CFG + "identiti = hv2\n")

    assert [line.partition(" ")[0] for line in complaints(tmp_path, "mcollective: server.cfg\n")] == ["server.cfg:9:1:"]


def test_the_part_of_the_example_for_the_simulated_driver_can_be_run_with(tmp_path: Path) -> None:
    lines = re.search(r"^# simulated:.*\n((?:#   .*\n)+)", EXAMPLE.read_text(), re.MULTILINE)
    assert lines is not None
    config = read(tmp_path, f"{MINIMAL}driver: simulated\n" + re.sub(r"^# ?", "", lines[0], flags=re.MULTILINE))
    assert config.simulated is not None
    assert config.simulated.scenario == tmp_path / "farm.yaml"


def test_the_part_of_the_example_about_storage_can_be_run_with(tmp_path: Path) -> None:
    lines = re.search(r"^# shared_storage:.*\n((?:#   .*\n)+)", EXAMPLE.read_text(), re.MULTILINE)
    assert lines is not None
    config = read(tmp_path, MINIMAL + re.sub(r"^# ?", "", lines[0], flags=re.MULTILINE))
    assert [(each.name, each.path, each.pool) for each in config.shared_storage] == [
        ("nfs1", Path("/srv/vms"), None),
        ("lun1", Path("/dev/vg_san"), None),
        ("san", None, "vms"),
    ]


@pytest.mark.parametrize(
    ("storage", "complaint"),
    [
        ("{name: a, path: /srv, pool: b}", "shared storage has either a path or a pool"),
        ("{name: a}", "shared storage has either a path or a pool"),
        ("{name: a, path: srv}", "“srv” is not absolute"),
        ("{name: a, folder: /srv}", "unknown key"),
    ],
)
def test_storage_that_cannot_be_meant_is_told(tmp_path: Path, storage: str, complaint: str) -> None:
    assert complaint in " ".join(complaints(tmp_path, f"{MINIMAL}shared_storage: [{storage}]\n"))


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

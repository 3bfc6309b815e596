"""The daemon's configuration, right and wrong, as an operator writes it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agents.documents import DocumentError
from agents.mcollective.settings import ClientSettings
from agents.plugins.xen.schema import MIGRATION_URI, TARGET_URI
from balancer.config import Classic, Configuration, HostEntry, Migration, read_configuration, read_mappings

EXAMPLE = Path(__file__).parents[1] / "deploy" / "examples" / "balancer.yaml"

WIRE = """
mcollective:
  ssl: {client_private: a.pem, client_public: b.pem, server_public: c.pem}
"""
SMALL = f"hosts: [{{name: hv1}}, {{name: hv2}}]\n{WIRE}"
WITHOUT_HOSTS = f"hosts_file: xen-mappings.csv\n{WIRE}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "balancer.yaml"


def read(file: Path, source: str) -> Configuration:
    file.write_text(source)
    return read_configuration(file)


def refused(file: Path, source: str) -> list[str]:
    """What is said of it, a mistake a line, without the file's name."""
    with pytest.raises(DocumentError) as error:
        read(file, source)
    lines = str(error.value).splitlines()
    assert [line for line in lines if not line.startswith(f"{file}:")] == []
    return [line.removeprefix(f"{file}:") for line in lines]


# -- the example


OWN_WORDS = (
    "user|own_vm|hosts_file|rules|port|tls|interval|mcollective|discovery|every|wait|forget|classic|collectives|"
    "vhost|psk"
)
"""What the example states in a comment that is no default."""


def spelled_out() -> str:
    """The example with every default that it states in a comment taken in, where a value alone stands there."""
    stated = rf"(?m)^( *)# ((?!{OWN_WORDS})[a-z_]+: \S+( min| d)?)(?= |$)"
    return re.sub(stated, r"\1\2", EXAMPLE.read_text())


def test_the_example_can_be_read() -> None:
    configuration = read_configuration(EXAMPLE)
    assert configuration.mode == "dry-run"
    assert [host.name for host in configuration.inventory] == ["hv1.example.net", "hv2.example.net", "hv3.example.net"]
    assert configuration.mcollective.ssl is not None
    assert configuration.mcollective.ssl.client_private == EXAMPLE.parent / "keys/balancer-private.pem"


def test_what_the_example_states_as_default_is_the_default(file: Path) -> None:
    stated = read(file, spelled_out())
    plain = read(file, SMALL)
    for group in ("mode", "dialect", "state", "deadline", "warm_up", "migration", "journal", "metrics"):
        assert getattr(stated, group) == getattr(plain, group), group
    assert stated.mcollective.ssl is not None
    assert stated.mcollective.ssl.serializer == "yaml"
    own = {"brokers", "ssl", "identity"}
    assert stated.mcollective.model_dump(exclude=own) == plain.mcollective.model_dump(exclude=own)
    assert stated.mcollective.brokers[0].port == plain.mcollective.brokers[0].port


def test_that_test_reads_what_is_commented_out() -> None:
    added = set(spelled_out().splitlines()) - set(EXAMPLE.read_text().splitlines())
    assert len(added) == 21


def commented_out(name: str) -> str:
    """A section of the example that stands in comments."""
    text = EXAMPLE.read_text()
    (section,) = re.findall(rf"(?m)^# {name}:\n(?:#   .*\n)+", text)
    return re.sub(r"(?m)^# ", "", section)


def test_the_discovery_that_the_example_shows_has_the_defaults_and_a_filter_of_each_kind(file: Path) -> None:
    shown = read(file, f"{commented_out('discovery')}{WIRE}").discovery
    plain = read(file, f"discovery: {{}}\n{WIRE}").discovery
    assert shown is not None
    assert plain == shown.model_copy(update={"facts": (), "classes": (), "names": (), "compound": None})
    assert {name for name, entries in shown.wanted().items() if entries} == {
        "fact", "cf_class", "agent", "identity", "compound",
    }  # fmt: skip


def test_the_classic_hosts_that_the_example_shows_can_be_had(file: Path) -> None:
    (host,) = re.findall(r"- \{name: hv1, .*cores.*\}", EXAMPLE.read_text())
    shown = read(file, f"dialect: classic\nhosts:\n  {host}\n{commented_out('classic')}{WIRE}")
    assert shown.classic == Classic(vm_memory=1024.0, dom0_memory=1024.0)
    assert [(host.cores, host.memory, host.ipv4) for host in shown.inventory] == [(8.0, 32768.0, "192.0.2.11")]


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from keys_of(part)


def test_the_example_names_every_key() -> None:
    text = EXAMPLE.read_text()
    unnamed = {key for key in keys_of(Configuration) if not re.search(rf"\b{key}:", text)}
    assert unnamed == {"password"}, "which stands in the open in MCollective's own files alone"


# -- what is refused


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("interval: 0s", "1:11: out-of-range: interval: “0s” is too small; at least 1"),
        ("interval: 2h", "1:11: out-of-range: interval: “2h” is too large; at most 3600"),
        ("interval: 30", "1:11: wrong-value: interval: “30” is not a time"),
        ("interval: [1s]", "1:11: wrong-type: interval: a number is wanted here, not a list"),
        ("deadline: 0s", "1:11: out-of-range: deadline: “0s” is too small; at least 0.5"),
        ("deadline:", "1:1: wrong-type: deadline: has no value; give it one or leave the key out"),
        ("intervall: 30s", "1:1: unknown-key: intervall: unknown key; did you mean “interval”?"),
        ("mode: live", "1:7: wrong-value: mode: “live” is none of 'dry-run' or 'active'"),
        ("state: {}", "1:8: wrong-type: state: a path is wanted here, not keys with values"),
        ("journal: {keep: 1min}", "1:17: out-of-range: journal.keep: “1min” is too small; at least 3600"),
        ("journal: {size: 1MiB}", "1:17: out-of-range: journal.size: “1MiB” is too small; at least 16"),
        ("journal: {size: 3s}", "1:17: wrong-value: journal.size: “3s” is"),
        ("migration: {transport: ext}", "1:24: wrong-value: migration.transport: “ext” is none of"),
        ("migration: {port: 0}", "1:19: out-of-range: migration.port: “0” is too small; at least 1"),
        ("migration: {port: 70000}", "1:19: out-of-range: migration.port: “70000” is too large; at most 65535"),
        ("migration: {user: -oProxy}", "1:19: wrong-value: migration.user: “-oProxy” has a character that"),
        ("migration: {grace: 1s}", "1:20: out-of-range: migration.grace: “1s” is too small; at least 10"),
        ("warm_up: -1", "1:10: out-of-range: warm_up: “-1” is too small; at least 0"),
        ("metrics: {listen: localhost}", "1:19: wrong-value: metrics.listen: “localhost” has a character that"),
        ("metrics: {per_vm: perhaps}", "1:19: wrong-type: metrics.per_vm: “perhaps” is neither true nor false"),
        ("metrics: {per_wm: true}", "1:11: unknown-key: metrics.per_wm: unknown key; did you mean “per_vm”?"),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_what_would_be_right(line: str, message: str, file: Path) -> None:
    (told,) = refused(file, f"{line}\n{SMALL}")
    assert told.startswith(message)


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ("[{name: hv1}, {name: hv1}]", "1:29: duplicate: hosts[1].name: “hv1” stands in this list already"),
        ("[{name: 'hv 1'}]", "1:16: wrong-value: hosts[0].name: “hv 1” has a character that cannot stand here"),
        ("[{name: -hv1}]", "1:16: wrong-value: hosts[0].name: “-hv1” has a character that cannot stand here"),
        ("[{name: hv1, address: -oProxyCommand}]", "1:30: wrong-value: hosts[0].address: "),
        ("[{name: hv1, address: 'a/b?command=x'}]", "1:30: wrong-value: hosts[0].address: "),
        ("[{address: hv1}]", "1:9: missing-key: hosts[0].name: is missing"),
        ("[{name: hv1, maintenence: true}]",
         "1:21: unknown-key: hosts[0].maintenence: unknown key; did you mean “maintenance”?"),
        ("hv1", "1:8: wrong-type: hosts: a list is wanted here, not “hv1”"),
    ],
)  # fmt: skip
def test_a_wrong_host_is_told_with_its_place(hosts: str, message: str, file: Path) -> None:
    (told,) = refused(file, f"hosts: {hosts}\n{WIRE}")
    assert told.startswith(message)


def test_an_interval_that_ends_before_the_deadline_is_refused(file: Path) -> None:
    assert refused(file, f"interval: 10s\n{SMALL}") == [
        "1:11: out-of-range: interval: must be more than the deadline, which is 10 s; change either"
    ]
    assert refused(file, f"interval: 5s\ndeadline: 5s\n{SMALL}") == [
        "1:11: out-of-range: interval: must be more than the deadline, which is 5 s; change either"
    ]


def test_a_farm_without_hosts_is_refused_unless_they_are_to_be_found(file: Path) -> None:
    (told,) = refused(file, WIRE)
    assert "no host is named: list them under “hosts”, name a “hosts_file” of lines name,ip, or have them found" in told
    assert read(file, f"discovery: {{}}\n{WIRE}").inventory == ()


@pytest.mark.parametrize(
    ("discovery", "message"),
    [
        ("{every: 1s}", "1:20: out-of-range: discovery.every: “1s” is too small; at least 5"),
        ("{every: 5}", "1:20: wrong-value: discovery.every: “5” is not a time"),
        ("{wait: 2 min}", "1:19: out-of-range: discovery.wait: “2 min” is too large; at most 60"),
        ("{forget: 1s}", "1:21: out-of-range: discovery.forget: “1s” is too small; at least 60"),
        ("{facts: [de]}", "1:21: wrong-value: discovery.facts[0]: “de” is no fact filter; write fact=value"),
        ("{classes: ['']}", "1:23: out-of-range: discovery.classes[0]: “” is too short; at least 1"),
        ("{compound: xen and}", "1:12: wrong-value: discovery: compound, at "),
        ("{compund: xen}", "1:13: unknown-key: discovery.compund: unknown key; did you mean “compound”?"),
    ],
)
def test_a_wrong_discovery_is_told_with_its_place(discovery: str, message: str, file: Path) -> None:
    (told,) = refused(file, f"discovery: {discovery}\n{SMALL}")
    assert told.startswith(message)


# -- the dialect of 2010

CLASSIC = "dialect: classic\nclassic: {vm_memory: 1GiB, dom0_memory: 1GiB}\n"
HOST = "name: hv1, cores: 8, memory: 32GiB"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (f"dialect: old\n{SMALL}", "1:10: wrong-value: dialect: “old” is none of 'modern' or 'classic'"),
        (f"dialect: classic\nhosts: [{{{HOST}}}]\n{WIRE}", "1:1: missing-key: classic: is missing: “dialect: classic”"),
        (f"{CLASSIC}hosts: [{{name: hv1, cores: 8}}]\n{WIRE}", "3:9: missing-key: hosts[0].memory: is missing: "),
        (f"{CLASSIC}hosts: [{{name: hv1, memory: 8GiB}}]\n{WIRE}", "3:9: missing-key: hosts[0].cores: is missing: "),
        (f"{CLASSIC}hosts: [{{name: hv1, memory: 8GiB, cores: 0}}]\n{WIRE}",
         "3:42: out-of-range: hosts[0].cores: “0” is too small; it must be more than 0.0"),
        (f"{CLASSIC}hosts: [{{name: hv1, memory: 1GiB, cores: 2}}]\n{WIRE}",
         "3:29: out-of-range: hosts[0].memory: must be more than classic.dom0_memory, which is 1024 MiB"),
        (f"{CLASSIC}hosts: [{{{HOST}, migration_address: hv1-m}}]\n{WIRE}",
         "3:65: wrong-value: hosts[0].migration_address: is not for “dialect: classic”"),
        (f"{CLASSIC}hosts: [{{{HOST}}}]\ndiscovery: {{}}\n{WIRE}",
         "4:12: wrong-value: discovery: finds hosts whose cores and memory nobody tells"),
        (f"{CLASSIC}hosts: [{{{HOST}}}]\nmigration: {{grace: 30 min, transport: ssh}}\n{WIRE}",
         "4:39: wrong-value: migration.transport: is not for “dialect: classic”"),
        (f"dialect: classic\nclassic: {{vm_memory: 1GiB}}\nhosts: [{{{HOST}}}]\n{WIRE}",
         "2:10: missing-key: classic.dom0_memory: is missing"),
        (f"classic: {{vm_memory: 1GiB, dom0_memory: 1GiB}}\n{SMALL}",
         "1:10: wrong-value: classic: is for “dialect: classic” alone; leave it out"),
        (f"hosts: [{{name: hv1, cores: 8}}]\n{WIRE}",
         "1:28: wrong-value: hosts[0].cores: is for “dialect: classic” alone"),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_a_dialect_wants_or_has_no_use_for_is_told_with_its_place(source: str, message: str, file: Path) -> None:
    (told,) = refused(file, source)
    assert told.startswith(message)


def test_a_host_of_the_mappings_that_nobody_lists_has_no_cores_and_memory(file: Path) -> None:
    (file.parent / "xen-mappings.csv").write_text("hv1,10.0.0.1\nhv2,10.0.0.2\n")
    (told,) = refused(file, f"{CLASSIC}hosts: [{{{HOST}}}]\n{WITHOUT_HOSTS}")
    assert told.startswith("4:13: missing-key: hosts_file: “hv2” stands there alone; list it under “hosts” too")


@pytest.mark.parametrize(
    ("host", "ipv4"),
    [
        ({"name": "hv1", "address": "192.0.2.11"}, "192.0.2.11"),
        ({"name": "192.0.2.11"}, "192.0.2.11"),
        ({"name": "hv1"}, None),
        ({"name": "hv1", "address": "2001:db8::11"}, None),
        ({"name": "hv1", "address": "192.0.2.011"}, None),
    ],
)
def test_an_ipv4_address_is_what_the_agent_of_2010_takes_for_one(host: dict[str, Any], ipv4: str | None) -> None:
    assert HostEntry(**host).ipv4 == ipv4


# -- mcollective: FILE

CLIENT_CFG = """
collectives = lyon
main_collective = lyon
connector = activemq
securityprovider = psk
plugin.psk = s3cret
plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = broker.example.net
plugin.activemq.pool.1.port = 61613
"""


def test_the_wire_may_stand_in_a_file_of_mcollectives_own(file: Path) -> None:
    (file.parent / "wire").mkdir()
    (file.parent / "wire" / "client.cfg").write_text(CLIENT_CFG)
    wire = read(file, "hosts: [{name: hv1}]\nmcollective: wire/client.cfg\n").mcollective
    assert (wire.collective, str(wire.brokers[0]), wire.ssl) == ("lyon", "broker.example.net:61613", None)


def test_a_mistake_in_that_file_is_told_with_its_place_there(file: Path) -> None:
    cfg = file.parent / "client.cfg"
    cfg.write_text(CLIENT_CFG + "plugin.activemq.pool.1.port = many\n")
    with pytest.raises(DocumentError) as error:
        read(file, "hosts: [{name: hv1}]\nmcollective: client.cfg\n")
    assert str(error.value).startswith(f"{cfg}:10:1: wrong-value: plugin.activemq.pool.1.port: ")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    told = refused(file, f"mode: live\njournal: {{keep: 1s}}\n{SMALL}colour: red\n")
    assert [line.partition(":")[0] for line in told] == ["1", "2", "7"]


def test_a_file_that_is_no_yaml_or_not_there_is_told_with_its_place(file: Path) -> None:
    assert refused(file, "hosts: [\n")[0].startswith("2:1: syntax: this is not YAML")
    file.unlink()
    with pytest.raises(DocumentError, match=r"balancer\.yaml:1:1: unreadable: No such file or directory"):
        read_configuration(file)


# -- what a host's address, transport and migration network make of it


@pytest.mark.parametrize(
    ("migration", "host", "uri"),
    [
        ({}, {"name": "hv1"}, "xen://hv1/system"),
        ({}, {"name": "hv1", "address": "192.0.2.11"}, "xen://192.0.2.11/system"),
        ({"port": 16514}, {"name": "hv1.example.net"}, "xen://hv1.example.net:16514/system"),
        ({"transport": "tcp"}, {"name": "hv1"}, "xen+tcp://hv1/system"),
        ({"transport": "ssh"}, {"name": "hv1"}, "xen+ssh://hv1/system"),
        ({"transport": "ssh", "user": "xen-migrate"}, {"name": "hv1"}, "xen+ssh://xen-migrate@hv1/system"),
        ({"transport": "ssh", "user": "root", "port": 22}, {"name": "hv1"}, "xen+ssh://root@hv1:22/system"),
        ({}, {"name": "hv1", "address": "2001:db8::11"}, "xen://[2001:db8::11]/system"),
        ({"transport": "tcp", "port": 16509}, {"name": "hv1", "address": "::1"}, "xen+tcp://[::1]:16509/system"),
    ],
)
def test_address_and_transport_make_the_uri_and_the_agent_takes_it(
    migration: dict[str, Any], host: dict[str, Any], uri: str
) -> None:
    assert Migration(**migration).uri(HostEntry(**host).reached) == uri
    assert re.search(TARGET_URI, uri)


@pytest.mark.parametrize(
    ("address", "uri"),
    [("198.51.100.11", "tcp://198.51.100.11"), ("2001:db8::11", "tcp://[2001:db8::11]"), ("hv1-m", "tcp://hv1-m")],
)
def test_a_migration_network_makes_the_uri_of_the_memory(address: str, uri: str) -> None:
    assert HostEntry(name="hv1", migration_address=address).data_uri == uri
    assert re.search(MIGRATION_URI, uri)


def test_without_a_migration_network_libvirt_finds_its_own_way() -> None:
    assert HostEntry(name="hv1", address="192.0.2.11").data_uri is None


# -- the file of 2010


def test_the_mappings_of_2010_are_hosts_with_addresses(file: Path) -> None:
    (file.parent / "xen-mappings.csv").write_text(
        "\ufeff# name,ip\nhypervisor3, 10.0.0.3\n\n hypervisor2,10.0.0.2 \n  # the end\n", encoding="utf-8"
    )
    assert read(file, WITHOUT_HOSTS).inventory == (
        HostEntry(name="hypervisor2", address="10.0.0.2"),
        HostEntry(name="hypervisor3", address="10.0.0.3"),
    )


def test_what_the_configuration_lists_goes_before_the_mappings(file: Path) -> None:
    (file.parent / "xen-mappings.csv").write_text("hv1,10.0.0.1\nhv2,10.0.0.2\n")
    inventory = read(file, f"hosts: [{{name: hv2, maintenance: true}}]\n{WITHOUT_HOSTS}").inventory
    assert [(host.name, host.address, host.maintenance) for host in inventory] == [
        ("hv1", "10.0.0.1", False), ("hv2", None, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"hv1\n", ":1:1: syntax: “hv1” is not name,ip, such as hv1,192.0.2.11"),
        (b"hv1,10.0.0.1\nhv2,10.0.0.2,extra\n", ":2:1: syntax: “hv2,10.0.0.2,extra” is not name,ip"),
        (b"hv1,\n", ":1:1: syntax: “hv1,” is not name,ip"),
        (b"hv1,-oProxyCommand\n", ":1:1: syntax: "),
        (b'"hv1,10.0.0.1\n', ":1:1: syntax: "),
        (b"h\0v1,10.0.0.1\n", ":1:1: syntax: "),
        (b"hv1," + b"x" * 200_000 + b"\n", ":1:1: syntax: "),
        (b"hv1,10.0.0.1\nhv1,10.0.0.2\n", ":2:1: duplicate: “hv1” stands above already; keep one of the two"),
        (b"\xff\n", ":1:1: encoding: byte 0 is not UTF-8; save the file as UTF-8"),
        (b"#" * 1_100_000, ":1:1: too-large: more than 1048576 bytes"),
        (b"# nobody\n", ":1:1: empty: no host is named; write lines of name,ip"),
    ],
    ids=range(11),
)
def test_wrong_mappings_are_told_with_their_place(source: bytes, message: str, file: Path) -> None:
    mappings = file.parent / "xen-mappings.csv"
    mappings.write_bytes(source)
    with pytest.raises(DocumentError) as error:
        read(file, WITHOUT_HOSTS)
    assert str(error.value).startswith(f"{mappings}{message}")


def test_mappings_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.csv:1:1: unreadable: No such file or directory"):
        read_mappings(tmp_path / "none.csv")


def test_nobody_is_dangerous_by_omission(file: Path) -> None:
    configuration = read(file, SMALL)
    assert (configuration.mode, configuration.migration.transport, configuration.metrics.listen) == (
        "dry-run", "tls", "127.0.0.1:9460",
    )  # fmt: skip
    assert isinstance(configuration.mcollective, ClientSettings)

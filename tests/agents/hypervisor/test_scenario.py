"""What an author of scenarios can write, and what is refused."""

from pathlib import Path

from agents.hypervisor.scenario import load_scenario
from tests.agents.hypervisor.playing import complaints, read

HEAD = """\
format: scenario/1
hosts:
  - {name: hv1, cores: 8, memory: 32GiB}
  - {name: hv2, cores: 8, memory: 32GiB}
vms:
  - {name: web1, host: hv1, memory: 2GiB}
"""


def test_a_scenario_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("""
format: scenario/1
interval: 30s
seed: 7
migration: {bandwidth: 220MiB/s, failure: 0.1}
hosts:
  - {name: hv2, address: 10.0.0.2, cores: 8, memory: 32GiB, load: "0.0x1 0.16", dom0_memory: 4GiB, xen: 4.17.5,
     cpu: EPYC svm npt, cpu_group: epyc, offers: [bridge:br0, "storage:nfs1", guest:pvh]}
  - {name: hv3, cores: 8, memory: 32GiB, tags: [prod], maintenance: true}
vms:
  - {name: test3, host: hv3, vcpus: 2, memory: 2GiB, counter: 18.3, cpu: 0x9 0.16, tags: [db], age: 1h,
     needs: [bridge:br0], persistent: false}
events:
  - {round: 5, host: hv3, event: silent}
""")
    scenario = load_scenario(file)
    assert (scenario.interval, scenario.seed, scenario.migration.bandwidth) == (30.0, 7, 220.0)
    assert [(host.memory, host.dom0_memory, host.xen) for host in scenario.hosts] == [
        (32768.0, 4096.0, "4.17.5"),
        (32768.0, 0.0, None),
    ]
    assert [scenario.vms[0].cpu.at(number) for number in (1, 10, 11)] == [0, 0, 0.16]
    assert (scenario.hosts[0].cpu, scenario.hosts[0].cpu_group) == ("EPYC svm npt", "epyc")
    assert scenario.hosts[0].offers == ("bridge:br0", "storage:nfs1", "guest:pvh")
    assert (scenario.vms[0].needs, scenario.vms[0].persistent) == (("bridge:br0",), False)
    assert (scenario.vms[0].age, scenario.rounds) == (3600.0, 11)


def test_defaults_are_those_of_the_format() -> None:
    scenario = read(HEAD)
    assert (scenario.interval, scenario.seed, scenario.rounds) == (None, 1, 1)
    assert (scenario.migration.bandwidth, scenario.migration.failure) == (110.0, 0.0)
    assert [(host.cpu, host.cpu_group, host.offers) for host in scenario.hosts] == [(None, None, ())] * 2
    assert [(vm.needs, vm.persistent) for vm in scenario.vms] == [((), True)]


def test_a_uuid_follows_from_the_name_unless_it_is_given() -> None:
    scenario = read(HEAD + "  - {name: web2, host: hv1, memory: 2GiB, uuid: my-own}\n")
    assert scenario.vms[0].identity == read(HEAD).vms[0].identity != scenario.vms[1].identity == "my-own"


def test_names_must_be_known_and_stand_once() -> None:
    assert complaints(
        HEAD
        + """\
  - {name: web1, host: hv1, memory: 2GiB}
  - {name: web2, host: hv9, memory: 2GiB}
events:
  - {round: 2, vm: web9, event: vm-stopped}
"""
    ) == [
        "s.yaml:7:5: duplicate: vms[1]: “" + read(HEAD).vms[0].identity + "” stands twice",
        "s.yaml:7:12: duplicate: vms[1].name: “web1” stands twice",
        "s.yaml:8:24: unknown-host: vms[2].host: no host of this scenario is named “hv9”",
        "s.yaml:10:20: unknown-vm: events[0].vm: no vm of this scenario is named “web9”",
    ]


def test_a_farm_has_at_least_one_host() -> None:
    assert complaints("format: scenario/1\nhosts: []\n") == ["s.yaml:2:8: no-host: hosts: a farm has at least one host"]


def test_a_series_that_cannot_be_read_is_told_with_its_place() -> None:
    assert complaints(HEAD + "  - {name: web2, host: hv1, memory: 2GiB, cpu: 0.5 x3}\n")[0].startswith(
        "s.yaml:7:48: wrong-value: vms[1].cpu: “x3” cannot stand in a series"
    )
    assert "a series is wanted here" in complaints(HEAD + "  - {name: w, host: hv1, memory: 2GiB, cpu: [1]}\n")[0]

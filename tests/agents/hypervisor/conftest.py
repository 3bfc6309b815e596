"""What the tests of the drivers share: one small farm, for each of them."""

from pathlib import Path

import pytest

NODE = """
<node>
  <cpu><mhz>2000</mhz><model>x86_64</model><active>4</active>
    <nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads></cpu>
  <memory>8388608</memory>
  <domain type='test'>
    <name>web1</name><uuid>11111111-1111-1111-1111-111111111111</uuid>
    <memory>524288</memory><vcpu>2</vcpu><os><type>hvm</type></os>
  </domain>
  <domain type='test'>
    <name>gpu1</name><uuid>22222222-2222-2222-2222-222222222222</uuid>
    <memory>262144</memory><vcpu>1</vcpu><os><type>hvm</type></os>
    <metadata><t:tags xmlns:t="urn:xen-balancer:tags:1">db pet</t:tags></metadata>
    <devices><hostdev mode='subsystem' type='pci'>
      <source><address domain='0' bus='0' slot='2' function='0'/></source></hostdev></devices>
  </domain>
</node>
"""

SCENARIO = """
format: scenario/1
interval: 1s
migration: {bandwidth: 1000MiB/s}
hosts:
  - {name: hv1, cores: 4, memory: 8GiB}
  - {name: hv2, cores: 4, memory: 8GiB}
vms:
  - {name: web1, host: hv1, vcpus: 2, memory: 64MiB, cpu: 0.5, uuid: 11111111-1111-1111-1111-111111111111}
  - {name: gpu1, host: hv1, memory: 64MiB, passthrough: true, tags: [db, pet],
     uuid: 22222222-2222-2222-2222-222222222222}
"""


@pytest.fixture
def node_file(tmp_path: Path) -> Path:
    """A host of libvirt's test driver, with two domains of its own."""
    file = tmp_path / "node.xml"
    file.write_text(NODE)
    return file


@pytest.fixture
def scenario_file(tmp_path: Path) -> Path:
    """The same two VMs on a simulated farm of two hosts."""
    file = tmp_path / "farm.yaml"
    file.write_text(SCENARIO)
    return file

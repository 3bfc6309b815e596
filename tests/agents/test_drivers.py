"""Which driver an agent gets."""

import sys
from pathlib import Path

import pytest

from agents.config import load_config
from agents.drivers import open_hypervisor
from agents.hypervisor import HypervisorError

CONFIG = """
mcollective:
  identity: hv1
  ssl: {server_private: server-private.pem, server_public: server-public.pem, client_cert_dir: clients}
  policies: policies
"""
SCENARIO = "format: scenario/1\nhosts: [{name: hv1, cores: 4, memory: 8GiB}]\n"


def test_the_simulated_driver_needs_no_libvirt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    (tmp_path / "farm.yaml").write_text(SCENARIO)
    (tmp_path / "agent.yaml").write_text(
        f"{CONFIG}driver: simulated\nsimulated: {{scenario: farm.yaml, directory: .}}\n"
    )
    assert open_hypervisor(load_config(tmp_path / "agent.yaml")).report().host == "hv1"


def test_without_libvirts_library_its_driver_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    for name in [each for each in sys.modules if each.startswith("agents.hypervisor.libvirt_xen")]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "agent.yaml").write_text(CONFIG)
    with pytest.raises(HypervisorError, match=r"install Debian's python3-libvirt or xen-balancer\[libvirt\]"):
        open_hypervisor(load_config(tmp_path / "agent.yaml"))


@pytest.mark.libvirt
def test_the_libvirt_driver_reports_under_the_configured_identity(tmp_path: Path, needs_libvirt: None) -> None:
    (tmp_path / "agent.yaml").write_text(f"{CONFIG}libvirt: {{uri: 'test:///default'}}\n")
    report = open_hypervisor(load_config(tmp_path / "agent.yaml")).report()
    assert (report.host, [vm.name for vm in report.vms]) == ("hv1", ["test"])

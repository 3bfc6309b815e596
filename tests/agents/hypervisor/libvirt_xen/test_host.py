"""What libvirt and this machine say of the host."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agents.hypervisor.terms import SharedStorage, Terms

ROME = "<cpu><arch>x86_64</arch><model>EPYC-Rome</model><vendor>AMD</vendor><feature name='ibrs'/></cpu>"
EXPANDED = (
    "<cpu><model>EPYC-Rome</model><feature policy='require' name='svm'/><feature policy='require' name='ibrs'/>"
    "<feature policy='disable' name='monitor'/></cpu>"
)


@pytest.fixture
def host(needs_libvirt: None) -> Any:
    from agents.hypervisor.libvirt_xen import host  # noqa: PLC0415 - only where libvirt is installed

    return host


@dataclass
class Told:
    """A connection that says this, and raises that."""

    cpu: str
    baseline: str | Exception
    networks: list[str] = field(default_factory=list)
    error: Exception | None = None

    def getCapabilities(self) -> str:  # noqa: N802 - libvirt's name
        return f"<capabilities><host>{self.cpu}</host></capabilities>"

    def baselineCPU(self, _cpus: list[str], _flags: int) -> str:  # noqa: N802 - libvirt's name
        if isinstance(self.baseline, Exception):
            raise self.baseline
        return self.baseline

    def listNetworks(self) -> list[str]:  # noqa: N802 - libvirt's name
        if self.error:
            raise self.error
        return self.networks


@pytest.mark.parametrize(("number", "words"), [(4017005, "4.17.5"), (4017000, "4.17"), (4020001, "4.20.1")])
def test_a_xen_version_is_told_as_people_say_it(host: Any, number: int, words: str) -> None:
    assert host.xen_version(number) == words


def test_a_cpu_is_all_that_its_model_means(host: Any) -> None:
    assert host.cpu(Told(ROME, EXPANDED)) == "ibrs svm vendor:AMD"


def test_a_model_that_libvirt_cannot_explain_is_a_word_itself(host: Any, complaint: Callable[[int], Exception]) -> None:
    assert host.cpu(Told(ROME, complaint(3))) == "ibrs model:EPYC-Rome vendor:AMD"


@pytest.mark.parametrize("cpu", ["", "<cpu><arch>i686</arch></cpu>"])
def test_a_cpu_without_a_model_is_unknown(host: Any, cpu: str) -> None:
    assert host.cpu(Told(cpu, EXPANDED)) is None


def test_a_host_offers_guests_bridges_networks_and_the_storage_that_is_there(
    host: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xenbr0" / "bridge").mkdir(parents=True)
    (tmp_path / "eth0").mkdir()
    monkeypatch.setattr(host, "NETWORK_DEVICES", tmp_path)
    monkeypatch.setattr(host, "ROOT", Path("/proc"))
    storage = (SharedStorage(name="here", path=tmp_path), SharedStorage(name="gone", path=tmp_path / "gone"))
    assert host.offers(Told(ROME, EXPANDED, ["lan"]), Terms(storage, ("pvh",))) == (
        "bridge:xenbr0",
        "guest:pvh",
        "network:lan",
        "storage:here",
    )


@pytest.mark.parametrize(
    ("root", "path", "offered"),
    [
        ("/", "/proc/sys", ["storage:s"]),
        ("/proc", "/proc/sys", []),
        ("/dev", "/dev/null", ["storage:s"]),
        ("/", "/dev/no-such-volume-group", []),
    ],
    ids=["mounted", "not mounted", "device", "no device"],
)
def test_a_folder_that_is_the_hosts_own_is_no_storage_of_many(
    host: Any, monkeypatch: pytest.MonkeyPatch, root: str, path: str, offered: list[str]
) -> None:
    monkeypatch.setattr(host, "ROOT", Path(root))
    words = host.offers(Told(ROME, EXPANDED), Terms((SharedStorage(name="s", path=Path(path)),), ()))
    assert [word for word in words if word.startswith("storage:")] == offered


def test_a_daemon_that_knows_no_networks_offers_none(host: Any, complaint: Callable[[int], Exception]) -> None:
    offered = host.offers(Told(ROME, EXPANDED, error=complaint(3)), Terms(live_guests=("pvh",)))
    assert [word for word in offered if not word.startswith("bridge:")] == ["guest:pvh"]


def test_a_pool_is_offered_where_libvirt_has_it_and_it_is_active(hypervisor: Any, host: Any) -> None:
    import libvirt  # noqa: PLC0415 - only where it is installed

    connection = libvirt.open("test:///default")
    pools = (SharedStorage(name="p", pool="default-pool"), SharedStorage(name="q", pool="no-such-pool"))
    assert "storage:p" in host.offers(connection, Terms(pools))
    assert "storage:q" not in host.offers(connection, Terms(pools))
    connection.storagePoolLookupByName("default-pool").destroy()
    assert "storage:p" not in host.offers(connection, Terms(pools))

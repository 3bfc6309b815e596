"""The units, as systemd itself judges them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agents import cli as agents_cli
from balancer import cli

DEPLOYED = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = ("xen-balancer.service", "xen-balancer-agent.service")
MAINS = {"xen-balancer": cli.main, "xen-balancer-agent": agents_cli.main}

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: apt-get install systemd"
)

HIDDEN_BY = {
    "PrivateDevices": ("/dev",),
    "PrivateTmp": ("/tmp", "/var/tmp"),
    "ProtectHome": ("/home", "/root", "/run/user"),
}
"""By setting, the folders of which a unit that says `yes` sees another content, or none."""

EXPOSURE_IN_TENTHS = 20
"""Of 100; a unit without any protection has 96."""


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def start_command(unit: str) -> list[str]:
    found = re.search(r"^ExecStart=/opt/xen-balancer/bin/(.+)$", (DEPLOYED / unit).read_text(), re.MULTILINE)
    assert found
    return found[1].split()


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line(unit: str, tmp_path: Path) -> None:
    text = (DEPLOYED / unit).read_text()
    (tmp_path / unit).write_text(re.sub(r"(?m)^(Exec\w+)=.*", r"\1=/bin/true", text))
    run = systemd_analyze("verify", "--man=no", str(tmp_path / unit))
    assert (run.returncode, [line for line in run.stderr.splitlines() if unit in line]) == (0, [])


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_hardly_exposed(unit: str) -> None:
    run = systemd_analyze("security", "--offline=true", f"--threshold={EXPOSURE_IN_TENTHS}", str(DEPLOYED / unit))
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("unit", UNITS)
def test_the_command_that_a_unit_starts_exists(unit: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *words = start_command(unit)
    with pytest.raises(SystemExit) as end:
        MAINS[program]([*words, "--help"])
    assert end.value.code == 0
    assert "--config" in capsys.readouterr().out


def test_the_agent_sees_the_shared_storage_of_its_example() -> None:
    example = (DEPLOYED.parent / "examples" / "agent.yaml").read_text()
    storage = [Path(path) for path in re.findall(r"^# +- {name: \w+, path: ([\w/]+)}", example, re.MULTILINE)]
    assert storage == [Path("/srv/vms"), Path("/dev/vg_san")]
    unit = (DEPLOYED / "xen-balancer-agent.service").read_text()
    hidden = [folder for setting, folders in HIDDEN_BY.items() if f"\n{setting}=yes\n" in unit for folder in folders]
    assert [path for path in storage if any(path.is_relative_to(folder) for folder in hidden)] == []
    assert not re.search(r"^(InaccessiblePaths|TemporaryFileSystem|RootDirectory|RootImage)=", unit, re.MULTILINE)

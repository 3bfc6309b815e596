"""What is installed: built as pip builds it, and run where neither the repository nor libvirt is to be had."""

import subprocess
import sys
import sysconfig
import tomllib
import venv
from email import message_from_string
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCENARIO = ROOT / "tests" / "scenarios" / "2010.yaml"

pytestmark = pytest.mark.xdist_group("wheel")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def pip(*words: str | Path, cwd: Path) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    done = run(sys.executable, "-m", "pip", *words, *quiet, cwd=cwd)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-build-isolation", "--wheel-dir", folder, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an environment of its own, which borrows this one's libraries, libvirt excepted."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, symlinks=True)
    libraries = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    (libraries / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (libraries / "libvirt.py").write_text('raise ImportError("not on this machine")\n')
    pip("--python", place / "bin" / "python", "install", wheel, cwd=place)
    return place


def test_a_wheel_holds_the_three_packages_and_nothing_else_to_import(names: list[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("xen_balancer-")} == {"agents", "balancer", "dsl"}
    assert "dsl/rules.lark" in names


def test_a_wheel_holds_all_rules_as_data(names: list[str]) -> None:
    held = {name.rpartition("/")[2] for name in names if "/data/share/xen-balancer/rules/" in name}
    assert held == {path.name for path in (ROOT / "rules").iterdir()}
    assert "default.rules" in held


def test_its_version_is_the_text_in_pyproject(metadata: Message) -> None:
    assert "dynamic" not in PROJECT
    assert metadata["Version"] == PROJECT["version"]


def test_libvirt_is_asked_for_by_extras_alone(metadata: Message) -> None:
    asking = [each for each in metadata.get_all("Requires-Dist", []) if each.startswith("libvirt-python")]
    assert {each.partition(";")[2].strip() for each in asking} == {"extra == 'libvirt'", "extra == 'test'"}


@pytest.mark.parametrize("program", PROJECT["scripts"])
def test_an_installed_command_tells_how_it_is_used(program: str, installed: Path, tmp_path: Path) -> None:
    done = run(installed / "bin" / program, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {program}")


@pytest.mark.parametrize("program", ["xen-balancer", "xen-balancer-agent"])
def test_an_installed_command_tells_its_version(program: str, installed: Path, tmp_path: Path) -> None:
    done = run(installed / "bin" / program, "--version", cwd=tmp_path)
    assert done.stdout == f"{program} {PROJECT['version']}\n"


def test_installed_rules_are_fit_to_run_with(installed: Path, tmp_path: Path) -> None:
    rules = installed / "share" / "xen-balancer" / "rules"
    done = run(installed / "bin" / "xen-balancer", "rules", "check", *sorted(rules.glob("*.rules")), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_installed_default_rules_are_found_without_being_named(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "bin" / "xen-balancer", "simulate", SCENARIO, "--rounds", "2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_libvirt_the_agent_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    example = ROOT / "deploy" / "examples" / "agent.yaml"
    done = run(installed / "bin" / "xen-balancer-agent", "check", "--config", example, cwd=tmp_path)
    assert done.returncode == 4
    assert "install Debian's python3-libvirt or xen-balancer[libvirt]" in done.stderr
    assert "Traceback" not in done.stderr

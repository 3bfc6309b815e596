"""The rules of the house that no linter knows."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agents", "balancer", "dsl")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

WITHOUT_TESTS: dict[str, tuple[str, ...]] = {
    "values and names, with nothing to run": (
        "agents/context.py",
        "agents/mcollective/errors.py",
        "agents/mcollective/node.py",
        "dsl/ruleset.py",
        "dsl/syntax.py",
    ),
    "seen through the whole program: tests/agents/test_daemon.py": (
        "agents/cli.py",
        "agents/commands/check.py",
        "agents/commands/keys.py",
        "agents/commands/serve.py",
    ),
    "seen through whole test files: tests/test_trials.py": (
        "balancer/adapters/trials/model.py",
        "balancer/adapters/trials/recorder.py",
        "balancer/core/trials/record.py",
    ),
    "seen through the farm: tests/agents/hypervisor/test_simulated.py": (
        "agents/hypervisor/simulated/state.py",
        "agents/hypervisor/simulated/told.py",
        "agents/hypervisor/simulated/world.py",
    ),
    "told by text: tests/dsl/test_cases.py": (
        "dsl/checking/amounts.py",
        "dsl/checking/lets.py",
        "dsl/checking/statements.py",
        "dsl/clauses.py",
        "dsl/doubts/formulas.py",
        "dsl/doubts/limits.py",
        "dsl/doubts/loops.py",
        "dsl/doubts/openings.py",
        "dsl/doubts/reading.py",
        "dsl/doubts/repeats.py",
        "dsl/doubts/said.py",
        "dsl/doubts/shadows.py",
        "dsl/doubts/sums.py",
        "dsl/doubts/truths.py",
        "dsl/meanings/kinds.py",
        "dsl/meanings/sums.py",
        "dsl/meanings/words.py",
    ),
    "told by text: tests/dsl/test_parser.py": (
        "dsl/parser/building.py",
        "dsl/parser/grammar.py",
        "dsl/parser/mistakes.py",
        "dsl/parser/terms.py",
    ),
    "held against every placement: tests/core/audit/test_placement.py": (
        "balancer/core/audit/search.py",
        "balancer/core/audit/wishes.py",
        "balancer/core/audit/words.py",
    ),
    "put together and seen as a whole: tests/test_assembly.py": (
        "balancer/assembly/daemon.py",
        "balancer/assembly/memory.py",
        "balancer/assembly/moment.py",
        "balancer/assembly/tables.py",
        "balancer/assembly/virtual.py",
    ),
    "seen through those who use it: test_journal, test_desk, test_control, test_metrics": (
        "balancer/adapters/journal_file.py",
        "balancer/adapters/order_book.py",
        "balancer/adapters/served.py",
    ),
}
"""Why a module has no test file of its own; once it has one it is struck off here."""

NOT_OURS = {".git", ".hypothesis", ".venv", "__pycache__", "build", "demo-state", "dist", "node_modules"}

PLACES_OF_ONE_MACHINE = re.compile(r"/wor[k]/|/roo[t]/|/hom[e]/\w|\bshare[d]/|file[:]//[^$]|\bpypi[.]org")
"""Written so that it does not find itself."""


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_import_contracts_hold() -> None:
    run = lint_imports(ROOT)
    assert run.returncode == 0, run.stdout


def test_each_import_contract_notices_its_breach(tmp_path: Path) -> None:
    breaches = {
        "balancer/ports/__init__.py": "import balancer.loop",
        "dsl/units.py": "import balancer.errors, lark",
        "agents/report.py": "import balancer.errors, dsl.parser, agents.daemon",
        "agents/mcollective/errors.py": "import agents.mcollective.client",
        "agents/hypervisor/simulated/state.py": "import agents.hypervisor.simulated.world",
        "agents/hypervisor/libvirt_xen/definition.py": "import agents.hypervisor.libvirt_xen.driver",
        "balancer/core/model.py": "import agents.mcollective.serializers, balancer.core.cycle, time",
        "balancer/core/explanation/clauses.py": "import balancer.core.explanation.vm",
        "balancer/assembly/tables.py": "import balancer.assembly.daemon",
        "balancer/config.py": "import libvirt, pygls, stomp",
    }
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, line in breaches.items():
        with (tmp_path / module).open("a") as file:
            file.write(f"\n{line}\n")
    run = lint_imports(tmp_path)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert run.returncode == 1
    assert [each["name"] for each in contracts if f"{each['name']} BROKEN" not in run.stdout] == []


def test_no_package_stands_under_tests_where_it_would_hide_the_real_one() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_rules_are_data_and_no_package() -> None:
    assert list((ROOT / "rules").rglob("*.py")) == []


def mirrored(module: Path) -> Path:
    """balancer/core/model.py -> tests/core/test_model.py, dsl/units.py -> tests/dsl/test_units.py."""
    inside = module.relative_to(ROOT)
    folder = inside.parent.relative_to("balancer") if inside.parts[0] == "balancer" else inside.parent
    return ROOT / "tests" / folder / f"test_{module.name}"


def test_every_module_has_its_tests_at_the_same_path() -> None:
    modules = [each for each in MODULES if each.stem != "__init__"]
    untested = {str(each.relative_to(ROOT)) for each in modules if not mirrored(each).exists()}
    assert untested == {name for names in WITHOUT_TESTS.values() for name in names}


def docstring(module: Path) -> str:
    return ast.get_docstring(ast.parse(module.read_text())) or ""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_why_it_exists_and_its_rule_or_its_package_does(module: Path) -> None:
    text = docstring(module)
    assert text
    assert "Rule:" in text + docstring(module.with_name("__init__.py")) or module.stem == "__init__"


def our_files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if each not in NOT_OURS and not each.endswith("_cache")]
        yield from (Path(folder, name) for name in names)


def test_no_file_names_a_place_that_one_machine_alone_has() -> None:
    found = [
        f"{path}: {hit[0]}"
        for path in our_files()
        for hit in PLACES_OF_ONE_MACHINE.finditer(path.read_text(errors="replace"))
    ]
    assert found == []

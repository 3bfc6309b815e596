"""What holds in CI and nowhere else."""

from pathlib import Path

import pytest

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[2]

SKIPS_ITSELF = "import pytest\n\ndef test_it():\n    pytest.skip('no broker here')\n"
SKIPS_ALL = "import pytest\n\npytest.skip('no broker here', allow_module_level=True)\n"
EXPECTED_TO_FAIL = "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"


@pytest.fixture
def under_house_rules(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest((ROOT / "conftest.py").read_text())
    return pytester


@pytest.mark.parametrize("test", [SKIPS_ITSELF, SKIPS_ALL])
def test_in_ci_a_skipped_test_has_failed_and_says_why(
    test: str, under_house_rules: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    under_house_rules.makepyfile(test)
    run = under_house_rules.runpytest_inprocess()
    assert run.ret != 0
    run.stdout.fnmatch_lines("*skipped, and CI is set: *no broker here*")


@pytest.mark.parametrize("test", [SKIPS_ITSELF, SKIPS_ALL])
def test_elsewhere_a_test_may_skip_itself(
    test: str, under_house_rules: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    under_house_rules.makepyfile(test)
    under_house_rules.runpytest_inprocess().assert_outcomes(skipped=1)


def test_a_test_that_is_expected_to_fail_may_do_so_in_ci(
    under_house_rules: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    under_house_rules.makepyfile(EXPECTED_TO_FAIL)
    under_house_rules.runpytest_inprocess().assert_outcomes(xfailed=1)

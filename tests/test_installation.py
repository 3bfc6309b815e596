"""What comes along with an installation is found, wherever it was installed."""

import sysconfig
from pathlib import Path

import pytest

from balancer import installation
from balancer.errors import UsageError
from balancer.installation import DEFAULT, shipped

ROOT = Path(__file__).parents[1]


def test_beside_the_source_the_rules_are_the_sources() -> None:
    assert shipped(DEFAULT) == ROOT / "rules" / "default.rules"


def test_without_the_source_the_rules_are_where_shared_data_is_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "share" / "xen-balancer" / "rules"
    rules.mkdir(parents=True)
    (rules / DEFAULT).write_text("every 30 s\n")
    monkeypatch.setattr(installation, "__file__", str(tmp_path / "site-packages" / "balancer" / "installation.py"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    assert shipped(DEFAULT) == rules / DEFAULT


def test_a_rule_file_that_did_not_come_along_is_said_with_both_places() -> None:
    with pytest.raises(UsageError, match=r"none\.rules is neither in .*rules nor in .*; name a rule file of your own"):
        shipped("none.rules")

"""The Prometheus examples, as promtool judges them, and beside the metrics that there are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from balancer.adapters import metrics
from balancer.config import Metrics

DEPLOYED = Path(__file__).parents[2] / "deploy" / "prometheus"
ALERTS = DEPLOYED / "xen-balancer.rules.yml"


@pytest.mark.promtool
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "xen-balancer.rules.yml"),
        ("test", "rules", "xen-balancer.test.yml"),
    ],
)
def test_promtool_finds_nothing_wrong(words: tuple[str, ...]) -> None:
    run = subprocess.run(["promtool", *words], cwd=DEPLOYED, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_alerts_ask_for_metrics_that_exist() -> None:
    rounds = {metrics.PREFIX + gauge.name for gauge in metrics._ROUND}
    own = {family.name for family in metrics.Metrics("1", lambda: 0.0).collect()}
    known = rounds | own | {f"{name}_total" for name in own}
    asked = set(re.findall(r"xen_balancer_\w+", ALERTS.read_text()))
    assert asked
    assert asked <= known


def test_every_alert_says_what_to_do() -> None:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    for alert in (alert for group in groups for alert in group["rules"]):
        assert {"summary", "action"} <= set(alert["annotations"]), alert["alert"]
        assert alert["labels"]["severity"] in {"info", "warning", "critical"}


def test_every_alert_is_seen_to_fire() -> None:
    alerts = set(re.findall(r"alert: (\w+)", ALERTS.read_text()))
    fired = set(re.findall(r'alertname="(\w+)"', (DEPLOYED / "xen-balancer.test.yml").read_text()))
    assert alerts == fired


def test_prometheus_asks_where_the_balancer_serves_by_default() -> None:
    config = yaml.safe_load((DEPLOYED / "prometheus.yml").read_text())
    assert config["scrape_configs"][0]["static_configs"] == [{"targets": [Metrics().listen]}]

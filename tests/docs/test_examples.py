"""Every console example in README.md and docs/ does what it says: it is run, its output compared to the byte."""

import re
import shlex
from pathlib import Path

import pytest
from prometheus_client import generate_latest

import agents.cli
import balancer.cli
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.metrics import Metrics
from balancer.core.model import OrderState
from dsl.loading import load
from tests.adapters.samples import changed, decided, decision, streak

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = {"xen-balancer": balancer.cli.main, "xen-balancer-agent": agents.cli.main}


def examples() -> list[tuple[str, str, str]]:
    """Document, command and output of every ```console block."""
    found = []
    for document in DOCUMENTS:
        for block in re.findall(r"^```console\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                found.append((document.name, command, output))
    return found


def test_the_readme_has_examples() -> None:
    assert [document for document, _, _ in examples()].count("README.md") >= 3


@pytest.mark.parametrize(("document", "command", "output"), examples(), ids=lambda text: text[:60])
def test_an_example_prints_what_the_document_shows(
    document: str, command: str, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program, *words = shlex.split(command)
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("NO_COLOR", "1")
    PROGRAMS[program](words)
    assert capsys.readouterr() == (output, "")


def test_the_rules_in_the_readme_can_be_run_with() -> None:
    (text,) = re.findall(r"^```rules\n(.*?)^```$", DOCUMENTS[0].read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert load("README.md", text.encode(), LANGUAGE).findings == ()


def test_every_metric_that_a_document_or_an_alert_names_is_served() -> None:
    metrics = Metrics("0.1.0", lambda: 0.0, per_vm=True)
    events = (decided(decision(streaks=(streak("hypervisor3", 1),))), changed(OrderState.DONE))
    for event in events:
        metrics.record(event)
    served = set(re.findall(r"^# TYPE (\w+)", generate_latest(metrics.registry).decode(), re.MULTILINE))
    named = {
        name
        for place in (*DOCUMENTS, *(ROOT / "deploy" / "prometheus").glob("*.yml"))
        for name in re.findall(r"\bxen_balancer_\w+", place.read_text("utf-8"))
    }
    assert named
    assert {name for name in named if re.sub(r"_(bucket|sum|count)$", "", name) not in served} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_a_page_finds_its_heading(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", document.read_text("utf-8"))
    pages = [(document.parent / page if page else document, heading) for page, heading in links]
    assert [(page.name, heading) for page, heading in pages if heading not in headings(page)] == []


def headings(page: Path) -> set[str]:
    """What a link may end in, as GitHub makes it of the headings."""
    found = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}

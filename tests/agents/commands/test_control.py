"""Daemons everywhere, told what to do over the wire; the lines are those of 2010."""

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.commands import control
from tests.stage import coilmq_wire, simulated_agents, write

Control = Callable[..., int]


@pytest.fixture
def ask(coilmq_port: int, keys: Path, tmp_path: Path) -> Iterator[Control]:
    """`xen-balancer-agent control WORDS`, on a farm of two hosts whose policy lets the balancer see but not reload."""
    wire = coilmq_wire(coilmq_port)
    ssl = {
        "client_private": str(keys / "balancer-private.pem"),
        "client_public": str(keys / "balancer-public.pem"),
        "server_public": str(keys / "server-public.pem"),
    }
    config = write(tmp_path / "client.yaml", {"mcollective": {**wire, "identity": "admin", "ssl": ssl}})
    parser = argparse.ArgumentParser()
    control.add_arguments(parser)

    def run(*words: str) -> int:
        return control.run(parser.parse_args(["--config", str(config), "--discovery-timeout", "1", *words]))

    with simulated_agents(tmp_path, wire, keys):
        policy(tmp_path, "daemon_stats")
        yield run


def policy(folder: Path, actions: str) -> None:
    text = f"policy default deny\nallow\tcert=balancer-public\t{actions}\t*\t*\n"
    (folder / "policies" / "controller.policy").write_text(text)


def test_each_daemon_tells_its_statistics_in_a_line(ask: Control, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("stats") == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(">")[0].strip() for line in lines] == ["hv1", "hv2"]
    told = r" {27}hv1> total=\d+ replies=\d+ valid=\d+ invalid=\d+ filtered=\d+ passed=\d+"
    assert re.fullmatch(told, lines[0])


def test_agents_are_loaded_anew_where_the_policy_allows_it(
    ask: Control, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("reload_agents", "-I", "hv1") == 1
    assert capsys.readouterr().out == f"{'hv1':>30}> You are not authorized to call this agent or action.\n"

    policy(tmp_path, "*")
    assert ask("reload_agents", "-I", "hv1") == 0
    assert ask("reload_agent", "xenagent", "-I", "hv2") == 0
    assert capsys.readouterr().out == (f"{'hv1':>30}> reloaded all agents\n{'hv2':>30}> reloaded xenagent agent\n")


def test_hosts_are_chosen_by_classes_and_facts_in_one(ask: Control, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("stats", "-W", "site=lyon") == 1
    assert ask("stats", "-I", "hv1", "-W", "hostname=/./") == 0
    assert capsys.readouterr().out.startswith(f"{'hv1':>30}> total=")


def test_where_nobody_is_found_nothing_was_done(ask: Control, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("stats", "-F", "hostname=nosuch") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == ("xen-balancer-agent: no host was found; see that the filter fits, and that agents run there\n")

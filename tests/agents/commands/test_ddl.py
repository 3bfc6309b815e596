"""What an agent can be asked, printed for Ruby's clients: ours, and a site's own that a configuration names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agents.cli import main

Print = Callable[..., tuple[int, str, str]]

GREETER = """
from agents.mcollective.ddl import Action, Ddl

DDL = Ddl("greeter", "Greets", "1.0", 5, (Action("greet", "Say hello"),))


def create(context):
    raise AssertionError("nobody asks for an agent")
"""
CONFIG = "mcollective: {identity: hv1, psk: {key: s3cret}, policies: policies, agents: [site], inactive: [process]}\n"


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Print:
    def run(*words: str | Path) -> tuple[int, str, str]:
        code = main([*map(str, words)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "greeter.py").write_text(GREETER)
    (tmp_path / "agent.yaml").write_text(CONFIG)
    return tmp_path / "agent.yaml"


def test_of_ours_it_needs_no_configuration(printed: Print) -> None:
    for words, name in ((["ddl"], "xenagent"), (["ddl", "rpcutil"], "rpcutil")):
        code, said, trouble = printed(*words)

        assert (code, trouble) == (0, "")
        assert said.startswith(f"metadata :name => '{name}', ")
        assert "\naction '" in said


def test_a_sites_own_is_found_by_the_configuration_before_or_behind_the_command(printed: Print, config: Path) -> None:
    for words in (["ddl", "greeter", "--config", config], ["--config", config, "ddl", "greeter"]):
        code, said, trouble = printed(*words)

        assert (code, trouble) == (0, "")
        assert said.startswith("metadata :name => 'greeter', ")
        assert "\naction 'greet', :description => 'Say hello' do\n" in said


def test_of_two_of_one_name_it_prints_the_one_that_is_served(printed: Print, config: Path) -> None:
    (config.parent / "site" / "rpcutil.py").write_text(GREETER.replace("greeter", "rpcutil"))

    assert "'greet'" in printed("ddl", "rpcutil", "--config", config)[1]


def test_another_agents_mistake_is_in_nobodys_way(printed: Print, config: Path) -> None:
    (config.parent / "site" / "stumbler.py").write_text("def create(:")

    assert printed("ddl", "greeter", "--config", config)[0] == 0
    code, said, trouble = printed("ddl", "stumbler", "--config", config)
    assert (code, said) == (2, "")
    assert f"{config.parent / 'site' / 'stumbler.py'}:1: SyntaxError" in trouble


def test_what_is_not_there_is_told_with_what_is(printed: Print, config: Path) -> None:
    of_ours = "there is no agent greeter; known are controller, discovery, process, rpcutil, xenagent"
    of_that_host = "there is no agent process; known are controller, discovery, greeter, rpcutil, xenagent"
    advice = "name the configuration of a host that has it with --config"

    assert printed("ddl", "greeter") == (2, "", f"xen-balancer-agent: {of_ours}; {advice}\n")
    assert printed("ddl", "process", "--config", config) == (2, "", f"xen-balancer-agent: {of_that_host}\n")
    assert printed("ddl", "--config", config.parent / "none.yaml")[0] == 2


def test_an_agent_without_a_schema_has_nothing_to_print(printed: Print) -> None:
    code, said, trouble = printed("ddl", "discovery")

    assert (code, said) == (2, "")
    assert trouble.endswith("discovery.py: has no schema; where it is a SimpleRPC agent's call its Ddl `DDL`\n")

"""The table of keys against Ruby's source: nothing that MCollective reads is strange to us."""

import re
from pathlib import Path

import pytest

from agents.mcollective.cfg.keys import DEFAULTS, IGNORED, KNOWN, PROVIDERS, REQUIRED, SWITCHES, USED, Key, heartbeat
from agents.mcollective.settings import ClientSettings, ServerSettings

RUBY = Path("/usr/lib/ruby/vendor_ruby/mcollective")


@pytest.fixture
def ruby(needs_mcollective: None) -> Path:
    return RUBY


@pytest.fixture
def needs_mcollective() -> None:
    if not RUBY.is_dir():
        pytest.skip("MCollective is not installed: apt-get install mcollective mcollective-client")


def test_every_key_of_rubys_configuration_is_known(ruby: Path) -> None:
    source = (ruby / "config.rb").read_text()
    branches = re.findall(r'^ +when ("\w+"(?:, "\w+")*)$', source, re.MULTILINE)

    keys = {key for branch in branches for key in re.findall(r'"(\w+)"', branch)}

    assert len(keys) > 40
    assert keys - KNOWN == set()


@pytest.mark.parametrize("connector", ["activemq", "rabbitmq"])
def test_every_option_of_rubys_connectors_is_known(connector: str, ruby: Path) -> None:
    source = (ruby / "connector" / f"{connector}.rb").read_text()

    options = set(re.findall(rf'"{connector}\.([\w.#{{}}]+)"', source)) - {"prompt"}

    keys = {f"{connector}.{option.replace('#{poolnum}', 'N')}" for option in options}
    assert len(keys) > 20
    assert {key for key in keys if not {f"plugin.{key}", f"plugin.CONNECTOR.{key.partition('.')[2]}"} & KNOWN} == set()


def test_every_option_of_rubys_security_plugins_is_known(ruby: Path) -> None:
    source = "".join(file.read_text() for file in (ruby / "security").glob("*.rb"))

    options = set(re.findall(r'pluginconf(?:\.fetch\(|\[|\.include\?\()"([\w.]+)"', source))

    assert len(options) > 15
    assert {option for option in options if f"plugin.{option}" not in KNOWN} == set()


def test_no_key_is_both_used_and_ignored() -> None:
    ignored = [key for keys in IGNORED.values() for key in keys]

    assert len(ignored) == len(set(ignored))
    assert [key for key in ignored if any(key in used for used in USED.values())] == []


def test_what_the_tables_name_is_a_key_of_a_server_or_a_client() -> None:
    named = {*DEFAULTS, *SWITCHES, *SWITCHES.values(), *PROVIDERS, *(provider for provider, _ in PROVIDERS.values())}

    assert named - USED[ServerSettings].keys() == set()
    assert {key for (model, _), keys in REQUIRED.items() for key in keys if key not in USED[model]} == set()


@pytest.mark.parametrize("model", [ServerSettings, ClientSettings])
def test_every_path_begins_with_one_of_our_settings(model: type[ServerSettings | ClientSettings]) -> None:
    firsts = {key.path[0] for key in USED[model].values() if key.path}

    assert firsts - model.model_fields.keys() == set()


@pytest.mark.parametrize("value", [value for value in DEFAULTS.items() if value[0] in USED[ServerSettings]])
def test_mcollectives_defaults_can_be_read(value: tuple[str, str]) -> None:
    key, text = value

    USED[ServerSettings][key].read(text)


@pytest.mark.parametrize(("written", "seconds"), [("0", 0), ("-1", 0), ("5", 30), ("30", 30), ("90", 90)])
def test_a_heartbeat_is_none_or_at_least_30_s_as_in_ruby(written: str, seconds: float) -> None:
    assert heartbeat(written) == seconds


@pytest.mark.parametrize(
    ("key", "value", "advice"),
    [
        ("connector", "stomp", "connector is activemq or rabbitmq"),
        ("securityprovider", "aes_security", "securityprovider is psk or ssl"),
        ("factsource", "facter", "plugin.yaml = FILE"),
        ("registration", "inventory", "agentlist or meta"),
        ("activate_agents", "0", "plugin.AGENT.activate_agent = 0"),
        ("rpcaudit", "on", "write 1 or 0"),
        ("registerinterval", "5 min", "not a number of seconds"),
        ("plugin.CONNECTOR.pool.size", "0", "1 to 20"),
        ("plugin.CONNECTOR.pool.N.port", "stomp", "not a whole number"),
        ("plugin.CONNECTOR.pool.N.ssl.ca", "/a.pem,/b.pem", "all certificates"),
        ("plugin.CONNECTOR.base64", "1", "0 for all peers"),
        ("plugin.CONNECTOR.prompt_password", "yes", "write pool.N.password"),
        ("plugin.ssl_serializer", "json", "yaml or marshal"),
        ("plugin.ssl.enforce_ttl", "0", "leave it out"),
        ("plugin.actionpolicy.allow_unconfigured", "true", "is a no to MCollective's ActionPolicy"),
    ],
)
def test_a_value_that_cannot_be_honoured_says_what_to_write(key: str, value: str, advice: str) -> None:
    row: Key = USED[ServerSettings][key]

    with pytest.raises(ValueError, match=f"“{value}”|one file") as refused:
        row.read(value)
    assert advice in str(refused.value)

"""MCollective's own files: what they mean to Ruby they mean to us, and what we cannot do is said with its place."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agents.documents import DocumentError
from agents.mcollective.cfg.documents import client_document, read_client, read_server, server_document
from agents.mcollective.cfg.keys import IGNORED
from agents.mcollective.settings import ClientSettings, ServerSettings

DEBIANS = Path("/etc/mcollective")

POOL = """\
plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = broker.example.net
"""
PSK = POOL + "plugin.psk = s3cret\n"
SERVER_SSL = (
    POOL
    + """\
securityprovider = ssl
plugin.ssl_server_private = keys/server-private.pem
plugin.ssl_server_public = /etc/mcollective/ssl/server-public.pem
plugin.ssl_client_cert_dir = clients
"""
)
CLIENT_SSL = (
    POOL
    + """\
securityprovider = SSL
plugin.ssl_server_public = server-public.pem
plugin.ssl_client_private = john-private.pem
plugin.ssl_client_public = john-public.pem
"""
)
RABBIT = """\
connector = rabbitmq
plugin.psk = s3cret
plugin.rabbitmq.vhost = /mcollective
plugin.rabbitmq.use_reply_exchange = 1
plugin.rabbitmq.pool.size = 2
plugin.rabbitmq.pool.1.host = rabbit1
plugin.rabbitmq.pool.1.port = 61614
plugin.rabbitmq.pool.1.user = mco
plugin.rabbitmq.pool.1.password = m arionette=
plugin.rabbitmq.pool.2.host = rabbit2
plugin.rabbitmq.pool.2.ssl = true
plugin.rabbitmq.pool.2.ssl.ca = tls/ca.pem
plugin.rabbitmq.pool.2.ssl.cert = tls/hv1.pem
plugin.rabbitmq.pool.2.ssl.key = tls/hv1.key
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder like /etc/mcollective."""
    (tmp_path / "plugin.d").mkdir()
    return tmp_path


def server(site: Path, text: str, **environment: str) -> ServerSettings:
    (site / "server.cfg").write_text(text)
    return read_server(site / "server.cfg", environment)


def client(site: Path, text: str, **environment: str) -> ClientSettings:
    (site / "client.cfg").write_text(text)
    return read_client(site / "client.cfg", environment)


def refusal(site: Path, text: str) -> list[str]:
    with pytest.raises(DocumentError) as refused:
        server(site, text)
    return str(refused.value).replace(f"{site}/", "").splitlines()


# -- what Debian ships


@pytest.fixture
def debians() -> Path:
    if not (DEBIANS / "server.cfg").exists() or not (DEBIANS / "client.cfg").exists():
        pytest.skip("MCollective is not installed: apt-get install mcollective mcollective-client")
    return DEBIANS


def test_debians_own_server_cfg_is_read(debians: Path) -> None:
    settings = read_server(debians / "server.cfg", {})

    (broker,) = settings.brokers
    assert (settings.connector, str(broker), broker.user) == ("activemq", "stomp1:61613", "mcollective")
    assert broker.password is not None
    assert broker.password.get_secret_value() == "marionette"
    assert settings.psk is not None
    assert settings.facts == (debians / "facts.yaml",)
    assert not settings.policies.all_agents


def test_debians_own_client_cfg_is_read(debians: Path) -> None:
    settings = read_client(debians / "client.cfg", {})

    assert settings.all_collectives == ("mcollective",)
    assert (settings.ttl, settings.direct_threshold, settings.direct_addressing) == (60, 10, True)


ASK_RUBY = """\
require 'mcollective'; require 'json'
c = MCollective::Config.instance; c.loadconfig(ARGV[0]); p = c.pluginconf
puts JSON.dump(
  collective: c.main_collective, collectives: c.collectives, identity: c.identity, connector: c.connector.downcase,
  direct_addressing: c.direct_addressing, direct_threshold: c.direct_addressing_threshold, ttl: c.ttl,
  classes: c.classesfile, interval: c.registerinterval, content: c.registration.downcase,
  all_agents: c.rpcauthorization, audited: c.rpcaudit, key: p['psk'], host: p['activemq.pool.1.host'],
  default: p['actionpolicy.default_name'])
"""


@pytest.mark.parametrize(
    "text",
    [
        PSK + "identity = hv1\n",
        PSK + "identity = hv1\nidentity = hv2\n  main_collective=uk  \ncollectives = uk , eu,us\nttl=30\n# ttl = 5\n",
        PSK + "identity = hv1\nclassesfile = /c.txt\nregisterinterval = 60\ndirect_addressing = N\n"
              "direct_addressing_threshold = 3\nrpcauthorization = yes\nrpcauthprovider = Action_Policy\n"
              "plugin.actionpolicy.enable_default = 1\nplugin.actionpolicy.default_name = base\nplugin.psk = a = b\n",
    ],
    ids=["little", "collectives", "much"],
)  # fmt: skip
def test_ruby_reads_the_same_from_the_same_file(text: str, site: Path) -> None:
    if shutil.which("mcollectived") is None:
        pytest.skip("MCollective is not installed: apt-get install mcollective mcollective-client")
    (site / "server.cfg").write_text(f"logger_type = console\nloglevel = error\n{text}")
    (site / "plugin.d" / "psk.cfg").write_text("callertype = user\n")
    asked = subprocess.run(
        ["ruby", "-e", ASK_RUBY, site / "server.cfg"], capture_output=True, text=True, check=True
    )  # fmt: skip

    ours, theirs = server(site, text), client(site, text)

    assert json.loads(asked.stdout) == {
        "collective": ours.collective, "collectives": list(ours.all_collectives), "identity": ours.identity,
        "connector": ours.connector, "direct_addressing": ours.direct_addressing,
        "direct_threshold": theirs.direct_threshold, "ttl": theirs.ttl, "classes": str(ours.classes),
        "interval": ours.registration.interval, "content": ours.registration.content,
        "all_agents": ours.policies.all_agents, "audited": ours.audit is not None,
        "key": ours.psk and ours.psk.key and ours.psk.key.get_secret_value(), "host": ours.brokers[0].host,
        "default": ours.policies.default,
    }  # fmt: skip
    assert ours.psk is not None
    assert ours.psk.caller == "user"


# -- one key, one setting


@pytest.mark.parametrize(
    ("line", "setting", "value"),
    [
        ("plugin.activemq.vhost = broker", "vhost", "broker"),
        ("plugin.activemq.randomize = true", "randomize", True),
        ("plugin.activemq.priority = 4", "priority", 4),
        ("plugin.activemq.agents_multiplex = 1", "agents_multiplex", True),
        ("plugin.activemq.heartbeat_interval = 10", "heartbeat", 30),
        ("plugin.activemq.heartbeat_interval = 0", "heartbeat", 0),
        ("plugin.activemq.max_reconnect_delay = 7.5", "reconnect_max", 7.5),
        ("plugin.activemq.connect_timeout = 3", "connect_timeout", 3),
        ("plugin.activemq.base64 = 0", "brokers", server_document),
        ("direct_addressing = 0", "direct_addressing", False),
        ("identity = hv7.example.net", "identity", "hv7.example.net"),
        ("plugin.rpcutil.activate_agent = false", "inactive", ("rpcutil",)),
        ("plugin.rpcutil.activate_agent = 1", "inactive", ()),
        ("plugin.yaml = /a.yaml:/b.yaml", "facts", (Path("/a.yaml"), Path("/b.yaml"))),
        ("classesfile = /var/classes.txt", "classes", Path("/var/classes.txt")),
        ("", "classes", Path("/var/lib/puppet/state/classes.txt")),
        ("rpcaudit = 1\nrpcauditprovider = Logfile\nplugin.rpcaudit.logfile = /a.log", "audit", Path("/a.log")),
        ("plugin.rpcaudit.logfile = /a.log", "audit", None),
        ("registration_splay = 1\nregisterinterval = 60", "registration.splay", 60),
        ("registerinterval = 60", "registration.splay", 0),
        ("registration = Meta", "registration.content", "meta"),
        ("registration_collective = mcollective", "registration.collective", "mcollective"),
        ("rpcauthorization = 1\nrpcauthprovider = action_policy", "policies.all_agents", True),
        ("rpcauthprovider = my_own", "policies.all_agents", False),
        ("plugin.actionpolicy.allow_unconfigured = y", "policies.allow_unconfigured", True),
        ("plugin.actionpolicy.enable_default = 1", "policies.default", "default"),
        ("plugin.actionpolicy.default_name = base", "policies.default", None),
        ("plugin.actionpolicy.enable_default = 1\nplugin.actionpolicy.default_name = base", "policies.default", "base"),
        ("plugin.psk.callertype = group", "psk.caller", "group"),
    ],
)
def test_a_key_of_a_server_is_a_setting_of_ours(line: str, setting: str, value: Any, site: Path) -> None:
    found: Any = server(site, f"{PSK}{line}\n")
    expected = found.brokers if value is server_document else value

    for name in setting.split("."):
        found = getattr(found, name)

    assert found == expected


@pytest.mark.parametrize(
    ("line", "setting", "value"),
    [
        ("ttl = 20", "ttl", 20),
        ("direct_addressing_threshold = 50", "direct_threshold", 50),
        ("main_collective = uk\ncollectives = mcollective", "collective", "uk"),
        ("rpcauthorization = 1\nfactsource = facter\nregistration = anything", "collective", "mcollective"),
    ],
)
def test_a_key_of_a_client_is_a_setting_of_ours(line: str, setting: str, value: Any, site: Path) -> None:
    assert getattr(client(site, f"{PSK}{line}\n"), setting) == value


def test_a_pool_of_brokers_with_tls_is_read(site: Path) -> None:
    settings = server(site, RABBIT)

    first, second = settings.brokers
    assert (settings.connector, settings.vhost, settings.reply_exchange) == ("rabbitmq", "/mcollective", True)
    assert (str(first), first.user, first.tls) == ("rabbit1:61614", "mco", None)
    assert first.password is not None
    assert first.password.get_secret_value() == "m arionette="
    assert second.tls is not None
    assert (second.tls.ca, second.tls.certificate, second.tls.key) == (
        site / "tls/ca.pem", site / "tls/hv1.pem", site / "tls/hv1.key",
    )  # fmt: skip


def test_certificates_are_for_nothing_where_ssl_is_off(site: Path) -> None:
    assert server(site, PSK + "plugin.activemq.pool.1.ssl.ca = ca.pem\n").brokers[0].tls is None


def test_the_ssl_plugin_of_a_server_is_marshal_unless_it_says_otherwise(site: Path) -> None:
    silent, telling = (server(site, SERVER_SSL + line).ssl for line in ("", "plugin.ssl_serializer = yaml\n"))

    assert silent is not None
    assert telling is not None
    assert (silent.serializer, telling.serializer) == ("marshal", "yaml")
    assert (silent.server_private, silent.client_cert_dir) == (site / "keys/server-private.pem", site / "clients")
    assert silent.server_public == Path("/etc/mcollective/ssl/server-public.pem")


def test_the_ssl_plugin_of_a_client_has_its_own_keys(site: Path) -> None:
    settings = client(site, CLIENT_SSL)

    assert settings.psk is None
    assert settings.ssl is not None
    assert settings.ssl.client_public == site / "john-public.pem"


def test_policies_stand_beside_the_file(site: Path) -> None:
    assert server(site, PSK).policies.directory == site / "policies"


def test_what_stands_in_plugin_d_counts_more(site: Path) -> None:
    (site / "plugin.d" / "activemq.cfg").write_text("# ours\npool.1.host = other\n\nvhost = v\n")
    (site / "plugin.d" / "not a plugin.cfg").write_text("nonsense\n")

    settings = server(site, PSK)

    assert (settings.brokers[0].host, settings.vhost) == ("other", "v")


def test_the_environment_counts_most(site: Path) -> None:
    environment = {
        "MCOLLECTIVE_PSK": "other",
        "STOMP_USER": "john",
        "STOMP_PASSWORD": "secret",
        "MCOLLECTIVE_ACTIVEMQ_POOL1_SSL_KEY": "/john.key",
    }

    settings = client(site, PSK + "plugin.activemq.pool.1.ssl = 1\n", **environment)

    (broker,) = settings.brokers
    assert settings.psk is not None
    assert settings.psk.key is not None
    assert settings.psk.key.get_secret_value() == "other"
    assert broker.password is not None
    assert (broker.user, broker.password.get_secret_value()) == ("john", "secret")
    assert broker.tls is not None
    assert broker.tls.key == Path("/john.key")


def test_a_clients_keys_may_stand_in_the_environment(site: Path) -> None:
    environment = {"MCOLLECTIVE_SSL_PRIVATE": "/john/private.pem", "MCOLLECTIVE_SSL_PUBLIC": "/john/john.pem"}

    settings = client(site, POOL + "securityprovider = ssl\nplugin.ssl_server_public = server.pem\n", **environment)

    assert settings.ssl is not None
    assert (settings.ssl.client_private, settings.ssl.client_public) == (
        Path("/john/private.pem"), Path("/john/john.pem"),
    )  # fmt: skip


def test_the_document_of_a_file_is_what_our_model_takes(site: Path) -> None:
    (site / "server.cfg").write_text(SERVER_SSL)
    (site / "client.cfg").write_text(CLIENT_SSL)

    assert ServerSettings.model_validate(server_document(site / "server.cfg", {})) == server(site, SERVER_SSL)
    assert ClientSettings.model_validate(client_document(site / "client.cfg", {})) == client(site, CLIENT_SSL)


def test_a_file_named_from_its_own_folder_gives_absolute_paths(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server(site, SERVER_SSL)
    monkeypatch.chdir(site)

    document = server_document(Path("server.cfg"), {})

    assert document["ssl"]["server_private"] == str(site / "keys/server-private.pem")
    assert document["policies"]["directory"] == str(site / "policies")


# -- what says nothing to us


@pytest.mark.parametrize("reason", IGNORED)
def test_keys_that_say_nothing_to_us_are_ignored(reason: str, site: Path) -> None:
    keys = [key.replace("CONNECTOR", "activemq").replace(".N.", ".1.") for key in IGNORED[reason]]

    assert server(site, PSK + "".join(f"{key} = what?\n" for key in keys)) == server(site, PSK)


@pytest.mark.parametrize(
    "line",
    [
        "plugin.puppet.command = puppet agent",
        "plugin.stomp.host = old",
        "plugin.rabbitmq.pool.1.host = other",
        "plugin.rabbitmq.pool.size = none",
        "plugin.activemq.pool.2.host = beyond",
        "plugin.ssl_client_private = of a client",
        "ttl = of a client",
    ],
)
def test_what_another_plugin_or_side_reads_is_its_own_affair(line: str, site: Path) -> None:
    assert server(site, f"{PSK}{line}\n") == server(site, PSK)


# -- what is wrong


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("identiy = hv1", "unknown-key: identiy: did you mean “identity”?"),
        ("plugin.activemq.pool.1.hots = x", "unknown-key: plugin.activemq.pool.1.hots: did you mean"),
        ("plugin.actvemq.vhost = x", "unknown-key: plugin.actvemq.vhost: did you mean “plugin.activemq.vhost”?"),
        ("plugin.ssl_server_privat = x", "unknown-key: plugin.ssl_server_privat: did you mean “plugin.ssl_server_p"),
        ("plugin.activemq.use_reply_exchange = 1", "unknown-key: plugin.activemq.use_reply_exchange: "),
        ("zzz = 1", "unknown-key: zzz: MCollective has no such key; leave it out"),
        ("connector = stomp", "wrong-value: connector: “stomp” is not known here; connector is activemq or"),
        ("securityprovider = aes_security", "wrong-value: securityprovider: “aes_security” is not known here; "),
        ("identity", "syntax: “identity” is no “key = value”"),
        ("identity =", "syntax: “identity =” is no “key = value”"),
        ("  # indented", "syntax: “  # indented” is no “key = value”; a comment has its # in column 1"),
        ("plugin.activemq.pool.1.port = x", "wrong-value: plugin.activemq.pool.1.port: “x” is not a whole number"),
        ("plugin.activemq.pool.1.port = 0", "wrong-value: plugin.activemq.pool.1.port: “0”: "),
        ("plugin.activemq.priority = 12", "wrong-value: plugin.activemq.priority: “12”: "),
        ("identity = ../x", "wrong-value: identity: “../x”: "),
        ("collectives = mcollective,../x", "wrong-value: collectives: “mcollective,../x”: "),
        ("plugin.psk.callertype = shoe", "wrong-value: plugin.psk.callertype: “shoe”: "),
        ("main_collective = uk", "wrong-value: main_collective: “uk” is none of collectives"),
        ("rpcauthorization = 1", "wrong-value: rpcauthprovider: “” is not known here; rpcauthprovider = action_policy"),
        ("rpcaudit = 1", "wrong-value: rpcauditprovider: “” is not known here; rpcauditprovider = logfile"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_way_out(line: str, message: str, site: Path) -> None:
    (told,) = refusal(site, f"{PSK}{line}\n")

    place, found = told.split(": ", 1)
    assert found.startswith(message)
    assert place in {"server.cfg:4:1", "server.cfg:1:1"}
    assert place == "server.cfg:4:1" or line.startswith("rpca")


def test_all_mistakes_are_told_at_once(site: Path) -> None:
    (site / "plugin.d" / "rpcutil.cfg").write_text("activate_agent = perhaps\n")

    assert [line.split(": ")[0] for line in refusal(site, PSK + "nothing\nttll = 5\nrpcaudit = on\n")] == [
        "server.cfg:4:1", "server.cfg:5:1", "server.cfg:6:1", "plugin.d/rpcutil.cfg:1:1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", ["plugin.activemq.pool.size", "plugin.psk"]),
        ("connector = rabbitmq\nplugin.psk = x\n", ["plugin.rabbitmq.pool.size"]),
        (POOL.replace("= 1", "= 2") + "plugin.psk = x\n", ["plugin.activemq.pool.2.host"]),
        (POOL, ["plugin.psk"]),
        (
            POOL + "securityprovider = ssl\n",
            ["plugin.ssl_server_private", "plugin.ssl_server_public", "plugin.ssl_client_cert_dir"],
        ),
    ],
)
def test_what_cannot_be_done_without_is_named(text: str, missing: list[str], site: Path) -> None:
    assert refusal(site, text) == [f"server.cfg:1:1: missing-key: {key} is missing" for key in missing]


def test_a_file_that_is_not_there_or_is_no_text_is_told(site: Path) -> None:
    with pytest.raises(DocumentError, match=r"server\.cfg:1:1: unreadable: No such file"):
        read_server(site / "server.cfg", {})
    (site / "server.cfg").write_bytes(b"identity = \xff\n")
    with pytest.raises(DocumentError, match=r"server\.cfg:1:1: encoding: byte 11 is not UTF-8"):
        read_server(site / "server.cfg", {})

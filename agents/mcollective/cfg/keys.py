"""Which keys MCollective's configuration has, and what each is to us: one row a key.

Rule: in a key CONNECTOR is activemq or rabbitmq, N a broker's place in the pool, AGENT any agent's name. A value is
read as MCollective reads it; where ours must be stricter, the message says what to write.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from agents.documents import Step
from agents.mcollective.settings import ClientSettings, ServerSettings, Settings

MAX_BROKERS: Final = 20
CONNECTORS: Final = ("activemq", "rabbitmq")


# -- how a value is read: ValueError with what to write


def text(value: str) -> str:
    """As it stands there."""
    return value


def boolean(value: str) -> bool:
    """MCollective's words for yes and no."""
    if value.lower() not in _BOOLEANS:
        raise ValueError(f"“{value}” is neither yes nor no; write 1 or 0")
    return _BOOLEANS[value.lower()]


def policy_boolean(value: str) -> bool:
    """ActionPolicy takes what begins with 1 or has a y in it for yes, so that there `true` is no."""
    if value.lower() in {"t", "true"}:
        raise ValueError(f"“{value}” is a no to MCollective's ActionPolicy; write 1 or 0")
    return boolean(value)


def integer(value: str) -> int:
    """A whole number."""
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"“{value}” is not a whole number") from None


def seconds(value: str) -> float:
    """A time, written without its unit."""
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"“{value}” is not a number of seconds") from None


def heartbeat(value: str) -> float:
    """Seconds, 0 for none; MCollective has nothing between 0 and 30."""
    wanted = integer(value)
    return float(max(wanted, 30) if wanted > 0 else 0)


def pool_size(value: str) -> int:
    """How many brokers there are."""
    if not 1 <= integer(value) <= MAX_BROKERS:
        raise ValueError(f"“{value}” brokers are too few or too many; 1 to {MAX_BROKERS}")
    return integer(value)


def names(value: str) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in value.split(",")]


def one_file(value: str) -> str:
    """A file's name, where MCollective takes several."""
    if "," in value:
        raise ValueError("one file is read here; put all certificates into it")
    return value


def word(*known: str, advice: str) -> Callable[[str], str]:
    """One of the words, however written."""

    def read(value: str) -> str:
        if value.lower() not in known:
            raise ValueError(f"“{value}” is not known here; {advice}")
        return value.lower()

    return read


def only(wanted: bool, advice: str) -> Callable[[str], bool]:  # noqa: FBT001 - the one value that can be honoured
    """A boolean of which one value cannot be honoured."""

    def read(value: str) -> bool:
        if boolean(value) is not wanted:
            raise ValueError(f"“{value}” cannot be honoured; {advice}")
        return wanted

    return read


_BOOLEANS: Final[Mapping[str, bool]] = MappingProxyType(
    dict.fromkeys(("1", "yes", "true", "y", "t"), True) | dict.fromkeys(("0", "no", "false", "n", "f"), False)
)


# -- the keys


@dataclass(frozen=True, slots=True)
class Key:
    """How a key's value is read, and where it goes in our settings; nowhere: other keys ask for it.

    A `file` is made absolute. An N in the path is the broker's place, from 0.
    """

    read: Callable[[str], Any] = text
    path: tuple[Step, ...] = ()
    file: bool = False


_BOTH: Final[dict[str, Key]] = {
    "main_collective": Key(path=("collective",)),
    "collectives": Key(names, ("collectives",)),
    "identity": Key(path=("identity",)),
    "direct_addressing": Key(boolean, ("direct_addressing",)),
    "connector": Key(word(*CONNECTORS, advice="connector is activemq or rabbitmq"), ("connector",)),
    "plugin.CONNECTOR.pool.size": Key(pool_size),
    "plugin.CONNECTOR.pool.N.host": Key(path=("brokers", "N", "host")),
    "plugin.CONNECTOR.pool.N.port": Key(integer, ("brokers", "N", "port")),
    "plugin.CONNECTOR.pool.N.user": Key(path=("brokers", "N", "user")),
    "plugin.CONNECTOR.pool.N.password": Key(path=("brokers", "N", "password")),
    "plugin.CONNECTOR.pool.N.ssl": Key(boolean, ("brokers", "N", "ssl")),
    "plugin.CONNECTOR.pool.N.ssl.ca": Key(one_file, ("brokers", "N", "tls", "ca"), file=True),
    "plugin.CONNECTOR.pool.N.ssl.cert": Key(path=("brokers", "N", "tls", "certificate"), file=True),
    "plugin.CONNECTOR.pool.N.ssl.key": Key(path=("brokers", "N", "tls", "key"), file=True),
    "plugin.CONNECTOR.vhost": Key(path=("vhost",)),
    "plugin.CONNECTOR.randomize": Key(boolean, ("randomize",)),
    "plugin.CONNECTOR.agents_multiplex": Key(boolean, ("agents_multiplex",)),
    "plugin.CONNECTOR.heartbeat_interval": Key(heartbeat, ("heartbeat",)),
    "plugin.CONNECTOR.connect_timeout": Key(seconds, ("connect_timeout",)),
    "plugin.CONNECTOR.max_reconnect_delay": Key(seconds, ("reconnect_max",)),
    "plugin.CONNECTOR.base64": Key(only(wanted=False, advice="bodies travel as they are; 0 for all peers")),
    "plugin.CONNECTOR.prompt_user": Key(only(wanted=False, advice="nobody is asked here; write pool.N.user")),
    "plugin.CONNECTOR.prompt_password": Key(only(wanted=False, advice="nobody is asked here; write pool.N.password")),
    "plugin.activemq.priority": Key(integer, ("priority",)),
    "plugin.rabbitmq.use_reply_exchange": Key(boolean, ("reply_exchange",)),
    "securityprovider": Key(word("psk", "ssl", advice="securityprovider is psk or ssl, for all peers")),
    "plugin.psk": Key(path=("psk", "key")),
    "plugin.psk.callertype": Key(path=("psk", "caller")),
    "plugin.ssl_server_public": Key(path=("ssl", "server_public"), file=True),
    "plugin.ssl_serializer": Key(
        word("yaml", "marshal", advice="plugin.ssl_serializer is yaml or marshal, for all peers"),
        ("ssl", "serializer"),
    ),
    "plugin.ssl.enforce_ttl": Key(only(wanted=True, advice="a time that was changed is always refused; leave it out")),
}

_SERVERS: Final[dict[str, Key]] = {
    "plugin.ssl_server_private": Key(path=("ssl", "server_private"), file=True),
    "plugin.ssl_client_cert_dir": Key(path=("ssl", "client_cert_dir"), file=True),
    "classesfile": Key(path=("classes",), file=True),
    "factsource": Key(word("yaml", advice="write the facts to a YAML file and name it: plugin.yaml = FILE")),
    "plugin.yaml": Key(path=("facts",)),
    "rpcaudit": Key(boolean),
    "rpcauditprovider": Key(),
    "plugin.rpcaudit.logfile": Key(path=("audit",), file=True),
    "rpcauthorization": Key(boolean, ("policies", "all_agents")),
    "rpcauthprovider": Key(),
    "plugin.actionpolicy.allow_unconfigured": Key(policy_boolean, ("policies", "allow_unconfigured")),
    "plugin.actionpolicy.enable_default": Key(policy_boolean),
    "plugin.actionpolicy.default_name": Key(path=("policies", "default")),
    "registration": Key(
        word("agentlist", "meta", advice="registration is agentlist or meta"), ("registration", "content")
    ),
    "registerinterval": Key(seconds, ("registration", "interval")),
    "registration_collective": Key(path=("registration", "collective")),
    "registration_splay": Key(boolean, ("registration", "splay")),
    "activate_agents": Key(only(wanted=True, advice="switch each off: plugin.AGENT.activate_agent = 0")),
    "plugin.AGENT.activate_agent": Key(boolean),
}

_CLIENTS: Final[dict[str, Key]] = {
    "plugin.ssl_client_private": Key(path=("ssl", "client_private"), file=True),
    "plugin.ssl_client_public": Key(path=("ssl", "client_public"), file=True),
    "ttl": Key(seconds, ("ttl",)),
    "direct_addressing_threshold": Key(integer, ("direct_threshold",)),
}

USED: Final[Mapping[type[Settings], Mapping[str, Key]]] = MappingProxyType({
    ServerSettings: MappingProxyType(_BOTH | _SERVERS),
    ClientSettings: MappingProxyType(_BOTH | _CLIENTS),
})  # fmt: skip
"""What either side has a use for; what only the other side uses is ignored."""

IGNORED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "our log goes to stderr": (
        "logfile", "keeplogs", "max_log_size", "loglevel", "logfacility", "logger_type",
    ),
    "how Ruby's daemon runs": (
        "daemonize", "libdir", "threaded", "soft_shutdown", "soft_shutdown_timeout", "fact_cache_time",
        "connection_timeout", "publish_timeout",
    ),
    "how `mco` looks and asks": (
        "color", "rpclimitmethod", "default_discovery_method", "default_discovery_options", "discovery_timeout",
        "default_batch_size", "default_batch_sleep_time", "plugin.rpc.graph",
    ),
    "means nothing to MCollective 2.12 either": (
        "topicprefix", "topicsep", "queueprefix", "rpchelptemplate", "helptemplatedir",
    ),
    "the security plugin that is not spoken here": (
        "ssl_cipher", "plugin.aes.serializer", "plugin.aes.send_pubkey", "plugin.aes.learn_pubkeys",
        "plugin.aes.insecure_learning", "plugin.aes.ca_cert", "plugin.aes.enforce_ttl", "plugin.aes.client_cert_dir",
        "plugin.aes.client_private", "plugin.aes.client_public", "plugin.aes.server_private",
        "plugin.aes.server_public",
    ),
    "we reconnect in our own way, for ever": (
        "plugin.CONNECTOR.initial_reconnect_delay", "plugin.CONNECTOR.use_exponential_back_off",
        "plugin.CONNECTOR.back_off_multiplier", "plugin.CONNECTOR.max_reconnect_attempts", "plugin.CONNECTOR.backup",
        "plugin.CONNECTOR.timeout", "plugin.CONNECTOR.max_hbread_fails", "plugin.CONNECTOR.max_hbrlck_fails",
    ),
    "STOMP 1.1 is always spoken, a broker's certificate always verified": (
        "plugin.CONNECTOR.stomp_1_0_fallback", "plugin.CONNECTOR.pool.N.ssl.fallback",
        "plugin.CONNECTOR.pool.N.ssl.ciphers",
    ),
})  # fmt: skip
"""Keys of MCollective that say nothing to us, by the reason why."""

KNOWN: Final = frozenset({*_BOTH, *_SERVERS, *_CLIENTS, *(key for keys in IGNORED.values() for key in keys)})

PLUGINS: Final = frozenset({*CONNECTORS, "psk", "ssl", "yaml", "rpcaudit", "actionpolicy", "aes"})
"""Plugins whose keys are all known here; what another plugin's are is its own affair."""

DEFAULTS: Final[Mapping[str, str]] = MappingProxyType({
    "connector": "activemq",
    "main_collective": "mcollective",
    "collectives": "mcollective",
    "securityprovider": "psk",
    "plugin.ssl_serializer": "marshal",
    "classesfile": "/var/lib/puppet/state/classes.txt",
    "rpcaudit": "0",
    "rpcauditprovider": "",
    "plugin.rpcaudit.logfile": "/var/log/puppetlabs/mcollective/mcollective-audit.log",
    "rpcauthorization": "0",
    "rpcauthprovider": "",
    "plugin.actionpolicy.enable_default": "0",
    "plugin.actionpolicy.default_name": "default",
    "registerinterval": "0",
    "registration_splay": "0",
})  # fmt: skip
"""What MCollective takes where nothing is said: where our own default is another, and for keys that others ask for."""

REQUIRED: Final[Mapping[tuple[type[Settings], str], tuple[str, ...]]] = MappingProxyType({
    (ServerSettings, "psk"): ("plugin.psk",),
    (ClientSettings, "psk"): ("plugin.psk",),
    (ServerSettings, "ssl"): (
        "plugin.ssl_server_private", "plugin.ssl_server_public", "plugin.ssl_client_cert_dir",
    ),
    (ClientSettings, "ssl"): (
        "plugin.ssl_client_private", "plugin.ssl_client_public", "plugin.ssl_server_public",
    ),
})  # fmt: skip
"""What a security plugin cannot do without."""

SWITCHES: Final[Mapping[str, str]] = MappingProxyType({
    "plugin.rpcaudit.logfile": "rpcaudit",
    "plugin.actionpolicy.default_name": "plugin.actionpolicy.enable_default",
    "registration_splay": "registration_splay",
})  # fmt: skip
"""Keys that count only where another one is on."""

PROVIDERS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "rpcauthorization": ("rpcauthprovider", "action_policy"),
    "rpcaudit": ("rpcauditprovider", "logfile"),
})  # fmt: skip
"""What a switch needs: which key must be which word."""

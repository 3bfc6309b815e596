"""Which security plugin and which serializer the settings ask for: one row for each.

Rule: nobody else asks which plugin it is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from agents.mcollective.security import CallerEnd, HostEnd
from agents.mcollective.security.psk import PskCaller, PskHost
from agents.mcollective.security.ssl_plugin import SslCaller, SslHost
from agents.mcollective.serializers import Limits, Serializer
from agents.mcollective.serializers.psych import YAML
from agents.mcollective.serializers.ruby_marshal import MARSHAL
from agents.mcollective.settings import ClientSettings, SerializerName, ServerSettings

SERIALIZERS: Final[Mapping[SerializerName, Serializer]] = MappingProxyType({"yaml": YAML, "marshal": MARSHAL})
MAX_VALUES: Final = 5_000
"""Of one request and of its body: some thousand names of hosts, and never more than 50 ms for both."""


def caller_end(settings: ClientSettings) -> CallerEnd:
    """A client's end; KeyFileError where a key cannot be used."""
    limits = Limits(settings.max_message_bytes)
    if settings.ssl is not None:
        return SslCaller(settings.ssl, SERIALIZERS[settings.ssl.serializer], limits)
    assert settings.psk is not None  # the settings have one of the two
    return PskCaller(settings.psk, settings.identity, limits)


def host_end(settings: ServerSettings) -> HostEnd:
    """A server's end; KeyFileError where a key cannot be used."""
    limits = Limits(settings.max_message_bytes, values=MAX_VALUES)
    if settings.ssl is not None:
        return SslHost(settings.ssl, SERIALIZERS[settings.ssl.serializer], limits)
    assert settings.psk is not None  # the settings have one of the two
    return PskHost(settings.psk, settings.identity, limits)

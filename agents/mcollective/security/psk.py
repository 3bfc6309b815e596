"""MCollective's psk security plugin: one key that all know, and Marshal.

Rule: the digest is checked before a body is parsed. It proves that the sender has the key, never who it is: whoever has
the key can be anybody, and what `callerid` says is a claim. Use ssl where that matters.
"""

import grp
import hashlib
import hmac
import os
import pwd
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from agents.mcollective.errors import MessageError
from agents.mcollective.keys import KeyFileError, load_secret
from agents.mcollective.message import (
    Reply,
    Request,
    Signed,
    read_reply,
    read_request,
    reply_envelope,
    request_envelope,
)
from agents.mcollective.security.binding import agree, bind, of_reply, of_request
from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.ruby_marshal import MARSHAL
from agents.mcollective.settings import CallerType, SharedKey

_CLAIMS: Final[Mapping[CallerType, Callable[[str], object]]] = MappingProxyType({
    "uid": lambda _identity: os.getuid(),
    "gid": lambda _identity: os.getgid(),
    "user": lambda _identity: pwd.getpwuid(os.getuid()).pw_name,
    "group": lambda _identity: grp.getgrgid(os.getgid()).gr_name,
    "identity": lambda identity: identity,
})  # fmt: skip


class Psk:
    """Both ends at once; `identity` is this host's or client's own."""

    def __init__(self, shared: SharedKey, identity: str, limits: Limits) -> None:
        self.name = f"{shared.caller}={_CLAIMS[shared.caller](identity)}"
        self._key = _key(shared)
        self._limits = limits

    def seal_request(self, request: Request) -> bytes:
        """The request on the wire, in this process's name."""
        named = replace(request, caller=self.name)
        return MARSHAL.encode(request_envelope(named, self._signed(named.body, of_request(named)), MARSHAL))

    def open_request(self, payload: bytes) -> Request:
        """The request in untrusted bytes; MessageError where it cannot be believed."""
        request, signed = read_request(MARSHAL.decode(payload, self._limits))
        body = self._believed(signed, of_request(request), f"a request in the name of {request.caller}")
        return replace(request, body=body, signature=signed.signature.encode())

    def seal_reply(self, reply: Reply) -> bytes:
        """The reply on the wire."""
        return MARSHAL.encode(reply_envelope(reply, self._signed(reply.body, of_reply(reply)), MARSHAL))

    def open_reply(self, payload: bytes) -> Reply:
        """The reply in untrusted bytes; MessageError where it cannot be believed."""
        reply, signed = read_reply(MARSHAL.decode(payload, self._limits))
        body = self._believed(signed, of_reply(reply), f"a reply in the name of {reply.sender}")
        return replace(reply, body=body)

    def _signed(self, body: Any, fields: Mapping[Symbol, Any]) -> Signed:
        encoded = MARSHAL.encode(bind(body, fields))
        return Signed(encoded, self._digest(encoded))

    def _believed(self, signed: Signed, fields: Mapping[Symbol, Any], whose: str) -> Any:
        """The body, whose digest fits and which says the same as the envelope; MessageError else."""
        if not hmac.compare_digest(self._digest(signed.body).encode(), signed.signature.encode()):
            raise MessageError("bad signature", whose)
        body = MARSHAL.decode(signed.body, self._limits)
        agree(body, fields)
        return body

    def _digest(self, body: bytes) -> str:
        # MD5 over body and key is MCollective's choice and part of its wire.
        return hashlib.md5(body + self._key).hexdigest()  # noqa: S324 - see above


class PskCaller:
    """A client's end."""

    def __init__(self, shared: SharedKey, identity: str, limits: Limits) -> None:
        plugin = Psk(shared, identity, limits)
        self.name = plugin.name
        self.seal = plugin.seal_request
        self.open = plugin.open_reply


class PskHost:
    """A server's end."""

    def __init__(self, shared: SharedKey, identity: str, limits: Limits) -> None:
        plugin = Psk(shared, identity, limits)
        self.name = plugin.name
        self.seal = plugin.seal_reply
        self.open = plugin.open_request
        self.announce = plugin.seal_request


def _key(shared: SharedKey) -> bytes:
    key = shared.key.get_secret_value() if shared.key_file is None and shared.key else ""
    key = key if shared.key_file is None else load_secret(shared.key_file)
    if not key:
        raise KeyFileError(f"{shared.key_file or 'plugin.psk'}: the key is empty; write one into its first line")
    return key.encode()

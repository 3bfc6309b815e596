"""MCollective's ssl security plugin: every caller has a key pair, all hosts share one.

Rule: a caller is the name of the public key that fits; what an envelope says of time is believed only where the signed
body says the same.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from msgspec.structs import replace

from agents.mcollective.errors import MessageError
from agents.mcollective.keys import KeyFileError, load_private, load_public, sign, verified
from agents.mcollective.message import (
    CALLER,
    NAME,
    Reply,
    Request,
    Signed,
    names,
    read_reply,
    read_request,
    reply_envelope,
    request_envelope,
)
from agents.mcollective.security.binding import agree, bind, of_reply, of_request
from agents.mcollective.serializers import Limits, Serializer, Symbol
from agents.mcollective.settings import ClientKeys, ServerKeys

_MESSAGE: Final = Symbol("ssl_msg")
_TTL: Final = Symbol("ssl_ttl")
_TIME: Final = Symbol("ssl_msgtime")


class SslCaller:
    """A client's end: signs requests with its own key, takes replies signed with the servers' shared key."""

    def __init__(self, keys: ClientKeys, serializer: Serializer, limits: Limits) -> None:
        self.name = caller_name(keys.client_public)
        self._private = load_private(keys.client_private)
        self._servers = load_public(keys.server_public)
        self._serializer = serializer
        self._limits = limits

    def seal(self, request: Request) -> bytes:
        """The request on the wire, in this caller's name."""
        return _sealed(replace(request, caller=self.name), self._private, self._serializer)

    def open(self, payload: bytes) -> Reply:
        """The reply in untrusted bytes; MessageError where it cannot be believed."""
        reply, signed = read_reply(self._serializer.decode(payload, self._limits))
        if verified(self._servers, signed.body, signed.signature) is None:
            raise MessageError("bad signature", f"a reply in the name of {reply.sender}")
        body = self._serializer.decode(signed.body, self._limits)
        agree(body, of_reply(reply))
        return replace(reply, body=body)


class SslHost:
    """A server's end: takes requests signed by a known caller, signs replies with the servers' shared key."""

    def __init__(self, keys: ServerKeys, serializer: Serializer, limits: Limits) -> None:
        load_public(keys.server_public)
        self.name = caller_name(keys.server_public)
        self._private = load_private(keys.server_private)
        self._callers = _Callers(keys.client_cert_dir)
        self._serializer = serializer
        self._limits = limits

    def open(self, payload: bytes) -> Request:
        """The request in untrusted bytes; MessageError where it cannot be believed."""
        request, signed = read_request(self._serializer.decode(payload, self._limits))
        signature = verified(self._callers.key(request.caller), signed.body, signed.signature)
        if signature is None:
            raise MessageError("bad signature", f"a request in the name of {request.caller}")
        body = self._serializer.decode(signed.body, self._limits)
        names(body, "body")
        agree({_TTL: None, _TIME: None} | body, {_TTL: request.ttl, _TIME: request.time})
        agree(body, of_request(request))
        return replace(request, body=body.get(_MESSAGE), signature=signature)

    def seal(self, reply: Reply) -> bytes:
        """The reply on the wire."""
        body = self._serializer.encode(bind(reply.body, of_reply(reply)))
        signed = Signed(body, sign(self._private, body))
        return self._serializer.encode(reply_envelope(reply, signed, self._serializer))

    def announce(self, request: Request) -> bytes:
        """A request of the host itself on the wire."""
        return _sealed(replace(request, caller=self.name), self._private, self._serializer)


def _sealed(request: Request, key: RSAPrivateKey, serializer: Serializer) -> bytes:
    wrapped: dict[Symbol, Any] = {_MESSAGE: request.body, _TTL: request.ttl, _TIME: request.time}
    body = serializer.encode(bind(wrapped, of_request(request)))
    return serializer.encode(request_envelope(request, Signed(body, sign(key, body)), serializer))


def caller_name(public: Path) -> str:
    """What the owner of that public key file is called."""
    name = f"cert={public.name.removesuffix('.pem')}"
    if CALLER.fullmatch(name) is None:
        raise KeyFileError(f"{public}: a key's file name may have letters, digits and _ . - only")
    return name


@dataclass(frozen=True, slots=True)
class _Known:
    key: RSAPublicKey
    stamp: tuple[int, int, int]


class _Callers:
    """The callers' public keys, each read once and when its file changes; without its file a caller is unknown."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def key(self, caller: str) -> RSAPublicKey:
        kind, _, name = caller.partition("=")
        if kind != "cert" or NAME.fullmatch(name) is None:
            raise MessageError("unknown caller", f"{caller}: only cert=NAME is known here")
        path = self._directory / f"{name}.pem"
        try:
            status = path.stat()
            stamp = status.st_ino, status.st_mtime_ns, status.st_size
            return self._fresh(name, path, stamp)
        except (OSError, KeyFileError) as error:
            raise MessageError("unknown caller", f"{caller}: {error}") from None

    def _fresh(self, name: str, path: Path, stamp: tuple[int, int, int]) -> RSAPublicKey:
        with self._lock:
            known = self._known.get(name)
            if known is None or known.stamp != stamp:
                known = self._known[name] = _Known(load_public(path), stamp)
            return known.key

"""Who says so: MCollective's ssl security plugin with YAML, as bytes from and to the wire.

Rule: the signature is checked over the exact text of the body before that text is parsed; a caller is the name of the
public key that fits, and what an envelope says of time is believed only where the signed body says the same.

MCollective signs neither a request's id nor whose a reply is, so that an old answer fits any question. Both ends here
say these inside the signed body too, in fields that Ruby ignores; where they are they must agree with the envelope.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from agents.mcollective.codec import Limits, Symbol, decode, encode
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
from agents.mcollective.settings import ClientKeys, ServerKeys

_MESSAGE: Final = Symbol("ssl_msg")
_TTL: Final = Symbol("ssl_ttl")
_TIME: Final = Symbol("ssl_msgtime")
_REQUEST_ID: Final = Symbol("ssl_requestid")
_SENDER: Final = Symbol("ssl_senderid")


class Caller:
    """A client's end: signs requests with its own key, takes replies signed with the servers' shared key."""

    def __init__(self, keys: ClientKeys, limits: Limits) -> None:
        self.name = caller_name(keys.client_public)
        self._private = load_private(keys.client_private)
        self._servers = load_public(keys.server_public)
        self._limits = limits

    def seal(self, request: Request) -> bytes:
        """The request on the wire, in this caller's name."""
        body = encode(
            {
                _MESSAGE: request.body,
                _TTL: request.ttl,
                _TIME: request.time,
                _REQUEST_ID: request.request_id,
            }
        )
        named = replace(request, caller=self.name)
        return encode(request_envelope(named, Signed(body, sign(self._private, body)))).encode()

    def open(self, payload: bytes) -> Reply:
        """The reply in untrusted bytes; MessageError where it cannot be believed."""
        reply, signed = read_reply(decode(payload, self._limits))
        if verified(self._servers, signed.body, signed.signature) is None:
            raise MessageError("bad signature", f"a reply in the name of {reply.sender}")
        body = decode(signed.body, self._limits)
        if isinstance(body, dict):
            _agree(body, {_REQUEST_ID: reply.request_id, _SENDER: reply.sender})
        return replace(reply, body=body)


class Host:
    """A server's end: takes requests signed by a known caller, signs replies with the servers' shared key."""

    def __init__(self, keys: ServerKeys, limits: Limits) -> None:
        load_public(keys.server_public)
        self._private = load_private(keys.server_private)
        self._callers = _Callers(keys.client_cert_dir)
        self._limits = limits

    def open(self, payload: bytes) -> Request:
        """The request in untrusted bytes; MessageError where it cannot be believed."""
        request, signed = read_request(decode(payload, self._limits))
        signature = verified(self._callers.key(request.caller), signed.body, signed.signature)
        if signature is None:
            raise MessageError("bad signature", f"a request in the name of {request.caller}")
        body = decode(signed.body, self._limits)
        names(body, "body")
        _agree(
            {_TTL: None, _TIME: None} | body,
            {
                _TTL: request.ttl,
                _TIME: request.time,
                _REQUEST_ID: request.request_id,
            },
        )
        return replace(request, body=body.get(_MESSAGE), signature=signature)

    def seal(self, reply: Reply) -> bytes:
        """The reply on the wire."""
        named = {_REQUEST_ID: reply.request_id, _SENDER: reply.sender}
        body = encode(reply.body | named if isinstance(reply.body, dict) else reply.body)
        return encode(reply_envelope(reply, Signed(body, sign(self._private, body)))).encode()


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


def _agree(signed: Mapping[Any, Any], envelope: Mapping[Symbol, Any]) -> None:
    for name, value in envelope.items():
        if name in signed and signed[name] != value:
            raise MessageError("tampered", f"{name.removeprefix('ssl_')} is not the one that was signed")

"""The envelope and the SimpleRPC bodies as values, and their forms as the hashes of symbols that Ruby expects.

Rule: what comes in is checked type by type before it becomes a value; unknown keys are ignored, as Ruby ignores them.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from agents.mcollective.errors import MessageError
from agents.mcollective.serializers import Serializer, Symbol

OK, ABORTED, UNKNOWN_ACTION, MISSING_DATA, INVALID_DATA, UNKNOWN_ERROR = range(6)
"""SimpleRPC's status codes."""

CALLER: Final = re.compile(r"(?P<type>\w{1,100})=(?P<name>[\w.-]{1,200})", re.ASCII)
NAME: Final = re.compile(r"[A-Za-z0-9_][\w.-]{0,199}", re.ASCII)
MAX_INTEGER: Final = 2**53


class Request(Struct, frozen=True):
    """What a caller asks of the hosts its filter lets through. `time`: s since the epoch, `ttl`: s; `body`: decoded."""

    agent: str
    body: Any
    sender: str
    request_id: str
    caller: str
    collective: str
    filter: Mapping[str, Any]
    ttl: int
    time: int
    signature: bytes = b""


class Reply(Struct, frozen=True):
    """What one host answers."""

    agent: str
    body: Any
    sender: str
    request_id: str
    time: int


class Signed(Struct, frozen=True):
    """A body as it travels inside an envelope: serialized, with the signature over exactly these bytes."""

    body: bytes
    signature: str


class Call(Struct, frozen=True):
    """SimpleRPC's request body. Without `process_results` nobody waits for an answer."""

    agent: str
    action: str
    caller: str
    data: Mapping[str, Any]
    process_results: bool = True


class Result(Struct, frozen=True):
    """SimpleRPC's reply body: status 0 is done, else `text` says why not.

    `data` is a hash, by its keys' names; a few agents of old answer with a bare text instead.
    """

    status: int
    text: str
    data: Any


def request_envelope(request: Request, signed: Signed, serializer: Serializer) -> dict[Symbol, Any]:
    """The request as the hash that travels."""
    return _symbols(
        {
            "body": serializer.embed(signed.body),
            "senderid": request.sender,
            "requestid": request.request_id,
            "filter": dict(request.filter),
            "collective": request.collective,
            "agent": request.agent,
            "callerid": request.caller,
            "ttl": request.ttl,
            "msgtime": request.time,
            "hash": signed.signature,
        }
    )


def reply_envelope(reply: Reply, signed: Signed, serializer: Serializer) -> dict[Symbol, Any]:
    """The reply as the hash that travels."""
    return _symbols(
        {
            "senderid": reply.sender,
            "requestid": reply.request_id,
            "senderagent": reply.agent,
            "msgtime": reply.time,
            "body": serializer.embed(signed.body),
            "hash": signed.signature,
        }
    )


def read_request(envelope: Any) -> tuple[Request, Signed]:
    """The request in a decoded envelope, without its body, which is not to be believed yet."""
    fields = names(envelope, "envelope")
    request = Request(
        agent=_name(fields, "agent"),
        body=None,
        sender=_name(fields, "senderid"),
        request_id=_name(fields, "requestid"),
        caller=_matching(fields, "callerid", CALLER),
        collective=_name(fields, "collective"),
        filter=_filter(fields),
        ttl=_integer(fields, "ttl"),
        time=_integer(fields, "msgtime"),
    )
    return request, Signed(_bytes(fields, "body"), _text(fields, "hash"))


def read_reply(envelope: Any) -> tuple[Reply, Signed]:
    """The reply in a decoded envelope, without its body, which is not to be believed yet."""
    fields = names(envelope, "envelope")
    reply = Reply(
        agent=_name(fields, "senderagent"),
        body=None,
        sender=_name(fields, "senderid"),
        request_id=_name(fields, "requestid"),
        time=_integer(fields, "msgtime"),
    )
    return reply, Signed(_bytes(fields, "body"), _text(fields, "hash"))


def call_body(call: Call) -> dict[Symbol, Any]:
    """The call as SimpleRPC's hash."""
    data = _symbols(dict(call.data) | {"process_results": call.process_results})
    return _symbols({"agent": call.agent, "action": call.action, "caller": call.caller, "data": data})


def read_call(body: Any) -> Call:
    """The call in a decoded body; keys may be strings or symbols."""
    fields = names(body, "body")
    data = dict(names(fields.get("data"), "body.data"))
    wanted = data.pop("process_results", True)
    return Call(_name(fields, "agent"), _name(fields, "action"), _text(fields, "caller"), data, wanted is not False)


def result_body(result: Result) -> dict[Symbol, Any]:
    """The result as SimpleRPC's hash."""
    data = _symbols(result.data) if isinstance(result.data, Mapping) else result.data
    return _symbols({"statuscode": result.status, "statusmsg": result.text, "data": data})


def read_result(body: Any) -> Result:
    """The result in a decoded body; keys may be strings or symbols."""
    fields = names(body, "body")
    data = fields.get("data")
    told = names(data, "body.data") if isinstance(data, dict) else data
    return Result(_integer(fields, "statuscode"), _text(fields, "statusmsg"), told)


_NAMES: Final = frozenset({str, Symbol})


def names(value: Any, what: str) -> dict[str, Any]:
    """A hash by its keys' names, be they strings or symbols; MessageError where it is none, or has one name twice."""
    if not isinstance(value, dict) or not _NAMES.issuperset(map(type, value)):
        raise MessageError("malformed", f"{what} should be a hash of names")
    fields = {str(key): of for key, of in value.items()}
    if len(fields) < len(value):
        raise MessageError("malformed", f"{what} has a name both as string and as symbol")
    return fields


def _symbols(fields: Mapping[str, Any]) -> dict[Symbol, Any]:
    return {Symbol(name): value for name, value in fields.items()}


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, bytes):
        return _decoded(value, name)
    if not isinstance(value, str):
        raise MessageError("malformed", f"{name} should be a string")
    return value


def _decoded(value: bytes, name: str) -> str:
    """Ruby's strings without an encoding, such as a message of an exception from the operating system."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise MessageError("malformed", f"{name} is not UTF-8") from None


def _bytes(fields: Mapping[str, Any], name: str) -> bytes:
    value = fields.get(name)
    return value if isinstance(value, bytes) else _text(fields, name).encode(errors="surrogatepass")


def _matching(fields: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(fields, name)
    if pattern.fullmatch(value) is None:
        raise MessageError("malformed", f"{name} should match {pattern.pattern}")
    return value


def _name(fields: Mapping[str, Any], name: str) -> str:
    return _matching(fields, name, NAME)


def _integer(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_INTEGER:
        raise MessageError("malformed", f"{name} should be a whole number, 0 or more")
    return value


def _filter(fields: Mapping[str, Any]) -> dict[str, Any]:
    return names(fields.get("filter"), "filter")

"""What MCollective leaves unsigned, said once more inside the signed body, in fields that Ruby ignores.

Rule: where such a field is there it must agree with the envelope. So a captured request or answer of ours fits no other
question, host or caller; Ruby's peers neither send nor read the fields.

MCollective signs neither a request's id, agent and filter nor whose a reply is, and with psk neither time nor caller.
"""

from collections.abc import Mapping
from typing import Any, Final

from agents.mcollective.errors import MessageError
from agents.mcollective.message import Reply, Request
from agents.mcollective.serializers import Symbol

_REQUEST: Final = Symbol("signed_requestid")
_SENDER: Final = Symbol("signed_senderid")
_CALLER: Final = Symbol("signed_callerid")
_COLLECTIVE: Final = Symbol("signed_collective")
_AGENT: Final = Symbol("signed_agent")
_FILTER: Final = Symbol("signed_filter")
_TTL: Final = Symbol("signed_ttl")
_TIME: Final = Symbol("signed_msgtime")


def of_request(request: Request) -> dict[Symbol, Any]:
    """What a request's envelope says that must be so."""
    return {
        _REQUEST: request.request_id,
        _SENDER: request.sender,
        _CALLER: request.caller,
        _COLLECTIVE: request.collective,
        _AGENT: request.agent,
        _FILTER: dict(request.filter),
        _TTL: request.ttl,
        _TIME: request.time,
    }


def of_reply(reply: Reply) -> dict[Symbol, Any]:
    """What a reply's envelope says that must be so."""
    return {_REQUEST: reply.request_id, _SENDER: reply.sender}


def bind(body: Any, fields: Mapping[Symbol, Any]) -> Any:
    """The body with the fields in it; a body that is no hash has no room for them."""
    return {**body, **fields} if isinstance(body, dict) else body


def agree(body: Any, fields: Mapping[Symbol, Any]) -> None:
    """MessageError where the signed body contradicts the envelope."""
    if not isinstance(body, dict):
        return
    for name, value in fields.items():
        if body.get(name, value) != value:
            raise MessageError("tampered", f"{name} is not what the envelope says")

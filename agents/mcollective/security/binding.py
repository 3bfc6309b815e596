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

PREFIX: Final = "signed_"


def of_request(request: Request) -> dict[str, Any]:
    """What a request's envelope says that must be so."""
    return {
        "requestid": request.request_id,
        "senderid": request.sender,
        "callerid": request.caller,
        "collective": request.collective,
        "agent": request.agent,
        "filter": dict(request.filter),
        "ttl": request.ttl,
        "msgtime": request.time,
    }


def of_reply(reply: Reply) -> dict[str, Any]:
    """What a reply's envelope says that must be so."""
    return {"requestid": reply.request_id, "senderid": reply.sender}


def bind(body: Any, fields: Mapping[str, Any]) -> Any:
    """The body with the fields in it; a body that is no hash has no room for them."""
    if not isinstance(body, dict):
        return body
    return body | {Symbol(PREFIX + name): value for name, value in fields.items()}


def agree(body: Any, fields: Mapping[str, Any], prefix: str = PREFIX) -> None:
    """MessageError where the signed body contradicts the envelope."""
    if not isinstance(body, dict):
        return
    for name, value in fields.items():
        if body.get(Symbol(prefix + name), value) != value:
            raise MessageError("tampered", f"{name} is not the one that was signed")

"""The URIs by which hypervisors reach each other."""

import pytest
from pydantic import ValidationError

from agents.transport import Transport


@pytest.mark.parametrize(
    ("transport", "address", "uri"),
    [
        (Transport(), "hv2", "xen://hv2/system"),
        (Transport(transport="tcp", port=16509), "10.0.0.2", "xen+tcp://10.0.0.2:16509/system"),
        (Transport(transport="ssh", user="xen"), "fd00::2", "xen+ssh://xen@[fd00::2]/system"),
    ],
)
def test_a_uri_is_made_of_transport_user_address_and_port(transport: Transport, address: str, uri: str) -> None:
    assert transport.uri(address) == uri


@pytest.mark.parametrize("user", ["-oProxyCommand=evil", "a b", "Root", ""])
def test_a_user_that_could_mean_something_else_is_refused(user: str) -> None:
    with pytest.raises(ValidationError):
        Transport(user=user)

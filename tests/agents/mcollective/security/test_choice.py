"""The settings say which plugin and which serializer, and the other end must say the same."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agents.mcollective.errors import DecodeError
from agents.mcollective.security.choice import caller_end, host_end
from agents.mcollective.settings import ClientKeys, ClientSettings, ServerKeys, ServerSettings
from tests.wire import say


@pytest.fixture
def ends(server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path) -> dict[str, Any]:
    """The settings of both ends, by what they are called."""
    psk = {"psk": {"key": "s3cret"}}
    server = {
        name: ServerSettings(policies={"directory": tmp_path}, **keys)
        for name, keys in {
            "psk": psk,
            "yaml": {"ssl": server_keys},
            "marshal": {"ssl": server_keys.model_copy(update={"serializer": "marshal"})},
        }.items()
    }
    client = {
        name: ClientSettings(**keys)
        for name, keys in {
            "psk": psk,
            "yaml": {"ssl": client_keys},
            "marshal": {"ssl": client_keys.model_copy(update={"serializer": "marshal"})},
        }.items()
    }
    return {"server": server, "client": client}


@pytest.mark.parametrize("name", ["psk", "yaml", "marshal"])
def test_both_ends_of_one_kind_understand_each_other(ends: dict[str, Any], name: str) -> None:
    caller, host = caller_end(ends["client"][name]), host_end(ends["server"][name])

    assert host.open(caller.seal(say())).caller == caller.name


@pytest.mark.parametrize(("theirs", "ours"), [("yaml", "marshal"), ("marshal", "yaml"), ("psk", "yaml")])
def test_a_message_of_the_other_serializer_is_damaged(ends: dict[str, Any], theirs: str, ours: str) -> None:
    payload = caller_end(ends["client"][theirs]).seal(say())

    with pytest.raises(DecodeError):
        host_end(ends["server"][ours]).open(payload)


def test_neither_plugin_and_both_are_refused(client_keys: ClientKeys) -> None:
    with pytest.raises(ValidationError, match="one security plugin is wanted"):
        ClientSettings()
    with pytest.raises(ValidationError, match="one security plugin is wanted"):
        ClientSettings.model_validate({"ssl": client_keys, "psk": {"key": "s3cret"}})

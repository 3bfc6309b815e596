"""Where a command finds what it needs to ask hosts."""

from pathlib import Path

import pytest

from agents.commands import arguments
from agents.commands.arguments import client_settings
from agents.documents import DocumentError
from agents.errors import UsageError

CFG = """\
identity = admin
connector = activemq
plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = localhost
securityprovider = psk
plugin.psk = s3cret
"""


def test_a_file_of_mcollectives_own_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "client.cfg").write_text(CFG)
    (tmp_path / ".mcollective").write_text(CFG)

    assert [client_settings(tmp_path / name).identity for name in ("client.cfg", ".mcollective")] == ["admin", "admin"]


def test_of_the_balancers_configuration_the_wire_alone_counts(tmp_path: Path) -> None:
    (tmp_path / "client.cfg").write_text(CFG)
    file = tmp_path / "balancer.yaml"
    file.write_text("mode: active\nhosts: [{name: hv1}]\nmcollective: client.cfg\n")

    assert client_settings(file).identity == "admin"


def test_what_is_wrong_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "client.yaml"
    file.write_text("mcollective: {identity: '../x', psk: {key: s3cret}}\n")

    with pytest.raises(DocumentError, match=r"client\.yaml:1:25: wrong-value: mcollective\.identity"):
        client_settings(file)


def test_without_a_name_the_first_file_there_is_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "client.cfg").write_text(CFG)
    monkeypatch.setattr(arguments, "CLIENTS", (tmp_path / "none.yaml", tmp_path / "client.cfg"))
    assert client_settings(None).identity == "admin"

    monkeypatch.setattr(arguments, "CLIENTS", (tmp_path / "none.yaml",))
    with pytest.raises(UsageError, match=r"there is none of \S+none\.yaml; name yours with --config"):
        client_settings(None)

"""A configuration names MCollective's own file instead of repeating it."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BeforeValidator

from agents.documents import Document, DocumentError, load
from agents.mcollective.cfg.field import from_client_cfg
from agents.mcollective.settings import ClientSettings

CFG = """\
identity = balancer
connector = rabbitmq
plugin.rabbitmq.pool.size = 1
plugin.rabbitmq.pool.1.host = localhost
securityprovider = psk
plugin.psk = s3cret
"""


class Config(Document):
    mcollective: Annotated[ClientSettings, BeforeValidator(from_client_cfg)]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "client.cfg").write_text(CFG)
    file = tmp_path / "config.yaml"
    file.write_text("mcollective: client.cfg\n")
    return file


def test_the_file_stands_beside_the_one_that_names_it(config: Path) -> None:
    settings = load(config, Config).mcollective

    assert (settings.identity, settings.connector, settings.psk is not None) == ("balancer", "rabbitmq", True)


def test_settings_may_be_written_out_as_well(config: Path) -> None:
    config.write_text("mcollective: {identity: balancer, psk: {key: s3cret}}\n")

    assert load(config, Config).mcollective.connector == "activemq"


def test_what_is_wrong_in_the_named_file_is_told_with_its_place_there(config: Path, tmp_path: Path) -> None:
    (tmp_path / "client.cfg").write_text(CFG + "identiti = x\n")

    with pytest.raises(DocumentError, match=r"client\.cfg:7:1: "):
        load(config, Config)

"""Arguments that several commands have, and the files behind them."""

import argparse
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, ConfigDict

from agents.documents import Document, load
from agents.errors import UsageError
from agents.mcollective.cfg.documents import read_client
from agents.mcollective.cfg.field import from_client_cfg
from agents.mcollective.settings import ClientSettings

DEFAULT_CONFIG: Final = Path("/etc/xen-balancer/agent.yaml")

CLIENTS: Final = (
    Path("~/.mcollective").expanduser(),
    Path("/etc/xen-balancer/client.yaml"),
    Path("/etc/xen-balancer/balancer.yaml"),
    Path("/etc/mcollective/client.cfg"),
)
"""Where a command that asks hosts looks when nobody says `--config`."""


class ClientConfig(Document):
    """The part of a configuration that a client needs; it may be the balancer's, whose other keys are its own."""

    model_config = ConfigDict(extra="ignore")

    mcollective: Annotated[ClientSettings, BeforeValidator(from_client_cfg)]


def add_config(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """`--config` of the agent; `config_file` says which it is."""
    parser.add_argument(
        "--config", type=Path, default=default, metavar="F", help=f"configuration (default: {DEFAULT_CONFIG})"
    )


def config_file(options: argparse.Namespace) -> Path:
    """The agent's configuration that was named, or the one that every host has."""
    return options.config or DEFAULT_CONFIG


def add_client_config(parser: argparse.ArgumentParser) -> None:
    """`--config` of a command that asks hosts."""
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="F",
        help="a client's configuration: client.cfg of MCollective, or YAML with `mcollective:`",
    )


def client_settings(path: Path | None) -> ClientSettings:
    """The settings in that file, or in the first there is; DocumentError, or UsageError where there is none."""
    path = path or next((each for each in CLIENTS if each.is_file()), None)
    if path is None:
        raise UsageError(f"no configuration: there is none of {', '.join(map(str, CLIENTS))}; name yours with --config")
    if path.suffix == ".cfg" or path.name == ".mcollective":
        return read_client(path)
    return load(path, ClientConfig).mcollective

"""The key `mcollective:` of a configuration where it names a file of MCollective's own instead of holding the settings.

Rule: what the file says goes the same way as what is written out; its mistakes are told with their place in it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from agents.mcollective.cfg.documents import client_document, server_document


def from_server_cfg(value: Any, info: ValidationInfo) -> Any:
    """The settings in the `server.cfg` that is named, or the value as it is; DocumentError where it cannot be read."""
    return _read(value, info, server_document)


def from_client_cfg(value: Any, info: ValidationInfo) -> Any:
    """The settings in the `client.cfg` that is named, or the value as it is; DocumentError where it cannot be read."""
    return _read(value, info, client_document)


def _read(value: Any, info: ValidationInfo, read: Callable[[Path], dict[str, Any]]) -> Any:
    if not isinstance(value, str | Path):
        return value
    folder: Path = (info.context or {}).get("folder", Path())
    return read(folder / value)

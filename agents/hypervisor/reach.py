"""Whether the libvirt behind a URI can be reached from here, by TCP.

Rule: it is connected to and nothing is said, so nobody is disturbed and nothing is proved but the way. Whoever asks for
many is answered for all of them, in the time of the slowest.
"""

import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from agents.hypervisor.patience import Patience

SECONDS: Final = 3.0
AT_ONCE: Final = 64

PORTS: Final[Mapping[str, int]] = MappingProxyType({"tls": 16514, "tcp": 16509, "ssh": 22, "libssh": 22, "libssh2": 22})
"""By transport; libvirt's own is tls."""


def place(uri: str) -> tuple[str, int]:
    """Host and port of a libvirt URI; ValueError where it has no host, or nobody knows its transport's port."""
    parts = urlsplit(uri)
    port = parts.port or PORTS.get(parts.scheme.partition("+")[2] or "tls")
    if not parts.hostname or port is None:
        raise ValueError(f"{uri} names no host that could be reached by TCP")
    return parts.hostname, port


def obstacle(uri: str, seconds: float = SECONDS) -> str:
    """Why it cannot be reached, for people; empty where it can.

    So many seconds are waited for its address, and again for the connection.
    """
    try:
        host, port = place(uri)
    except ValueError as error:
        return str(error)
    try:
        addresses = Patience(seconds).call(partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        return f"{host} cannot be resolved: no answer within {seconds:g} s; look at this host's DNS"
    except (OSError, UnicodeError) as error:
        return f"{host} cannot be resolved: {_words(error)}"
    why = ""
    for family, kind, protocol, _, address in addresses:
        why = _unconnected((family, kind, protocol), address, seconds / len(addresses))
        if not why:
            return ""
    return f"{host}:{port} cannot be reached: {why}"


def _unconnected(socket_kind: tuple[int, int, int], address: Any, seconds: float) -> str:
    """Why nothing is connected to; empty where something is."""
    try:
        with socket.socket(*socket_kind) as line:
            line.settimeout(seconds)
            line.connect(address)
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    except OSError as error:
        return _words(error)
    return ""


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def obstacles(uris: Iterable[str]) -> dict[str, str]:
    """The same for each of them."""
    wanted = tuple(dict.fromkeys(uris))
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reach") as pool:
        return dict(zip(wanted, pool.map(obstacle, wanted), strict=True))

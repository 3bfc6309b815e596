"""Whether the libvirt behind a URI can be reached from here, by TCP.

Rule: it is connected to and nothing is said, so nobody is disturbed and nothing is proved but the way. Whoever asks for
many is answered for all of them, in the time of the slowest.
"""

import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

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
    """Why it cannot be reached, for people; empty where it can."""
    try:
        host, port = place(uri)
    except ValueError as error:
        return str(error)
    try:
        socket.create_connection((host, port), seconds).close()
    except TimeoutError:
        return f"{host}:{port} cannot be reached: no answer within {seconds:g} s"
    except OSError as error:
        return f"{host}:{port} cannot be reached: {error.strerror or error}"
    return ""


def obstacles(uris: Iterable[str]) -> dict[str, str]:
    """The same for each of them."""
    wanted = tuple(dict.fromkeys(uris))
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reach") as pool:
        return dict(zip(wanted, pool.map(obstacle, wanted), strict=True))

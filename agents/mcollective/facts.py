"""What a host knows of itself: facts and classes from configuration management's files, and facts of its own.

Rule: files are looked at when they are asked for and read again only when they changed; one that cannot be read leaves
what was known before, and says so once. Leaves are texts as Ruby would write them, lists and mappings stay.
"""

import json
import logging
import os
import platform
import re
import socket
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

import psutil

from agents.mcollective.errors import DecodeError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.serializers import Limits, Regexp
from agents.mcollective.serializers.psych import decode

LOG: Final = RateLimitedLog(logging.getLogger(__name__))
MAX_BYTES: Final = 1024 * 1024
"""Of one file."""

Read = TypeVar("Read")
_Stamp = tuple[int, int, int] | None
_UNSEEN: Final = (-1, -1, -1)


class FactFiles:
    """YAML files of facts; of two files that name the same fact the later one wins."""

    def __init__(self, paths: Sequence[Path], log: RateLimitedLog = LOG) -> None:
        self._files = [_Watched[dict[str, Any]](path, _facts, {}, log) for path in paths]

    def read(self) -> Mapping[str, Any]:
        """The facts as the files have them now, by name."""
        return {name: value for file in self._files for name, value in file.read().items()}


class ClassesFile:
    """The file in which configuration management lists a host's classes, one a line; no path, no classes."""

    def __init__(self, path: Path | None, log: RateLimitedLog = LOG) -> None:
        self._files = [_Watched[tuple[str, ...]](path, _lines, (), log)] if path else []

    def read(self) -> tuple[str, ...]:
        """The classes as the file has them now, in its order."""
        return tuple(name for file in self._files for name in file.read())


@dataclass(slots=True)
class _Watched(Generic[Read]):
    """A file and what was understood of it when it last changed."""

    path: Path
    understand: Callable[[bytes], Read]
    value: Read
    log: RateLimitedLog
    stamp: _Stamp = _UNSEEN
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> Read:
        with self.lock:
            stamp = _stamp(self.path)
            if stamp != self.stamp:
                self.stamp = stamp
                self._read()
            return self.value

    def _read(self) -> None:
        try:
            self.value = self.understand(_content(self.path))
        except (OSError, DecodeError) as error:
            self.log.say(f"{self.path}: not read", f"{error}; what was known before stays, correct the file")


def _stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _content(path: Path) -> bytes:
    # Not blocking: a FIFO is refused, not waited for.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise DecodeError("damaged", "no regular file")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DecodeError("too large", f"more than {MAX_BYTES} bytes")
    return content


def _facts(content: bytes) -> dict[str, Any]:
    facts = decode(content, Limits(size=MAX_BYTES))
    if not isinstance(facts, dict):
        raise DecodeError("damaged", "a mapping of facts is wanted")
    return {str(name): _as_texts(value) for name, value in facts.items()}


def _as_texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_texts(element) for element in value]
    if isinstance(value, dict):
        return {str(name): _as_texts(element) for name, element in value.items()}
    return _TEXTS.get(type(value), str)(value)


def _float(number: float) -> str:
    mantissa, *exponent = repr(number).split("e")
    return "e".join([mantissa if "." in mantissa else f"{mantissa}.0", *exponent])


_TEXTS: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType({
    type(None): lambda _: "",
    bool: json.dumps,
    float: _float,
    bytes: lambda value: value.decode(errors="replace"),
    Regexp: lambda value: value.source,
})  # fmt: skip


def _lines(content: bytes) -> tuple[str, ...]:
    lines = content.decode(errors="replace").split("\n")
    return tuple(line.removesuffix("\r") for line in lines[: len(lines) - (not lines[-1])])


def own_facts(root: Path = Path("/")) -> dict[str, str]:
    """What the machine says of itself without a network, by Facter's names; what it does not tell is left out.

    `root` is where its proc, sys and etc are.
    """
    told = {**_names(root), **_system(root), **_resources(root), **_virtualization(root), "ipaddress": _address()}
    return {name: value for name, value in told.items() if value}


def _names(root: Path) -> dict[str, str]:
    name = socket.gethostname()
    aliases = (alias for line in _text(root / "etc/hosts") for alias in line.partition("#")[0].split()[1:])
    full = name if "." in name else next((alias for alias in aliases if alias.startswith(f"{name}.")), name)
    return {"hostname": name.partition(".")[0], "fqdn": full}


def _system(root: Path) -> dict[str, str]:
    release = dict(_assignment(line) for line in _text(root / "etc/os-release") if "=" in line)
    name = _DISTRIBUTIONS.get(release.get("ID", ""), release.get("NAME", ""))
    machine = platform.machine()
    return {
        "kernel": platform.system(),
        "kernelrelease": platform.release(),
        "hardwaremodel": machine,
        "architecture": "amd64" if machine == "x86_64" and name in _OF_DEBIAN else machine,
        "operatingsystem": name,
        "operatingsystemrelease": release.get("VERSION_ID", ""),
    }


def _assignment(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip().strip("\"'")


def _resources(root: Path) -> dict[str, str]:
    uptime = next(iter(_text(root / "proc/uptime")), "").partition(".")[0]
    return {
        "processorcount": str(os.cpu_count() or ""),
        "memorysize_mb": f"{psutil.virtual_memory().total / 2**20:.2f}",
        "uptime_seconds": uptime,
    }


def _virtualization(root: Path) -> dict[str, str]:
    """Xen tells what it is; of other hypervisors no more is known than that there is one."""
    flags = " ".join(line for line in _text(root / "proc/cpuinfo") if line.startswith("flags"))
    guest = re.search(r"\bhypervisor\b", flags) is not None
    if not _is_xen(root):
        return {"virtual": "" if guest else "physical", "is_virtual": _TEXTS[bool](guest)}
    return {"virtual": "xen0", "is_virtual": "false"} if _is_dom0(root) else {"virtual": "xenu", "is_virtual": "true"}


def _is_xen(root: Path) -> bool:
    return (root / "proc/xen/capabilities").exists() or _text(root / "sys/hypervisor/type") == ["xen"]


def _is_dom0(root: Path) -> bool:
    features = "".join(_text(root / "sys/hypervisor/properties/features"))
    in_control = "control_d" in " ".join(_text(root / "proc/xen/capabilities"))
    return in_control or (re.fullmatch("[0-9a-f]+", features) is not None and int(features, 16) & _DOM0_FEATURE != 0)


def _address() -> str:
    addresses = (one for interface in psutil.net_if_addrs().values() for one in interface)
    ours = (one.address for one in addresses if one.family == socket.AF_INET and not one.address.startswith("127."))
    return next(ours, "")


def _text(path: Path) -> list[str]:
    """The lines of one of the kernel's or the distribution's little files; none where it is not there."""
    try:
        return _content(path).decode(errors="replace").splitlines()
    except (OSError, DecodeError):
        return []


_DOM0_FEATURE: Final = 1 << 11
_OF_DEBIAN: Final = frozenset({"Debian", "Ubuntu"})
_DISTRIBUTIONS: Final = MappingProxyType({
    "debian": "Debian", "ubuntu": "Ubuntu", "rhel": "RedHat", "centos": "CentOS", "fedora": "Fedora",
    "rocky": "Rocky", "almalinux": "AlmaLinux", "ol": "OracleLinux", "alpine": "Alpine", "gentoo": "Gentoo",
    "sles": "SLES", "opensuse-leap": "OpenSuSE", "arch": "Archlinux",
})  # fmt: skip

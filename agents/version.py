"""Which version is installed: agents, language and balancer come as one."""

from importlib import metadata


def version() -> str:
    """The version that is installed."""
    try:
        return metadata.version("xen-balancer")
    except metadata.PackageNotFoundError:
        return "(not installed)"

"""What an installation brings along: `rules/`, beside the source or where shared data is put.

Rule: `rules/` is data, not a package; nobody else looks for it.
"""

import sysconfig
from pathlib import Path
from typing import Final

from balancer.errors import UsageError

DEFAULT: Final = "default.rules"


def shipped(name: str) -> Path:
    """The path of a rule file that comes with the balancer; UsageError where the installation lacks it."""
    beside = Path(__file__).parent.parent / "rules"
    installed = Path(sysconfig.get_path("data")) / "share" / "xen-balancer" / "rules"
    for folder in (beside, installed):
        if (folder / name).is_file():
            return folder / name
    raise UsageError(f"{name} is neither in {beside} nor in {installed}; name a rule file of your own")

"""What ends a command of the agents' side, and with which exit code.

Rule: whatever goes wrong is one line on stderr, never a traceback. 0 done, 1 findings, 2 usage or configuration,
3 fabric, 4 hypervisor.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from agents.book import BookError
from agents.documents import DocumentError
from agents.hypervisor import HypervisorError
from agents.mcollective.connector.connection import FabricError
from agents.mcollective.errors import MessageError
from agents.mcollective.keys import KeyFileError
from agents.mcollective.roster import LoadError
from agents.output import printed


class UsageError(Exception):
    """A command that cannot be carried out as it was asked; the message says what to do."""


EXIT_CODES: Final[Mapping[type[Exception], int]] = MappingProxyType({
    UsageError: 2,
    DocumentError: 2,
    KeyFileError: 2,
    LoadError: 2,
    BookError: 2,
    MessageError: 2,
    FabricError: 3,
    HypervisorError: 4,
})  # fmt: skip


def guarded(program: str, run: Callable[[], int]) -> int:
    """The exit code of `run`, or of the error that ended it, which is told.

    What is logged goes nowhere until `run` says where to: what a person must know is printed.
    """
    logging.lastResort = logging.NullHandler()
    return printed(program, lambda: _carried_out(program, run))


def _carried_out(program: str, run: Callable[[], int]) -> int:
    try:
        return run()
    except tuple(EXIT_CODES) as error:
        message = str(error) if isinstance(error, DocumentError) else f"{program}: {error}"
        sys.stderr.write(f"{message}\n")
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except KeyboardInterrupt:
        return 130

"""What can go wrong, as an operator meets it, and the exit code each has.

    UsageError          2   the call cannot be carried out as written
    DocumentError       2   a file that a person writes is wrong
    KeyFileError        2   a key or password file that cannot be used
    RulesError          2   rules that cannot be run with
    JournalError        2   the state directory cannot be used
    MetricsError        2   the metrics' address cannot be listened on
    ControlRefusedError 2   the daemon refuses
    ControlError        3   no daemon answers
    FarmError           3   the fabric does not carry
    FabricError         3   no broker can be reached
    HypervisorError     4   the hypervisor does not answer

Rule: a refusal is a value, a surprise an exception; every message has a place and a way out, and nobody sees a
traceback.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    FABRIC = 3
    HYPERVISOR = 4


class UsageError(Exception):
    """The call cannot be carried out as written; the message says what to write."""

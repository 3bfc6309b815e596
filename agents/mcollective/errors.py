"""What can be wrong with bytes that somebody sent: one exception, caught where it is counted.

Rule: `reason` is one of a few words, for a counter and a metric's label; the message is for the log and may quote.
"""


class MessageError(Exception):
    """A message that is not taken."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class DecodeError(MessageError):
    """Bytes that are no YAML of the kind and size that is read here."""

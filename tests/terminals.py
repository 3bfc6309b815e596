"""What a program wrote on a terminal.

Rule: the other end is closed first and the screen read to its end; one read may give any part of what was written.
"""

import os


def remaining(screen: int) -> bytes:
    """What is shown next on a terminal; nothing once nobody holds its other end any more."""
    try:
        return os.read(screen, 65536)
    except OSError:
        return b""


def all_shown(screen: int) -> str:
    """Everything still to be read of a terminal whose other end is closed."""
    return b"".join(iter(lambda: remaining(screen), b"")).decode()

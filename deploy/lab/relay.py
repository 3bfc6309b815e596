"""From a hypervisor of the lab to one port of this machine: QEMU runs `relay.py PORT` for each connection.

Rule: bytes both ways until either side has ended. QEMU hands over a socket as standard input.
"""

import shutil
import socket
import sys
import threading
from contextlib import suppress


def pour(source: socket.socket, target: socket.socket) -> None:
    """Everything from one to the other, and its end."""
    with source.makefile("rb", 0) as incoming, target.makefile("wb", 0) as outgoing, suppress(OSError):
        shutil.copyfileobj(incoming, outgoing)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def between(one: socket.socket, other: socket.socket) -> None:
    """Both ways, until the end of both."""
    with one, other:
        back = threading.Thread(target=pour, args=(other, one))
        back.start()
        pour(one, other)
        back.join()


if __name__ == "__main__":
    between(socket.socket(fileno=sys.stdin.fileno()), socket.create_connection(("127.0.0.1", int(sys.argv[1]))))

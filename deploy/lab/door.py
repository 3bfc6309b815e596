"""Runs a shell command in a hypervisor of the lab: `door.py PORT COMMAND < INPUT`; ends with the command's exit code.

Rule: the other end is files/lab-door. What the command printed comes when it has ended, both streams as one; input from
a terminal is none. 255 where nobody answers.
"""

import json
import socket
import sys


def through(port: int, command: str, given: bytes, seconds: float) -> tuple[int, bytes]:
    """Exit code and output of the command; OSError where nobody answers for that long."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as door:
        door.sendall(json.dumps({"command": command, "input": len(given)}).encode() + b"\n" + given)
        with door.makefile("rb") as answer:
            code = answer.readline()
            if not code:
                raise ConnectionResetError("it hung up: is the hypervisor still starting?")
            return int(code), answer.read()


def main() -> int:
    """What the command line says."""
    given = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    try:
        code, output = through(int(sys.argv[1]), sys.argv[2], given, 300)
    except OSError as error:
        sys.stderr.write(f"127.0.0.1:{sys.argv[1]}: {error}\n")
        return 255
    sys.stdout.buffer.write(output)
    return code


if __name__ == "__main__":
    sys.exit(main())

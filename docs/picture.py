"""Draws docs/demo.svg: what `xen-balancer demo --rounds 13` really prints on a terminal, as it printed it.

Rule: nothing is drawn that was not printed; only the paths of the machine it ran on are shortened.
"""

import os
import pty
import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 136
PICTURE = Path(__file__).parent / "demo.svg"


def printed(command: list[str]) -> str:
    """Everything that a command prints on a terminal of this width."""
    os.environ |= {"COLUMNS": str(WIDTH), "LINES": "50", "TERM": "xterm-256color"}
    chunks: list[bytes] = []

    def read(descriptor: int) -> bytes:
        chunk = os.read(descriptor, 65536)
        chunks.append(chunk)
        return chunk

    pty.spawn(command, read)
    return b"".join(chunks).decode()


def settled(output: str) -> list[str]:
    """The lines that stay: what the live line wrote and took back again is dropped."""
    lines = (line.rpartition("\x1b[2K")[2] for line in output.replace("\r", "").split("\n"))
    here = re.escape(str(Path(__file__).parents[1]) + "/")
    short = (re.sub(rf"{here}|/\S*/(?=xen-balancer-demo)", "", line) for line in lines)
    return [line for line in short if not re.fullmatch(r"(\x1b\[[\d;?]*\w|round \d+ in \S+ s|\s)*", line)]


def main() -> None:
    """Run the demo and draw it."""
    output = printed([sys.executable, "-m", "balancer.cli", "demo", "--rounds", "13"])
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, highlight=False)
    for line in settled(output):
        console.print(Text.from_ansi(line), soft_wrap=False)
    picture = console.export_svg(title="make demo")
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Files that no person wrote, by what is wrong with them, each with the code of the finding that it earns first."""

from collections.abc import Mapping
from typing import Final

HOSTILE: Final[Mapping[str, tuple[bytes, str]]] = {
    "5,000 brackets": (b"freeze when " + b"(" * 5000, "too-deep"),
    "5,000 balanced brackets": (b"freeze when " + b"(" * 5000 + b"a" + b")" * 5000, "too-deep"),
    "a power": (b"freeze when 9**9**9 > 3", "syntax"),
    "10 MB of a name": (b"let " + b"a" * 10_000_000, "too-big"),
    "1 MB of a name": (b"let " + b"a" * 1_000_000, "syntax"),
    "1 MB of a text": (b'drain host "' + b"a" * 1_000_000 + b'"', "syntax"),
    "1 MB of quotes": (b"drain host " + b'"' * 1_000_000, "too-long"),
    "1 MB on a line": (b"freeze when a" + b" or a" * 200_000, "too-long"),
    "100,000 times not": (b"freeze when " + b"not " * 100_000 + b"a", "too-long"),
    "100,000 budgets": (b"limit 1" + b", 1" * 100_000, "too-long"),
    "100,000 statements": (b"drain a\n" * 100_000, "too-many"),
    "80,000 indented lines": (b" every 30 s\n" * 80_000, "syntax"),
    "a statement that never comes": (b"# every 30 s, why\n" * 50_000 + b"drain", "syntax"),
    "a statement amid 100,000 comments": (b"rule r\n" + b"  # why\n" * 100_000 + b"  when a", "syntax"),
    "45,000 comments that allow nothing": (b"# allow: redundant why\n" * 45_000, "too-many"),
    "NUL": (b"every 30 s\0", "encoding"),
    "a million NULs": (b"\0" * 1_000_000, "encoding"),
    "BOM": (b"\xef\xbb\xbfevery 30 s", "encoding"),
    "UTF-16": ("every 30 s".encode("utf-16"), "encoding"),
    "Latin-1": ("drain host “ü”".encode("cp1252"), "encoding"),
    "half a surrogate": (b"# \xed\xa0\x80", "encoding"),
    "line ends of old Macs": (b"# all\revery 30 s\rlimit 1\r", "encoding"),
    "U+2028": ("# all\u2028every 30 s".encode(), "encoding"),
    "U+0085": ("# all\u0085every 30 s".encode(), "encoding"),
    "the other direction": ('drain host "a\u202eb"'.encode(), "encoding"),
    "what a terminal obeys": (b"# \x1b[2J\nevery 30 s", "encoding"),
    "form feeds": (b"\f\v", "encoding"),
}

MISTAKEN: Final[Mapping[str, tuple[bytes, str]]] = {
    "4,900 time zones": (b"window daily 00:00-10:00 Europe/Pariss\n" * 4_900, "unknown-zone"),
    "4,900 sets that nobody names": (b"".join(b"let a%d = vms in b%d\n" % (n, n) for n in range(4_900)), "unknown-set"),
    "700 windows in 700 forbidden hours": (
        b"".join(
            b"never move vms during mon 00:%02d-12:%02d UTC\nwindow mon 01:%02d-12:00 UTC\n" % (n % 60, n // 60, n % 60)
            for n in range(700)
        ),
        "never-opens",
    ),
}
"""Files that read, and are all mistakes."""

HARMLESS: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "1 MB of blanks": b" " * 1_000_000,
    "100 kB of blank lines": b"\n" * 100_000,
    "1 MB of a comment": b"#" * 1_000_000,
    "100 kB of comments": b"#\n" * 50_000,
    "tabs and blanks mixed": b"rest\tvm  5 min\n \t,\n\t host 0 s",
    "line ends of Windows": b"every 30 s\r\n\r\n# a\r\ndrain host hv7\r\n",
    "200 alternatives": b"freeze when reports < 1%" + b" or reports < 1%" * 200,
    "comments in a statement": b"drain\n" + b"  # why\n" * 10_000 + b"  hosts",
}
"""Files that are odd and may be read all the same."""

"""Whole statements to begin with.

Rule: one row each; `${1:…}` is a place to fill in, as editors have it. Filled in as it stands, a body is a good
statement.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Snippet:
    """A statement with places to fill in."""

    label: str
    says: str
    body: str


SNIPPETS: Final = (
    Snippet("rule … until", "relieve a busy host down to a lower mark",
            "rule ${1:relieve}\n"
            "  when  host.${2:cpu} > ${3:85%} for ${4:3 rounds}\n"
            "  move  vm   by most ${5:cpu}\n"
            '  to    host by least after.cpu   where after.cpu < ${6:65%}     as "max load"\n'
            '                                  where after.memory < ${7:95%}  as "max memory"\n'
            "  until source.${2:cpu} < ${8:70%}\n$0"),
    Snippet("let … = vms", "name a set of VMs", 'let ${1:db} = vms tagged "${2:db}"\n$0'),
    Snippet("let … = hosts", "name a set of hosts", 'let ${1:licensed} = hosts tagged "${2:oracle}"\n$0'),
    Snippet("keep … apart", "never two of them on one host", 'keep vms tagged "${1:db}" apart\n$0'),
    Snippet("keep … on", "they run there only", 'keep vms tagged "${1:oracle}" on hosts tagged "${2:oracle}"\n$0'),
    Snippet("never move", "VMs that stay where they are", 'never move vms tagged "${1:pet}" except ${2:drains}\n$0'),
    Snippet("drain host", "empty a host", 'drain host "${1:hv7}"\n$0'),
)  # fmt: skip

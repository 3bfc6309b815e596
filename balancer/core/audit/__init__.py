"""What an author did not mean, as only a farm can tell: sets of nobody, tags that hosts lack, walls without room.

Rule: told of one observation, and certain of that one. Hosts that are silent may be anything, so nothing is said that
they could put right.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from balancer.core.audit.absent import absent, unreported, untagged
from balancer.core.audit.clashes import clashes
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.model import Observation
from dsl.findings import SHOWN, Finding
from dsl.ruleset import Ruleset

ANALYSES: Final[tuple[Callable[[Ruleset, Sets], Iterator[Finding]], ...]] = (absent, untagged, unreported, clashes)


def audit(rules: Ruleset, observation: Observation) -> Iterator[Finding]:
    """The findings of rules that have no error, on a farm as it was observed; of each analysis as many as are told."""
    sets = Sets.of(rules.lets, Projection(observation))
    for analysis in ANALYSES:
        yield from islice(analysis(rules, sets), SHOWN)

"""The statement `keep`: who may be whose neighbour.

Rule: a keep may stand broken from the start; no move breaks one, and none makes a broken one worse. How broken it is,
its strays say: by where each VM is, or is bound for.
"""

from collections.abc import Collection, Iterable

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.walls.keeps.apart import ApartFrom, AtMost
from balancer.core.walls.keeps.beside import Beside, On, Together
from balancer.core.walls.keeps.keep import KeepWall
from balancer.core.walls.wall import Wall
from dsl.syntax import Keep


def broken(walls: Iterable[Wall], reported: Projection, in_transit: Collection[str]) -> int:
    """How many strays there are by the reports, over all keeps of these walls but those `in_transit`, by their text."""
    keeps = (wall for wall in walls if isinstance(wall, KeepWall))
    return sum(wall.strays(reported) for wall in keeps if wall.text not in in_transit)


def keep_wall(keep: Keep, sets: Sets, destination: int | None = None) -> KeepWall:
    """The wall that a `keep` statement builds; `destination` is where its group goes, once it has begun to move."""
    members = sets.members(keep.vms).possible
    text, line, relation = keep.text, keep.span.line, keep.relation
    match relation.how:
        case "apart":
            return AtMost(members, 1, sets.domains("host"), text, line)
        case "at_most" if relation.count is not None and relation.per is not None:
            return AtMost(members, relation.count, sets.domains(relation.per), text, line)
        case "apart_from" if relation.other is not None:
            return ApartFrom(members, sets.members(relation.other).possible, text, line)
        case "with" if relation.other is not None:
            return Beside(members, sets.members(relation.other).true, text, line)
        case "on" if relation.other is not None:
            return On(members, sets.members(relation.other).true, text, line)
        case "together":
            return Together(members, text, line, destination)
    raise AssertionError(f"the checker refuses what is not built: {text}")

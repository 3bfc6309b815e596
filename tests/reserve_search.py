"""The best that moves can make of a reserve on a small farm, by looking at all: what plans are measured against.

It reckons on its own, without the core. Hosts and VMs are so few that all placements can be gone through.
"""

from tests.farms import Farm

Homes = dict[str, str]
"""Where each VM is, by name."""


def free(made: Farm, at: Homes, host: str) -> float:
    """Memory that no VM holds, MiB."""
    return made.hosts[host].memory - sum(made.vms[vm].memory for vm in at if at[vm] == host)


def shortfall(made: Farm, at: Homes) -> float:
    """Memory of the fullest host's VMs that finds no room elsewhere, the largest put first, where it leaves least."""
    lost = max(made.hosts, key=lambda host: made.hosts[host].memory - free(made, at, host))
    room = [free(made, at, host) for host in made.hosts if host != lost]
    left = 0.0
    for size in sorted((made.vms[vm].memory for vm in at if at[vm] == lost), reverse=True):
        fitting = min((each for each in room if each >= size), default=None)
        if fitting is None:
            left += size
        else:
            room.remove(fitting)
            room.append(fitting - size)
    return left


def following(made: Farm, at: Homes) -> list[Homes]:
    """What one move makes of it that finds room, and leaves no more without."""
    moved = [{**at, vm: host} for vm in at for host in made.hosts if made.vms[vm].memory <= free(made, at, host)]
    return [each for each in moved if shortfall(made, each) <= shortfall(made, at)]


def least_shortfall(made: Farm, at: Homes) -> tuple[float, int]:
    """The best that moves can come to, and the fewest of them."""
    best, front, seen, length = (shortfall(made, at), 0), [at], {tuple(at.values())}, 0
    while front and best[0]:
        length += 1
        reached = {tuple(each.values()): each for homes in front for each in following(made, homes)}
        front = [homes for key, homes in reached.items() if key not in seen]
        seen |= reached.keys()
        best = min([best, *((shortfall(made, each), length) for each in front)])
    return best

"""May this caller do this here? ActionPolicy files as MCollective's plugin 2.2.0 has them, read at each request.

Rule: denied unless a policy says otherwise. A policy or a file of groups with one line that cannot be read denies
everything, and says where.
"""

import re
from pathlib import Path
from typing import Final

from agents.mcollective.authorization.lines import Decision, Policy, Request
from agents.mcollective.authorization.text import PolicyError, read_file
from agents.mcollective.node import Node
from agents.mcollective.settings import NAME, ActionPolicy

_NAME: Final = re.compile(NAME)
_BROKEN: Final = "until it is mended all is denied: “xen-balancer-agent policy check” names every mistake"


def authorize(settings: ActionPolicy, agent: str, caller: str, action: str, node: Node) -> Decision:
    """Whether the caller may have the action of one of the node's agents, and why; whatever the files hold."""
    ddl = node.agents.get(agent)
    declared = ddl.action(action) if ddl else None
    request = Request(caller, action, node, declared is not None and declared.explicit)
    if not (settings.all_agents or request.explicit or (ddl and ddl.authorized_by_policy)):
        return Decision(True, f"{agent} asks for no policy")  # noqa: FBT003 - the answer
    try:
        policy = policy_of(settings, agent)
    except PolicyError as error:
        return Decision(allowed=False, why=f"{error}; {_BROKEN}", is_broken=True)
    if policy is None:
        why = f"there is no {settings.directory / agent}.policy"
        return Decision(settings.allow_unconfigured and not request.explicit, why)
    return policy.decide(request, settings.allow_unconfigured)


def policy_of(settings: ActionPolicy, agent: str) -> Policy | None:
    """The agent's own policy, or the default one, or none; PolicyError where that one cannot be read in full."""
    names = [name for name in (agent, settings.default) if name is not None and _NAME.fullmatch(name)]
    files = (settings.directory / f"{name}.policy" for name in names)
    found = next(filter(_is_there, files), None)
    return None if found is None else read_file(found).sound()


def _is_there(file: Path) -> bool:
    """A file that may not be looked at is there, and denies by not being readable."""
    try:
        file.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True

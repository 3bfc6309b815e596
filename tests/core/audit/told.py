"""What an audit says of a small farm, a line each."""

from balancer.core.audit import audit
from tests.farms import Farm, Rounds
from tests.farms import rules as checked


def told(farm: Farm, text: str, *, silent: tuple[str, ...] = ()) -> list[str]:
    """`LINE code: message (hint)`, in the order of the file."""
    rounds = Rounds(farm, "every 30 s")
    rounds.next()
    observation = rounds.next(silent=silent).observation
    found = sorted(audit(checked(text), observation), key=lambda each: each.span.line)
    return [f"{each.span.line} {each.code}: {each.message}{f' ({each.hint})' if each.hint else ''}" for each in found]

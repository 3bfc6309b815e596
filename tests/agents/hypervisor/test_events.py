"""Which events a scenario can have, and what is refused."""

import typing

import pytest

from agents.hypervisor.events import SUBJECTS, Event, EventKind, begins_with
from agents.hypervisor.simulated.happenings import Happenings
from tests.agents.hypervisor.playing import complaints

HEAD = """\
format: scenario/1
hosts:
  - {name: hv1, cores: 8, memory: 32GiB}
  - {name: hv2, cores: 8, memory: 32GiB}
vms:
  - {name: web1, host: hv1, memory: 2GiB}
"""


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ("{round: 2, event: silent}", "“silent” happens to one host: write host: NAME"),
        ("{round: 2, vm: web1, event: silent}", "“silent” happens to one host: write host: NAME"),
        ("{round: 2, event: reboot}", "“reboot” happens to one host or vm: write host or vm: NAME"),
        ("{round: 2, host: hv1, vm: web1, event: reboot}", "“reboot” happens to one host or vm"),
        ("{round: 2, vm: web1, event: moved}", "“moved” needs the host it moves to: write to: NAME"),
        ("{round: 2, vm: web1, to: hv9, event: moved}", "no host of this scenario is named “hv9”"),
        (
            "{round: 2, vm: web1, event: destroyed}",
            "“destroyed” needs the host on which that happens: write host: NAME",
        ),
        ("{round: 2, host: hv1, event: destroyed}", "“destroyed” happens to one vm: write vm: NAME"),
        ("{round: 2, vm: web1, host: hv2, event: vm-stopped}", "“vm-stopped” happens to one vm: write vm: NAME"),
        ("{round: 2, vm: web1, to: hv2, event: vm-stopped}", "“vm-stopped” has no `to`"),
        ("{round: 0, host: hv1, event: silent}", "“0” is too small; at least 1"),
        ("{round: 2, host: hv1, event: silnt}", "“silnt” is none of 'silent', 'answers'"),
    ],
)
def test_an_event_must_name_to_whom_it_happens(event: str, complaint: str) -> None:
    found = complaints(f"{HEAD}events:\n  - {event}\n")
    assert len(found) == 1
    assert complaint in found[0]


def test_every_event_has_its_row_in_each_table() -> None:
    kinds = set(typing.get_args(EventKind))
    assert kinds == set(SUBJECTS) == set(Happenings._HAPPENS)


def test_who_begins_with_an_event_is_known_by_the_first_in_time() -> None:
    events = [Event(round=4, event="vm-started", vm="web1"), Event(round=2, event="vm-stopped", vm="web1")]
    assert begins_with(events, "vm", "vm-started", {"vm-stopped"}) == set()
    assert begins_with(events[:1], "vm", "vm-started", {"vm-stopped"}) == {"web1"}

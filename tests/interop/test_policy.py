"""ActionPolicy on our server, as stock `mco` meets it: read at each request, and nothing that is unclear allows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.interop import ours, stock
from tests.interop.questions import OURS
from tests.interop.stock import Cell
from tests.stage import Program
from tests.wire import eventually

DENIED: Final = (1, "You are not authorized to call this agent or action.")
DONE: Final = (0, "OK")

Asked = Callable[[str, str], tuple[int, str]]


@pytest.fixture(scope="module")
def program(own_cell: Cell) -> Iterator[Program]:
    with ours.server(own_cell, OURS) as program:
        yield program


@pytest.fixture
def policy(own_cell: Cell, program: Program) -> Iterator[Path]:
    """The witness's policy on our server, to be written."""
    file = own_cell.folder / OURS / "policies" / "witness.policy"
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def asked(own_cell: Cell, program: Program) -> Asked:
    """The status and its words for a caller that asks the witness to say something."""

    def ask(caller: str, action: str = "say") -> tuple[int, str]:
        words = ["text=hello"] if action in {"say", "note"} else []
        answer = stock.client(own_cell, caller).rpc("witness", action, *words, hosts=[OURS])[OURS]
        return answer["statuscode"], answer["statusmsg"]

    return ask


def line(cell: Cell, rest: str) -> str:
    """A line for the balancer, its columns told with spaces here."""
    return "\t".join(("allow", cell.caller_id("balancer"), *rest.split("  "))) + "\n"


def test_who_is_named_is_allowed_and_others_are_not(own_cell: Cell, policy: Path, asked: Asked) -> None:
    policy.write_text("policy default deny\n" + line(own_cell, "say  *  *"))

    assert asked("balancer", "say") == DONE
    assert asked("stranger", "say") == DENIED
    assert asked("balancer", "refuse") == DENIED


@pytest.mark.parametrize(
    ("rest", "answer"),
    [
        ("say  country=de  *", DONE),
        ("say  country=fr  *", DENIED),
        ("say  country=de customer=other  *", DENIED),
        ("say  *  xen", DONE),
        ("say  *  nosuch", DENIED),
        ("say  country=de  xen web", DONE),
        ("say  country=fr or xen", DONE),
        ("say  country=de and not xen", DENIED),
        ('say  fstat("/etc/passwd").present=1 and web', DONE),
        ("*  *  *", DONE),
    ],
)
def test_facts_and_classes_decide(
    own_cell: Cell, policy: Path, asked: Asked, rest: str, answer: tuple[int, str]
) -> None:
    policy.write_text("policy default deny\n" + line(own_cell, rest))

    assert asked("balancer", "say") == answer


def test_the_first_line_that_fits_decides(own_cell: Cell, policy: Path, asked: Asked) -> None:
    deny = line(own_cell, "say  *  *").replace("allow", "deny")

    policy.write_text("policy default allow\n" + deny + line(own_cell, "*  *  *"))

    assert asked("balancer", "say") == DENIED
    assert asked("stranger", "say") == DONE


def test_a_line_that_cannot_be_read_denies_all_and_is_named(own_cell: Cell) -> None:
    with ours.server(own_cell, "broken1") as program:
        file = own_cell.folder / "broken1" / "policies" / "witness.policy"
        file.write_text("policy default allow\n" + line(own_cell, "*  *  *") + "alow everybody everything\n")

        answer = stock.client(own_cell).rpc("witness", "say", "text=hello", hosts=["broken1"])["broken1"]

        assert (answer["statuscode"], answer["statusmsg"]) == DENIED
        assert eventually(lambda: f"{file}:3" in program.said), program.said


def test_no_policy_and_no_default_deny_all(own_cell: Cell, program: Program, asked: Asked) -> None:
    default = own_cell.folder / OURS / "policies" / "default.policy"
    everything = default.read_text()
    default.unlink()

    try:
        assert asked("balancer", "say") == DENIED
    finally:
        default.write_text(everything)
    assert asked("balancer", "say") == DONE


def test_what_is_denied_is_neither_done_nor_audited(own_cell: Cell, policy: Path, asked: Asked) -> None:
    policy.write_text("policy default deny\n")

    answer = asked("balancer", "note")

    assert answer == DENIED
    assert own_cell.notes(OURS) == ""
    assert "action=note" not in (own_cell.folder / OURS / "audit").read_text()

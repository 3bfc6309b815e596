from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from balancer.adapters.control import ControlRefusedError, ask, listening
from balancer.adapters.desk import ControlDesk, StatusBoard, commands
from balancer.adapters.journal_reader import Said
from balancer.adapters.rule_file import RuleFile
from balancer.core.figures.signals import VOCABULARY
from balancer.core.model import Drained, OrderState, Rejection
from balancer.ports import JournalError, OperatorActed, RoundLost, RulesRead
from dsl.syntax import Kind
from tests.adapters.samples import Memory, changed, decided, decision, order, streak

RULES = """\
rule relieve
  when  host.load > 0.4 for 3 rounds
  move  vm   by most cpu_time
  to    host by least load    where vms < 10    as "max VMs"
"""


@pytest.fixture
def journal() -> Memory:
    return Memory()


@pytest.fixture
def rules(tmp_path: Path) -> RuleFile:
    path = tmp_path / "farm.rules"
    path.write_text(RULES)
    return RuleFile(path, VOCABULARY, Memory())


@pytest.fixture
def desk(rules: RuleFile, journal: Memory) -> ControlDesk:
    return ControlDesk(rules, journal, lambda: 70.0, Said())


def test_a_pause_holds_at_once_and_is_written_down(desk: ControlDesk, journal: Memory) -> None:
    assert desk.paused() is None
    assert desk.pause("root", "power works") == desk.paused() == "paused by root: power works"
    assert journal.events == [OperatorActed("root", "pause", "power works")]


def test_a_pause_that_cannot_be_written_down_holds_all_the_same(desk: ControlDesk, journal: Memory) -> None:
    journal.failure = "disk full"
    with pytest.raises(JournalError, match="disk full"):
        desk.pause("root", "")
    assert desk.paused() == "paused by root"


def test_a_pause_whose_end_cannot_be_written_down_goes_on(desk: ControlDesk, journal: Memory) -> None:
    desk.pause("root", "")
    journal.failure = "disk full"
    with pytest.raises(JournalError, match="disk full"):
        desk.resume("root")
    assert desk.paused() == "paused by root"


def test_a_resume_ends_the_pause_and_is_written_down(desk: ControlDesk, journal: Memory) -> None:
    desk.pause("root", "")
    desk.resume("alice")
    assert (desk.paused(), desk.resumed()) == (None, 70.0)
    assert journal.events[-1] == OperatorActed("alice", "resume")


def test_what_went_wrong_too_often_pauses_as_an_operator_would(desk: ControlDesk, journal: Memory) -> None:
    desk.halt("3 moves failed within an hour")
    assert desk.paused() == "paused by xen-balancer: 3 moves failed within an hour"
    assert journal.events == [OperatorActed("xen-balancer", "pause", "3 moves failed within an hour")]


def test_it_does_so_where_it_cannot_be_written_down(desk: ControlDesk, journal: Memory) -> None:
    journal.failure = "disk full"
    desk.halt("3 moves failed within an hour")
    assert desk.paused() == "paused by xen-balancer: 3 moves failed within an hour"


def test_of_a_resume_and_a_pause_at_once_the_one_that_was_written_last_holds(
    desk: ControlDesk, journal: Memory
) -> None:
    for _ in range(200):
        both = [Thread(target=desk.pause, args=("root", "")), Thread(target=desk.resume, args=("alice",))]
        for each in both:
            each.start()
        for each in both:
            each.join()
        last = journal.events[-1]
        assert isinstance(last, OperatorActed)
        assert (desk.paused() is None) == (last.action == "resume")


def test_a_pause_of_the_last_daemon_still_holds(rules: RuleFile, journal: Memory) -> None:
    desk = ControlDesk(rules, journal, lambda: 70.0, Said("paused by root", 50.0))
    assert (desk.paused(), desk.resumed()) == ("paused by root", 50.0)


def test_an_operators_word_for_an_order_is_written_down_and_holds(desk: ControlDesk, journal: Memory) -> None:
    desk.resolve("root", "a-1-3-1", "failed")
    assert journal.events == [OperatorActed("root", "resolve", "a-1-3-1 failed")]
    assert [desk.resolutions(), desk.resolutions()] == [{"a-1-3-1": ("failed", "root")}] * 2


def test_a_word_that_cannot_be_written_down_was_not_said(desk: ControlDesk, journal: Memory) -> None:
    journal.failure = "disk full"
    with pytest.raises(JournalError, match="disk full"):
        desk.resolve("root", "a-1-3-1", "failed")
    assert desk.resolutions() == {}


def test_the_loop_ends_when_it_is_told_to(desk: ControlDesk) -> None:
    assert not desk.stopping()
    desk.stop()
    assert desk.stopping()


def test_the_rules_are_those_of_the_file(desk: ControlDesk) -> None:
    assert [rule.name for rule in desk.rules().rules] == ["relieve"]


def test_before_the_first_round_the_status_knows_its_mode() -> None:
    assert StatusBoard("dry-run").document(paused=None) == {
        "format": "status/1",
        "mode": "dry-run",
        "paused": None,
        "drained": [],
        "lost": None,
        "rules_problem": None,
        "round": None,
        "orders": [],
    }


def test_the_status_tells_the_last_round() -> None:
    board = StatusBoard("active")
    board.record(decided(decision(3, streaks=(streak("hypervisor3", 2),), sentence="no action", expected=3)))
    status = board.document(paused="paused by root")
    assert (status["mode"], status["paused"], status["round"], status["time"]) == ("active", "paused by root", 3, 60.0)
    assert (status["complete"], status["sentence"], status["rules"]) == (0.6667, "no action", "classic.rules")
    assert status["hosts"]["hypervisor3"] == {
        "load": 1.33,
        "cpu": 0.08,
        "vms": 1,
        "streak": 2,
        "streaks": {"relieve": 2},
    }


def test_the_status_tells_orders_as_they_stand_now() -> None:
    board = StatusBoard("active")
    board.record(decided(decision(3, orders=(order(name="old"),))))
    board.record(changed(OrderState.INTENT, name="new", started=61.0))
    assert [each["outcome"] for each in board.document(None)["orders"]] == ["under way", "under way"]
    board.record(changed(OrderState.DONE, name="old"))
    board.record(changed(OrderState.IN_DOUBT, name="new", detail="no answer"))
    assert [(each["outcome"], each["detail"]) for each in board.document(None)["orders"]] == [("in doubt", "no answer")]


def test_a_round_that_began_before_an_order_ended_does_not_reopen_it() -> None:
    board = StatusBoard("active")
    board.record(decided(decision(3, orders=(order(),))))
    board.record(changed(OrderState.DONE))
    board.record(decided(decision(4, orders=(order(),))))
    assert board.document(None)["orders"] == []


def test_the_status_tells_what_is_amiss_until_it_is_over() -> None:
    board = StatusBoard("active")
    board.record(RoundLost(4, "the broker does not answer"))
    board.record(RulesRead("farm.rules", "farm.rules:1:1: syntax"))
    status = board.document(None)
    assert status["lost"] == {"round": 4, "why": "the broker does not answer"}
    assert status["rules_problem"] == "farm.rules:1:1: syntax"
    board.record(RulesRead("farm.rules", None))
    board.record(decided(decision(5)))
    assert (board.document(None)["lost"], board.document(None)["rules_problem"]) == (None, None)


def test_an_operator_asks_pauses_and_resumes_over_the_socket(tmp_path: Path, desk: ControlDesk) -> None:
    board = StatusBoard("active")
    board.record(decided(decision(3)))
    with listening(tmp_path, commands(desk, board)):
        assert ask(tmp_path, "pause", why="power works")["paused"].endswith(": power works")
        assert ask(tmp_path, "status")["paused"] == desk.paused()
        assert ask(tmp_path, "resume") == {"paused": None}
        assert ask(tmp_path, "status")["round"] == 3
    assert desk.paused() is None


def test_an_operator_ends_an_open_order_by_its_id_or_its_end(tmp_path: Path, desk: ControlDesk) -> None:
    taken_up = order(OrderState.IN_DOUBT, name="a-1-3-1")
    board = StatusBoard("active", (taken_up,))
    board.record(changed(OrderState.IN_DOUBT, name="a-1-13-1"))
    board.record(changed(OrderState.UNDER_WAY, name="a-1-14-1", started=99.0))
    with listening(tmp_path, commands(desk, board)):
        assert ask(tmp_path, "resolve", order="3-1", outcome="done") == {
            "order": "a-1-3-1", "outcome": "done", "vm": "test3",
        }  # fmt: skip
        assert desk.resolutions()["a-1-3-1"][0] == "done"
        for name in ("", "1", "a-1-9-9"):
            with pytest.raises(
                ControlRefusedError, match="is not one order that is open; open are: a-1-3-1, a-1-13-1, a-1-14-1"
            ):
                ask(tmp_path, "resolve", order=name, outcome="done")
        with pytest.raises(ControlRefusedError, match="order a-1-14-1 is under way: wait until it has ended"):
            ask(tmp_path, "resolve", order="a-1-14-1", outcome="failed")
        with pytest.raises(ControlRefusedError, match=r"an order ends done .* or failed .*, not “lost”"):
            ask(tmp_path, "resolve", order="a-1-3-1", outcome="lost")


@pytest.mark.parametrize("why", [7, None, ["x"], "x" * 1001])
def test_a_reason_is_text_of_bounded_length(tmp_path: Path, desk: ControlDesk, why: object) -> None:
    with (
        listening(tmp_path, commands(desk, StatusBoard("active"))),
        pytest.raises(ControlRefusedError, match="write text of at most 1000 characters"),
    ):
        ask(tmp_path, "pause", why=why)
    assert desk.paused() is None


# -- drains ------------------------------------------------------------------------------------------------------------


def test_a_drain_is_written_down_and_who_said_it_first_is_told(desk: ControlDesk, journal: Memory) -> None:
    assert desk.drain("alice", "hv7") == desk.drain("bob", "hv7") == Drained("hv7", "alice", 70.0)
    assert desk.drained() == (Drained("hv7", "alice", 70.0),)
    assert journal.events == [OperatorActed("alice", "drain", "hv7")]


def test_a_drain_that_cannot_be_written_down_was_not_said(desk: ControlDesk, journal: Memory) -> None:
    journal.failure = "disk full"
    with pytest.raises(JournalError, match="disk full"):
        desk.drain("alice", "hv7")
    assert desk.drained() == ()


def test_a_drain_whose_end_cannot_be_written_down_goes_on(desk: ControlDesk, journal: Memory) -> None:
    desk.drain("alice", "hv7")
    journal.failure = "disk full"
    with pytest.raises(JournalError, match="disk full"):
        desk.undrain("bob", "hv7")
    assert [each.host for each in desk.drained()] == ["hv7"]


def test_a_drain_of_the_last_daemon_still_holds(rules: RuleFile, journal: Memory) -> None:
    drained = (Drained("hv7", "alice", 50.0),)
    assert ControlDesk(rules, journal, lambda: 70.0, Said(drained=drained)).drained() == drained


def test_an_operator_drains_a_host_that_is_known_and_uses_it_again(
    tmp_path: Path, desk: ControlDesk, journal: Memory
) -> None:
    board = StatusBoard("active")
    with listening(tmp_path, commands(desk, board)):
        with pytest.raises(ControlRefusedError, match="no round was held yet"):
            ask(tmp_path, "drain", host="hypervisor3")
        board.record(decided(decision(3)))
        answer = ask(tmp_path, "drain", host="hypervisor3")
        assert (answer["host"], answer["since"]) == ("hypervisor3", 70.0)
        with pytest.raises(
            ControlRefusedError, match="“hypervsor3” is no host of this farm; did you mean “hypervisor3”"
        ):
            ask(tmp_path, "drain", host="hypervsor3")
        with pytest.raises(ControlRefusedError, match=r"“x” is no host .*; there are: hypervisor2, hypervisor3"):
            ask(tmp_path, "drain", host="x")
        assert ask(tmp_path, "drain", host="hypervisor3") == answer
        assert ask(tmp_path, "undrain", host="hypervisor2") == {"host": "hypervisor2", "was_drained": False}
        ends = [ask(tmp_path, "undrain", host="hypervisor3")["was_drained"] for _ in range(2)]
        assert ends == [True, False]
        with pytest.raises(ControlRefusedError, match="“x” is no host of this farm; there are: hypervisor2"):
            ask(tmp_path, "undrain", host="x")
    assert desk.drained() == ()
    told = [each.action for each in journal.events if isinstance(each, OperatorActed)]
    assert told == ["drain", "undrain"]


def test_a_host_that_reports_though_nobody_awaits_it_may_be_drained(tmp_path: Path, desk: ControlDesk) -> None:
    told = decided(decision(3))
    board = StatusBoard("active")
    board.record(replace(told, gathering=replace(told.gathering, expected=("hypervisor2",))))
    with listening(tmp_path, commands(desk, board)):
        assert ask(tmp_path, "drain", host="hypervisor3")["host"] == "hypervisor3", "it is in maintenance"


def test_a_drained_host_that_has_left_the_farm_can_be_undrained(tmp_path: Path, desk: ControlDesk) -> None:
    board = StatusBoard("active")
    board.record(decided(decision(3)))
    desk.drain("alice", "hv9")
    with listening(tmp_path, commands(desk, board)):
        assert ask(tmp_path, "undrain", host="hv9") == {"host": "hv9", "was_drained": True}


def test_the_status_tells_who_drains_what_since_when_and_what_is_left_there_and_why() -> None:
    board = StatusBoard("active")
    drained = (Drained("hypervisor3", "alice", 70.0), Drained("hypervisor9", "bob", 80.0))
    assert [each["vms"] for each in board.document(None, drained)["drained"]] == [None, None]
    refused = (
        Rejection("test3", None, "drain", None, "passthrough"),
        Rejection("test3", "hypervisor2", "drain", None, "memory", 2048.0, 1024.0, Kind.SIZE),
    )
    board.record(decided(decision(3, rejections=refused)))
    assert board.document(None, drained)["drained"] == [
        {
            "host": "hypervisor3", "who": "alice", "since": 70.0, "vms": 1,
            "stay": [{"vm": "test3", "why": "passthrough"}],
        },
        {"host": "hypervisor9", "who": "bob", "since": 80.0, "vms": None, "stay": []},
    ]  # fmt: skip

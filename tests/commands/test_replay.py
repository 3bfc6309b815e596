"""`replay`, on journals of daemons that ran."""

import json
import os
import pty
from collections.abc import Sequence
from pathlib import Path

import pytest

from balancer.adapters.journal_file import FILE
from balancer.cli import main
from balancer.commands.replay import MODEL
from tests.docs.test_formats_md import SHOWN, shape
from tests.recorded import RELIEVE, Recording
from tests.terminals import all_shown


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Alice's rules, beside the state directory, wait twice as long."""
    its = Recording(tmp_path_factory.mktemp("farm")).run(80)
    (its.folder / "later.rules").write_text(RELIEVE.replace("3 rounds", "6 rounds"))
    (its.folder / "same.rules").write_text(RELIEVE)
    return its


def said(capsys: pytest.CaptureFixture[str], words: Sequence[object], exit_code: int = 0) -> list[str]:
    assert main(["replay", *map(str, words)]) == exit_code
    return capsys.readouterr().out.splitlines()


def test_under_the_rules_of_then_every_decision_is_the_same(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["80 rounds decided again, every decision the same, byte for byte"]
    assert said(capsys, [recording.state]) == told
    assert said(capsys, [recording.state / FILE]) == told
    assert said(capsys, [recording.state, "--since", 5, "--until", 9]) == [told[0].replace("80", "5")]
    assert said(capsys, [recording.state, "--since", "1970-01-01T00:01", "--until", "1970-01-01T00:02"]) == [
        told[0].replace("80", "3")
    ]


def test_under_other_rules_both_are_told_side_by_side_with_the_model_behind_it(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys, [recording.state, "--rules", recording.folder / "later.rules"])
    assert lines[:4] == [
        "rounds 1 to 80",
        "                     as it was    replayed",
        "rounds                      80          80",
        "moves                        2           2",
    ]
    assert lines[-len(MODEL) :] == list(MODEL)
    old, new = (float(word) for word in next(line for line in lines if line.startswith("imbalance")).split()[1:])
    assert old < new


def test_the_first_round_that_other_rules_decide_otherwise_is_told_with_both_decisions(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [recording.state, "--bisect", "--rules", recording.folder / "later.rules"]
    lines = said(capsys, words)
    assert lines[0] == "round 10 (1970-01-01 00:04:30Z) is the first that they decide differently"
    assert "  move web1 from hv1 to hv3" in lines
    assert "  no action: hv1 in trouble for 3 of 6 rounds" in lines
    assert said(capsys, [*words, "--against", recording.folder / "later.rules"]) == [
        "in 80 rounds both decide the same"
    ]
    assert said(capsys, [*words[:3], recording.folder / "same.rules"]) == ["in 80 rounds both decide the same"]


def test_for_programs_it_is_one_document(recording: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    json_ = [recording.state, "--format", "json"]
    (same,) = said(capsys, json_)
    assert json.loads(same) == {
        "format": "replay/1", "rounds": 80, "left_out": 0, "identical": True, "difference": None, "old": None,
        "new": None, "model": None,
    }  # fmt: skip
    rules = ["--rules", recording.folder / "later.rules"]
    (both,) = said(capsys, [*json_, *rules])
    assert shape(json.loads(both)) == shape(SHOWN["replay/1"])
    (parted,) = said(capsys, [*json_, *rules, "--bisect"])
    found = json.loads(parted)
    assert (found["identical"], found["difference"]["round"], found["difference"]["new"]["moves"]) == (False, 10, [])
    assert [each["format"] for each in (found["difference"]["old"], found["difference"]["new"])] == ["plan/1"] * 2


def test_a_decision_that_comes_out_otherwise_is_told_line_by_line_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = Recording(tmp_path).run(10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("balancer.core.steps.relief.is_reached", lambda _streak, _hold: False)
        lines = said(capsys, [recording.state], exit_code=1)
    assert lines[:3] == ["round 10 is decided otherwise than it was:", "--- then", "+++ now"]
    assert '- "sentence": "move web1 from hv1 to hv3",' in lines


def test_a_progress_bar_is_drawn_on_a_terminal_and_nowhere_else(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["replay", str(recording.state), "--until", "9"])
    assert capsys.readouterr().err == ""
    screen, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        assert main(["replay", str(recording.state), "--until", "9"]) == 0
    assert "9 / 9" in all_shown(screen)
    os.close(screen)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--bisect"], "--bisect needs --rules"),
        (["--rules", "x", "--against", "y"], "--against is for --bisect"),
        (["--since", "200"], "no round is there to be replayed; it has rounds 1 to 80"),
        (["--rules", "none.rules"], "none.rules:1:1: unreadable"),
    ],
)
def test_what_cannot_be_done_is_told(
    words: list[str], why: str, recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(recording.state), *words]) == 2
    assert why in capsys.readouterr().err


def test_a_mark_is_a_round_or_a_time(recording: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["replay", str(recording.state), "--since", "yesterday"])
    assert "“yesterday” is neither a round nor a time as 2026-12-01T22:00" in capsys.readouterr().err

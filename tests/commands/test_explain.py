"""`explain`, of a snapshot and of the journal of a daemon that runs or has run."""

import json
from pathlib import Path

import pytest

from balancer.cli import main
from tests.docs.test_formats_md import SHOWN, shape
from tests.recorded import Recording

ROOT = Path(__file__).parents[2]
SNAPSHOT = str(ROOT / "deploy" / "examples" / "farm.json")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return Recording(tmp_path_factory.mktemp("farm")).run(40)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out.splitlines()


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["explain", *words]) == 2
    return capsys.readouterr().err.strip()


def test_a_vm_of_a_snapshot(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *lines = said(capsys, "vm", "web1", "--snapshot", SNAPSHOT)
    assert first.startswith("VM web1 on xen1, round 1, rules ")
    assert second.startswith("moves to xen3: xen1 cpu 95% > 85% for 3 rounds; ")
    assert "    - until cpu 95% < 75%  (cpu 95% would have to fall below 75%)" in lines
    assert "    1. xen3: after.cpu 33.1%, least first" in lines
    refused, wanted = (
        "max load: 81.2%, limit 70%, 11.3% too much (line 16)",
        "after.cpu 81.2% would have to fall below 70%",
    )
    assert f"    -  xen2: {refused}  ({wanted})" in lines


def test_a_host_of_a_snapshot(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "host", "xen2", "--snapshot", SNAPSHOT)
    assert lines[1:4] == [
        "xen2 is in no trouble that a rule would ease",
        "  cpu 42.5%, load 3.4, memory 15.6%, vms 1",
        "  relieve (line 9): no trouble: cpu 42.5% would have to rise above 85%",
    ]
    assert lines[-1] == "  as a target open to every VM elsewhere, as far as walls go"


def test_the_last_round_of_a_journal_with_the_past_of_the_vm(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys, "vm", "web1", "--state", str(recording.state))
    assert lines[0].startswith("VM web1 on hv3, round 40 (1970-01-01 00:19:30Z), rules farm.rules")
    assert lines[1].startswith("stays: nothing wants it away from hv3: relieve: no trouble: cpu ")
    assert any(line.startswith("  relieve (line 1): may not leave: rest: ") for line in lines)
    assert lines[-1].startswith("  1970-01-01 00:0")
    assert " done: from hv1 to hv3: hv1 cpu 95% > 85% for 3 rounds; web1 " in lines[-1]


def test_any_round_of_a_journal_under_the_rules_of_then_or_others(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("host", "hv1", "--state", str(recording.state), "--round", "8")
    lines = said(capsys, *words)
    assert lines[3] == "  relieve (line 1): not for long enough: cpu 95% > 85% for 1 round, 3 rounds are wanted"
    (tmp_path / "mild.rules").write_text(recording.text.replace("85%", "97%"))
    lines = said(capsys, *words, "--rules", str(tmp_path / "mild.rules"))
    assert lines[3] == "  relieve (line 1): no trouble: cpu 95% would have to rise above 97%"


def test_a_limit_that_is_used_up_stands_against_a_planned_move(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = recording.text.replace("85% for 3 rounds", "60%")
    (tmp_path / "few.rules").write_text("limit 1 per hour\nrest no return within 1 s\n" + few)
    words = ("host", "hv3", "--state", str(recording.state), "--round", "20", "--rules", str(tmp_path / "few.rules"))
    assert "  against a move: limit 1 per hour: 1 already" in said(capsys, *words)


def test_for_programs_it_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = said(capsys, "vm", "web1", "--snapshot", SNAPSHOT, "--format", "json")
    assert shape(json.loads(line) | {"past": []}) == shape(SHOWN["explain/1:vm"] | {"past": []})
    (line,) = said(capsys, "host", "xen1", "--snapshot", SNAPSHOT, "--format", "json")
    empty: dict[str, list[str]] = {"closed": [], "wanted": []}
    assert shape(json.loads(line) | empty) == shape(SHOWN["explain/1:host"] | empty)


def test_what_is_wanted_of_a_host_beside_drains_and_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "even.rules").write_text('keep vms named "web*" apart\nbalance cpu within 5% by at most 3 moves\n')
    words = ("host", "xen1", "--snapshot", SNAPSHOT, "--rules", str(tmp_path / "even.rules"))
    lines = said(capsys, *words)
    assert '  keep (line 1): keep vms named "web*" apart is broken (web1, web2 on xen1)' in lines
    assert "  balance (line 2): xen1 cpu 95% is 53.8% above the farm's mean 41.2%, wanted is 5%" in lines
    (line,) = said(capsys, *words, "--format", "json")
    assert shape(json.loads(line)["wanted"]) == shape(SHOWN["explain/1:host"]["wanted"])


def test_a_vm_tells_costs_company_and_who_is_cheaper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = (ROOT / "rules" / "default.rules").read_text(encoding="utf-8")
    (tmp_path / "dear.rules").write_text(f'{rules}avoid moving vm "web1" cost 3\nkeep vm "web2" with vm "db1"\n')
    words = ("--snapshot", SNAPSHOT, "--rules", str(tmp_path / "dear.rules"))
    lines = said(capsys, "vm", "web1", *words)
    assert any(line.endswith("; before it web2 (cheaper), db1 (cheaper)") for line in lines)
    assert any(line.endswith('; costs 3; despite avoid moving vm "web1" cost 3') for line in lines)
    assert any(
        line.startswith('    with it goes db1: keep vm "web2" with') for line in said(capsys, "vm", "web2", *words)
    )


def test_who_is_not_there_is_told_with_the_nearest_name(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, "vm", "wb1", "--snapshot", SNAPSHOT) == (
        "no VM “wb1” reported in that round; did you mean “web1”?"
    )
    assert refused(capsys, "host", "q", "--snapshot", SNAPSHOT) == (
        "no host “q” reported in that round; 3 hosts reported"
    )
    state = ("--state", str(recording.state))
    assert refused(capsys, "vm", "web1", *state, "--round", "99").endswith(
        "round 99 is not in the journal, which has 1 to 40"
    )
    assert refused(capsys, "vm", "web1", "--snapshot", SNAPSHOT, "--round", "1") == (
        "--round is of a journal; a snapshot is one round"
    )


def test_a_silent_host_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = Recording(tmp_path).scenario + "events:\n  - {round: 2, host: hv3, event: silent}\n"
    folder = Recording(tmp_path, scenario).run(2).state
    assert refused(capsys, "host", "hv3", "--state", str(folder)) == (
        "hv3 did not report in round 2: nothing is decided on it"
    )


def test_where_two_bear_a_name_their_uuids_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twins = json.loads(Path(SNAPSHOT).read_text())
    twins["vms"].append(twins["vms"][0] | {"host": "xen2", "uuid": "another"})
    (tmp_path / "twins.json").write_text(json.dumps(twins))
    assert "2 VMs are called “web1”: name one by its uuid: " in refused(
        capsys, "vm", "web1", "--snapshot", str(tmp_path / "twins.json")
    )
    assert said(capsys, "vm", "another", "--snapshot", str(tmp_path / "twins.json"))[0].startswith("VM web1 on xen2")


def test_without_a_journal_it_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no journal yet" in refused(capsys, "vm", "web1", "--state", str(tmp_path))


def test_a_name_alone_is_asked_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["explain", "web1"])
    assert "argument vm|host: invalid choice: 'web1'" in capsys.readouterr().err

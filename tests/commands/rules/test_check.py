"""`rules check`, as whoever writes rules meets it."""

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from balancer.adapters.journal import open_journal
from balancer.cli import main
from balancer.installation import DEFAULT, shipped
from tests.adapters.samples import decided, decision

WRONG = "every 30 s\nrule r\n  when host.cpuu > 1\n  move vm by most cpu\n  to host by least cpu\n"
DOUBTFUL = (
    "rule r\n  when host.load > 0.4 for 3 rounds\n  move vm by most cpu_time\n"
    '  to host by least load where load < 0.8 as "max load"\n'
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tmp_path / "my.rules"


def test_good_rules_are_said_to_be_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(shipped(DEFAULT)), str(shipped("classic.rules"))]) == 0
    assert capsys.readouterr() == ("2 files, 0 errors, 0 warnings: can be run with\n", "")


def test_a_mistake_is_shown_at_its_place_with_the_nearest_word(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_text(WRONG)
    assert main(["rules", "check", str(rules)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"{rules}:3:8: ")
    assert "  when host.cpuu > 1" in "\n".join(told)
    assert "cpu" in "\n".join(told)
    assert told[-1] == "1 file, 1 error, 0 warnings: cannot be run with"


def test_a_warning_is_a_finding_only_where_it_is_strict(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_text(DOUBTFUL)
    assert main(["rules", "check", str(rules)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 file, 0 errors, 1 warning: can be run with"
    assert main(["rules", "check", "--strict", str(rules)]) == 1


def test_for_programs_a_finding_is_a_line_of_json(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_text(WRONG)
    assert main(["rules", "check", "--format", "json", str(rules)]) == 1
    (finding,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (finding["format"], finding["file"], finding["line"], finding["severity"]) == (
        "finding/1", str(rules), 3, "error",
    )  # fmt: skip
    assert set(finding) == {"format", "file", "line", "column", "severity", "code", "message", "hint"}


@pytest.mark.parametrize("source", [b"\xff\xfe", b"\0" * 100, b"(" * 100_000, b"", b"rule"], ids=repr)
def test_whatever_stands_in_the_file_it_ends_with_findings_not_with_a_traceback(
    source: bytes, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_bytes(source)
    assert main(["rules", "check", str(rules)]) in {0, 1}
    assert "Traceback" not in capsys.readouterr().err


def test_the_last_line_says_of_how_many_files_nothing_can_be_made(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text(WRONG)
    assert main(["rules", "check", str(rules), str(shipped(DEFAULT))]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "2 files, 1 error, 0 warnings: 1 of them cannot be run with"


def test_what_an_editor_has_not_saved_yet_is_read_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO("drain hosts named “ü”\n".encode()), encoding="ascii"))
    assert main(["rules", "check", "-"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("<stdin>:1:19: syntax: ")
    assert told[1:] == [
        "    1 | drain hosts named “ü”",
        '      |                   ^ text goes in straight double quotes: "ü"',
        "1 file, 1 error, 0 warnings: cannot be run with",
    ]


def test_a_file_that_is_called_like_stdin_is_read_by_its_path(
    rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.with_name("-").write_text("every 2 s\n")
    monkeypatch.chdir(rules.parent)
    assert main(["rules", "check", "--format", "lines", "./-"]) == 1
    assert capsys.readouterr().out == "./-:1:7: out-of-bounds: 2 s is out of bounds (write 5 s to 1 h) [error]\n"


def test_a_file_that_is_not_there_is_exit_code_2(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(rules)]) == 2
    assert capsys.readouterr().err == (
        f"{rules}:1:1: unreadable: No such file or directory; name a rule file that this user may read\n"
    )


def test_for_editors_a_finding_is_a_line_and_nothing_else_is_said(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text("every 30 apples\nrule r\n  when a for 3 runds\n")
    assert main(["rules", "check", "--format", "lines", str(rules)]) == 1
    assert capsys.readouterr().out == (
        f"{rules}:1:10: syntax: “apples” cannot stand after “30”; wanted: a unit · the end of the statement [error]\n"
        f"{rules}:3:16: syntax: “runds” cannot stand after “3”; wanted: and · move · a unit (did you mean rounds?) "
        "[error]\n"
    )


# -- with a farm -------------------------------------------------------------------------------------------------------

FARM = {
    "format": "farm/1",
    "hosts": [{"name": name, "cores": 8, "memory_mb": 65536} for name in ("xen1", "xen2")],
    "vms": [
        {"name": f"db{number}", "cpu": 1.0, "memory_mb": 4096, "host": "xen1", "tags": ["db"]} for number in (1, 2, 3)
    ],
}


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "farm.json"
    path.write_text(json.dumps(FARM))
    return path


def test_held_against_a_snapshot_rules_show_what_that_farm_has_not(
    rules: Path, snapshot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text('keep vms tagged "db" apart\ndrain host "xen3"\n')
    assert main(["rules", "check", str(rules)]) == 0
    assert capsys.readouterr().out == "1 file, 0 errors, 0 warnings: can be run with\n"
    assert main(["rules", "check", "--snapshot", str(snapshot), str(rules)]) == 1
    assert capsys.readouterr().out == (
        f"{rules}:1:1: conflict: db1, db2 and db3 cannot be where this wants them: "
        "with at most 1 per host, 2 hosts take 2 of them, not 3 [error]\n"
        '    1 | keep vms tagged "db" apart\n'
        "      | ^^^^^^^^^^^^^^^^^^^^^^^^^^ allow more per host, add hosts, or name fewer VMs\n"
        f"{rules}:2:7: matches-nothing: no host is called “xen3” [warning]\n"
        '    2 | drain host "xen3"\n'
        '      |       ^^^^^^^^^^^ did you mean "xen2"?\n'
        "1 file, 1 error, 1 warning: cannot hold together on this farm\n"
    )


def test_what_only_the_farm_tells_can_be_allowed(
    rules: Path, snapshot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text('drain host "xen3"  # allow: matches-nothing it comes back in May\n')
    assert main(["rules", "check", "--strict", "--snapshot", str(snapshot), str(rules)]) == 0
    assert main(["rules", "check", "--strict", str(rules)]) == 0


def test_what_the_text_has_told_the_farm_does_not_tell_again(
    rules: Path, snapshot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text('keep vm "db1" on host "xen1"\ndrain host "xen1"\n')
    assert main(["rules", "check", "--snapshot", str(snapshot), str(rules)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 file, 0 errors, 1 warning: can be run with"


def test_rules_with_an_error_are_held_against_no_farm(
    rules: Path, snapshot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text('drain host "xen3"\nevery 2 s\n')
    assert main(["rules", "check", "--snapshot", str(snapshot), str(rules)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 file, 1 error, 0 warnings: cannot be run with"


def test_held_against_the_farm_of_the_daemons_last_round(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text('drain host "hypervisor33"\n')
    with open_journal(tmp_path / "state", lambda: 1000.0) as journal:
        journal.record(decided(decision()))
    assert main(["rules", "check", "--live", "--state", str(tmp_path / "state"), str(rules)]) == 0
    assert 'did you mean "hypervisor3"?' in capsys.readouterr().out


def test_a_daemon_that_has_held_no_round_yet_is_exit_code_2(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text('drain host "xen3"\n')
    with open_journal(tmp_path / "state", lambda: 1000.0):
        pass
    assert main(["rules", "check", "--live", "--state", str(tmp_path / "state"), str(rules)]) == 2
    assert "held no round yet" in capsys.readouterr().err


def test_one_farm_at_a_time(rules: Path, snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", "--live", "--snapshot", str(snapshot), str(rules)]) == 2
    assert "name one farm" in capsys.readouterr().err


def test_a_snapshot_that_is_none_is_exit_code_2(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_text("every 30 s\n")
    assert main(["rules", "check", "--snapshot", str(rules), str(rules)]) == 2
    assert capsys.readouterr().err.startswith(f"{rules}:1:1: ")

"""`policy check` and `policy explain`, as whoever writes policies meets them."""

import json
from argparse import ArgumentParser
from pathlib import Path

import pytest

from agents.commands import policy

GOOD = "policy default deny\n# who\nallow\tcert=a\tsay\t*\t*\n"
WRONG = "policy default deny\nallow\tcert=a *\tsay\t*\t*\nallow\tops\t*\t*\t*\n"
DOUBTFUL = "policy default deny\nallow uid=600 * customer=acme *\n"


def run(*words: str | Path) -> int:
    parser = ArgumentParser("xen-balancer-agent policy")
    policy.add_arguments(parser)
    return policy.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    return tmp_path / "echo.policy"


# -- check


def test_a_good_policy_is_said_to_be_good(echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    echo.write_text(GOOD)

    assert run("check", echo) == 0
    assert capsys.readouterr().out == "1 file, 0 errors, 0 warnings\n"


def test_every_mistake_is_told_at_its_place_and_the_exit_code_is_1(
    echo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    echo.write_text(WRONG)

    assert run("check", echo) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{echo}:2:14: caller: * stands alone, or names with spaces between",
        f"{echo}:3:7: group: there is no group “ops”; write a line for it in the file “groups” beside this one",
        "1 file, 2 errors, 0 warnings",
    ]


def test_a_line_of_five_words_without_tabs_is_a_warning_and_the_exit_code_is_0(
    echo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    echo.write_text(DOUBTFUL)

    assert run("check", echo) == 0
    warning, counted = capsys.readouterr().out.splitlines()
    assert warning.startswith(f"{echo}:2:1: spaces: no tabs, and read as five columns since it has five words; ")
    assert warning.endswith(" (warning)")
    assert counted == "1 file, 0 errors, 1 warning"


def test_findings_stand_in_the_order_of_their_lines(echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    echo.write_text(f"allow\tcert=a \t*\t*\t*\n{WRONG}")

    run("check", echo)

    places = [line.split(":")[1:3] for line in capsys.readouterr().out.splitlines()[:-1]]
    assert places == [["1", "13"], ["3", "14"], ["4", "7"]]


def test_an_action_that_one_of_our_agents_does_not_have_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "process.policy").write_text("policy default deny\nallow\tcert=a\tlits\t*\t*\n")

    assert run("check", tmp_path / "process.policy") == 0
    assert ":2:1: no-action: process has no action “lits”; it has list, kill, pkill" in capsys.readouterr().out


def test_a_mistake_in_the_groups_is_told_once_for_all_policies_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "groups").write_text("ops cert=a, cert=b\n")
    for name in ("one.policy", "two.policy"):
        (tmp_path / name).write_text(GOOD)

    assert run("check", *sorted(tmp_path.iterdir())) == 1
    finding, counted = capsys.readouterr().out.splitlines()
    assert finding.startswith(f"{tmp_path}/groups:1:5: group: “cert=a,” is no caller")
    assert counted == "3 files, 1 error, 0 warnings"


def test_a_file_that_is_not_there_is_a_mistake(echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", echo) == 1
    assert f"{echo}:1:1: unreadable: No such file or directory; " in capsys.readouterr().out


def test_for_programs_a_finding_is_a_line_of_json(echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    echo.write_text(DOUBTFUL + "deny\n")

    assert run("check", "--format", "json", echo) == 1
    warning, mistake = map(json.loads, capsys.readouterr().out.splitlines())
    assert (warning["severity"], warning["code"]) == ("warning", "spaces")
    assert mistake == {
        "format": "finding/1", "file": str(echo), "line": 3, "column": 1, "severity": "error", "code": "columns",
        "message": "wanted are allow or deny, callers, actions, facts and classes, with tabs between", "hint": "",
    }  # fmt: skip


@pytest.mark.parametrize("source", [b"\xff\xfe", b"\0" * 100, b"(\t" * 10_000, b"", b"policy"], ids=repr)
def test_whatever_stands_in_the_file_it_ends_with_findings(source: bytes, echo: Path) -> None:
    echo.write_bytes(source)

    assert run("check", echo) in {0, 1}


# -- explain

POLICY = """\
policy default deny
deny\tcert=trainee\trestart\tenvironment=production and not dev\t*
allow\tcert=trainee cert=ops\trestart stop\t*\tweb
allow\tcert=ops\t*\tcpus>4\t*
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--caller cert=trainee --action restart --fact environment=production --class web",
            """\
echo.policy:2: deny cert=trainee restart environment=production and not dev *: decides
denied: cert=trainee may not restart (echo.policy:2: deny cert=trainee restart environment=production and not dev *)
""",
        ),
        (
            "--caller cert=trainee --action restart --fact environment=production --class web --class dev",
            """\
echo.policy:2: deny cert=trainee restart environment=production and not dev *: \
environment=production and not dev does not hold
echo.policy:3: allow cert=trainee cert=ops restart stop * web: decides
allowed: cert=trainee may restart (echo.policy:3: allow cert=trainee cert=ops restart stop * web)
""",
        ),
        (
            "--caller cert=ops --action start --fact cpus=16",
            """\
echo.policy:2: deny cert=trainee restart environment=production and not dev *: the caller is not cert=trainee
echo.policy:3: allow cert=trainee cert=ops restart stop * web: the action is not restart or stop
echo.policy:4: allow cert=ops * cpus>4 *: decides
allowed: cert=ops may start (echo.policy:4: allow cert=ops * cpus>4 *)
""",
        ),
        (
            "--caller uid=0 --action stop",
            """\
echo.policy:2: deny cert=trainee restart environment=production and not dev *: the caller is not cert=trainee
echo.policy:3: allow cert=trainee cert=ops restart stop * web: the caller is not cert=ops or cert=trainee
echo.policy:4: allow cert=ops * cpus>4 *: the caller is not cert=ops
denied: uid=0 may not stop (echo.policy:1: policy default deny)
""",
        ),
    ],
)
def test_it_is_said_which_line_decides_and_why_no_earlier_one_does(
    words: str, said: str, echo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    echo.write_text(POLICY)

    assert run("explain", echo, *words.split()) == 0
    assert capsys.readouterr().out.replace(f"{echo.parent}/", "") == said


def test_what_must_be_named_is_known_of_our_own_agents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "process.policy").write_text("allow\t*\t*\t*\t*\npolicy default allow\n")

    run("explain", tmp_path / "process.policy", "--caller", "cert=a", "--action", "kill")

    first, last = capsys.readouterr().out.splitlines()
    assert first.endswith(": allow * * * *: kill must be named, * is not enough")
    assert last.startswith("denied: cert=a may not kill (")


def test_data_functions_answer_from_what_was_told(echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    echo.write_text("allow\t*\t*\tfact('site').value=lyon\n")

    run("explain", echo, "--caller", "cert=a", "--action", "say", "--fact", "site=lyon")

    assert capsys.readouterr().out.splitlines()[-1].startswith("allowed: cert=a may say (")


def test_a_policy_with_a_mistake_is_explained_by_it(echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    echo.write_text(WRONG)

    assert run("explain", echo, "--caller", "cert=a", "--action", "say") == 1
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{echo}:2:14: caller: ")
    assert last == "denied: a policy with a mistake denies everything"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--caller john --action say", "“john” is no caller like cert=NAME or uid=0"),
        ("--caller cert=a --action say --fact site", "“site” is no fact; write NAME=VALUE"),
        ("--action say", "the following arguments are required: --caller"),
    ],
)
def test_a_call_that_cannot_be_carried_out_says_what_to_write(
    words: str, said: str, echo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run("explain", echo, *words.split())

    assert ended.value.code == 2
    assert said in capsys.readouterr().err

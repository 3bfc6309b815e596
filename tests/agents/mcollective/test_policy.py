"""ActionPolicy files: who may do what, and that a doubtful file allows nothing."""

from pathlib import Path

import pytest

from agents.mcollective.policy import PolicyError, load, parse

POLICY = """\
# who may do what
policy default deny

deny\tcert=trainee\tmigrate\t*\t*
allow\tcert=balancer cert=trainee\treport migrate\t*\t*
allow\tcert=root\t*\t*\t*
"""


@pytest.mark.parametrize(
    ("caller", "action", "allowed"),
    [
        ("cert=balancer", "report", True),
        ("cert=balancer", "migrate", True),
        ("cert=balancer", "destroy", False),
        ("cert=trainee", "report", True),
        ("cert=trainee", "migrate", False),
        ("cert=root", "destroy", True),
        ("cert=b", "report", False),
        ("cert=balancer2", "report", False),
    ],
)
def test_the_first_line_that_covers_a_request_decides(caller: str, action: str, allowed: bool) -> None:  # noqa: FBT001 - a table's column
    assert parse(POLICY, "echo.policy").allows(caller, action) is allowed


def test_without_a_default_the_answer_is_no() -> None:
    assert not parse("", "echo.policy").allows("cert=x", "report")


def test_of_several_defaults_the_last_one_counts() -> None:
    assert parse("policy default deny\npolicy default allow\n", "echo.policy").allows("cert=x", "report")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("allow cert=x * * *", "with tabs between"),
        ("allow\tcert=x\t*\t*", "with tabs between"),
        ("permit\tcert=x\t*\t*\t*", "wanted are allow or deny"),
        ("policy default maybe", "wanted are allow or deny"),
        (" # indented", "wanted are allow or deny"),
        ("allow\tcert=x\t*\tcountry=de\t*", "facts and classes can only be"),
        ("allow\tcert=x\t*\t*\tweb", "facts and classes can only be"),
        ("allow\t \t*\t*\t*", "alone, or names"),
        ("deny\tcert=x\t* stop\t*\t*", "alone, or names"),
        ("allow\tcert=x\t*\t*\t*\r", "CR LF"),
    ],
)
def test_one_line_that_cannot_be_read_denies_everything_and_is_named(line: str, message: str) -> None:
    with pytest.raises(PolicyError, match=r"echo\.policy:2: ") as refused:
        parse(f"allow\tcert=x\t*\t*\t*\n{line}\n", "echo.policy")

    assert message in str(refused.value)


def test_a_missing_file_allows_nothing_and_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"echo\.policy: No such file or directory; write one with “policy default"):
        load(tmp_path / "echo.policy")


def test_a_file_that_is_no_text_or_too_large_allows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "echo.policy"

    file.write_bytes(b"\xff")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load(file)
    file.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(PolicyError, match="more than"):
        load(file)

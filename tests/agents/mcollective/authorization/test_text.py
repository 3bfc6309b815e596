"""The text of a policy: each line understood whole, or named as a mistake with its place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.mcollective.authorization.lines import Decision, Policy, Request
from agents.mcollective.authorization.text import MAX_BYTES, PolicyError, read, read_file, read_groups, read_groups_file
from tests.nodes import ToldNode

GROUPS = {"admins": frozenset({"cert=a", "uid=0"}), "nobody": frozenset()}


def told(text: str) -> list[str]:
    return [str(finding) for finding in read(text, "echo.policy", GROUPS).findings]


def decided(text: str, caller: str = "cert=x", action: str = "stop", node: ToldNode | None = None) -> bool:
    policy = read(text, "echo.policy", GROUPS).sound()
    return policy.decide(Request(caller, action, node or ToldNode())).allowed


# -- what is read


@pytest.mark.parametrize(
    ("callers", "caller", "allowed"),
    [
        ("*", "cert=x", True),
        ("cert=x", "cert=x", True),
        ("uid=0 cert=x", "cert=x", True),
        ("uid=0 cert=x", "uid=0", True),
        ("uid=01", "uid=0", False),
        ("uid=0", "uid=01", False),
        ("admins", "cert=a", True),
        ("admins", "cert=x", False),
        ("admins cert=x", "cert=x", True),
        ("nobody", "cert=x", False),
        ("nobody admins", "uid=0", True),
    ],
)
def test_callers_are_any_or_names_or_groups(callers: str, caller: str, *, allowed: bool) -> None:
    assert decided(f"allow\t{callers}\t*\t*\t*\n", caller) is allowed


@pytest.mark.parametrize(("actions", "allowed"), [("*", True), ("stop", True), ("start stop", True), ("stops", False)])
def test_actions_are_any_or_names(actions: str, *, allowed: bool) -> None:
    assert decided(f"allow\t*\t{actions}\t*\t*\n") is allowed


HOST = ToldNode({"country": "de", "cpus": "16", "path": "/a/b/"}, ("xen", "role::web"))


@pytest.mark.parametrize(
    ("conditions", "allowed"),
    [
        ("*\t*", True),
        ("*", True),
        ("country=de\t*", True),
        ("country=uk\t*", False),
        ("country=de cpus>4\t*", True),
        ("country=de cpus>40\t*", False),
        ("cpus<5\t*", False),
        ("cpus<=16\t*", True),
        ("cpus>=17\t*", False),
        ("country=/^d/\t*", True),
        ("country=/^(uk|us)$/\t*", False),
        ("nothing=de\t*", False),
        ("*\txen", True),
        ("*\txen kvm", False),
        ("*\trole::web xen", True),
        ("*\t/^role::(web|db)$/", True),
        ("*\t/^role$/", False),
        ("country=de\tkvm", False),
        ("country=de and not kvm\t*", True),
        ("country=uk or xen\t*", True),
        ("*\t!kvm and country=de", True),
        ("*\t( kvm )", False),
        ("country=de and xen", True),
        ("country=de", True),
        ("xen", True),
        ("kvm or (country=de and cpus>4)", True),
        ("not country=de", False),
        ('fstat("/").present=1', True),
        ('fstat("/nowhere").present=1', False),
        ("nosuch().x=1", False),
        ("not nosuch().x=1", False),
        ('not fstat("/").nosuch=1', False),
    ],
)
def test_conditions_are_lists_or_expressions(conditions: str, *, allowed: bool) -> None:
    assert decided(f"allow\t*\t*\t{conditions}\n", node=HOST) is allowed


@pytest.mark.parametrize("condition", ["nosuch().x=1", "not nosuch().x=1", 'fstat("/").nosuch=1', "xen"])
def test_what_cannot_be_told_denies_where_it_stands_in_a_line_that_denies(condition: str) -> None:
    assert not decided(f"policy default allow\ndeny\t*\t*\t{condition}\n", node=HOST)


@pytest.mark.parametrize(
    "text",
    [
        "allow\t*\t*\t*\t*",
        "allow\t\t*\t*\t\t\t*\t*\n",
        "allow \t * \t*\t*\t* \t \n",
        "# first\n\n   \nallow\t*\t*\t*\t*\n",
        "  # indented\nallow\t*\t*\t*\t*\n",
        "allow\t*\t*\t*\t*\r\n",
        "policy default deny\r\nallow\t*\t*\t*\t*\r\n",
        "allow * * * *\n",
        "allow  cert=x   stop  *  *\n",
        "policy default allow\n",
        "policy\tdefault  allow\n",
        "policy default deny\npolicy default allow\n",
    ],
)
def test_a_line_may_be_written_in_many_ways(text: str) -> None:
    assert decided(text)


def test_without_a_line_and_without_a_default_the_answer_is_no() -> None:
    assert not decided("")


def test_lines_know_their_place_and_their_words() -> None:
    policy = read("# who\n\nallow\tcert=x\tstop\t*\t*\n", "echo.policy").sound()

    assert policy.decide(Request("cert=x", "stop", ToldNode())) == Decision(
        allowed=True, why="echo.policy:3: allow cert=x stop * *"
    )


# -- what is wrong


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("allow cert=x *", "1: columns: wanted are allow or deny, callers, actions, facts and classes, with tabs"),
        ("allow cert=x cert=y stop * *", "1: columns: "),
        ("allow\tcert=x\t*", "1: columns: "),
        ("allow\tcert=x\t*\t*\t*\t*", "1: columns: "),
        ("allow\t \t*\t*\t*", "1: columns: "),
        ("allow cert=x\t*\t*\t*", "1: verdict: “allow cert=x” is neither allow nor deny"),
        ("permit\tcert=x\t*\t*\t*", "1: verdict: “permit” is neither allow nor deny"),
        ("Allow\tcert=x\t*\t*\t*", "1: verdict: "),
        ("policy default maybe", "1: verdict: “maybe” is neither"),
        ("policy default", "1: verdict: “” is neither"),
        ("policy default allow # yes", "1: verdict: “allow # yes” is neither"),
        ("policy", "1: columns: "),
        (" allow\tcert=x\t*\t*\t*", "1: indented: begins with white space; begin in column 1"),
        ("\tpolicy default allow", "1: indented: "),
        ("allow\tcert=x\t*\t*\u00a0\t*", "17: character: U+00A0 cannot stand here; take it out"),
        ("allow\tcert=x\u200b\t*\t*\t*", "13: character: U+200B"),
        ("allow\tcert=x\r\t*\t*\t*", "13: character: U+000D"),
        ("\ufeffpolicy default deny", "1: character: U+FEFF"),
        ("allow\t* cert=x\t*\t*\t*", "7: caller: * stands alone, or names with spaces between"),
        ("allow\tcert=x /a/\t*\t*\t*", "14: caller: “/a/” is no caller like cert=NAME or uid=0, and no group"),
        ("allow\tcert=x,cert=y\t*\t*\t*", "7: caller: "),
        ("allow\tcert=../x\t*\t*\t*", "7: caller: "),
        ("allow\tadmin\t*\t*\t*", "7: group: there is no group “admin”; write a line for it in the file “groups” be"),
        ("deny\tcert=x\tstop *\t*\t*", "18: action: * stands alone"),
        ("deny\tcert=x\tstop,start\t*\t*", "13: action: “stop,start” is no name of an action"),
        ("deny\tcert=x\t*\t* a=b\t*", "15: condition: * stands alone"),
        ("deny\tcert=x\t*\txen\t*", "15: condition: “xen” is no fact; facts are the fourth column and classes the fi"),
        ("deny\tcert=x\t*\t*\ta=b", "17: condition: “a=b” is no class; "),
        ("deny\tcert=x\t*\ta!=b\t*", "15: condition: != is for data functions; for a fact write “not fact=value”"),
        ("deny\tcert=x\t*\ta=\t*", "15: condition: a fact is compared by"),
        ("deny\tcert=x\t*\ta=>3\t*", "15: condition: "),
        ("deny\tcert=x\t*\ta=/(/\t*", "15: condition: "),
        ("deny\tcert=x\t*\t*\t/(/", "17: condition: "),
        ("deny\tcert=x\t*\txen or /[/\t*", "15: condition: a regular expression that is not known here: ["),
        ("deny\tcert=x\t*\ta=b)\t*", "18: condition: a ) without its ("),
        ("deny\tcert=x\t*\ta=b and\t*", "22: condition: a class, a fact=value or a data function is wanted here"),
        ("deny\tcert=x\t*\ta=b c=d", "19: condition: “and”, “or” or ) is wanted here"),
        ("deny\tcert=x\t*\t(a=b", "19: condition: a ) is missing"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_denies_everything(line: str, finding: str) -> None:
    text = f"policy default allow\nallow\t*\t*\t*\t*\n{line}\n"

    (mistake,) = told(text)

    assert mistake.startswith(f"echo.policy:3:{finding}")
    with pytest.raises(PolicyError, match=r"echo\.policy:3:"):
        read(text, "echo.policy", GROUPS).sound()


def test_every_mistake_is_told_and_the_first_one_is_why_all_is_denied() -> None:
    reading = read("nonsense\nallow\t*\t*\t*\t*\nmore nonsense\n", "echo.policy")

    assert [finding.line for finding in reading.findings] == [1, 3]
    with pytest.raises(PolicyError, match=r"^echo\.policy:1:1: columns: .* \(and 1 more\)$"):
        reading.sound()


# -- files


def test_a_policy_reads_the_groups_beside_it(tmp_path: Path) -> None:
    (tmp_path / "groups").write_text("# who\nadmins cert=a  uid=0\n\nempty\n")
    (tmp_path / "echo.policy").write_text("allow\tadmins empty\t*\t*\t*\n")

    policy = read_file(tmp_path / "echo.policy").sound()

    assert [policy.decide(Request(caller, "say", ToldNode())).allowed for caller in ("cert=a", "cert=b")] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("admins cert=a\nadmins cert=b\n", "groups:2:1: group: “admins” stands there twice; make one line of both"),
        ("ops admins\n", "groups:1:5: group: “admins” is no caller like cert=NAME or uid=0; groups hold no groups"),
        ("cert=a cert=b\n", "groups:1:1: group: “cert=a” is no name of a group"),
        ("all *\n", "groups:1:5: group: “*” is no caller"),
        ("ops cert=a, cert=b\n", "groups:1:5: group: “cert=a,” is no caller"),
    ],
)
def test_a_broken_file_of_groups_denies_everything_even_where_no_group_is_named(
    text: str, finding: str, tmp_path: Path
) -> None:
    (tmp_path / "groups").write_text(text)
    (tmp_path / "echo.policy").write_text("allow\t*\t*\t*\t*\n")

    with pytest.raises(PolicyError) as refused:
        read_file(tmp_path / "echo.policy").sound()

    assert finding in str(refused.value)


def test_a_file_of_groups_can_be_read_by_itself(tmp_path: Path) -> None:
    (tmp_path / "groups").write_text("ops cert=a\nops cert=b\n")

    (finding,) = read_groups_file(tmp_path / "groups")

    assert str(finding).startswith(f"{tmp_path}/groups:2:1: group: “ops” stands there twice")


def test_a_file_that_is_not_there_denies_and_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(
        PolicyError, match=r"echo\.policy:1:1: unreadable: No such file or directory; write one with “pol"
    ):
        read_file(tmp_path / "echo.policy").sound()


@pytest.mark.parametrize("name", ["echo.policy", "groups"])
@pytest.mark.parametrize(
    ("content", "code"), [(b"# \xff\n", "encoding: byte 2 is not UTF-8"), (b"#" * (MAX_BYTES + 1), "too-large: more")]
)
def test_a_file_that_is_no_text_or_too_large_denies(name: str, content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "echo.policy").write_text("allow\t*\t*\t*\t*\n")
    (tmp_path / name).write_bytes(content)

    with pytest.raises(PolicyError, match=rf"{name}:1:1: {code}"):
        read_file(tmp_path / "echo.policy").sound()


# -- whatever stands there

WORDS = [
    "allow",
    "deny",
    "policy",
    "default",
    "*",
    "cert=x",
    "admins",
    "stop",
    "a=b",
    "xen",
    "and",
    "not",
    "(",
    ")",
    "#",
]
TEXTS = st.one_of(
    st.text(),
    st.lists(st.lists(st.sampled_from(WORDS), max_size=8).flatmap(lambda words: st.sampled_from(["\t", " "]).map(
        lambda space: space.join(words))), max_size=6).map("\n".join),
)  # fmt: skip


@given(TEXTS)
def test_no_text_brings_anything_but_a_policy_or_a_policy_error(text: str) -> None:
    try:
        policy = read(text, "echo.policy", GROUPS).sound()
    except PolicyError:
        return
    assert isinstance(policy, Policy)
    assert isinstance(policy.decide(Request("cert=x", "stop", HOST)), Decision)


@given(TEXTS)
def test_no_text_for_groups_brings_anything_but_groups_and_findings(text: str) -> None:
    groups, findings = read_groups(text, "groups")

    assert all(name for name in groups)
    assert all(finding.severity == "error" for finding in findings)


@given(TEXTS, st.sampled_from(["nonsense", "deny\tcert=x", "permit\t*\t*\t*\t*", "deny\t*\t*\t(\t*"]), TEXTS)
def test_one_broken_line_anywhere_denies_everything(before: str, broken: str, after: str) -> None:
    with pytest.raises(PolicyError):
        read(f"{before}\n{broken}\n{after}", "echo.policy", GROUPS).sound()

"""ActionPolicy: what MCollective's own plugin decides we decide, but for where it lets in whom nobody meant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents.mcollective.authorization.doubts import doubts
from agents.mcollective.authorization.policy import authorize, policy_of
from agents.mcollective.authorization.text import PolicyError, read_file
from agents.mcollective.ddl import Action, Ddl
from agents.mcollective.settings import ActionPolicy
from tests.nodes import ToldNode

ALLOWED, DENIED = True, False
ALL = "allow\t*\t*\t*\t*\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A policy and a request: what the real plugin 2.2.0 was measured to decide, and ours where that is another."""

    text: str
    ruby: bool
    ours: bool | None = None
    caller: str = "uid=0"
    action: str = "status"
    facts: Mapping[str, str] = field(default_factory=dict)
    classes: Sequence[str] = ()
    groups: str | None = None

    @property
    def expected(self) -> bool:
        return self.ruby if self.ours is None else self.ours


GERMAN = {"country": "de", "cpus": "16"}
CASES = {
    "five columns, all of them *": Case(ALL, ALLOWED),
    "four columns, the last one *": Case("allow\t*\t*\t*\n", DENIED, ALLOWED),
    "a caller that is a part of one that is named": Case("allow\tuid=01\t*\t*\t*\n", ALLOWED, DENIED),
    "a caller of which one that is named is a part": Case("allow\tuid=0\t*\t*\t*\n", DENIED, caller="uid=01"),
    "one of several callers": Case("allow\tuid=500 uid=0\t*\t*\t*\n", ALLOWED),
    "spaces for tabs, four words": Case("allow uid=0 * *\npolicy default allow\n", ALLOWED, DENIED),
    "spaces for tabs, six words": Case("allow uid=0 status stop * *\n", DENIED),
    "spaces for tabs, five words": Case("allow uid=0 * * *\n", DENIED, ALLOWED),
    "five words that deny": Case("deny uid=0 * * *\npolicy default allow\n", ALLOWED, DENIED),
    "CR LF": Case("allow\t*\t*\t*\t*\r\n", DENIED, ALLOWED),
    "CR LF, denying": Case("deny\t*\t*\t*\t*\r\npolicy default allow\r\n", ALLOWED, DENIED),
    "fewer of one digit": Case("allow\t*\t*\tcpus<5\t*\n", ALLOWED, facts={"cpus": "3"}),
    "fewer of two digits, as text": Case("allow\t*\t*\tcpus<5\t*\n", ALLOWED, DENIED, facts=GERMAN),
    "more of two digits, as text": Case("allow\t*\t*\tcpus>5\t*\n", DENIED, ALLOWED, facts=GERMAN),
    "<=": Case("allow\t*\t*\tcpus<=16\t*\n", DENIED, ALLOWED, facts=GERMAN),
    ">=": Case("allow\t*\t*\tcpus>=16\t*\n", DENIED, ALLOWED, facts=GERMAN),
    "a regular expression for a fact": Case("allow\t*\t*\tcountry=/^d/\t*\n", DENIED, ALLOWED, facts=GERMAN),
    "a regular expression for a class": Case("allow\t*\t*\t*\t/hyper/\n", ALLOWED, classes=["hypervisor"]),
    "a data function": Case('allow\t*\t*\tfstat("/etc/hosts").present=1\n', ALLOWED),
    "first deny, then allow": Case("deny\t*\tstatus\t*\t*\nallow\t*\tstatus\t*\t*\n", DENIED),
    "first allow, then deny": Case("allow\t*\tstatus\t*\t*\ndeny\t*\tstatus\t*\t*\n", ALLOWED),
    "an empty file": Case("", DENIED),
    "no line and no default": Case("allow\tuid=1\t*\t*\t*\n", DENIED),
    "the last default": Case("policy default deny\npolicy default allow\n", ALLOWED),
    "a default above a line": Case("policy default allow\ndeny\t*\t*\t*\t*\n", DENIED),
    "an indented comment": Case("  # who\nallow\t*\t*\t*\t*\n", ALLOWED),
    "a line of rubbish": Case(f"rubbish\n{ALL}", ALLOWED, DENIED),
    "an action of several": Case("allow\t*\tstart status\t*\t*\n", ALLOWED),
    "another action": Case("allow\t*\tstart stop\t*\t*\n", DENIED),
    "all facts hold": Case("allow\t*\t*\tcountry=de cpus=16\t*\n", ALLOWED, facts=GERMAN),
    "one fact does not hold": Case("allow\t*\t*\tcountry=de cpus=8\t*\n", DENIED, facts=GERMAN),
    "all classes are there": Case("allow\t*\t*\t*\txen web\n", ALLOWED, classes=["web", "xen"]),
    "one class is missing": Case("allow\t*\t*\t*\txen web\n", DENIED, classes=["xen"]),
    "a compound of facts": Case("allow\t*\t*\tcountry=uk or cpus=16\t*\n", ALLOWED, facts=GERMAN),
    "a compound of facts and classes": Case("allow\t*\t*\tcountry=de and !dev\t*\n", ALLOWED, facts=GERMAN),
    "a compound with a comparison of numbers": Case("allow\t*\t*\tnot cpus<=8\t*\n", ALLOWED, facts=GERMAN),
    "a compound with a regular expression": Case("allow\t*\t*\t!country=/^d/\t*\n", ALLOWED, DENIED, facts=GERMAN),
    "a compound in the classes": Case("allow\t*\t*\t*\txen and not dev\n", DENIED, classes=["xen", "dev"]),
    "four columns are a compound": Case("allow\t*\t*\t(country=uk or xen)\n", ALLOWED, classes=["xen"]),
    "a group": Case("allow\tadmins\t*\t*\t*\n", ALLOWED, groups="admins uid=1 uid=0\n"),
    "a group without the caller": Case("allow\tadmins\t*\t*\t*\n", DENIED, groups="admins uid=01\n"),
    "a group that is not there": Case(f"deny\tadmins\t*\t*\t*\n{ALL}", ALLOWED, DENIED, groups="ops uid=0\n"),
    "a group in a group": Case("allow\tops\t*\t*\t*\n", DENIED, groups="admins uid=0\nops admins\n"),
    "a group and a caller": Case("allow\tadmins uid=0\t*\t*\t*\n", ALLOWED, groups="admins uid=1\n"),
    "a data function that is not there": Case(f"deny\t*\t*\tpuppet().enabled=true\n{ALL}", ALLOWED, DENIED),
}
UNMARKED = {"a caller that is a part of one that is named"}
"""Where we differ and no finding says so: nobody means it."""


def placed(case: Case, folder: Path) -> Path:
    (folder / "service.policy").write_bytes(case.text.encode())
    if case.groups is not None:
        (folder / "groups").write_text(case.groups)
    return folder / "service.policy"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_request_is_decided_as_the_table_says(case: Case, tmp_path: Path) -> None:
    placed(case, tmp_path)
    node = ToldNode(case.facts, case.classes, {"service": None})

    decision = authorize(ActionPolicy(directory=tmp_path), "service", case.caller, case.action, node)

    assert decision.allowed is case.expected, decision.why


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.expected is not case.ruby])
def test_where_we_differ_a_check_of_the_file_says_so(name: str, tmp_path: Path) -> None:
    reading = read_file(placed(CASES[name], tmp_path))

    found = [each for each in (*reading.findings, *doubts(reading)) if each.code != "no-default"]

    assert bool(found) is (name not in UNMARKED)


# -- what the announcement of April 2010 promises

ANNOUNCED = """\
policy default deny
allow uid=600 * customer=acme *
allow uid=700 restart * apache
allow uid=0 status * *
"""


@pytest.mark.parametrize(
    ("caller", "action", "node", "allowed"),
    [
        ("uid=600", "stop", ToldNode({"customer": "acme"}), True),
        ("uid=600", "stop", ToldNode({"customer": "other"}), False),
        ("uid=600", "stop", ToldNode(), False),
        ("uid=700", "restart", ToldNode(told_classes=["apache", "xen"]), True),
        ("uid=700", "restart", ToldNode(told_classes=["xen"]), False),
        ("uid=700", "status", ToldNode(told_classes=["apache"]), False),
        ("uid=0", "status", ToldNode(), True),
        ("uid=0", "restart", ToldNode({"customer": "acme"}, ["apache"]), False),
        ("uid=6000", "stop", ToldNode({"customer": "acme"}), False),
    ],
)
@pytest.mark.parametrize("written", ["with spaces", "with tabs"])
def test_a_user_for_a_customer_restarts_by_class_and_root_for_one_action(
    caller: str, action: str, node: ToldNode, written: str, tmp_path: Path, *, allowed: bool
) -> None:
    (tmp_path / "service.policy").write_text(
        ANNOUNCED if written == "with spaces" else "\n".join(
            line if line.startswith("policy") else line.replace(" ", "\t") for line in ANNOUNCED.splitlines()
        )
    )  # fmt: skip

    assert authorize(ActionPolicy(directory=tmp_path), "service", caller, action, node).allowed is allowed


# -- which file

PLAIN = Ddl("service", "services", "1.0", 10, (Action("status", "how"), Action("kill", "end it", explicit=True)))
CAREFUL = Ddl("careful", "asks for it itself", "1.0", 10, (Action("status", "how"),), authorized_by_policy=True)
NODE = ToldNode(agents={"service": PLAIN, "careful": CAREFUL, "discovery": None})


def asked(settings: ActionPolicy, agent: str = "service", action: str = "status") -> tuple[bool, str]:
    decision = authorize(settings, agent, "cert=x", action, NODE)
    return decision.allowed, decision.why.replace(f"{settings.directory}/", "")


def test_an_agents_own_policy_comes_before_the_default_one(tmp_path: Path) -> None:
    settings = ActionPolicy(directory=tmp_path, default="default")

    assert asked(settings) == (False, "there is no service.policy")
    (tmp_path / "default.policy").write_text(ALL)
    assert asked(settings) == (True, "default.policy:1: allow * * * *")
    (tmp_path / "service.policy").write_text("policy default deny\n")
    assert asked(settings) == (False, "service.policy:1: policy default deny")


def test_without_a_default_policy_named_none_is_read(tmp_path: Path) -> None:
    (tmp_path / "default.policy").write_text(ALL)

    assert asked(ActionPolicy(directory=tmp_path)) == (False, "there is no service.policy")


def test_where_there_is_no_policy_a_setting_decides(tmp_path: Path) -> None:
    settings = ActionPolicy(directory=tmp_path, allow_unconfigured=True)

    assert asked(settings) == (True, "there is no service.policy")
    (tmp_path / "service.policy").write_text("allow\tcert=other\t*\t*\t*\n")
    assert asked(settings) == (
        True,
        "service.policy: no line and no policy default is about it; allow_unconfigured is on",
    )
    (tmp_path / "service.policy").write_text("policy default deny\n")
    assert asked(settings) == (False, "service.policy:1: policy default deny")


def test_where_not_all_agents_need_a_policy_those_do_that_ask_for_it(tmp_path: Path) -> None:
    settings = ActionPolicy(directory=tmp_path, all_agents=False)

    assert asked(settings) == (True, "service asks for no policy")
    assert asked(settings, "careful") == (False, "there is no careful.policy")
    (tmp_path / "careful.policy").write_text(ALL)
    assert asked(settings, "careful") == (True, "careful.policy:1: allow * * * *")


@pytest.mark.parametrize("all_agents", [True, False])
def test_an_action_that_must_be_named_needs_a_line_that_names_it(tmp_path: Path, *, all_agents: bool) -> None:
    settings = ActionPolicy(directory=tmp_path, all_agents=all_agents, allow_unconfigured=True)

    assert asked(settings, action="kill") == (False, "there is no service.policy")
    (tmp_path / "service.policy").write_text(f"{ALL}policy default allow\n")
    assert asked(settings, action="kill") == (False, "service.policy: no line allows kill by name")
    (tmp_path / "service.policy").write_text("allow\t*\tkill\t*\t*\n")
    assert asked(settings, action="kill") == (True, "service.policy:1: allow * kill * *")


def test_a_policy_is_read_at_each_request(tmp_path: Path) -> None:
    settings = ActionPolicy(directory=tmp_path)
    (tmp_path / "service.policy").write_text("allow\tops\t*\t*\t*\n")
    (tmp_path / "groups").write_text("ops cert=x\n")

    assert asked(settings)[0]
    (tmp_path / "groups").write_text("ops cert=y\n")
    assert not asked(settings)[0]
    (tmp_path / "service.policy").write_text(ALL)
    assert asked(settings)[0]


def test_a_broken_policy_denies_all_and_says_where_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "service.policy").write_text(f"{ALL}deny\tcert=x *\t*\t*\t*\n")

    allowed, why = asked(ActionPolicy(directory=tmp_path, allow_unconfigured=True))

    assert not allowed
    assert why == (
        "service.policy:2:13: caller: * stands alone, or names with spaces between; "
        "until it is mended all is denied: “xen-balancer-agent policy check” names every mistake"
    )


def test_a_broken_file_of_groups_denies_all(tmp_path: Path) -> None:
    (tmp_path / "service.policy").write_text(ALL)
    (tmp_path / "groups").write_text("ops\tother\n")

    allowed, why = asked(ActionPolicy(directory=tmp_path))

    assert not allowed
    assert why.startswith("groups:1:5: group: “other” is no caller")


def test_a_policy_that_is_there_and_cannot_be_read_is_not_replaced_by_the_default(tmp_path: Path) -> None:
    settings = ActionPolicy(directory=tmp_path, default="default", allow_unconfigured=True)
    (tmp_path / "default.policy").write_text(ALL)

    (tmp_path / "service.policy").symlink_to("nowhere")
    assert not asked(settings)[0]
    (tmp_path / "service.policy").unlink()
    (tmp_path / "service.policy").mkdir()
    assert not asked(settings)[0]


def test_a_directory_of_policies_that_is_no_directory_denies_all(tmp_path: Path) -> None:
    (tmp_path / "policies").write_text("")

    with pytest.raises(PolicyError, match="Not a directory"):
        policy_of(ActionPolicy(directory=tmp_path / "policies"), "service")


def test_a_name_that_leads_out_of_the_directory_has_no_policy(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "service.policy").write_text(ALL)

    assert policy_of(ActionPolicy(directory=tmp_path / "policies"), "../service") is None

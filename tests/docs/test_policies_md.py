"""docs/policies.md says nothing that a server does not do; its console examples are run with all others."""

import re
from pathlib import Path

import pytest

from agents.commands.ddl import schemas
from agents.documents import Document, parse
from agents.mcollective.authorization.doubts import doubts
from agents.mcollective.authorization.lines import Request
from agents.mcollective.authorization.policy import authorize
from agents.mcollective.authorization.text import read, read_file, read_groups
from agents.mcollective.cfg.documents import read_server
from agents.mcollective.settings import ActionPolicy
from tests.nodes import ToldNode

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")


def shown(kind: str) -> str:
    """The one block of a kind."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", MANUAL, flags=re.MULTILINE | re.DOTALL)
    return str(text)


def table(header: str) -> list[list[str]]:
    """The rows below a header; a bar within a cell is written \\|."""
    rows = MANUAL.partition(f"\n| {header} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# -- the policy that it shows

GROUPS, GROUP_FINDINGS = read_groups(shown("groups"), "groups")
READING = read(shown("policy"), "service.policy", GROUPS)
GERMAN = ToldNode({"country": "de", "customer": "acme", "environment": "test"}, ("apache", "role::web"))
PRODUCTION = ToldNode({"environment": "production"}, ("apache", "role::web"))


def test_the_policy_and_the_groups_that_it_shows_are_beyond_doubt() -> None:
    assert GROUP_FINDINGS == ()
    assert READING.findings == ()
    assert doubts(READING) == ()


@pytest.mark.parametrize(
    ("caller", "action", "node", "line"),
    [
        ("cert=admin-public", "restart", PRODUCTION, 5),
        ("cert=admin-public", "restart", GERMAN, 6),
        ("cert=admin-public", "stop", PRODUCTION, 6),
        ("uid=600", "stop", GERMAN, 7),
        ("uid=600", "stop", PRODUCTION, 2),
        ("cert=jane-public", "restart", GERMAN, 8),
        ("cert=ops-public", "status", GERMAN, 9),
        ("cert=ops-public", "status", PRODUCTION, 2),
        ("cert=jane", "restart", GERMAN, 2),
    ],
)
def test_each_of_its_lines_decides_as_told(caller: str, action: str, node: ToldNode, line: int) -> None:
    decision = READING.sound().decide(Request(caller, action, node))

    assert decision.why.startswith(f"service.policy:{line}: ")


# -- conditions

HOLD = ToldNode({"country": "de", "site": "lyon", "cpus": "16"}, ("apache", "role::web"))
FAIL = ToldNode({"country": "uk", "site": "lyon", "cpus": "100"}, ("nginx", "legacy"))
NOWHERE = {"cpus>4", "cpus>=8", 'fstat("/etc/maintenance").present=0'}
"""They hold on both hosts."""

CONDITIONS = [condition for cells in table("condition | holds where") for condition in code(cells[0])]


def test_the_table_of_conditions_has_rows() -> None:
    assert len(CONDITIONS) > 10


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_holds_where_the_table_says(condition: str) -> None:
    is_class = "=" not in condition and not re.search("[<>]", condition)
    columns = f"*\t{condition}" if is_class else f"{condition}\t*"
    policy = read(f"allow\t*\t*\t{columns}\n", "echo.policy").sound()

    holds = [policy.decide(Request("cert=a", "say", node)).allowed for node in (HOLD, FAIL)]

    assert holds == [True, condition in NOWHERE]


def test_it_names_every_data_function() -> None:
    (told,) = re.findall(r"what a data function tells: (.+) \|", MANUAL)
    text = "".join(f"deny\t*\t*\t{name}('x').y=1\n" for name in code(told))

    assert len(code(told)) == 4
    assert [finding.code for finding in doubts(read(text + "policy default deny\n", "echo.policy"))] == []


# -- what must be named, and who asks for a policy


def test_it_names_every_action_that_must_be_named() -> None:
    paragraph = MANUAL.partition("**Actions that must be named**")[2].partition("\n\n")[0]

    for agent, ddl in schemas().items():
        for action in ddl.actions:
            assert (f"`{action.name}`" in paragraph and f"`{agent}`" in paragraph) is action.explicit


def test_it_names_every_agent_that_asks_for_a_policy_itself() -> None:
    (told,) = re.findall(r"^Agents of ours that ask for it themselves: (.*?)\.", MANUAL, flags=re.MULTILINE)

    assert code(told) == sorted(name for name, ddl in schemas().items() if ddl.authorized_by_policy)


# -- codes


def source(module: str) -> str:
    return (ROOT / "agents" / "mcollective" / "authorization" / f"{module}.py").read_text(encoding="utf-8")


def explained(header: str) -> set[str]:
    return {name for cells in table(header) for name in code(cells[0])}


def test_every_code_of_a_mistake_is_explained() -> None:
    codes = set(re.findall(r'(?:Mistake\(|_names\(cell, |, 1, 1, |at\.column, )"([a-z-]+)"', source("text")))

    assert explained("mistake | means") == codes


def test_every_code_of_a_doubt_is_explained() -> None:
    codes = set(re.findall(r'(?:yield [^\n]+?, |yield |, 1, |\(\(word, |\(\()"([a-z-]+)", ', source("doubts")))

    assert explained("doubt | means") == codes


# -- differences

DIFFERENCES = table("in the policy | 2.2.0 | here | why")


def test_the_table_of_differences_has_rows() -> None:
    assert len(DIFFERENCES) > 8


@pytest.mark.parametrize("cells", DIFFERENCES, ids=lambda cells: cells[0])
def test_we_decide_as_the_table_of_differences_says(cells: list[str], tmp_path: Path) -> None:
    lines = [line.replace("⇥", "\t").replace("␍", "\r") for line in code(cells[0])]
    (tmp_path / "service.policy").write_bytes("".join(f"{line}\n" for line in lines).encode())
    host = ToldNode({"country": "de", "cpus": "16"})

    decision = authorize(ActionPolicy(directory=tmp_path), "service", "uid=0", "status", host)

    assert {True: "allowed", False: "denied"}[decision.allowed] == cells[2]


# -- settings


def test_the_settings_that_it_shows_are_the_same_in_both_languages(tmp_path: Path) -> None:
    class Settings(Document):
        policies: ActionPolicy

    pool = "plugin.psk = x\nplugin.activemq.pool.size = 1\nplugin.activemq.pool.1.host = broker\n"
    (tmp_path / "server.cfg").write_text(pool + shown("server.cfg"))

    ours = parse(shown("yaml").encode(), Settings, path=tmp_path / "agent.yaml").policies

    assert ours == ActionPolicy(directory=tmp_path / "policies", default="all")
    assert read_server(tmp_path / "server.cfg", {}).policies == ours


def test_the_mistaken_policy_has_a_mistake() -> None:
    assert read_file(ROOT / "tests" / "docs" / "mistaken.policy").findings != ()

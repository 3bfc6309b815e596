"""What can be read and is still worth a look: most of it is where MCollective's own plugin would decide otherwise."""

import pytest

from agents.mcollective.authorization.doubts import doubts
from agents.mcollective.authorization.text import read
from agents.mcollective.ddl import Action, Ddl

DEFAULT = "policy default deny\n"
RULE = "allow\tcert=x\tstop\t*\t*\n"


def told(text: str) -> list[str]:
    reading = read(text, "echo.policy")
    assert reading.findings == ()
    findings = doubts(reading)
    assert all(finding.severity == "warning" for finding in findings)
    return [f"{finding.line}:{finding.column}: {finding.code}: {finding.message}" for finding in findings]


@pytest.mark.parametrize(
    "text",
    [
        DEFAULT,
        DEFAULT + RULE,
        DEFAULT + "# a comment\n\n" + RULE + "allow\tcert=y\t*\tcountry=uk\trole::web /^db/\n",
        DEFAULT + "allow\tcert=x\tstop\tcountry=uk and not cpus=4\t*\n",
        DEFAULT + "allow\tcert=x\tstop\tfstat('/etc/hosts').present=1 or fact_data('a').value=b\n",
        DEFAULT + "allow\tcert=x\tstop\t*\t/a=b/\n",
    ],
)
def test_a_policy_that_all_read_alike_is_beyond_doubt(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("line", "doubt"),
    [
        ("allow uid=600 * customer=acme acme::dev", "2:1: spaces: no tabs, and read as five columns since it has five"),
        ("allow\tcert=x \t*\t*\t*", "2:13: spaces: MCollective's own plugin takes a space beside a tab"),
        ("allow\tcert=x\t*\t*\t* ", "2:19: spaces: "),
        ("allow\tcert=x\t*\t*\t*\r", "2:19: line-end: CR LF; MCollective's own plugin takes the CR for a part"),
        ("  # indented", "2:3: indented: MCollective's own plugin complains of a comment"),
        ("allow\tcert=x\t*\t*", "2:16: columns: with four columns MCollective's own plugin never comes to this line"),
        ("allow\tcert=x\t*\tcpus<=4\t*", "2:16: comparison: MCollective's own plugin splits it at the last of = < >"),
        ("allow\tcert=x\t*\ta=b cpus>=4\t*", "2:20: comparison: MCollective's own plugin splits it"),
        ("allow\tcert=x\t*\ta==b\t*", "2:16: comparison: MCollective's own plugin splits it"),
        ("allow\tcert=x\t*\ta=~b\t*", "2:16: comparison: MCollective's own plugin splits it"),
        ("allow\tcert=x\t*\ta=b=c\t*", "2:16: comparison: MCollective's own plugin splits it"),
        ("allow\tcert=x\t*\tcpus<5\t*", "2:16: comparison: MCollective's own plugin compares text here"),
        ("allow\tcert=x\t*\ta=/^d/\t*", "2:16: comparison: MCollective's own plugin compares with all that stands"),
        ('allow\tcert=x\t*\ta="d"\t*', "2:16: comparison: MCollective's own plugin compares with all that stands"),
        (
            "allow\tcert=x\t*\tpuppet().enabled=true",
            "2:16: function: puppet() is not answered here: a line with it can",
        ),
        ("deny\tcert=x\t*\t*\tnot puppet().enabled=true", "2:17: function: puppet() is not answered here"),
        ("allow\tcert=x\t*\tnot a=/^d/\t*", "2:16: comparison: a=/^d/: MCollective's own plugin compares with all"),
        ("allow\tcert=x\t*\t(cpus<=4)", "2:16: comparison: cpus<=4: MCollective's own plugin splits it at the last"),
        ("policy default deny", "1:1: default-again: counts for nothing: the last one does, line 2"),
    ],
)
def test_what_is_doubtful_is_told_with_its_place(line: str, doubt: str) -> None:
    (found,) = told(f"{DEFAULT}{line}\n")

    assert found.startswith(doubt)


def test_a_policy_without_a_default_leaves_it_to_a_setting() -> None:
    (found,) = told(RULE)

    assert found.startswith("1:1: no-default: no “policy default”; the setting allow_unconfigured decides then")


def test_a_line_that_never_comes_to_decide_is_told_with_the_one_that_does() -> None:
    text = DEFAULT + RULE + "deny\tcert=x\tstop\txen=1\t*\ndeny\tcert=y\tstop\t*\t*\n"

    assert told(text) == ["3:1: unreachable: never comes to decide: line 2 does, whatever is asked"]


def test_an_action_that_the_agent_does_not_have_is_told_where_the_agent_is_known() -> None:
    ddl = Ddl("echo", "says", "1.0", 10, (Action("say", "say it"), Action("stop", "say no more")))
    reading = read(DEFAULT + "allow\tcert=x\tsay stopp\t*\t*\nallow\tcert=y\t*\t*\t*\n", "echo.policy")

    assert [str(finding) for finding in doubts(reading, ddl)] == [
        "echo.policy:2:1: no-action: echo has no action “stopp”; it has say, stop"
    ]


def test_a_line_that_is_a_mistake_has_no_doubts_as_well() -> None:
    reading = read(DEFAULT + "allow\tcert=x \t*\n", "echo.policy")

    assert len(reading.findings) == 1
    assert doubts(reading) == ()

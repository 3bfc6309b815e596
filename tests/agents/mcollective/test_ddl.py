"""What an agent can be asked, in MCollective's words."""

from typing import Any

import pytest

from agents.mcollective.ddl import Action, Ddl, Input, Output, render_ddl

DDL = Ddl(
    agent="xenagent",
    description="Xen's own",
    version="0.1",
    timeout=30,
    actions=(
        Action(
            "migrate",
            "Send a VM away",
            inputs=(
                Input("vm", "which", maxlength=10, validation=r"^[\w-]+$"),
                Input("to", "an address", optional=True, validation="ipv4address"),
                Input("epoch", "a number", type="integer", optional=True),
                Input("share", "a number", type="number", optional=True),
                Input("live", "or not", type="boolean", optional=True),
                Input("how", "one of", type="list", optional=True, choices=("now", "later")),
                Input("note", "free", optional=True),
            ),
            outputs=(Output("state", "how it stands", default="unknown"), Output("host", "where to")),
            summarized=("state", "host"),
        ),
    ),
)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"vm": "web1"}, None),
        ({"vm": "web1", "to": "10.0.0.2", "epoch": 1, "share": 0.5, "live": True, "how": "now", "note": "x y"}, None),
        ({"vm": "web1", "undeclared": object()}, None),
        ({}, "Action migrate needs a vm argument"),
        ({"vm": 5}, "Cannot validate input vm: value should be a string"),
        ({"vm": None}, "Cannot validate input vm: value should be a string"),
        ({"vm": "a" * 11}, "Cannot validate input vm: Input string is longer than 10 character(s)"),
        ({"vm": "web1\n"}, r"Cannot validate input vm: value should match ^[\w-]+$"),
        ({"vm": "web1", "to": "hv7"}, "Cannot validate input to: value should be an ipv4 address"),
        ({"vm": "web1", "epoch": "1"}, "Cannot validate input epoch: value should be a integer"),
        ({"vm": "web1", "epoch": True}, "Cannot validate input epoch: value should be a integer"),
        ({"vm": "web1", "share": "0"}, "Cannot validate input share: value should be a number"),
        ({"vm": "web1", "live": 1}, "Cannot validate input live: value should be a boolean"),
        ({"vm": "web1", "how": "never"}, "Cannot validate input how: value should be one of now, later"),
        ({"vm": "web1", "how": None}, "Cannot validate input how: value should be one of now, later"),
        ({"vm": "web1", "how": ["now"]}, "Cannot validate input how: value should be one of now, later"),
        ({"vm": "web1", "note": "a;b"}, "Cannot validate input note: value should not have ; in it"),
    ],
)
def test_inputs_are_checked_against_their_declaration(data: dict[str, Any], problem: str | None) -> None:
    assert DDL.validate("migrate", data) == problem


def test_an_action_that_is_not_declared_is_refused() -> None:
    assert DDL.validate("destroy", {}) == (
        "Attempted to call action destroy for xenagent but it's not declared in the DDL"
    )


def test_an_agent_sees_declared_inputs_only_and_a_reply_starts_with_its_defaults() -> None:
    assert DDL.inputs("migrate", {"vm": "web1", "undeclared": 1}) == {"vm": "web1"}
    assert DDL.defaults("migrate") == {"state": "unknown", "host": None}
    assert DDL.inputs("destroy", {"vm": "web1"}) == DDL.defaults("destroy") == {}


def test_rubys_clients_get_the_same_as_a_file_of_theirs() -> None:
    assert render_ddl(DDL) == (
        "metadata :name => 'xenagent', :description => 'Xen\\'s own', :author => 'xen-balancer', "
        ":license => 'Apache-2.0', :version => '0.1', :url => '', :timeout => 30\n"
        "\n"
        "action 'migrate', :description => 'Send a VM away' do\n"
        "  display :always\n"
        "  input :vm, :prompt => 'vm', :description => 'which', :type => :string, :validation => '^[\\\\w-]+$', "
        ":maxlength => 10, :optional => false\n"
        "  input :to, :prompt => 'to', :description => 'an address', :type => :string, :validation => :ipv4address, "
        ":maxlength => 0, :optional => true\n"
        "  input :epoch, :prompt => 'epoch', :description => 'a number', :type => :integer, :optional => true\n"
        "  input :share, :prompt => 'share', :description => 'a number', :type => :number, :optional => true\n"
        "  input :live, :prompt => 'live', :description => 'or not', :type => :boolean, :optional => true\n"
        "  input :how, :prompt => 'how', :description => 'one of', :type => :list, :list => ['now', 'later'], "
        ":optional => true\n"
        "  input :note, :prompt => 'note', :description => 'free', :type => :string, :validation => :shellsafe, "
        ":maxlength => 0, :optional => true\n"
        "  output :state, :description => 'how it stands', :display_as => 'state', :default => 'unknown'\n"
        "  output :host, :description => 'where to', :display_as => 'host', :default => nil\n"
        "  summarize do\n"
        "    aggregate summary(:state)\n"
        "    aggregate summary(:host)\n"
        "  end\n"
        "end\n"
    )

"""What a host is, put together from its settings, its configuration and itself."""

from pathlib import Path

from agents.mcollective.settings import ServerSettings
from agents.mcollective.this_node import ThisNode
from tests.wire import Echo, roster_of


def test_a_fact_file_stands_above_the_configuration_and_that_above_the_hosts_own(tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("---\nsite: paris\ncores: 8\n")
    (tmp_path / "classes.txt").write_text("xen\ndatabase\n")
    settings = ServerSettings.model_validate(
        {
            "identity": "hv1", "psk": {"key": "x"}, "policies": tmp_path, "collectives": ["lyon"],
            "facts": [tmp_path / "facts.yaml"], "classes": tmp_path / "classes.txt",
        }
    )  # fmt: skip
    own = {"hostname": "hv1", "site": "own", "rack": "own"}

    node = ThisNode(settings, roster_of(Echo(), tmp_path / "agents"), {"site": "said", "rack": "said"}, own=lambda: own)

    assert node.facts() == {"hostname": "hv1", "site": "paris", "rack": "said", "cores": "8"}
    assert list(node.classes()) == ["xen", "database"]
    assert (node.identity, node.collectives, sorted(node.agents)) == (
        "hv1", ("mcollective", "lyon"), ["discovery", "echo"],
    )  # fmt: skip

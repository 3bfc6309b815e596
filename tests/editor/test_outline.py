"""The rules and sets of a file."""

from balancer.editor.outline import folds, outline
from tests.editor.written import document, shown

RULE = "rule relieve # busy\n  when host.cpu > 85%\n  move vm by most cpu\n  to host by least cpu"
FILE = f"every 30 s\n{RULE}\n\nlet\n  db = vms\nkeep\n"


def test_rules_and_sets_stand_in_file_order_with_their_names() -> None:
    of = document(FILE)

    assert [(each.sort, each.name, shown(of, each.where)) for each in outline(of)] == [
        ("rule", "relieve", "relieve"), ("let", "db", "db"),
    ]  # fmt: skip
    assert shown(of, next(outline(of)).whole) == RULE


def test_what_stands_on_several_lines_can_be_folded() -> None:
    of = document(FILE)

    assert [shown(of, each) for each in folds(of)] == [RULE, "let\n  db = vms"]

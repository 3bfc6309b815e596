"""How commands end."""

import pytest

from agents.errors import UsageError, guarded
from agents.mcollective.connector.connection import FabricError
from agents.mcollective.errors import MessageError


def raising(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("name a file"), 2, "prog: name a file\n"),
        (FabricError("no broker"), 3, "prog: no broker\n"),
        (MessageError("filter not understood", "no"), 2, "prog: filter not understood: no\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_is_one_line_and_a_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded("prog", lambda: raising(error)) == code
    assert capsys.readouterr().err == said


def test_what_ends_well_ends_with_its_own_code() -> None:
    assert guarded("prog", lambda: 1) == 1

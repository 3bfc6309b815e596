"""`rules serve`, where no editor has started it; how it speaks to one is in tests/editor/test_server.py."""

import io
import sys

import pytest

from balancer.cli import main


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_is_told_who_starts_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal())

    assert main(["rules", "serve"]) == 2
    assert capsys.readouterr().err == "`rules serve` is started by an editor; deploy/editors/README.md says how\n"


def test_without_pygls_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.delitem(sys.modules, "balancer.editor.server", raising=False)
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)

    assert main(["rules", "serve"]) == 2
    assert (
        capsys.readouterr().err == "pygls.lsp.server is missing; install it with: pip install 'xen-balancer[editor]'\n"
    )

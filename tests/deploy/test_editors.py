"""What editors get: colours from the language's own tables, tried in Vim and with VS Code's regular expressions."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from onigurumacffi import compile_regset

from tests.scripts import script

EDITORS = Path(__file__).parents[2] / "deploy" / "editors"
EXTENSION = EDITORS / "vscode"

needs_vim = pytest.mark.skipif(shutil.which("vim") is None, reason="needs Vim: apt-get install vim")


GENERATE = script(EDITORS / "generate.py")
MANIFEST = json.loads((EXTENSION / "package.json").read_text("utf-8"))

COLOURED = """\
# why:Comment
every:Statement 30:Number s:Unit # due:Comment
let:Statement db:Given =:Sign vms:Thing tagged:Word "# db":String or:Logic named:Word "pg-*":String
let:Statement every:Given =:Sign hosts:Thing
rule:Statement cpu_rule:Given
    when:Word host.cpu:Name >:Sign 85:Number %:Unit for:Word 3:Number rounds:Unit
          and:Logic farm.vms:Name >=:Sign 1.5:Number
    move:Word vm:Thing by:Word most:Word cpu_time:Name where:Word age:Name >:Sign 15:Number min:Unit
          and:Logic not:Logic in:Logic db
    to:Word host:Thing by:Word least:Word avg:Function ( after.memory:Name , 10:Number min:Unit ) as:Word "max":String
    until:Word min:Function ( source.cpu:Name , 1:Number h:Unit ) <:Sign 70:Number %:Unit
    when:Word hostel.cpu host.cpus xhost.cpu facts.rack:Name memory2 p95 x9
reserve:Statement memory:Name for:Word 1:Number lost:Word host:Thing
never:Statement move:Word pets except:Word drains:Kind , repairs:Kind
window:Statement mon-fri:Days 20:00-06:00:Hours Europe/Paris:Zone
drain:Statement d
limit:Statement 2:Number at:Word once:Word , 20:Number per:Word hour:Word
    rule everywhere
keep:Statement vms:Thing tagged:Word "db apart:Unclosed
"""
"""A file with the colour behind each word that has one."""

MARK = re.compile(r":([A-Z][a-z]+)(?= |$)", re.MULTILINE)
TEXT = MARK.sub("", COLOURED)

PROBE = """\
set nocompatible
execute 'set runtimepath^=' . fnameescape($PLUGIN)
filetype plugin on
syntax on
execute 'edit' fnameescape($FILE)
let told = [&filetype . ' ' . &commentstring]
for line in range(1, line('$'))
  for column in range(1, col([line, '$']) - 1)
    call add(told, line . ' ' . column . ' ' . synIDattr(synID(line, column, 1), 'name'))
  endfor
endfor
call writefile(told, $TOLD)
quitall!
"""


def _expected() -> list[str]:
    """Line, word and colour of all that is coloured, as the text above says."""
    told = []
    for number, line in enumerate(COLOURED.splitlines(), 1):
        start = 0
        for mark in MARK.finditer(line):
            words = line[start : mark.start()].lstrip()
            told.append(f"{number} {_word(words, mark[1])} {mark[1]}")
            start = mark.end()
    return told


def _word(words: str, colour: str) -> str:
    """The last word, or all from its first sign on where a colour runs on."""
    sign = {"Comment": "#", "String": '"', "Unclosed": '"'}.get(colour)
    return words[words.index(sign) :] if sign else words.rsplit(maxsplit=1)[-1]


def by_textmate() -> list[str]:
    """As VS Code does it: of all rows the one that matches first, of several at one place the first."""
    rows = json.loads((EXTENSION / "syntaxes" / "rules.tmLanguage.json").read_text("utf-8"))["patterns"]
    names = {f"{colour.scope}.{GENERATE.LANGUAGE}": colour.name for colour in GENERATE.colours()}
    patterns = compile_regset(*(row["match"] for row in rows))
    told = []
    for number, line in enumerate(TEXT.splitlines(), 1):
        row, found = patterns.search(line)
        while found:
            told.append(f"{number} {found[0].strip()} {names[rows[row]['name']]}")
            row, found = patterns.search(line, found.end())
    return told


@pytest.fixture(scope="module")
def in_vim(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], list[str]]:
    def probe(name: str, text: str) -> list[str]:
        folder = tmp_path_factory.mktemp("vim")
        for file, content in (("probe.vim", PROBE), (name, text)):
            (folder / file).write_text(content, encoding="utf-8")
        where = {"PLUGIN": EDITORS / "vim", "FILE": folder / name, "TOLD": folder / "told", "HOME": folder}
        command = ("vim", "-es", "-N", "-u", "NONE", "-i", "NONE", "-n", "-S", folder / "probe.vim")
        environment = {key: str(value) for key, value in where.items()}
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=60)
        return (folder / "told").read_text("utf-8").splitlines()

    return probe


@pytest.mark.parametrize("place", GENERATE.FILES)
def test_what_is_made_is_as_it_would_be_made_today(place: str) -> None:
    assert (EDITORS / place).read_text("utf-8") == GENERATE.FILES[place](), "make editors writes it anew"


def test_vs_code_colours_a_file_so() -> None:
    assert by_textmate() == _expected()


@needs_vim
def test_vim_colours_a_file_so(in_vim: Callable[[str, str], list[str]]) -> None:
    filetype, *characters = in_vim("farm.rules", TEXT)

    assert filetype == "xenbalancer # %s"
    assert _runs(characters) == _expected()


def _runs(characters: list[str]) -> list[str]:
    """Characters of one colour in a row as words, each with its line and colour."""
    lines = TEXT.splitlines()
    placed = [(int(line), int(column), colour) for line, column, colour in (each.split(" ", 2) for each in characters)]
    told = []
    for (line, colour), run in groupby(placed, key=lambda each: (each[0], each[2])):
        columns = [column for _, column, _ in run]
        if colour:
            word = lines[line - 1][columns[0] - 1 : columns[-1]]
            told.append(f"{line} {word} {colour.removeprefix(GENERATE.FILETYPE)}")
    return told


@needs_vim
@pytest.mark.parametrize(
    ("text", "filetype"), [("# ours\nkeep vms apart\n", "xenbalancer"), ('SUBSYSTEM=="net", NAME="lan0"\n', "hog")]
)
def test_vim_knows_our_files_from_others_that_end_alike(
    text: str, filetype: str, in_vim: Callable[[str, str], list[str]]
) -> None:
    assert in_vim("some.rules", text)[0].split()[0] == filetype


def test_the_extension_names_files_that_are_there_and_one_language() -> None:
    offered = MANIFEST["contributes"]
    (language,), (grammar,) = offered["languages"], offered["grammars"]

    assert [
        path
        for path in (MANIFEST["main"], language["configuration"], grammar["path"])
        if not (EXTENSION / path).exists()
    ] == []
    assert {language["id"], grammar["language"]} == {GENERATE.LANGUAGE}
    assert grammar["scopeName"] == json.loads((EXTENSION / grammar["path"]).read_text("utf-8"))["scopeName"]
    assert list(offered["configuration"]["properties"]) == [f"{GENERATE.LANGUAGE}.program"]
    json.loads((EXTENSION / language["configuration"]).read_text("utf-8"))


def test_the_extension_starts_a_command_that_exists() -> None:
    source = (EXTENSION / "extension.js").read_text("utf-8")

    assert 'args: ["rules", "serve"]' in source
    assert f'"{GENERATE.LANGUAGE}"' in source
    assert MANIFEST["contributes"]["configuration"]["properties"][f"{GENERATE.LANGUAGE}.program"]["default"] == (
        "xen-balancer"
    )

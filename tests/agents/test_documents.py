"""How files that people write are read, and what they are told when one is wrong."""

from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from agents.documents import (
    MAX_BYTES,
    Document,
    DocumentError,
    FileName,
    Mebibytes,
    Mistake,
    Rate,
    Seconds,
    load,
    parse,
)


class Disk(Document):
    name: str
    size: Mebibytes = 0.0
    spinning: bool = False


class Machine(Document):
    name: str
    cores: Annotated[int, Field(ge=1, le=64)] = 1
    share: float = 0.5
    every: Seconds | None = None
    bandwidth: Rate | None = None
    keys: FileName | None = None
    disks: tuple[Disk, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)


def read(text: str) -> Machine:
    return parse(text.encode(), Machine, path=Path("m.yaml"))


def complaints(text: str | bytes) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse(text.encode() if isinstance(text, str) else text, Machine, path=Path("m.yaml"))
    return str(caught.value).splitlines()


def test_a_file_becomes_a_value_in_base_units() -> None:
    machine = read("""
name: hv1
cores: 8
every: 10 min
bandwidth: 110MiB/s
disks:
  - {name: sda, size: 2GiB, spinning: true}
""")
    assert machine == Machine(
        name="hv1", cores=8, every=600.0, bandwidth=110.0, disks=(Disk(name="sda", size=2048.0, spinning=True),)
    )


@pytest.mark.parametrize("scalar", ["no", "0x9", "010", "1:30", "2026-01-01", "1e999", "0.16"])
def test_a_scalar_is_the_text_that_stands_in_the_file(scalar: str) -> None:
    assert read(f"name: {scalar}").name == scalar


def test_quotes_make_a_text_of_what_would_be_nothing() -> None:
    assert read("name: 'null'").name == "null"
    for nothing in ("name: null", "name:", "name: ~"):
        assert complaints(nothing) == ["m.yaml:1:1: wrong-type: name: has no value; give it one or leave the key out"]


def test_a_relative_path_counts_from_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("name: a\nkeys: keys/a.pem\n")
    assert load(file, Machine).keys == tmp_path / "keys/a.pem"
    file.write_text("name: a\nkeys: /etc/a.pem\n")
    assert load(file, Machine).keys == Path("/etc/a.pem")


def test_all_mistakes_are_told_at_once_each_with_its_place() -> None:
    assert complaints("""name: hv1
core: 8
cores: eight
share: .nan
every: 30
bandwidth: 110MiB
disks:
  - {size: 32GB}
  - {name: sdb, size: 30s, spinning: perhaps}
  - sdc
labels: [a]
""") == [
        "m.yaml:2:1: unknown-key: core: unknown key; did you mean “cores”?",
        "m.yaml:3:8: wrong-type: cores: “eight” is not a whole number",
        "m.yaml:4:8: wrong-type: share: “.nan” is not a number",
        "m.yaml:5:8: wrong-value: every: “30” is not a time: write a number and a unit, s or min or h or d",
        "m.yaml:6:12: wrong-value: bandwidth: “110MiB” is not a rate: write a size for each second, like 110MiB/s",
        "m.yaml:8:5: missing-key: disks[0].name: is missing",
        "m.yaml:8:12: wrong-value: disks[0].size: “GB” is not a unit; did you mean GiB?",
        "m.yaml:9:23: wrong-value: disks[1].size: “30s” is a time, wanted is a size (B or KiB or MiB or GiB or TiB)",
        "m.yaml:9:38: wrong-type: disks[1].spinning: “perhaps” is neither true nor false",
        "m.yaml:10:5: wrong-type: disks[2]: keys with values are wanted here, not “sdc”",
        "m.yaml:11:9: wrong-type: labels: keys with values are wanted here, not a list",
    ]


def test_a_key_like_none_that_is_known_gets_the_list_of_those_that_are() -> None:
    assert complaints("name: a\ndisks: [{name: b, colour: red}]") == [
        "m.yaml:2:19: unknown-key: disks[0].colour: unknown key; known here: name, size, spinning"
    ]


def test_a_number_out_of_bounds_is_told_the_bound() -> None:
    assert complaints("name: a\ncores: 0") == ["m.yaml:2:8: out-of-range: cores: “0” is too small; at least 1"]
    assert complaints("name: a\ncores: 65") == ["m.yaml:2:8: out-of-range: cores: “65” is too large; at most 64"]
    assert complaints(f"name: a\ncores: {'9' * 5000}")[0].startswith("m.yaml:2:8: wrong-type: cores: “999")
    assert complaints("name: a\nshare: 1e999") == ["m.yaml:2:8: out-of-range: share: “1e999” is not a finite number"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "m.yaml:1:1: empty: the file is empty"),
        ("# nothing\n", "m.yaml:1:1: empty: the file is empty"),
        ("- a", "m.yaml:1:1: wrong-type: keys with values are wanted here, not a list"),
        ("name: [a,\n b: }", "m.yaml:2:5: syntax: this is not YAML: did not find expected node content"),
        ("name: a\nname: b", "m.yaml:2:1: duplicate-key: “name” stands in line 1 already"),
        ("name: &a b", "m.yaml:1:7: syntax: anchors (&) and aliases (*) are not read here; write the value out"),
        ("name: *a", "m.yaml:1:7: syntax: anchors (&) and aliases (*) are not read here; write the value out"),
        ("name: !!str b", "m.yaml:1:7: syntax: tags (!) are not read here; leave it out"),
        ("<<: {name: a}", "m.yaml:1:1: syntax: a key is a plain word here"),
        ("? [a]\n: b", "m.yaml:1:3: syntax: a key is a plain word here"),
        ("name: a\n---\nname: b", "m.yaml:2:1: syntax: a second document begins here; one file holds one"),
        ("name: a\nshare: \x01", "m.yaml:2:8: encoding: the character U+0001 cannot stand in this file"),
        ("[" * 200_000, "m.yaml:1:22: syntax: nested deeper than 20"),
    ],
)
def test_what_is_no_such_file_is_told_where_it_breaks_off(text: str, complaint: str) -> None:
    assert complaints(text)[0].startswith(complaint)


def test_bytes_that_are_no_utf_8_are_told_at_the_beginning() -> None:
    assert complaints(b"name: \xff") == ["m.yaml:1:1: encoding: byte 6 is not UTF-8; save the file as UTF-8"]


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.yaml:1:1: unreadable: No such file or directory"):
        load(tmp_path / "none.yaml", Machine)
    with pytest.raises(DocumentError, match="unreadable: Is a directory"):
        load(tmp_path, Machine)


def test_a_file_above_the_limit_is_not_even_parsed(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("name: " + "a" * MAX_BYTES)
    with pytest.raises(DocumentError, match="too-large: more than 1048576 bytes"):
        load(file, Machine)


def test_ten_thousand_mistakes_are_cut_short() -> None:
    lines = complaints("name: a\n" + "\n".join(f"k{number}: 1" for number in range(100)))
    assert len(lines) == 51
    assert lines[-1] == "… and 50 more"


def test_what_a_check_finds_is_placed_like_everything_else() -> None:
    def check(machine: Machine) -> list[Mistake]:
        return [Mistake(("disks", 1, "name"), f"“{machine.disks[1].name}” stands twice", "duplicate")]

    with pytest.raises(DocumentError) as caught:
        parse(b"name: a\ndisks:\n- {name: b}\n- {name: b}\n", Machine, check, Path("m.yaml"))
    assert str(caught.value) == "m.yaml:4:10: duplicate: disks[1].name: “b” stands twice"


@given(st.binary(max_size=200) | st.text(alphabet="{}[]:,-&*!|>'\"%@`#? \n\tab0", max_size=60).map(str.encode))
def test_whatever_stands_in_a_file_it_is_read_or_refused(source: bytes) -> None:
    try:
        assert isinstance(parse(source, Machine), Machine)
    except DocumentError as error:
        complaint = str(error)
        assert complaint.startswith("-:")

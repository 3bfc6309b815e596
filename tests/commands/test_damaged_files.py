"""Files as accidents leave them: told as mistakes with their place, never as a traceback."""

import re
from pathlib import Path
from random import Random

import pytest

from balancer.cli import main

ROOT = Path(__file__).parents[2]
RULES = sorted([*ROOT.glob("rules/*.rules"), *ROOT.glob("tests/scenarios/*.rules")])
SCENARIOS = sorted(ROOT.glob("tests/scenarios/*.yaml"))
SNAPSHOT = ROOT / "deploy" / "examples" / "farm.json"
WORDS = b'when keep never move vms to and or not 5 % GiB ( ) " , . : { } [ ] - # \t after. null ~ &a *a | 1e999 NaN -1'
NUMBERS = (b"9" * 15, b"9" * 400, b"0", b"-1", b"1e308", b"0.0000001")


def damaged(source: bytes, chance: Random) -> bytes:
    """One accident: a bit turned, a line lost, doubled or astray, a number blown up, a stretch lost, a word more."""
    lines, place = source.split(b"\n"), chance.randrange(len(source))
    line, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(7):
        case 0:
            return source[:place] + bytes([source[place] ^ (1 << chance.randrange(8))]) + source[place + 1 :]
        case 1:
            del lines[line]
        case 2:
            lines.insert(other, lines[line])
        case 3:
            lines[line], lines[other] = lines[other], lines[line]
        case 4:
            number = chance.choice(list(re.finditer(rb"\d+", source)) or [re.search(b"", source)])
            assert number is not None
            return source[: number.start()] + chance.choice(NUMBERS) + source[number.end() :]
        case 5:
            return source[:place] + source[place + chance.randint(1, 40) :]
        case _:
            return source[:place] + b" " + chance.choice(WORDS.split()) + b" " + source[place:]
    return b"\n".join(lines)


def carried_out(*words: object) -> int:
    """The exit code; whatever is raised fails the test."""
    return int(main([str(word) for word in words]))


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_rule_file_is_told_by_every_command_that_reads_one(seed: int, tmp_path: Path) -> None:
    chance, file = Random(seed), tmp_path / "farm.rules"
    file.write_bytes(damaged(chance.choice(RULES).read_bytes(), chance))
    checked = carried_out("rules", "check", file)
    assert checked in {0, 1}
    assert carried_out("rules", "format", "--check", file) in {0, 1}
    expected = 0 if checked == 0 else 2
    assert carried_out("rules", "explain", file) == expected
    assert carried_out("plan", "--snapshot", SNAPSHOT, "--rules", file) == expected


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_scenario_or_snapshot_is_told(seed: int, tmp_path: Path) -> None:
    chance, scenario, snapshot = Random(seed), tmp_path / "farm.yaml", tmp_path / "farm.json"
    scenario.write_bytes(damaged(chance.choice(SCENARIOS).read_bytes(), chance))
    snapshot.write_bytes(damaged(SNAPSHOT.read_bytes(), chance))
    assert carried_out("simulate", scenario, "--rounds", 5) in {0, 2}
    assert carried_out("plan", "--snapshot", snapshot) in {0, 2}

"""What each scenario's simulation prints; as a program it writes the transcripts anew.

Rule: a transcript is read before it is committed. It is the behaviour; this file only writes it down.

    make transcripts, or python -m tests.scenarios.regenerate NAME…
"""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from balancer.assembly.virtual import Wish, simulation
from balancer.commands.simulate import SUMMARIES

FOLDER = Path(__file__).parent
RULES = FOLDER.parents[1] / "rules"
SCENARIOS = sorted(FOLDER.glob("*.yaml"))

CLASSIC = {"2010"}
"""Scenarios told as the balancer of 2010 did, with its rules."""


def wish(scenario: Path, output: str | None = None) -> Wish:
    """The rules beside the scenario, else those that came along."""
    if scenario.stem in CLASSIC:
        return Wish(scenario, RULES / "classic.rules", output=output or "classic")
    beside = scenario.with_suffix(".rules")
    return Wish(scenario, beside if beside.exists() else RULES / "default.rules", output=output or "text")


def played(wanted: Wish) -> str:
    """All that `simulate` prints."""
    stream = StringIO()
    with simulation(wanted, stream) as play:
        play.loop.run(play.rounds)
    return stream.getvalue() + SUMMARIES[wanted.output](play.summary())


def documents(text: str) -> list[dict[str, Any]]:
    """The JSON lines of a simulation."""
    return [json.loads(line) for line in text.splitlines()]


def main(names: list[str]) -> None:
    """Write the transcripts of these scenarios, or of all."""
    for scenario in SCENARIOS:
        if not names or scenario.stem in names:
            scenario.with_suffix(".transcript").write_text(played(wish(scenario)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Random farms: the same for a seed, of the words that the rules speak of, and as an author would write them."""

from pathlib import Path

import yaml

from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.trials.chance import RandomFarm, Words, random_farm
from balancer.adapters.trials.model import FuzzModel, TrialFile
from dsl.loading import load

RULES = """
rule r
  when  host tagged "hot*" and host.cpu > 50%
  move  vm by most cpu where named "pg-?" or tagged "web"
  to    host by least cpu
keep vm "ora1" on hosts tagged "licensed"
drain host "hv7"
"""


def words() -> Words:
    ruleset = load("r", RULES.encode(), LANGUAGE).ruleset
    assert ruleset is not None
    return Words.of(ruleset)


def farm(run: int, **fuzz: object) -> RandomFarm:
    return random_farm(
        FuzzModel.model_validate({"runs": 1, "seed": 7, "hosts": "4-9", "vms": "10-40"} | fuzz), run, words()
    )


def test_the_words_are_those_of_the_rules_each_with_whose_it_is() -> None:
    assert words() == Words(
        {"host": ("hv7",), "vm": ("ora1", "pg-?")}, {"host": ("hot*", "licensed"), "vm": ("web",)}, ()
    )


def test_a_seed_and_a_run_are_a_farm() -> None:
    assert farm(1) == farm(1)
    assert farm(1) != farm(2) != farm(2, seed=8)


def test_sets_of_the_rules_have_members_on_most_farms() -> None:
    farms = [farm(run) for run in range(20)]
    names = [{*each.hosts, *each.vms} for each in farms]
    tags = [
        {tag for thing in (*each.hosts.values(), *each.vms.values()) for tag in thing.get("tags", ())} for each in farms
    ]
    assert sum("hv7" in each for each in names) > 10
    assert sum(any(name.startswith("pg-") for name in each) for each in names) > 10
    assert sum("licensed" in each for each in tags) > 10
    assert sum(any(tag.startswith("hot") for tag in each) for each in tags) > 10


def test_sizes_are_within_their_spans_and_vms_fit_where_they_are() -> None:
    for run in range(20):
        made = farm(run)
        assert 4 <= len(made.hosts) <= 9
        assert len(made.vms) <= 40
        case, model = made.ground()
        for name, host in model.hosts.items():
            held = sum(vm.memory for vm in model.vms.values() if vm.host == name)
            assert held + host.dom0_memory <= host.memory
        assert case.walls
        assert {event.host for event in case.events} <= {None, *model.hosts}


def test_a_part_of_a_farm_is_whole_in_itself() -> None:
    made = next(each for each in map(farm, range(50)) if any("host" in event for event in each.events) and each.vms)
    part = made.with_hosts(list(made.hosts)[:2])
    assert {vm["host"] for vm in part.vms.values()} <= part.hosts.keys()
    assert {event.get("host") for event in part.events} <= {None, *part.hosts}
    assert {event.get("vm") for event in part.events} <= {None, *part.vms}
    assert made.with_vms([]).vms == {}
    part.ground()


def test_as_text_it_is_a_test_file_that_plays_the_same(tmp_path: Path) -> None:
    made = farm(3)
    document = yaml.load(made.text("a.rules", "2026-01-05 00:00 UTC", 7), Loader=yaml.BaseLoader)
    file = TrialFile.model_validate(document, context={"folder": tmp_path})
    _, model = made.ground()
    assert file.farms["found"] == model
    assert (file.tests[0].moves, file.tests[0].walls, file.tests[0].rounds) == ("any", True, made.rounds)
    assert file.tests[0].events == made.ground()[0].events

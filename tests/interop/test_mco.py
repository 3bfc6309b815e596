"""Stock `mco` asks a Ruby server and one of ours the same, in every cell: it cannot tell them apart."""

import json
import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.interop.questions import BAD, BOTH, FINDS, GOOD, OURS, PINGS, RUBY, UNSEEN, UNTOLD, ageless
from tests.interop.stock import MCO, Client, within
from tests.wire import eventually

Found = Mapping[str, frozenset[str]]
AT_ONCE = 10
"""A discovery is a second of waiting: several wait together."""


@pytest.fixture(scope="module")
def found(mco: Client) -> Found:
    """Whom each of FINDS finds."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(
            zip(FINDS, pool.map(lambda words: mco.find(*words), (words for words, _ in FINDS.values())), strict=True)
        )


@pytest.fixture(scope="module")
def pinged(mco: Client) -> Found:
    """Who answers each of PINGS."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(
            zip(PINGS, pool.map(lambda words: mco.ping(*words), (words for words, _ in PINGS.values())), strict=True)
        )


@pytest.fixture(scope="module")
def answered(mco: Client) -> Mapping[str, Any]:
    """The answers to each of UNSEEN, by server."""
    bodies = [json.dumps({"action": action, "data": data}) for action, data, _ in UNSEEN.values()]
    told = mco.script("raw.rb", "witness", *bodies, "-I", RUBY, "-I", OURS)
    return dict(zip(UNSEEN, json.loads(told.stdout), strict=True))


def test_as_a_process_of_its_own_it_does_the_same(mco: Client) -> None:
    command = within(mco.cell, MCO, "find", "--dt", "1", "-F", "country=de", "-c", mco.config)

    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, frozenset(done.stdout.split())) == (0, BOTH), done.stderr


@pytest.mark.parametrize("by", FINDS)
def test_find_finds(found: Found, by: str) -> None:
    assert found[by] == FINDS[by][1]


@pytest.mark.parametrize("by", PINGS)
def test_ping_reaches(pinged: Found, by: str) -> None:
    assert pinged[by] == PINGS[by][1]


@pytest.mark.parametrize("said", GOOD)
def test_good_input_comes_back_with_its_types(mco: Client, said: str) -> None:
    words, told = GOOD[said]

    answers = mco.rpc("witness", "say", *words, hosts=BOTH)

    expected = {**UNTOLD, **told, "caller": mco.cell.caller_id("balancer")}
    assert {sender: (answer["statuscode"], answer["data"]) for sender, answer in answers.items()} == {
        RUBY: (0, expected),
        OURS: (0, expected),
    }


@pytest.mark.parametrize("wrong", BAD)
def test_bad_input_is_refused_with_the_same_words(careless: Client, wrong: str) -> None:
    (action, *words), status = BAD[wrong]

    answers = careless.rpc("witness", action, *words, hosts=BOTH)

    assert {sender: answer["statuscode"] for sender, answer in answers.items()} == {RUBY: status, OURS: status}
    assert answers[OURS]["statusmsg"] == answers[RUBY]["statusmsg"]
    assert answers[OURS]["data"] == answers[RUBY]["data"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_no_ddl_has_seen_is_answered_with_the_same_words(answered: Mapping[str, Any], unseen: str) -> None:
    status, answers = UNSEEN[unseen][2], answered[unseen]

    expected = {} if status is None else {RUBY: status, OURS: status}
    assert {sender: answer["statuscode"] for sender, answer in answers.items()} == expected
    assert answers.get(OURS) == answers.get(RUBY)


def test_fire_and_forget_is_done_and_not_answered(mco: Client) -> None:
    done = mco.mco("rpc", "witness", "note", "text=forgotten", "--nr")

    assert re.fullmatch(r"Request sent with id: [0-9a-f]{32}\n", done.stdout), done.stderr
    assert eventually(lambda: all("forgotten\n" in mco.cell.notes(sender) for sender in BOTH))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("get_fact", ["fact=country"]),
        ("get_fact", ["fact=cpus"]),
        ("get_fact", ["fact=roles"]),
        ("get_fact", ["fact=nosuch"]),
        ("get_facts", ["facts=country,cpus, nosuch"]),
        ("collective_info", []),
        ("get_config_item", ["item=main_collective"]),
        ("get_config_item", ["item=nosuch"]),
        ("get_data", ["source=fstat", "query=/etc/passwd"]),
        ("get_data", ["source=fstat", "query=/nosuch"]),
        ("get_data", ["source=fact", "query=country"]),
        ("get_data", ["source=agent", "query=witness"]),
        ("get_data", ["source=nosuch"]),
    ],
)
def test_rpcutil_says_the_same(mco: Client, action: str, words: list[str]) -> None:
    answers = mco.rpc("rpcutil", action, *words, hosts=BOTH)

    assert set(answers) == BOTH
    told, rubys = (
        answers[server] | {"sender": None, "data": ageless(answers[server]["data"])} for server in (OURS, RUBY)
    )
    assert told == rubys


@pytest.mark.parametrize("action", ["inventory", "daemon_stats", "agent_inventory", "ping", "collective_info"])
def test_rpcutil_answers_with_the_same_classes(mco: Client, action: str) -> None:
    done = mco.script("shapes.rb", "rpcutil", action, "-I", RUBY, "-I", OURS)

    shapes = json.loads(done.stdout)
    assert set(shapes) == BOTH
    assert shapes[OURS] == shapes[RUBY]


def test_inventory_tells_of_ours_what_it_tells_of_rubys(mco: Client) -> None:
    told = {sender: mco.mco("inventory", sender) for sender in BOTH}

    assert {sender: (done.returncode, done.stderr) for sender, done in told.items()} == dict.fromkeys(BOTH, (0, ""))
    facts = section(told[RUBY].stdout, "Facts").replace(RUBY, OURS).splitlines()
    assert len(facts) == 8
    assert set(facts) <= set(section(told[OURS].stdout, "Facts").splitlines())
    assert section(told[OURS].stdout, "Configuration Management Classes").split() == ["web", "xen", "xen::host"]
    assert set(section(told[OURS].stdout, "Data Plugins").split()) >= {"agent", "collective", "fact", "fstat"}
    assert set(section(told[OURS].stdout, "Agents").split()) >= {"discovery", "rpcutil", "witness", "xenagent"}
    names = [
        re.findall(r"^ +([A-Z][\w ]*):", section(done.stdout, "Server Statistics"), re.MULTILINE)
        for done in told.values()
    ]
    assert names[0] == names[1]


def section(inventory: str, title: str) -> str:
    """What stands under that title."""
    return inventory.partition(f"   {title}:\n")[2].partition("\n\n")[0]


def test_facts_counts_both(mco: Client) -> None:
    done = mco.mco("facts", "country", "-v", "--dt", "1")

    assert re.search(r"\bde +found 2 times\s+ours1\s+ruby1\s", done.stdout), done.stdout + done.stderr
    assert "2 / 2" in done.stdout


def test_collectives_are_listed_with_both(mco: Client) -> None:
    done = mco.mco("inventory", "--list-collectives", "--dt", "1")

    assert re.search(rf"{mco.cell.collective} +2$", done.stdout, re.MULTILINE), done.stdout + done.stderr

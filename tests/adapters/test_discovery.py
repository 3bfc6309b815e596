"""Hosts that are looked for in the background, over a real broker: no round waits for them."""

import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.settings import ClientKeys, ServerKeys
from agents.plugins.xenagent import DDL
from balancer.adapters import discovery
from balancer.adapters.discovery import finding, nobody
from tests.adapters.puppets import Stage, staged
from tests.brokers import BrokerProcess
from tests.stage import coilmq_wire
from tests.wire import eventually


@pytest.fixture
def stage(broker: int, server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path) -> Iterator[Stage]:
    with staged(DDL, tmp_path, (server_keys, client_keys), coilmq_wire(broker)) as one:
        yield one


def looking(stage: Stage, **settings: Any) -> Callable[[], Collection[str]]:
    wanted = {"every": 5.0, "wait": 0.5} | settings
    return stage.stack.enter_context(finding(stage.configuration(discovery=wanted)))


def finds(found: Callable[[], Collection[str]], *names: str) -> bool:
    """These and nobody else, sooner or later."""
    seen: set[str] = set()

    def all_of_them() -> bool:
        seen.update(found())
        return seen == set(names)

    return eventually(all_of_them)


def test_whoever_has_the_agent_is_found_and_told_of_once(stage: Stage) -> None:
    stage.enter("hv1", {})
    stage.enter("hv2", {})

    found = looking(stage, every=300.0)
    assert finds(found, "hv1", "hv2")
    assert found() == set()


def test_only_those_are_found_that_the_filter_lets_through(stage: Stage) -> None:
    for host in ("hv1", "hv2", "web1"):
        stage.enter(host, {})

    assert finds(looking(stage, names=["/^hv/"]), "hv1", "hv2")


def test_it_looks_again_and_again(stage: Stage) -> None:
    stage.enter("hv1", {})
    found = looking(stage)
    assert finds(found, "hv1")

    stage.enter("hv2", {})
    assert finds(found, "hv1", "hv2")


def test_to_ask_what_was_found_waits_for_nobody(stage: Stage) -> None:
    found = looking(stage, wait=60.0)

    began = time.monotonic()
    assert [found() for _ in range(100)] == [set()] * 100
    assert time.monotonic() - began < 30


def test_a_broker_that_comes_late_is_asked_once_it_is_there(
    coilmq_process: BrokerProcess,
    server_keys: ServerKeys,
    client_keys: ClientKeys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discovery, "RETRY", 0.1)
    coilmq_process.stop()
    wire = coilmq_wire(coilmq_process.port) | {"connect_timeout": 0.1, "reconnect_max": 0.2}

    with staged(DDL, tmp_path, (server_keys, client_keys), wire) as stage:
        found = looking(stage)
        time.sleep(0.5)
        coilmq_process.start()
        stage.enter("hv1", {})
        assert finds(found, "hv1")


def test_where_nobody_is_to_be_looked_for_nobody_is_found(stage: Stage) -> None:
    with finding(stage.configuration(hosts=[{"name": "hv1"}])) as found:
        assert found is nobody
        assert found() == ()

"""Whom hosts reach, asked over a real broker."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.mcollective.settings import ClientKeys, ServerKeys
from agents.plugins.xenagent import DDL
from balancer.adapters.connections import connections
from balancer.config import HostEntry, Migration
from tests.adapters.puppets import Stage, aborts, breaks, said, staged
from tests.stage import coilmq_wire

HOSTS = ("hv1", "hv2", "hv3")


@pytest.fixture
def stage(broker: int, server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path) -> Iterator[Stage]:
    with staged(DDL, tmp_path, (server_keys, client_keys), coilmq_wire(broker)) as one:
        yield one


def all_but(uri: str) -> Any:
    def answer(data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"reached": {each: "refused" if each == uri else "" for each in msgspec.json.decode(data["uris"])}}

    return answer


def test_each_host_tells_of_all_by_the_uris_of_a_migration(stage: Stage) -> None:
    puppets = [stage.enter(host, {"reach": all_but("xen+tcp://192.0.2.12/system")}) for host in HOSTS]
    configuration = stage.configuration(
        hosts=(HostEntry(name="hv1"), HostEntry(name="hv2", address="192.0.2.12")), migration=Migration(transport="tcp")
    )
    told = connections(stage.connected(configuration), configuration, HOSTS)
    assert told == {host: {"hv1": "", "hv2": "refused", "hv3": ""} for host in HOSTS}
    (asked,) = puppets[0].given("reach")
    assert msgspec.json.decode(asked["uris"]) == [
        "xen+tcp://192.0.2.12/system", "xen+tcp://hv1/system", "xen+tcp://hv3/system",
    ]  # fmt: skip


def test_who_gives_no_clear_answer_is_left_out(stage: Stage) -> None:
    answers = (said(reached="all"), aborts("not authorized"), breaks)
    for host, answer in zip(HOSTS, answers, strict=True):
        stage.enter(host, {"reach": answer})
    configuration = stage.configuration(hosts=tuple(HostEntry(name=host) for host in HOSTS))
    assert connections(stage.connected(configuration), configuration, HOSTS) == {}

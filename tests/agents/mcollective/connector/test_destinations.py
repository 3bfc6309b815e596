"""Destinations and headers of both connectors, against frames that were captured from MCollective's own."""

from collections.abc import Iterable
from typing import Any

import pytest

from agents.mcollective.connector.destinations import FABRICS, Fabric, Outgoing, ReplyPlace, Subscription, fabric
from agents.mcollective.settings import Settings

LIFE = (1_795_332_541, 60)
AGENTS = ("discovery", "rpcutil")
ACTIVEMQ_REPLIES = "/queue/mcollective.reply.rubyclient_21043.2"
RABBITMQ_REPLIES = "/temp-queue/mcollective_reply"
ACTIVEMQ_LIFE = {"timestamp": "1795332541000", "expires": "1795332611000"}
RABBITMQ_LIFE = {"expiration": "70000"}


def words_of(connector: str, identity: str = "rubyclient", **options: Any) -> Fabric:
    return fabric(Settings.model_validate({"connector": connector, "identity": identity, **options}))


def by_id(subscriptions: Iterable[Subscription]) -> dict[str, Subscription]:
    return {one.id: one for one in subscriptions}


def test_each_connector_that_can_be_configured_has_its_words() -> None:
    connectors = Settings.model_fields["connector"].annotation

    assert set(FABRICS) == set(connectors.__args__)  # type: ignore[union-attr] # a Literal


@pytest.mark.parametrize(
    ("connector", "options", "subscriptions"),
    [
        pytest.param(
            "activemq",
            {},
            (
                Subscription("/topic/mcollective.discovery.agent", "/topic/mcollective.discovery.agent"),
                Subscription("/topic/mcollective.rpcutil.agent", "/topic/mcollective.rpcutil.agent"),
                Subscription(
                    "mcollective_directed_to_identity", "/queue/mcollective.nodes", {"selector": "mc_identity = 'hv1'"}
                ),
            ),
            id="a topic for each agent, a selector for itself",
        ),
        pytest.param(
            "activemq",
            {"agents_multiplex": True},
            (
                Subscription("/topic/mcollective.agents", "/topic/mcollective.agents"),
                Subscription(
                    "mcollective_directed_to_identity", "/queue/mcollective.nodes", {"selector": "mc_identity = 'hv1'"}
                ),
            ),
            id="one topic for all agents",
        ),
        pytest.param(
            "rabbitmq",
            {},
            (
                Subscription("mcollective_broadcast_discovery", "/exchange/mcollective_broadcast/discovery"),
                Subscription("mcollective_broadcast_rpcutil", "/exchange/mcollective_broadcast/rpcutil"),
                Subscription("mcollective_hv1_directed_to_identity", "/exchange/mcollective_directed/hv1"),
            ),
            id="a key for each agent, a key for itself",
        ),
        pytest.param(
            "rabbitmq",
            {"agents_multiplex": True},
            (
                Subscription("mcollective_broadcast", "/exchange/mcollective_broadcast"),
                Subscription("mcollective_hv1_directed_to_identity", "/exchange/mcollective_directed/hv1"),
            ),
            id="one exchange for all agents",
        ),
    ],
)
def test_a_host_listens_for_its_agents_and_for_itself(
    connector: str, options: dict[str, Any], subscriptions: tuple[Subscription, ...]
) -> None:
    assert words_of(connector, "hv1", **options).server_subscriptions(AGENTS, directed=True) == subscriptions


@pytest.mark.parametrize(
    ("connector", "destinations"),
    [
        ("activemq", ["/topic/a.rpcutil.agent", "/queue/a.nodes", "/topic/b.rpcutil.agent", "/queue/b.nodes"]),
        (
            "rabbitmq",
            [
                "/exchange/a_broadcast/rpcutil", "/exchange/a_directed/hv1",
                "/exchange/b_broadcast/rpcutil", "/exchange/b_directed/hv1",
            ],
        ),
    ],
)  # fmt: skip
def test_it_does_so_in_each_of_its_collectives(connector: str, destinations: list[str]) -> None:
    words = words_of(connector, "hv1", collective="a", collectives=["b", "a"])

    subscriptions = words.server_subscriptions(["rpcutil"], directed=True)

    assert [one.destination for one in subscriptions] == destinations
    assert len({one.id for one in subscriptions}) == len(subscriptions)


@pytest.mark.parametrize("connector", FABRICS)
def test_what_stays_is_subscribed_to_under_the_same_id_when_agents_come_and_go(connector: str) -> None:
    words = words_of(connector, collectives=["b"])

    before = by_id(words.server_subscriptions(["discovery", "old", "stays"], directed=True))
    after = by_id(words.server_subscriptions(["stays", "new", "discovery"], directed=True))

    assert before.keys() - after.keys() == by_id(words.server_subscriptions(["old"], directed=False)).keys()
    assert after.keys() - before.keys() == by_id(words.server_subscriptions(["new"], directed=False)).keys()
    assert all(before[one] == after[one] for one in before.keys() & after.keys())


@pytest.mark.parametrize("connector", FABRICS)
def test_where_no_request_is_directed_it_listens_for_its_agents_only(connector: str) -> None:
    words = words_of(connector)

    assert words.server_subscriptions(AGENTS, directed=False) == words.server_subscriptions(AGENTS, directed=True)[:-1]


@pytest.mark.parametrize(
    ("connector", "options", "place"),
    [
        ("activemq", {}, ReplyPlace(ACTIVEMQ_REPLIES, (Subscription(ACTIVEMQ_REPLIES, ACTIVEMQ_REPLIES),))),
        ("rabbitmq", {}, ReplyPlace(RABBITMQ_REPLIES)),
        (
            "rabbitmq",
            {"reply_exchange": True},
            ReplyPlace(
                "/exchange/mcollective_reply/rubyclient_21043_2",
                (Subscription("mcollective_replies", "/exchange/mcollective_reply/rubyclient_21043_2"),),
            ),
        ),
    ],
)
def test_replies_have_a_place_of_the_connections_own(
    connector: str, options: dict[str, Any], place: ReplyPlace
) -> None:
    assert words_of(connector, **options).replies(21043, 2) == place


@pytest.mark.parametrize(
    ("connector", "options", "host", "destination", "headers"),
    [
        ("activemq", {}, None, "/topic/mcollective.rpcutil.agent", ACTIVEMQ_LIFE),
        ("activemq", {"agents_multiplex": True}, None, "/topic/mcollective.agents", ACTIVEMQ_LIFE),
        ("activemq", {}, "rubynode1", "/queue/mcollective.nodes", ACTIVEMQ_LIFE | {"mc_identity": "rubynode1"}),
        ("activemq", {"priority": 4}, None, "/topic/mcollective.rpcutil.agent", ACTIVEMQ_LIFE | {"priority": "4"}),
        ("rabbitmq", {}, None, "/exchange/mcollective_broadcast/rpcutil", RABBITMQ_LIFE),
        ("rabbitmq", {"agents_multiplex": True}, None, "/exchange/mcollective_broadcast", RABBITMQ_LIFE),
        ("rabbitmq", {}, "rubynode1", "/exchange/mcollective_directed/rubynode1", RABBITMQ_LIFE),
        ("rabbitmq", {"priority": 4}, None, "/exchange/mcollective_broadcast/rpcutil", RABBITMQ_LIFE),
    ],
)
def test_a_request_goes_to_all_that_have_the_agent_or_to_one_host(
    connector: str, options: dict[str, Any], host: str | None, destination: str, headers: dict[str, str]
) -> None:
    words = words_of(connector, **options)

    request = words.request("mcollective", "rpcutil", host, "/reply/here", LIFE, b"body")

    assert request == Outgoing(destination, headers | {"reply-to": "/reply/here", "mc_sender": "rubyclient"}, b"body")


@pytest.mark.parametrize(("connector", "start"), [("activemq", "/topic/eu."), ("rabbitmq", "/exchange/eu_")])
def test_a_request_may_go_to_another_collective_than_the_main_one(connector: str, start: str) -> None:
    request = words_of(connector, collectives=["eu"]).request("eu", "rpcutil", None, "/reply/here", LIFE, b"body")

    assert request.destination.startswith(start)


@pytest.mark.parametrize(
    ("connector", "reply_to", "headers"),
    [
        ("activemq", ACTIVEMQ_REPLIES, ACTIVEMQ_LIFE),
        ("rabbitmq", "/reply-queue/amq.gen-F8b5jtZlvb1eQ2FzZB0xYA", RABBITMQ_LIFE),
    ],
)
def test_a_reply_goes_where_it_was_asked_for(connector: str, reply_to: str, headers: dict[str, str]) -> None:
    reply = words_of(connector, "hv1").reply(reply_to, LIFE, b"body")

    assert reply == Outgoing(reply_to, headers | {"mc_sender": "hv1"}, b"body")


@pytest.mark.parametrize(
    ("connector", "destination"),
    [
        ("activemq", ACTIVEMQ_REPLIES),
        ("activemq", "/queue/eu.reply.admin-1.example.org_7.1"),
        ("rabbitmq", "/reply-queue/amq.gen-F8b5jtZlvb1eQ2FzZB0xYA"),
        ("rabbitmq", "/exchange/mcollective_reply/rubyclient_21043_2"),
    ],
)
def test_replies_go_to_reply_queues(connector: str, destination: str) -> None:
    assert words_of(connector, collectives=["eu"]).takes_reply(destination)


@pytest.mark.parametrize(
    ("connector", "destination"),
    [
        ("activemq", ""),
        ("activemq", "/topic/mcollective.rpcutil.agent"),
        ("activemq", "/queue/mcollective.nodes"),
        ("activemq", "/queue/mcollective.reply."),
        ("activemq", "/queue/us.reply.rubyclient_1.1"),
        ("activemq", "/queue/mcollectiveXreply.rubyclient_1.1"),
        ("activemq", "/queue/mcollective.reply.a,topic://mcollective.rpcutil.agent"),
        ("activemq", "/queue/mcollective.reply.>"),
        ("activemq", "/queue/mcollective.reply.a?consumer.priority=1"),
        ("activemq", "/queue/mcollective.reply.a\n"),
        ("activemq", "/reply-queue/amq.gen-F8b5jtZlvb1eQ2FzZB0xYA"),
        ("rabbitmq", ""),
        ("rabbitmq", "/exchange/mcollective_broadcast/rpcutil"),
        ("rabbitmq", "/exchange/mcollective_directed/hv1"),
        ("rabbitmq", "/exchange/mcollective_reply"),
        ("rabbitmq", "/exchange/mcollective_reply/a/b"),
        ("rabbitmq", "/reply-queue/somebody-elses"),
        ("rabbitmq", "/temp-queue/mcollective_reply"),
        ("rabbitmq", ACTIVEMQ_REPLIES),
    ],
)
def test_and_nowhere_else(connector: str, destination: str) -> None:
    assert not words_of(connector, collectives=["eu"]).takes_reply(destination)


@pytest.mark.parametrize(
    ("connector", "options", "vhost"),
    [
        ("activemq", {}, "mcollective"),
        ("rabbitmq", {}, "/"),
        ("activemq", {"vhost": "farm"}, "farm"),
        ("rabbitmq", {"vhost": "/mcollective"}, "/mcollective"),
    ],
)
def test_a_broker_is_called_what_mcollective_calls_it_unless_told(
    connector: str, options: dict[str, Any], vhost: str
) -> None:
    assert words_of(connector, **options).vhost == vhost

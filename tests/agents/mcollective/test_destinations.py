"""ActiveMQ's destinations and headers, as MCollective's own connector has them."""

from agents.mcollective.destinations import ActiveMq, Outgoing, Subscription

FABRIC = ActiveMq("mcollective", "hv1")
LIFE = (1_795_332_541, 60)
REPLIES = "/queue/mcollective.reply.hv1_4242.1"
HEADERS = {"timestamp": "1795332541000", "expires": "1795332611000", "mc_sender": "hv1"}


def test_a_host_listens_for_each_agent_and_for_itself() -> None:
    assert FABRIC.server_subscriptions(["discovery", "echo"], directed=True) == (
        Subscription("mcollective_discovery", "/topic/mcollective.discovery.agent"),
        Subscription("mcollective_echo", "/topic/mcollective.echo.agent"),
        Subscription(
            "mcollective_directed_to_identity", "/queue/mcollective.nodes", {"selector": "mc_identity = 'hv1'"}
        ),
    )


def test_without_selectors_it_listens_for_its_agents_only() -> None:
    assert [one.destination for one in FABRIC.server_subscriptions(["echo"], directed=False)] == [
        "/topic/mcollective.echo.agent"
    ]


def test_a_broadcast_goes_to_the_agents_topic() -> None:
    assert FABRIC.request("echo", None, REPLIES, LIFE, b"body") == Outgoing(
        "/topic/mcollective.echo.agent", HEADERS | {"reply-to": REPLIES}, b"body"
    )


def test_a_directed_request_goes_to_the_queue_of_all_with_its_host_in_a_header() -> None:
    assert FABRIC.request("echo", "hv2", REPLIES, LIFE, b"body") == Outgoing(
        "/queue/mcollective.nodes", HEADERS | {"reply-to": REPLIES, "mc_identity": "hv2"}, b"body"
    )


def test_a_reply_goes_where_it_was_asked_for() -> None:
    assert FABRIC.reply_queue(4242, 1) == REPLIES
    assert FABRIC.reply(REPLIES, LIFE, b"body") == Outgoing(REPLIES, HEADERS, b"body")


def test_replies_go_to_reply_queues_only() -> None:
    assert FABRIC.is_reply_queue(REPLIES)
    assert not FABRIC.is_reply_queue("/topic/mcollective.echo.agent")
    assert not FABRIC.is_reply_queue("")

"""Whether another libvirt can be reached."""

import socket
import threading

import pytest

from agents.hypervisor import reach


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("xen://hv2/system", ("hv2", 16514)),
        ("xen+tls://hv2.example.net/system", ("hv2.example.net", 16514)),
        ("xen+tcp://10.0.0.2/system", ("10.0.0.2", 16509)),
        ("qemu+ssh://root@hv2/system", ("hv2", 22)),
        ("qemu+libssh2://hv2/system", ("hv2", 22)),
        ("xen+tcp://hv2:17711/system", ("hv2", 17711)),
        ("xen+tls://[fd00::2]/system", ("fd00::2", 16514)),
    ],
)
def test_each_transport_has_its_port(uri: str, place: tuple[str, int]) -> None:
    assert reach.place(uri) == place


@pytest.mark.parametrize("uri", ["xen:///system", "xen+unix://hv2/system", "xen+tcp://hv2:99999/system"])
def test_what_names_no_place_cannot_be_reached(uri: str) -> None:
    assert reach.obstacle(uri)


def test_who_listens_is_reached_and_who_does_not_is_told_with_its_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        open_port, closed = there.getsockname()[1], nobody.getsockname()[1]
        reached, refused = (f"xen+tcp://127.0.0.1:{port}/system" for port in (open_port, closed))
        assert reach.obstacles([reached, refused, reached]) == {
            reached: "",
            refused: f"127.0.0.1:{closed} cannot be reached: Connection refused",
        }


def test_who_does_not_even_say_no_is_waited_for_a_little() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        words = f"127.0.0.1:{port} cannot be reached: no answer within 0.1 s"
        assert reach.obstacle(f"xen+tcp://127.0.0.1:{port}/system", 0.1) == words


def test_a_name_that_nobody_knows_is_told() -> None:
    assert reach.obstacle("xen+tcp://no-such-host.invalid/system").startswith(
        "no-such-host.invalid cannot be resolved: "
    )


def test_a_name_that_cannot_be_one_is_told() -> None:
    assert reach.obstacle(f"xen+tcp://{'a' * 70}/system").startswith(f"{'a' * 70} cannot be resolved: ")


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(reach.socket, "getaddrinfo", lambda *_, **__: answers.wait())
    words = "hv2 cannot be resolved: no answer within 0.1 s; look at this host's DNS"
    assert reach.obstacle("xen+tcp://hv2/system", 0.1) == words
    answers.set()


def test_each_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as nobody:
        nobody.bind(("127.0.0.2", 0))
        resolved = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each.getsockname()) for each in (nobody, there)]
        monkeypatch.setattr(reach.socket, "getaddrinfo", lambda *_, **__: resolved)
        assert reach.obstacle("xen+tcp://hv2/system") == ""

"""Which VM this is, by what the kernel says."""

from pathlib import Path

from balancer.adapters.own_vm import own_vm

UUID = "11111111-2222-4333-8444-555555555503"


def test_the_first_that_can_be_read_tells(tmp_path: Path) -> None:
    (tmp_path / "dmi").write_text(f"{UUID.upper()}\n")
    assert own_vm((tmp_path / "none", tmp_path / "dmi")) == UUID


def test_where_nobody_tells_it_is_none(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text("\n")
    assert own_vm((tmp_path / "none", tmp_path / "odd")) is None
    assert own_vm((tmp_path / "empty",)) is None


def test_what_this_machine_says_is_a_uuid_or_nothing() -> None:
    told = own_vm()
    assert told is None or len(told) == len(UUID)

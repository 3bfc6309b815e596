"""What a host says it shares."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agents.hypervisor.terms import SharedStorage


@pytest.mark.parametrize(
    ("file", "held"),
    [
        ("/srv/vms/web1.img", True),
        ("/srv/vms/db/pg1.img", True),
        ("/srv/vms2/web1.img", False),
        ("/srv/vms/../secret.img", False),
        ("/srv/web1.img", False),
        ("web1.img", False),
    ],
)
def test_storage_holds_what_is_below_its_path(file: str, *, held: bool) -> None:
    assert SharedStorage(name="nfs1", path=Path("/srv/vms")).holds(file) is held


def test_a_link_that_leads_out_of_it_leads_to_no_shared_storage(tmp_path: Path) -> None:
    shared, local = tmp_path / "shared", tmp_path / "local"
    for folder in (shared, local):
        folder.mkdir()
        (folder / "disk.img").touch()
    (shared / "web1.img").symlink_to(local / "disk.img")
    storage = SharedStorage(name="nfs1", path=shared)
    assert (storage.holds(str(shared / "disk.img")), storage.holds(str(shared / "web1.img"))) == (True, False)


def test_storage_that_is_a_link_itself_holds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "vms").symlink_to(tmp_path / "real")
    assert SharedStorage(name="nfs1", path=tmp_path / "vms").holds(str(tmp_path / "vms" / "web1.img"))


def test_a_device_is_on_the_storage_whose_name_it_bears() -> None:
    assert SharedStorage(name="san", path=Path("/dev/vg_san")).holds("/dev/vg_san/web1")


@pytest.mark.parametrize("settings", [{}, {"path": "/srv/vms", "pool": "vms"}, {"path": "srv/vms"}])
def test_it_has_either_an_absolute_path_or_a_pool(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SharedStorage.model_validate({"name": "nfs1", **settings})

"""`doctor`: what it says of a farm, right and wrong."""

import json
from pathlib import Path

import pytest

from balancer.cli import main
from balancer.commands.doctor import in_words
from balancer.core.doctor.checkup import Check, Checkup
from balancer.core.doctor.prospects import Prospect
from balancer.core.model import Rejection
from tests.stage import coilmq_wire, nobody, write_balancer

WEB1 = Prospect("web1", "u-web1", "hv1", ("hv2",), (
    Rejection("web1", "hv3", "prospects", None, "no bridge", "br7"),
    Rejection("web1", "hv4", "prospects", None, "no bridge", "br7"),
    Rejection("web1", "hv5", "prospects", None, "maintenance"),
))  # fmt: skip


def test_for_people_each_check_is_a_line_and_each_vm() -> None:
    stays = Prospect("db1", "u-db1", "hv1", (), (Rejection("db1", None, "prospects", None, "local disk", "/srv/a"),))
    free, alone = Prospect("dns1", "u-dns1", "hv1", ("hv2",), ()), Prospect("one", "u-one", "hv1", (), ())
    checks = (Check("agents", "5 of 5 hosts report"), Check("clocks", "right within 0.3 s", ("hv2 is 9 s behind",)))
    assert list(in_words(Checkup(checks, (WEB1, stays, free, alone)))) == [
        "ok    agents   5 of 5 hosts report",
        "wrong clocks   right within 0.3 s",
        "      hv2 is 9 s behind",
        "web1 on hv1: to 1 of 4 other hosts; not hv3, hv4 (no bridge: br7); not hv5 (maintenance)",
        "db1 on hv1: stays: local disk: /srv/a",
        "dns1 on hv1: anywhere",
        "one on hv1: there is no other host",
    ]


def test_of_a_running_farm_it_tells_who_reaches_whom_and_where_vms_may_go(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--config", str(config)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "ok    agents   2 of 2 hosts report"
    assert "hv1 does not reach hv2: hv2 cannot be resolved: " in "\n".join(told)
    assert told[-3:] == ["db1 on hv1: anywhere", "dns1 on hv2: anywhere", "web1 on hv1: anywhere"]


def test_for_programs_it_is_doctor_1(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--config", str(config), "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["well"]) == ("doctor/1", False)
    assert [check["name"] for check in told["checks"]] == ["agents", "clocks", "libvirt", "storage", "own VM"]
    assert told["vms"][0] == {
        "vm": "db1", "uuid": told["vms"][0]["uuid"], "host": "hv1", "targets": ["hv2"], "rejections": [],
    }  # fmt: skip


def test_no_broker_is_exit_code_3(place: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = nobody()
    config = write_balancer(place, ["hv1"], coilmq_wire(port) | {"connect_timeout": "0.5s"}, keys)
    assert main(["doctor", "--config", str(config)]) == 3
    assert str(port) in capsys.readouterr().err

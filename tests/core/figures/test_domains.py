"""What stands behind `per`."""

import numpy as np

from balancer.core.figures.domains import Domains
from balancer.core.figures.projection import Projection
from tests.farms import AT_ONCE, Rounds, farm


def domains(per: str) -> Domains:
    made = farm("xen1: | xen2: | xen3: | xen4:").with_(
        xen1={"tags": ("rack:a", "prod")}, xen2={"tags": ("rack:b", "rack:a")}, xen3={"tags": ("rack:b", "racks:c")},
    )  # fmt: skip
    return Domains.of(per, Projection(Rounds(made, AT_ONCE).next().observation).observation.hosts)


def test_a_figure_of_each_host_is_added_up_by_domain() -> None:
    assert domains("rack").by_domain(np.array([1.0, 10.0, 100.0, 1000.0])).tolist() == [11, 110]
    assert domains("host").by_domain(np.array([1.0, 10.0, 100.0, 1000.0])).tolist() == [1, 10, 100, 1000]


def test_a_figure_of_each_domain_is_added_up_by_host() -> None:
    assert domains("rack").by_host(np.array([1.0, 10.0])).tolist() == [1, 11, 10, 0]


def test_a_host_is_in_the_domains_of_its_tags_or_in_none() -> None:
    racks = domains("rack")
    assert [racks.of_host(host).tolist() for host in range(4)] == [
        [True, False],
        [True, True],
        [False, True],
        [False] * 2,
    ]
    assert racks.outside.tolist() == [False, False, False, True]
    assert not domains("host").outside.any()


def test_a_key_that_nobody_has_makes_no_domain() -> None:
    rooms = domains("room")
    assert (rooms.by_domain(np.ones(4)).tolist(), rooms.by_host(np.zeros(0)).tolist()) == ([], [0, 0, 0, 0])
    assert rooms.outside.all()

"""What the states of domains really mean, as two real Xen hosts were seen to show them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from agents.hypervisor.terms import Terms

RUNNING, PAUSED, SHUTOFF = 1, 3, 5
BY_USER, BY_MIGRATION = 1, 2
BUSY = 2
INTERNAL, NO_SUPPORT, NO_DOMAIN, INVALID, TIMED_OUT = 1, 3, 42, 55, 68
MILLISECOND = 10**6


@pytest.fixture
def domains() -> Any:
    from agents.hypervisor.libvirt_xen import domains  # noqa: PLC0415 - only where libvirt is installed

    return domains


@pytest.fixture
def looks(domains: Any) -> Callable[[Any], Callable[[], tuple[str, str]]]:
    """Looks at a host's one domain again and again: state and note."""

    def at(shown: Any) -> Callable[[], tuple[str, str]]:
        kept = domains.Domains(Terms())

        def look() -> tuple[str, str]:
            (seen,) = kept.active(shown)
            return seen.state, seen.note

        return look

    return at


def test_domain_0_is_the_host_itself_and_no_vm(domains: Any) -> None:
    domain = partial(
        domains.Domain, name="x", state="running", vcpus=1, memory_mb=1.0, persistent=True,
        reading=domains.Reading(5, 1.0), traits=domains.Traits(),
    )  # fmt: skip
    assert domain(uuid=domains.NOBODY, id=0).is_own
    assert not domain(uuid="u1", id=1).is_own


def test_one_that_is_called_shut_off_and_has_a_job_is_on_its_way_here(looks: Any, shown: Any) -> None:
    assert looks(shown((SHUTOFF, 0), job=BUSY))() == ("arriving", "")


def test_one_that_is_called_paused_and_tells_no_job_is_on_its_way_here_as_well(
    looks: Any, shown: Any, complaint: Callable[[int], Exception]
) -> None:
    for code in (INVALID, TIMED_OUT):
        assert looks(shown((PAUSED, BY_MIGRATION), errors={"jobInfo": complaint(code)}))() == ("arriving", "")


@pytest.mark.parametrize("code", [NO_SUPPORT, NO_DOMAIN])
def test_one_that_is_shut_off_and_has_no_job_is_nowhere(
    domains: Any, shown: Any, complaint: Callable[[int], Exception], code: int
) -> None:
    kept = domains.Domains(Terms())
    assert kept.active(shown((SHUTOFF, 0))) == ()
    assert kept.active(shown((SHUTOFF, 0), errors={"jobInfo": complaint(code)})) == ()


def test_one_that_has_just_gone_is_not_on_its_way_here(
    domains: Any, shown: Any, complaint: Callable[[int], Exception]
) -> None:
    gone = shown((SHUTOFF, 0), id=-1, errors={"jobInfo": complaint(INVALID)})
    assert domains.Domains(Terms()).active(gone) == ()


def test_one_that_libvirt_calls_paused_since_a_migration_and_that_eats_is_falsely_paused(
    looks: Any, shown: Any
) -> None:
    web1 = shown((PAUSED, BY_MIGRATION), cpu_ns=5000 * MILLISECOND)
    look = looks(web1)
    assert look() == ("paused", "")
    web1.cpu_ns += 40 * MILLISECOND
    assert look() == ("running", "falsely paused")
    assert look() == ("running", "falsely paused")


def test_one_that_ate_before_it_was_paused_is_truly_paused(looks: Any, shown: Any) -> None:
    web1 = shown((RUNNING, 0))
    look = looks(web1)
    assert look() == ("running", "")
    web1.cpu_ns += 400 * MILLISECOND
    web1.state_and_reason = (PAUSED, BY_MIGRATION)
    assert [look(), look()] == [("paused", ""), ("paused", "")]


def test_one_that_somebody_paused_is_paused_whatever_it_ate(looks: Any, shown: Any) -> None:
    web1 = shown((PAUSED, BY_USER))
    look = looks(web1)
    look()
    web1.cpu_ns += 40 * MILLISECOND
    assert look() == ("paused", "")


def test_a_domain_that_vanishes_while_one_looks_is_left_out(
    domains: Any, shown: Any, complaint: Callable[[int], Exception]
) -> None:
    assert domains.Domains(Terms()).active(shown(errors={"info": complaint(NO_DOMAIN)})) == ()


def test_libxl_has_an_internal_error_while_one_vanishes_and_that_is_all_it_means(
    domains: Any, shown: Any, complaint: Callable[[int], Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    going = shown(errors={"info": complaint(INTERNAL)})
    still_there: Iterator[list[Any]] = iter([[going], [going], [going], []])
    monkeypatch.setattr(going, "listAllDomains", lambda _flags: next(still_there))
    with pytest.raises(domains.libvirt.libvirtError):
        domains.Domains(Terms()).active(going)
    assert domains.Domains(Terms()).active(going) == ()

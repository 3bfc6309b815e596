"""What the states of domains really mean, as two real Xen hosts were seen to show them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from agents.hypervisor.terms import Terms

RUNNING, PAUSED, SHUTOFF = 1, 3, 5
BY_USER, BY_MIGRATION, STARTING_UP = 1, 2, 11
MIGRATED = 4
BUSY = 2
INTERNAL, NO_SUPPORT, NO_DOMAIN, INVALID, TIMED_OUT, UNSUPPORTED = 1, 3, 42, 55, 68, 84
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
            (seen,) = kept.here(shown)
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
    assert looks(shown((SHUTOFF, 0), job=BUSY, id=-1))() == ("arriving", "")


def test_one_that_has_just_come_is_told_once_its_id_is_known(looks: Any, shown: Any) -> None:
    assert looks(shown((RUNNING, 0), job=BUSY, id=-1))() == ("arriving", "")


@pytest.mark.parametrize("reason", [STARTING_UP, BY_MIGRATION])
@pytest.mark.parametrize("code", [UNSUPPORTED, TIMED_OUT])
def test_one_that_is_called_paused_and_will_not_tell_its_job_is_on_its_way_here_as_well(
    looks: Any, shown: Any, complaint: Callable[[int], Exception], reason: int, code: int
) -> None:
    assert looks(shown((PAUSED, reason), errors={"jobInfo": complaint(code)}))() == ("arriving", "")


def test_one_that_stands_still_for_the_end_of_its_migration_is_paused(looks: Any, shown: Any) -> None:
    assert looks(shown((PAUSED, BY_MIGRATION), job=BUSY))() == ("paused", "")


def test_one_that_somebody_paused_and_saves_is_paused(
    looks: Any, shown: Any, complaint: Callable[[int], Exception]
) -> None:
    assert looks(shown((PAUSED, BY_USER), errors={"jobInfo": complaint(TIMED_OUT)}))() == ("paused", "")


def test_one_that_has_left_is_nowhere_even_if_its_job_is_not_over(domains: Any, shown: Any) -> None:
    assert domains.Domains(Terms()).here(shown((SHUTOFF, MIGRATED), job=BUSY)) == ()


@pytest.mark.parametrize("code", [NO_SUPPORT, NO_DOMAIN])
def test_one_that_is_shut_off_and_has_no_job_is_nowhere(
    domains: Any, shown: Any, complaint: Callable[[int], Exception], code: int
) -> None:
    kept = domains.Domains(Terms())
    assert kept.here(shown((SHUTOFF, 0), id=-1)) == ()
    assert kept.here(shown((SHUTOFF, 0), errors={"jobInfo": complaint(code)})) == ()
    assert kept.here(shown((SHUTOFF, 0), id=-1, errors={"jobInfo": complaint(code)})) == ()


def test_one_that_has_just_gone_is_not_on_its_way_here(
    domains: Any, shown: Any, complaint: Callable[[int], Exception]
) -> None:
    gone = shown((SHUTOFF, 0), id=-1, errors={"jobInfo": complaint(INVALID)})
    assert domains.Domains(Terms()).here(gone) == ()


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
    assert domains.Domains(Terms()).here(shown(errors={"info": complaint(NO_DOMAIN)})) == ()


def test_libxl_has_an_internal_error_while_one_vanishes_and_that_is_all_it_means(
    domains: Any, shown: Any, complaint: Callable[[int], Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    going = shown(errors={"info": complaint(INTERNAL)})
    still_there: Iterator[list[Any]] = iter([[going], [going], [going], []])
    monkeypatch.setattr(going, "listAllDomains", lambda _flags=0: next(still_there))
    with pytest.raises(domains.libvirt.libvirtError):
        domains.Domains(Terms()).here(going)
    assert domains.Domains(Terms()).here(going) == ()

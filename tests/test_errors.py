"""Exit codes are an interface: scripts and units count on them."""

from balancer.errors import Exit


def test_the_exit_codes_are_those_that_are_documented() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "DONE": 0, "FINDINGS": 1, "USAGE": 2, "FABRIC": 3, "HYPERVISOR": 4,
    }  # fmt: skip

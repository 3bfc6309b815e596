"""Where each VM could go, and why not elsewhere."""

from balancer.core.doctor.prospects import prospects
from balancer.core.wording import refusal
from tests.farms import AT_ONCE, Farm, Rounds, farm


def told(made: Farm, text: str = AT_ONCE) -> dict[str, tuple[tuple[str, ...], list[str]]]:
    """By VM its targets, and the others with the reason."""
    play = Rounds(made, text)
    decision = play.next()
    return {
        each.vm: (each.targets, [f"{one.host or 'anywhere'}: {refusal(one)}" for one in each.rejections])
        for each in prospects(decision.observation, decision.state, play.rules)
    }


def test_a_vm_that_nothing_stands_against_may_go_anywhere_however_idle_it_is() -> None:
    assert told(farm("xen1: web1 0.1 | xen2: | xen3: db1 0.2")) == {
        "db1": (("xen1", "xen2"), []),
        "web1": (("xen2", "xen3"), []),
    }


def test_what_stands_against_a_host_is_told_with_its_figures() -> None:
    made = farm("xen1: web1 0.1 | xen2: | xen3: | xen4: | xen5: full 0.1 | xen6:").with_(
        **{f"xen{number}": {"offers": ("bridge:br7",), "xen": "4.17"} for number in range(1, 7)}
    )
    made.with_(
        web1={"needs": ("bridge:br7",)}, full={"memory": 16000.0}, xen2={"offers": ()}, xen3={"maintenance": True},
        xen4={"xen": "4.14"},
    )  # fmt: skip
    assert told(made)["web1"] == (
        ("xen6",),
        [
            "xen2: no bridge: br7",
            "xen3: maintenance",
            "xen4: older Xen: 4.14, limit 4.17",
            "xen5: memory: 1 GiB, limit 384 MiB",
        ],
    )


def test_a_vm_that_stays_whatever_the_host_has_one_reason() -> None:
    made = farm("xen1: web1 0.1 | xen2: | xen3:").with_(web1={"passthrough": True})
    assert told(made) == {"web1": ((), ["anywhere: passthrough"])}


def test_what_the_rules_forbid_counts_and_what_they_wish_does_not() -> None:
    text = AT_ONCE + "keep vms on hosts where cores < 5\n"
    ((targets, why),) = told(farm("xen1: web1 0.1 | xen2: | xen3:").with_(xen3={"cores": 8.0}), text).values()
    assert (targets, [each.partition(":")[0] for each in why]) == (("xen2",), ["xen3"])


def test_walls_that_look_back_know_the_past() -> None:
    play = Rounds(farm("xen1: web1 0.1 | xen2: db1 3 | xen3:"), "never move vms to hosts where avg(cpu, 2 min) > 50%\n")
    targets = []
    for _ in range(5):
        decision = play.next()
        db1, web1 = prospects(decision.observation, decision.state, play.rules)
        targets.append((db1.targets, web1.targets))
    assert targets[0] == ((), ())
    assert targets[-1] == (("xen1", "xen3"), ("xen3",))

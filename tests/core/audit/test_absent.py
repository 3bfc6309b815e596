"""What a file speaks of and the farm has not."""

from tests.core.audit.told import told
from tests.farms import Farm, farm


def racks() -> Farm:
    return farm("xen1: www1 1, www2 1, db1 1 | xen2: db2 1 | xen3:").with_(
        xen1={"tags": ("rack:a", "prod")}, xen2={"tags": ("rack:b", "prod")}, www1={"tags": ("web",)}
    )


def test_a_pattern_that_nobody_bears_with_what_names_begin_with() -> None:
    assert told(racks(), 'let web = vms named "web*"') == [
        "1 matches-nothing: no VM is named “web*” (most begin with db, www)"
    ]


def test_a_tag_that_is_nearly_right() -> None:
    assert told(racks(), 'drain hosts tagged "prodd"') == [
        '1 matches-nothing: no host is tagged “prodd” (did you mean "prod"?)'
    ]


def test_a_name_that_is_nearly_right() -> None:
    assert told(racks(), 'drain host "xne1"') == ['1 matches-nothing: no host is called “xne1” (did you mean "xen1"?)']


def test_a_pattern_in_a_rule_is_told_once() -> None:
    text = """
rule relieve
  when  host.cpu > 85% and not host tagged "test"
  move  vm by most cpu  where not tagged "pet"
  to    host by least cpu  where after.cpu < 70%  where not tagged "test"
"""
    assert told(racks(), text) == [
        "3 matches-nothing: no host is tagged “test”",
        "4 matches-nothing: no VM is tagged “pet”",
    ]


def test_two_patterns_that_no_one_bears_both_of() -> None:
    assert told(racks(), 'keep vms tagged "web" and named "db*" apart') == ["1 matches-nothing: no VM is in this set"]


def test_a_set_by_figures_may_be_empty_today() -> None:
    assert told(racks(), "drain hosts where maintenance\nnever move vms where cpu > 100") == []


def test_a_host_that_is_silent_is_one_all_the_same() -> None:
    assert told(racks(), 'drain host "xen3"', silent=("xen3",)) == []


def test_of_no_vms_nobody_is_missed() -> None:
    assert told(farm("xen1: | xen2:"), 'keep vms named "web*" apart') == []


def test_hosts_without_the_tag_by_which_is_counted() -> None:
    text = 'keep at most 2 of vms named "db*" per rack\nlimit 1 per rack'
    assert told(racks(), text) == ["1 no-such-tag: no tag rack:… is borne by xen3: they take none of these VMs"]


def test_a_tag_key_that_is_nearly_right() -> None:
    assert told(racks(), "limit 1 per rak") == [
        "1 no-such-tag: no tag rak:… is borne by xen1, xen2, xen3: nothing is counted there (did you mean rack?)"
    ]


def test_figures_that_no_report_carries_are_told_once() -> None:
    text = "drain hosts where age > 30 d\nnever move vms to hosts where xen < source.xen\ndrain hosts where age > 60 d"
    assert told(racks(), text) == [
        "1 never-reported: no report says what a host's age is (unknown counts against moving)",
        "2 never-reported: no report says what a host's xen is (unknown counts against moving)",
    ]


def test_what_one_host_reports_is_reported() -> None:
    assert told(racks().with_(xen3={"xen": "4.17.5"}), "drain hosts where xen < 4.9") == []

"""What hosts say of themselves in a test: series, with the VMs that come and go."""

from pathlib import Path

from tests.trials import said, verdict

RULES = 'drain host "hv1"\nlimit 9 at once\n'


def told(folder: Path, series: str, expected: str, rules: str = RULES) -> str:
    case = f"""
  - name: t
    farm: three
    series: {{{series}}}
    rounds: 5
    moves: any
    expect:
      {expected}
"""
    return said(verdict(folder, case, rules))


def test_a_host_is_as_busy_as_its_series_says_with_the_vms_it_began_with(tmp_path: Path) -> None:
    expected = """
      - {round: 1, host: hv2, value: {cpu: 20%}}
      - {round: 1, host: hv1, value: {cpu: 60%}}
      - {round: 2, host: hv1, value: {cpu: 70%}}
"""
    assert told(tmp_path, 'hv1.cpu: "60% 70%", hv2.cpu: "20%", web1.cpu: "2"', expected, "") == ""


def test_a_vm_that_moves_takes_what_it_uses_from_one_to_the_other(tmp_path: Path) -> None:
    expected = """
      - {round: 1, host: hv1, value: {cpu: 75%, load: '5'}}
      - {round: 1, host: hv2, value: {cpu: 25%, load: '1'}}
      - {round: 5, host: hv1, value: {cpu: 25%, load: '1'}}
      - {round: 5, host: hv2, value: {cpu: 75%, load: '5'}}
      - {round: 5, vm: web1, on: hv2}
"""
    series = 'hv1.cpu: "75%", hv1.load: "5", hv2.cpu: "25%", hv2.load: "1", hv3.cpu: "90%", web1.cpu: "4"'
    assert told(tmp_path, series, expected) == ""


def test_no_host_is_busier_than_its_cores(tmp_path: Path) -> None:
    series = 'hv1.cpu: "100%", hv2.cpu: "60%x1 90%", hv3.cpu: "95%", web1.cpu: "3.2"'
    assert told(tmp_path, series, "- {round: 5, host: hv2, value: {cpu: 100%}}") == ""


def test_a_load_is_never_below_nothing(tmp_path: Path) -> None:
    series = 'hv1.load: "0.5", hv3.load: "9", web1.cpu: "4"'
    assert told(tmp_path, series, "- {round: 5, host: hv1, value: {load: '0', vms: 0}}") == ""


def test_a_gap_in_any_series_of_a_host_is_a_round_without_its_report(tmp_path: Path) -> None:
    expected = """
      - {round: 2, value: {reports: 66.7%}}
      - {round: 3, value: {reports: 100%}}
      - {round: 3, host: hv2, value: {cpu: 50%}}
"""
    assert told(tmp_path, 'hv2.cpu: "10% _ 50%"', expected) == ""
    assert told(tmp_path, 'hv2.load: "1 _ 1", hv2.cpu: "50%"', expected) == ""


def test_without_a_series_a_host_is_what_its_vms_make(tmp_path: Path) -> None:
    expected = "- {round: 1, host: hv1, value: {cpu: 50%, load: '4'}}"
    assert told(tmp_path, 'web1.cpu: "3", web2.cpu: "1"', expected, "") == ""

"""What may stand under `mcollective:`."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agents.mcollective.settings import Settings

SETTINGS = TypeAdapter(Settings)


def test_times_and_sizes_have_their_units_and_the_rest_has_defaults() -> None:
    settings = SETTINGS.validate_python({"heartbeat": "10 s", "max_message": "2MiB", "brokers": [{"port": "61614"}]})

    assert (settings.heartbeat, settings.max_message_bytes) == (10.0, 2 * 1024 * 1024)
    assert [str(broker) for broker in settings.brokers] == ["localhost:61614"]
    assert settings.collective == "mcollective"


def test_a_secret_that_mcollectives_own_file_holds_in_the_open_is_not_shown_again() -> None:
    settings = SETTINGS.validate_python({"brokers": [{"password": "in the clear"}]})

    assert "in the clear" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("colective", "mcollective"),
        ("identity", "hv1' OR '1'='1"),
        ("identity", "../hv1"),
        ("identity", "hv1\n"),
        ("collective", ""),
        ("brokers", []),
        ("brokers", [{"port": 0}]),
        ("heartbeat", "3 h"),
        ("heartbeat", "ten"),
        ("max_message", "1000MiB"),
        ("direct_addressing", "perhaps"),
    ],
)
def test_what_is_unknown_strange_or_out_of_bounds_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=key):
        SETTINGS.validate_python({key: value})

"""What commands say of what hosts answered."""

from agents.commands.words import of_dropped


def test_messages_that_are_no_answer_are_counted_by_reason() -> None:
    assert of_dropped({"late": 1, "bad signature": 2}) == "messages that are no answer: bad signature (2), late (1)"

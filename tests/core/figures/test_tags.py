"""Tags that name a domain."""

from balancer.core.figures.tags import named, of_key


def test_which_tags_name_a_domain() -> None:
    assert named(("prod", "rack:a", "room:1")) == ("rack:a", "room:1")
    assert of_key("rack", ("rack:a", "racks:b", "rack", "room:1")) == ("rack:a",)

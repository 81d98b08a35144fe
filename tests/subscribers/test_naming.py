"""Names as people write them, in whichever script."""

import pytest

from subscribers.forms import TopicForm
from subscribers.naming import one_line


@pytest.mark.parametrize(
    "name",
    [
        "Robots",
        "👩\u200d💻 at work",
        "🏳\ufe0f\u200d🌈",
        "می\u200cخواهم",  # Persian, of two parts that don't join
        "क\u200dष",
    ],
)
def test_a_name_keeps_the_joiners_that_it_is_written_with(name: str) -> None:
    assert one_line(name) == name
    form = TopicForm({"q": "robot", "name": name})
    assert form.is_valid()
    assert form.wish().name == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u200dRobots\u200c", "Robots"),
        ("Robots \u200d and \u200cmoss", "Robots and moss"),
        ("a\u200d\u200d\u200cb", "a\u200db"),
        ("\u200c\u200d", ""),
        ("a\u202eb\u200b c\nd", "a b c d"),
    ],
)
def test_what_joins_nothing_or_is_not_seen_is_cleaned_away(typed: str, kept: str) -> None:
    assert one_line(typed) == kept

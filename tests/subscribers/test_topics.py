from __future__ import annotations

from dataclasses import replace

import pytest

from subscribers.models import Subscriber
from subscribers.query.parser import parse
from subscribers.topics import TopicWish, read_topic, save, wants_revisions
from tests.house import reader

pytestmark = pytest.mark.django_db
MOSS = TopicWish("Moss", "moss is:revised")


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("is:revised", True),
        ("moss (fern OR is:replace)", True),
        ("-(-is:revised moss)", True),
        ("moss -is:revised", False),
        ("is:new", False),
    ],
)
def test_a_query_wants_revisions_where_it_asks_for_them(text: str, wants: bool) -> None:
    assert wants_revisions(parse(text).query) is wants


def test_a_text_that_asks_for_revisions_ticks_the_box_and_then_the_box_decides() -> None:
    reader("ada@example.org", "Moss=moss", now="2026-11-24 08:00")
    person = Subscriber.objects.get()
    assert not person.topics.get().revisions
    assert save(person, MOSS).revisions
    assert not save(person, MOSS).revisions, "unticked, and saved as it was"
    assert not save(person, replace(MOSS, text="moss")).revisions
    assert save(person, replace(MOSS, text="moss", revisions=True)).revisions
    assert save(person, replace(MOSS, text="is:revised fern")).revisions


@pytest.mark.parametrize("name", ["👩\u200d💻 Code", "می\u200cخواهم"])
def test_a_name_keeps_its_joiners(name: str) -> None:
    assert read_topic(f"{name}=code").name == name

from __future__ import annotations

from dataclasses import replace

import pytest

from subscribers import ready
from subscribers.models import ReadyTopic, Subscriber, Topic
from subscribers.query.canonical import canonical
from subscribers.query.errors import QueryError
from subscribers.query.parser import parse
from subscribers.topics import save
from tests.house import reader

pytestmark = pytest.mark.django_db


def follower(address: str, of: ReadyTopic) -> Topic:
    reader(address, "Else=fern", now="2026-11-24 08:00")
    return save(Subscriber.objects.get(address=address), replace(ready.wish(of), name="Mine", cap=3))


def test_a_dozen_good_ones_are_shipped_and_trending_is_the_first() -> None:
    shipped = list(ready.offered())
    assert len(shipped) >= 12
    assert (shipped[0].name, shipped[0].text, shipped[0].settled, shipped[0].cap) == ("Trending", "*", True, 10)


def test_what_is_shipped_is_written_as_the_language_writes_it() -> None:
    for one in ReadyTopic.objects.select_related("filter"):
        parsed = parse(one.text)
        assert (canonical(parsed.query), parsed.notices, parsed.warnings) == (one.filter.canonical, (), ())


def test_a_follower_gets_what_it_says_later_and_keeps_what_is_their_own() -> None:
    robots = ReadyTopic.objects.get(name="Robots")
    topic, other = (
        follower("ada@example.org", robots),
        follower("ben@example.org", ReadyTopic.objects.get(name="Science")),
    )
    robots.text, robots.name, robots.boosts, robots.cap = "robot* OR grasp*", "Machines", ["+2 touch"], 50
    assert ready.keep(robots) == 1
    topic.refresh_from_db()
    assert (topic.text, topic.filter.canonical, topic.boosts) == ("robot* OR grasp*", "grasp* OR robot*", ["+2 touch"])
    assert (topic.name, topic.cap) == ("Mine", 3)
    other.refresh_from_db()
    assert other.text == ReadyTopic.objects.get(name="Science").text


def test_a_topic_that_says_something_else_is_its_reader_s_own() -> None:
    robots = ReadyTopic.objects.get(name="Robots")
    topic = follower("ada@example.org", robots)
    assert topic.ready == robots
    own = save(topic.subscriber, replace(ready.wish(robots), name="Mine", text="robot*"))
    assert own.ready is None
    assert ready.keep(robots) == 0


def test_one_that_can_not_be_read_changes_nothing() -> None:
    robots = ReadyTopic.objects.get(name="Robots")
    topic = follower("ada@example.org", robots)
    robots.text = "(robot*"
    with pytest.raises(QueryError):
        ready.keep(robots)
    topic.refresh_from_db()
    assert topic.text == ReadyTopic.objects.get(name="Robots").text != "(robot*"


def test_one_that_asks_for_revisions_can_be_followed() -> None:
    robots = ReadyTopic.objects.get(name="Robots")
    topic = follower("ada@example.org", robots)
    robots.text = "robot* is:revised"
    assert ready.keep(robots) == 1
    topic.refresh_from_db()
    assert (topic.revisions, topic.ready) == (True, robots)
    robots.revisions = False
    ready.keep(robots)
    late = follower("ben@example.org", robots)
    assert (late.revisions, late.ready) == (False, robots), "unticked, and saved as it was: the box decides"

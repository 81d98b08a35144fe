"""Less of a topic: each button does the one thing it says."""

import pytest
import time_machine

from subscribers.less import steps
from subscribers.models import Event, Subscriber
from subscribers.topics import TopicWish
from tests.digest.views.pages import NOW, soup, text, token
from tests.house import at, reader, run

pytestmark = pytest.mark.django_db
R = "reader@example.org"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(at(NOW), tick=False):
        yield


@pytest.fixture
def person() -> Subscriber:
    reader(R, "Robots[cap=10]=robot*", now="2026-03-03 08:00")
    return Subscriber.objects.get()


@pytest.fixture
def less(person) -> str:
    return f"/me/{token('read', person, NOW)}/topic/{person.topics.get().pk}/less"


def test_it_offers_what_is_one_step_from_where_the_topic_is(client, less):
    page = soup(client.get(less))
    assert [text(button) for button in page.select("main button")] == [
        "At most 5 papers in a digest",
        "Only papers from score 10 on",
        "Once a week",
        "Mute it",
    ]


@pytest.mark.parametrize(
    ("button", "changed"),
    [
        ("fewer_5", ("cap", 5)),
        ("better_10", ("threshold", 10)),
        ("slower_weekly", ("cadence", "weekly")),
        ("mute", ("muted", True)),
    ],
)
def test_each_button_does_the_one_thing_it_says(client, less, person, button, changed):
    before = person.topics.values().get()
    page = soup(client.post(less, {"do": button}, follow=True))
    assert "Done." in text(page)
    after = person.topics.values().get()
    assert {name: after[name] for name in after if after[name] != before[name]} == dict([changed])


@pytest.mark.parametrize("button", ["fewer_5", "better_10", "slower_weekly", "mute"])
def test_a_button_that_is_pressed_twice_does_it_once(client, less, person, button):
    assert button in [one["value"] for one in soup(client.get(less)).select("main button")]
    after = []
    for _ in range(2):
        assert "Done." in text(soup(client.post(less, {"do": button}, follow=True)))
        after.append((person.topics.values().get(), Event.objects.filter(kind="topics").count()))
    assert after[0] == after[1]


@pytest.mark.parametrize("button", ["fewer_20", "better_10", "slower_weekly"])
def test_a_button_of_a_page_that_is_old_brings_no_more_than_the_topic_does_now(client, less, person, button):
    person.topics.update(cap=5, threshold=30, cadence="monthly")
    before = list(person.topics.values())
    client.post(less, {"do": button})
    assert list(person.topics.values()) == before


def test_opening_it_and_a_button_that_is_not_ours_change_nothing(client, less, person):
    before = list(person.topics.values())
    for method in (client.get, client.head, client.options):
        method(less)
    for button in ("explode", "fewer", "fewer_7", "fewer_-1", "better_x", "slower_never", "_5"):
        assert client.post(less, {"do": button}).status_code == 200
    assert list(person.topics.values()) == before
    assert Event.objects.filter(kind="topics").count() == 0


def test_where_there_is_no_such_topic_or_no_reader_it_leads_to_the_page_of_all(client, less, person):
    mine = less.partition("/topic/")[0]
    reader("other@example.org", "Theirs=moss", now="2026-03-03 08:00")
    theirs = Subscriber.objects.get(address="other@example.org").topics.get().pk
    for number in (theirs, 999, 2**63):
        assert client.post(f"{mine}/topic/{number}/less", {"do": "mute"})["Location"] == mine
    run("reader", "leave", R, now=NOW)
    assert client.get(less)["Location"] == mine


def test_the_last_steps_end():
    assert steps(TopicWish("Robots", "robot", cap=1, threshold=90, cadence="monthly")) == []

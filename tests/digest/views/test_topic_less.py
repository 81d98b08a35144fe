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
        ("fewer", ("cap", 5)),
        ("better", ("threshold", 10)),
        ("slower", ("cadence", "weekly")),
        ("mute", ("muted", True)),
    ],
)
def test_each_button_does_the_one_thing_it_says(client, less, person, button, changed):
    before = person.topics.values().get()
    page = soup(client.post(less, {"do": button}, follow=True))
    assert "Done." in text(page)
    after = person.topics.values().get()
    assert {name: after[name] for name in after if after[name] != before[name]} == dict([changed])


def test_opening_it_and_a_button_that_is_not_ours_change_nothing(client, less, person):
    before = list(person.topics.values())
    for method in (client.get, client.head, client.options):
        method(less)
    assert client.post(less, {"do": "explode"}).status_code == 200
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

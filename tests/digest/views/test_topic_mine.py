"""A reader's topic on a page of its own: made, changed, removed."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscribers import topic_edits
from subscribers.models import ReadyTopic, Subscriber, Topic
from tests.digest.views.pages import NOW, fields, soup, text, token
from tests.house import at, fetch, item, reader, run

pytestmark = pytest.mark.django_db
R = "reader@example.org"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(at(NOW), tick=False):
        yield


@pytest.fixture
def person() -> Subscriber:
    reader(R, "Robots[settled,threshold=5,weight=2]=robot*", "Moss=moss", now="2026-03-03 08:00")
    return Subscriber.objects.get()


@pytest.fixture
def mine(person) -> str:
    return f"/me/{token('read', person, NOW)}"


@pytest.fixture
def page(mine, person) -> str:
    return f"{mine}/topic/{person.topics.get(name='Robots').pk}"


def wishes(person: Subscriber) -> list[tuple[str, str]]:
    return list(person.topics.order_by("id").values_list("name", "text"))


def test_a_topic_is_shown_as_it_is_stored_and_saved_again_it_is_the_same(client, page, person):
    before = Topic.objects.filter(name="Robots").values().get()
    typed = fields(soup(client.get(page)))
    assert (typed["q"], typed["any"] + typed["all"], typed["threshold"]) == ("robot*", "robot*", "5")
    assert (typed["weight"], typed["settled"]) == ("2", "on")
    assert "The topic is saved" in text(soup(client.post(page, {**typed, "do": "save"}, follow=True)))
    assert Topic.objects.filter(name="Robots").values().get() == before


def test_every_option_is_saved(client, page, person):
    typed = {
        "q": "arm OR hand", "name": "Arms", "cadence": "weekly", "cap": "4", "weight": "-3", "threshold": "40",
        "boosts": '+3 cache\n\npin author:"I Quorne"', "note": " for  the lab ", "settled": "", "revisions": "on",
        "muted": "on", "options": "1", "do": "save",
    }  # fmt: skip
    client.post(page, typed)
    topic = person.topics.get(name="Arms")
    assert (topic.text, topic.cadence, topic.cap, topic.weight, topic.threshold) == ("arm OR hand", "weekly", 4, -3, 40)
    assert topic.boosts == ["+3 cache", 'pin author:"i quorne"']
    assert (topic.note, topic.settled, topic.revisions, topic.muted) == ("for the lab", False, True, True)


def test_what_a_form_does_not_show_stays_as_it_was(client, page, person):
    client.post(page, {"q": "arm", "name": "Robots", "do": "save"})
    topic = person.topics.get(name="Robots")
    assert (topic.text, topic.settled, topic.threshold, topic.weight) == ("arm", True, 5, 2)


def test_a_filter_that_asks_for_revisions_ticks_the_box_once_and_then_the_box_decides(client, page, person):
    typed = fields(soup(client.get(page)))
    client.post(page, {**typed, "q": "robot* is:revised", "do": "save"})
    again = fields(soup(client.get(page)))
    assert again["revisions"] == "on"
    again.pop("revisions")
    client.post(page, {**again, "do": "save"})
    assert not person.topics.get(name="Robots").revisions


def test_a_topic_is_added_with_boxes_or_text_and_removed(client, mine, person):
    done = client.post(f"{mine}/topic/new", {"q": "", "phrase": "kv cache", "cap": "5", "do": "save"}, follow=True)
    assert "The topic is added" in text(soup(done))
    added = person.topics.get(name="kv cache")
    assert (added.text, added.cap) == ('"kv cache"', 5)
    client.post(f"{mine}/topic/new", {"q": "fern", "name": "Ferns", "do": "save"})
    gone = client.post(f"{mine}/topic/{added.pk}", {"do": "remove"}, follow=True)
    assert "The topic is removed" in text(soup(gone))
    assert wishes(person) == [("Robots", "robot*"), ("Moss", "moss"), ("Ferns", "fern")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"q": "moss OR"}, "This can’t be read yet."),
        ({"q": ""}, "Say what you care about"),
        ({"q": "mo\x00ss"}, "Null characters"),
        ({"q": "", "upvotes": "many"}, "Upvotes: takes a whole number or a range."),
        ({"boosts": "+3 cache\n+9 moss"}, "Line 2: 9 is not from -5 to 5, or is 0"),
        ({"threshold": "101"}, "less than or equal to 100"),
        ({"cap": "x"}, "Write a whole number, or nothing."),
        ({"weight": "101"}, "less than or equal to 100"),
        ({"note": "n" * 301}, "at most 300 characters"),
        ({"name": "Moss"}, "There is a topic “Moss” already"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(client, page, person, wrong, said):
    before = list(Topic.objects.values())
    answer = soup(client.post(page, {"q": "robot*", "name": "Robots", "options": "1", "do": "save", **wrong}))
    assert said in text(answer)
    assert "Not saved" in text(answer)
    assert list(Topic.objects.values()) == before


def test_there_is_an_end_of_topics(client, mine, person, monkeypatch):
    monkeypatch.setattr(topic_edits, "MOST", 2)
    answer = soup(client.post(f"{mine}/topic/new", {"q": "fern", "do": "save"}))
    assert "2 topics already" in text(answer)
    assert answer.select_one("#q").get_text() == "fern"
    assert len(wishes(person)) == 2


def test_boosts_that_can_t_be_read_are_said_in_the_preview_too_which_goes_on_without_them(client, page):
    fetch([item("2603.00001", "Robots")], "2026-03-04", "2026-03-04 08:00")
    answer = soup(client.post(page, {"q": "robot*", "boosts": "lots moss", "options": "1", "do": "preview"}))
    assert "is no boost" in text(answer.select_one("#boosts-wrong"))
    assert "1 listed in the last 7 days = 1 kept + 0 dropped" in text(answer)


def test_looking_changes_nothing(client, mine, page, person):
    fetch([item("2603.00001", "Robots")], "2026-03-04", "2026-03-04 08:00")
    with CaptureQueriesContext(connection) as seen:
        for address in (page, f"{mine}/topic/new", f"{mine}/topic/new?q=moss"):
            for method in (client.get, client.head):
                assert method(address).status_code == 200
        assert client.post(page, {"q": "fern", "do": "preview"}).status_code == 200
        assert client.post(page, {"mend": "fern", "do": "save"}).status_code == 200
    assert not [q["sql"] for q in seen if not q["sql"].startswith("SELECT")]


def test_the_page_is_kept_by_nobody_and_found_by_nobody(client, page):
    answer = client.get(page)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert soup(answer).select_one("meta[name=robots]")["content"] == "noindex"


def test_a_topic_that_is_gone_or_somebody_else_s_leads_back(client, mine, person):
    reader("other@example.org", "Theirs=moss", now="2026-03-03 08:00")
    theirs = Topic.objects.get(name="Theirs")
    for number in (theirs.pk, 999_999, 2**70):
        for answer in (client.get(f"{mine}/topic/{number}"), client.post(f"{mine}/topic/{number}", {"do": "remove"})):
            assert (answer.status_code, answer["Location"]) == (303, mine)
    assert Topic.objects.filter(pk=theirs.pk).exists()


def test_one_who_left_is_led_back_and_only_a_link_for_reading_opens_it(client, mine, page, person):
    assert client.get(f"/me/{token('leave', person)}/topic/new").status_code == 404
    run("reader", "leave", R, now=NOW)
    for answer in (client.get(page), client.post(page, {"q": "x", "do": "save"})):
        assert (answer.status_code, answer["Location"]) == (303, mine)


def test_a_follower_stays_one_until_the_topic_says_something_else(client, mine, person):
    science = ReadyTopic.objects.get(name="Science")
    client.post(mine, {"do": "follow", "ready": science.pk})
    topic = person.topics.get(name="Science")
    address = f"{mine}/topic/{topic.pk}"
    typed = fields(soup(client.get(address)))
    client.post(address, {**typed, "cap": "3", "do": "save"})
    topic.refresh_from_db()
    assert (topic.cap, topic.ready) == (3, science)
    client.post(address, {**typed, "q": "protein*", "do": "save"})
    topic.refresh_from_db()
    assert topic.ready is None

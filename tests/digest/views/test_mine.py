"""One's own page: topics, schedule, pause, leave."""

import pytest
import time_machine
from django.test import Client

from subscribers import ready, topic_edits
from subscribers.membership import NotPossible
from subscribers.models import Event, Letter, ReadyTopic, Subscriber, Topic
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
    reader(R, "Robots[settled,threshold=5]=robot*", "Moss=moss", now="2026-03-03 08:00")
    run("publish", now="2026-03-03 08:01")
    run("publish", now="2026-03-04 07:01")
    return Subscriber.objects.get()


@pytest.fixture
def mine(person) -> str:
    return f"/me/{token('read', person, NOW)}"


def wishes(person: Subscriber) -> list[tuple[str, str]]:
    return list(person.topics.order_by("id").values_list("name", "text"))


def test_it_shows_topics_and_schedule_and_the_address_masked(client, mine):
    page = soup(client.get(mine))
    assert [text(h) for h in page.select(".topic h3")] == ["Robots", "Moss"]
    assert "for r••••@example.org" in text(page)
    assert R not in str(page)
    assert "Next: Thursday 5 March 2026, 07:00" in text(page)
    assert "Every day, 07:00, UTC" in text(page)


def test_opening_it_changes_nothing(client, mine, person):
    before = Subscriber.objects.values().get()
    for method in (client.get, client.head, client.options, client.put):
        method(mine)
    assert Subscriber.objects.values().get() == before
    assert Event.objects.exclude(kind="confirmed").count() == 0


def test_a_topic_is_muted_unmuted_and_removed(client, mine, person):
    moss = person.topics.get(name="Moss")
    Topic.objects.filter(pk=moss.pk).update(since=3)
    assert "The topic is muted" in text(soup(client.post(mine, {"do": "mute", "topic": moss.pk}, follow=True)))
    page = soup(client.get(mine))
    assert [text(tag) for tag in page.select(".topic.muted h3")] == ["Moss muted"]
    moss.refresh_from_db()
    assert (moss.muted, moss.since) == (True, 3)
    client.post(mine, {"do": "unmute", "topic": moss.pk})
    moss.refresh_from_db()
    assert (moss.muted, moss.since) == (False, None)
    client.post(mine, {"do": "remove", "topic": moss.pk})
    assert wishes(person) == [("Robots", "robot*")]
    assert Event.objects.filter(kind="topics").count() == 3


def test_a_ready_made_topic_is_followed_with_one_button_and_says_so(client, mine, person):
    robots = ReadyTopic.objects.get(name="Efficient models")
    offered = soup(client.get(mine)).select("button[name=ready]")
    assert len(offered) == ready.offered().count()
    done = soup(client.post(mine, {"do": "follow", "ready": robots.pk}, follow=True))
    assert "The topic is added" in text(done)
    assert "follows “Efficient models”" in text(done)
    assert str(robots.pk) not in [button["value"] for button in done.select("button[name=ready]")]
    assert person.topics.get(name="Efficient models").ready == robots


def test_one_that_is_not_offered_or_whose_name_is_taken_is_not_followed(client, mine, person):
    robots = ReadyTopic.objects.get(name="Robots")
    assert "There is a topic “Robots” already" in text(soup(client.post(mine, {"do": "follow", "ready": robots.pk})))
    ReadyTopic.objects.filter(name="Science").update(offered=False)
    science = ReadyTopic.objects.get(name="Science").pk
    for number in (science, "0", "x", "9" * 18):
        assert "not offered any more" in text(soup(client.post(mine, {"do": "follow", "ready": number})))
    assert len(wishes(person)) == 2


def test_nobody_changes_a_topic_of_somebody_else(client, mine, person):
    reader("other@example.org", "Theirs=moss", now="2026-03-03 08:00")
    theirs = Subscriber.objects.get(address="other@example.org").topics.get()
    for do in ("remove", "mute"):
        client.post(mine, {"do": do, "topic": theirs.pk})
    theirs.refresh_from_db()
    assert not theirs.muted


def test_the_schedule_is_changed_or_what_is_wrong_is_said(client, mine, person):
    client.post(mine, {"do": "schedule", "zone": "Asia/Tokyo", "at": "6:00, 18:00", "days": ["mon", "tue", "sun"]})
    person.refresh_from_db()
    assert (person.zone, person.times, person.days) == ("Asia/Tokyo", "06:00,18:00", "mon,tue,sun")
    page = soup(client.post(mine, {"do": "schedule", "zone": "Asia/Tokio", "at": "06:00", "days": ["mon"]}))
    assert "did you mean Asia/Tokyo" in text(page)
    assert page.select_one("#zone")["value"] == "Asia/Tokio"


def test_pausing_going_on_leaving_and_coming_back(client, mine, person):
    states = []
    for do in ("pause", "pause", "resume", "leave", "pause"):
        soup(client.post(mine, {"do": do}, follow=True))
        states.append(Subscriber.objects.get().state)
    assert states == ["paused", "paused", "active", "left", "left"]
    assert "Come back" in text(soup(client.get(mine)))
    assert "Check your mail" in text(soup(client.post(mine, {"do": "back"})))
    assert Letter.objects.filter(kind="confirm").count() == 1
    assert Subscriber.objects.get().state == "left"
    assert len(wishes(person)) == 2


def test_a_pause_until_a_day_says_so_and_the_day_can_be_changed(client, mine):
    page = soup(client.post(mine, {"do": "pause", "until": "2026-03-20"}, follow=True))
    assert "Paused until Friday 20 March" in text(page)
    assert page.select_one("#until")["value"] == "2026-03-20"
    page = soup(client.post(mine, {"do": "pause", "until": "2026-03-21"}, follow=True))
    assert "Paused until Saturday 21 March" in text(page)
    for wrong, said in (("2026-03-01", "no day to pause until"), ("soon", "write the day as 2026-12-31")):
        assert said in text(soup(client.post(mine, {"do": "pause", "until": wrong}))).replace("Write", "write")
    assert Subscriber.objects.get().paused_until == at("2026-03-21 00:00")


def shape(person: Subscriber) -> tuple[str, bool]:
    person.refresh_from_db()
    return person.length, person.empty_too


def test_what_a_digest_holds_is_chosen_and_ticked(client, mine, person):
    page = soup(client.get(mine))
    lengths = [box["value"] for box in page.select("input[type=radio][name=length]")]
    assert lengths == Subscriber.Length.values
    for length, ticked in (("short", []), ("titles", ["empty"]), ("abstracts", ["empty"]), ("short", [])):
        assert [box["value"] for box in page.select("input[checked]:is([name=length], [name=shape])")] == [
            *shape(person)[:1],
            *["empty"] * shape(person)[1],
        ]
        page = soup(client.post(mine, {"do": "shape", "length": length, "shape": ticked}, follow=True))
        assert "Saved. It holds from your next digest on." in text(page)
        assert shape(person) == (length, ticked == ["empty"])
    assert [(e.data["length"], e.data["empty_too"]) for e in Event.objects.filter(kind="shape").order_by("id")] == [
        ("short", False),
        ("titles", True),
        ("abstracts", True),
        ("short", False),
    ]


def test_a_length_that_is_none_is_refused_and_one_that_is_not_sent_stays(client, mine, person):
    client.post(mine, {"do": "shape", "length": "titles"})
    page = soup(client.post(mine, {"do": "shape", "length": "epic", "shape": ["empty"]}))
    assert "Choose one of the three lengths" in text(page)
    assert shape(person) == ("titles", False)
    client.post(mine, {"do": "shape", "shape": ["empty"]})
    assert shape(person) == ("titles", True)


def test_going_on_with_a_schedule_that_can_t_be_read_says_so_and_it_can_be_mended(client, mine, person):
    client.post(mine, {"do": "pause"})
    Subscriber.objects.update(zone="Nowhere/Else")
    page = client.post(mine, {"do": "resume"})
    assert page.status_code == 200
    assert "The schedule can't be read" in text(soup(page))
    assert Subscriber.objects.get().state == "paused"
    client.post(mine, {"do": "schedule", "zone": "Asia/Tokyo", "at": "06:00", "days": ["mon"]})
    client.post(mine, {"do": "resume"})
    assert Subscriber.objects.get().state == "active"


def leave(person: Subscriber) -> None:
    run("reader", "leave", R, now=NOW)


def forget(person: Subscriber) -> None:
    run("reader", "forget", R, now=NOW)


@pytest.mark.parametrize("gone", [leave, forget])
def test_nothing_is_stored_for_one_who_is_gone_since_the_page_was_opened(person, gone):
    topic = person.topics.first()
    gone(person)
    before = (wishes(person), Event.objects.count())
    wish = TopicWish("Kelp", "kelp")
    for act in (
        lambda: topic_edits.add(person.pk, wish, at(NOW)),
        lambda: topic_edits.change(person.pk, topic.pk, wish, at(NOW)),
        lambda: topic_edits.mute(person.pk, topic.pk, at(NOW), muted=True),
        lambda: topic_edits.remove(person.pk, topic.pk, at(NOW)),
    ):
        with pytest.raises(NotPossible):
            act()
    assert (wishes(person), Event.objects.count()) == before


def test_a_form_without_our_token_is_refused(mine, person):
    careful = Client(enforce_csrf_checks=True)
    assert careful.post(mine, {"do": "leave"}).status_code == 403
    assert Subscriber.objects.get().state == "active"


def test_a_button_that_is_not_ours_does_nothing(client, mine, person):
    assert client.post(mine, {"do": "explode", "topic": "9" * 40}).status_code == 200
    assert "This topic is gone" in text(soup(client.post(mine, {"do": "remove", "topic": "x"})))
    assert len(wishes(person)) == 2


def test_only_a_link_for_reading_opens_it(client, person):
    for wrong in (token("leave", person), token("confirm", person, NOW), "x" * 52):
        assert client.get(f"/me/{wrong}").status_code == 404
    run("reader", "forget", R, now=NOW)
    assert client.get(f"/me/{token('read', person, NOW)}").status_code == 404

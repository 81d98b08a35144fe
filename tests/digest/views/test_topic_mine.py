"""A reader's topic on a page of its own: made, changed, removed."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest.views import topic_part
from subscribers import ready, topic_edits
from subscribers.models import Event, ReadyTopic, Subscriber, Topic
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
        said = text(soup(client.post(mine, {"do": "remove", "topic": number})))
        assert "This topic is gone" in said
        assert "The topic is removed" not in said
    assert Topic.objects.filter(pk=theirs.pk).exists()
    assert not Event.objects.filter(kind="topics").exists()


def test_what_was_typed_for_a_topic_that_is_gone_can_be_added_as_a_new_one(client, mine, page, person):
    typed = {**fields(soup(client.get(page))), "q": "robot* -survey", "cap": "3", "do": "save"}
    topic_edits.remove(person.pk, int(page.rpartition("/")[2]), at(NOW))
    answer = soup(client.post(page, typed))
    assert "This topic is gone; it was removed a moment ago. What you typed is still here" in text(answer)
    assert wishes(person) == [("Moss", "moss")]
    kept = fields(answer)
    assert (kept["q"], kept["name"], kept["cap"], kept["weight"]) == ("robot* -survey", "Robots", "3", "2")
    assert "opened" not in kept
    client.post(answer.select_one("form.sheet")["action"], {**kept, "do": "save"})
    assert wishes(person) == [("Moss", "moss"), ("Robots", "robot* -survey")]


@pytest.fixture
def going(page, person, monkeypatch):
    """The topic goes between the look at it and the press of a button."""

    def first_removed(form):
        person.topics.filter(name="Robots").delete()
        return real(form)

    real = topic_part.typed
    monkeypatch.setattr(topic_part, "typed", first_removed)


def test_a_topic_that_goes_while_it_is_saved_is_said_to_be_gone(client, page, person, going):
    assert "What you typed is still here" in text(soup(client.post(page, {"q": "arm", "do": "save"})))
    assert wishes(person) == [("Moss", "moss")]


def test_a_topic_that_goes_while_it_is_removed_is_not_said_to_be_removed_by_this(client, mine, page, going):
    assert client.post(page, {"do": "remove"})["Location"] == mine
    assert not Event.objects.filter(kind="topics").exists()


def test_a_topic_of_somebody_else_is_as_gone_as_any_other(client, mine, person):
    reader("other@example.org", "Theirs=kelp", now="2026-03-03 08:00")
    theirs = Topic.objects.get(name="Theirs")
    before = list(Topic.objects.order_by("id").values())
    answers = [client.post(f"{mine}/topic/{number}", {"q": "x", "do": "save"}) for number in (theirs.pk, 999_999)]
    assert [text(soup(answer)) for answer in answers] == [text(soup(answers[0]))] * 2
    assert "kelp" not in text(soup(answers[0]))
    assert list(Topic.objects.order_by("id").values()) == before


def test_what_was_not_touched_in_an_old_form_stays_as_another_tab_saved_it(client, page, person):
    first, second = (fields(soup(client.get(page))) for _ in range(2))
    client.post(page, {**first, "q": "arm OR hand", "boosts": "+3 cache", "cap": "9", "do": "save"})
    shown = fields(soup(client.post(page, {**second, "threshold": "40", "do": "preview"})))
    client.post(page, {**shown, "note": "mine", "muted": "on", "do": "save"})
    topic = person.topics.get(name="Robots")
    assert (topic.text, topic.boosts, topic.cap) == ("arm OR hand", ["+3 cache"], 9)
    assert (topic.threshold, topic.note, topic.muted, topic.settled) == (40, "mine", True, True)


def test_what_was_changed_on_both_sides_is_refused_once_and_both_are_shown(client, page, person):
    first, second = (fields(soup(client.get(page))) for _ in range(2))
    client.post(page, {**first, "q": "arm <b>", "weight": "7", "do": "save"})
    before = Topic.objects.filter(name="Robots").values().get()
    answer = soup(client.post(page, {**second, "q": "hand", "cap": "4", "do": "save"}))
    assert "This topic was changed meanwhile; here is what is stored now" in text(answer)
    assert text(answer.select_one("#stored-now")) == "Filter arm <b>"
    assert Topic.objects.filter(name="Robots").values().get() == before
    shown = fields(answer)
    assert (shown["q"], shown["cap"], shown["weight"]) == ("hand", "4", "7")
    client.post(page, {**shown, "do": "save"})
    topic = person.topics.get(name="Robots")
    assert (topic.text, topic.cap, topic.weight) == ("hand", 4, 7)


def test_every_thing_that_clashes_is_shown_as_it_is_stored(client, page, person):
    opened = fields(soup(client.get(page)))
    said = {"name": "Arms", "cadence": "weekly", "settled": "", "muted": "on", "boosts": "+1 arm\n+2 leg"}
    client.post(page, {**opened, **said, "do": "save"})
    other = {"name": "Legs", "cadence": "monthly", "cap": "2", "boosts": "+4 toe"}
    answer = soup(client.post(page, {**opened, **other, "do": "save"}))
    assert text(answer.select_one("#stored-now")) == "Name Arms How often once a week Boosts +1 arm +2 leg"
    assert fields(answer)["settled"] == ""
    assert wishes(person)[0][0] == "Arms"


def test_the_same_change_in_two_tabs_is_no_clash(client, page, person):
    opened = fields(soup(client.get(page)))
    for _ in range(2):
        assert client.post(page, {**opened, "q": "arm\r\nhand", "do": "save"}).status_code == 303
    assert person.topics.get(name="Robots").text.split() == ["arm", "hand"]


def test_a_topic_muted_since_its_form_was_opened_stays_so(client, mine, page, person):
    opened = fields(soup(client.get(page)))
    client.post(mine, {"do": "mute", "topic": page.rpartition("/")[2]})
    client.post(page, {**opened, "cap": "3", "do": "save"})
    assert person.topics.filter(name="Robots", muted=True, cap=3).exists()


def test_a_follower_s_old_form_takes_nothing_back_that_the_operator_changed(client, mine, person):
    science = ReadyTopic.objects.get(name="Science")
    client.post(mine, {"do": "follow", "ready": science.pk})
    topic = person.topics.get(name="Science")
    address = f"{mine}/topic/{topic.pk}"
    opened = fields(soup(client.get(address)))
    science.text, science.threshold = "protein* OR enzyme*", 20
    ready.keep(science)
    mine_alone = {"name": "My science", "cadence": "weekly", "cap": "3", "weight": "5"}
    client.post(address, {**opened, **mine_alone, "do": "save"})
    topic.refresh_from_db()
    assert (topic.text, topic.threshold, topic.ready) == ("protein* OR enzyme*", 20, science)
    assert (topic.name, topic.cadence, topic.cap, topic.weight) == ("My science", "weekly", 3, 5)
    assert "is stored now" in text(soup(client.post(address, {**opened, "q": "moss*", "do": "save"})))
    topic.refresh_from_db()
    assert topic.ready == science


@pytest.mark.parametrize("opened", ["", "x", ":", "nothing:3 :2", ":" * 500])
def test_a_form_that_does_not_say_what_it_showed_counts_as_typed(client, page, person, opened):
    assert client.post(page, {"q": "arm", "name": "Robots", "opened": opened, "do": "save"}).status_code == 303
    assert person.topics.get(name="Robots").text == "arm"


@pytest.mark.parametrize("opened", ["text:", "text:1:2", "text:\x00", "text:é"])
def test_a_form_that_showed_something_else_than_is_stored_is_refused(client, page, person, opened):
    answer = soup(client.post(page, {"q": "arm", "name": "Robots", "opened": opened, "do": "save"}))
    assert text(answer.select_one("#stored-now")) == "Filter robot*"
    assert person.topics.get(name="Robots").text == "robot*"


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

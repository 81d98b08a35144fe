"""Signing up: preview, the same answer for all, and the limits."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from digest.views.joining import made
from subscribers import limits, membership
from subscribers.models import Letter, ReadyTopic, Subscriber, Topic
from tests.digest.views.pages import NOW, fields, sign_up, soup, stamp, text
from tests.house import at, fetch, item, mails, reader, run

pytestmark = pytest.mark.django_db
MADE = "2026-03-04 11:59"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(at(NOW), tick=False):
        yield


@pytest.fixture
def stamped() -> str:
    return made(at(MADE))


def confirmations() -> int:
    return Letter.objects.filter(kind="confirm").count()


def test_the_preview_counts_the_last_seven_days_and_names_the_first_titles(client):
    fetch([item("2603.00001", "Robots", upvotes=2), item("2603.00002", "Moss")], "2026-03-04", "2026-03-04 08:00")
    fetch([item("2602.00001", "Old robots")], "2026-02-20", "2026-03-04 08:00", "huggingface", "--backfill")
    page = soup(client.get("/join/", {"q": "robot*"}))
    assert "2 listed in the last 7 days = 1 kept + 1 dropped" in text(page)
    assert [text(a) for a in page.select("#brings .split > div:first-child li a")] == ["Robots"]
    assert [text(a) for a in page.select("#brings .dropped li a")] == ["Moss"]
    assert [text(count) for count in page.select(".counts div")] == ["today 1", "7 days 1", "30 days 2"]


def test_the_preview_says_what_a_topic_asks_for_in_vain_and_when_it_brings_too_many(client):
    fetch([item(f"2603.{n:05}", f"Robots {n}") for n in range(40)], "2026-03-04", "2026-03-04 08:00")
    notes = [
        text(note) for note in soup(client.get("/join/", {"q": "robot* OR mosss OR org:fen"})).select(".note.warn")
    ]
    among = "Worth a look. None of the papers of the last 90 days (40)"
    assert notes == [
        f"{among} has “mosss” in title or abstract.",
        f"{among} names an organisation: org: finds nothing so far.",
        "Worth a look. This brings about 40 papers a day; another word, or a cap, makes it fewer.",
    ]
    assert not soup(client.get("/join/", {"q": "robot* 7"})).select(".note.warn")


def test_the_preview_says_where_it_rests_on_a_stem_alone(client):
    fetch([item("2603.00001", "The wavelet transform")], "2026-03-04", "2026-03-04 08:00")
    (note,) = soup(client.get("/join/", {"q": "transformer"})).select(".note.warn")
    assert "transformer also finds “transform” by the stem; =transformer does not" in text(note)
    assert note.select_one("button[name=mend]")["value"] == "=transformer"


def test_preview_by_button_keeps_what_was_typed_and_sends_nothing(client, stamped):
    page = soup(sign_up(client, stamped, do="preview", q="moss", name="Plants", days=["sat"]))
    assert page.select_one("#q").get_text() == "moss"
    assert page.select_one("#name")["value"] == "Plants"
    assert [box["value"] for box in page.select("[name=days][checked]")] == ["sat"]
    assert not Subscriber.objects.exists()


def test_signing_up_posts_one_confirmation_and_keeps_the_wish(client, stamped, outbox):
    page = soup(sign_up(client, stamped, email="Ada@Example.org", name="  My\trobots ", at="18:00, 7:30"))
    assert "Check your mail" in text(page)
    person = Subscriber.objects.get()
    assert (person.email, person.address, person.state) == ("Ada@example.org", "ada@example.org", "pending")
    assert (person.zone, person.times, person.days) == ("Europe/Berlin", "07:30,18:00", "mon,fri")
    assert person.asked_from["ip"] == "127.0.0.1"
    assert list(Topic.objects.values_list("name", "text")) == [("My robots", "robot*")]
    run("deliver", "--until-empty", now=NOW)
    (mail,) = mails(outbox)
    assert "robot" not in mail.as_string()


def test_the_box_on_the_front_page_signs_up_with_the_usual_schedule(client, stamped):
    client.post("/join/", {"q": "*", "email": "new@example.org", "made": stamped, "website": "", "do": "join"})
    person = Subscriber.objects.get()
    assert (person.zone, person.times, person.days) == ("UTC", "07:30", "weekdays")
    assert Topic.objects.get().name == "Every paper"


def test_the_answer_does_not_tell_whether_we_know_an_address(client, stamped):
    reader("known@example.org", now="2026-03-01 08:00")
    reader("gone@example.org", now="2026-03-01 08:00")
    run("reader", "leave", "gone@example.org", now="2026-03-02 08:00")
    answers = {
        sign_up(client, stamped, email=who).content
        for who in ("known@example.org", "KNOWN@EXAMPLE.ORG", "gone@example.org", "new@example.org", "new@example.org")
    }
    assert len(answers) == 1
    assert set(Letter.objects.filter(kind="confirm").values_list("subscriber__address", flat=True)) == {
        "gone@example.org",
        "new@example.org",
    }


def test_an_address_gets_one_confirmation_in_a_day_and_three_in_a_week(client, outbox):
    sent = []
    for hour in range(0, 24 * 8, 6):
        now = at("2026-03-04 12:00").timestamp() + hour * 3600
        with time_machine.travel(now, tick=False):
            sign_up(client, made(_ago(now)))
        sent.append(confirmations())
    assert sent[3] == 1
    assert sent[4] == 2
    assert sent[27] == 3
    assert sent[-1] == 4


def _ago(now: float) -> datetime:
    return datetime.fromtimestamp(now - 60, UTC)


def test_a_request_that_is_not_mailed_leaves_the_link_before_it_good(client, stamped):
    sign_up(client, stamped)
    asked = Subscriber.objects.get().asked_at
    with time_machine.travel(at("2026-03-04 18:00"), tick=False):
        sign_up(client, stamped, q="something else", name="Other")
    assert Subscriber.objects.get().asked_at == asked
    assert Topic.objects.count() == 1


def test_one_address_of_the_network_asks_for_ten_an_hour_and_then_waits(client, stamped):
    statuses = [sign_up(client, stamped, email=f"r{n}@x{n}.example").status_code for n in range(15)]
    assert statuses == [200] * limits.PER_IP + [429] * 5
    answer = sign_up(client, stamped, email="r99@example.org")
    assert answer["Retry-After"] == "3600"
    assert "Too many at once" in text(soup(answer, 429))
    assert Subscriber.objects.count() == limits.PER_IP
    assert sign_up(client, stamped, email="r@elsewhere.example", REMOTE_ADDR="x").status_code == 429


def test_an_invented_forwarded_address_does_not_lift_the_limit(client, stamped):
    for n in range(limits.PER_IP + 1):
        last = client.post(
            "/join/",
            {"q": "*", "email": f"r{n}@example.org", "made": stamped, "do": "join"},
            headers={"x-forwarded-for": f"10.0.0.{n}"},
        )
    assert last.status_code == 429


def test_a_program_that_fills_in_the_hidden_box_reads_what_people_read_and_starts_nothing(client, stamped):
    trapped = sign_up(client, stamped, website="http://spam.example", email="a@example.org")
    assert trapped.content == sign_up(client, stamped).content
    assert Subscriber.objects.count() == 1


@pytest.mark.parametrize("when", ["", "0:forged", "2026-03-04 12:00:00", "2026-03-03 11:00"])
def test_a_form_that_comes_back_at_once_or_late_or_forged_is_shown_again_with_what_was_typed(client, when):
    stamp_sent = made(at(when)) if when.startswith("2026") else when
    page = soup(sign_up(client, stamp_sent, email="slow@example.org"))
    assert "Please press once more" in text(page)
    assert page.select_one("#email")["value"] == "slow@example.org"
    assert not Subscriber.objects.exists()
    with time_machine.travel(at("2026-03-04 12:01"), tick=False):
        sign_up(client, stamp(page))
    assert Subscriber.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "no address"}, "is not an address we can mail to"),
        ({"email": "ünï@example.org"}, "is not an address we can mail to"),
        ({"email": ""}, "Write the address"),
        ({"q": "(moss"}, "never closed"),
        ({"q": "mo\x00ss"}, "Null characters"),
        ({"zone": "Europe/Berln"}, "did you mean Europe/Berlin"),
        ({"at": "25:00"}, "no time of day"),
        ({"days": []}, "one day at least"),
        ({"name": "n" * 101}, "at most 100 characters"),
    ],
)
def test_what_cant_be_read_is_said_beside_its_box_and_nothing_is_sent(client, stamped, wrong, said):
    page = soup(sign_up(client, stamped, **wrong))
    assert said in text(page)
    assert "Not sent yet" in text(page)
    assert not Subscriber.objects.exists()


def test_whoever_says_nothing_gets_the_first_ready_made_topic_and_is_told_so_before(client, stamped):
    assert "Leave all of it empty and you get “Trending”" in text(soup(client.get("/join/")))
    sign_up(client, stamped, q=" ", cap="7")
    topic = Topic.objects.get()
    assert (topic.name, topic.text, topic.settled, topic.cap) == ("Trending", "*", True, 7)
    assert topic.ready == ReadyTopic.objects.get(name="Trending")


def test_where_nothing_ready_made_is_offered_a_topic_must_be_said(client, stamped):
    ReadyTopic.objects.update(offered=False)
    assert "Say what you care about" in text(soup(sign_up(client, stamped, q="")))
    assert not Subscriber.objects.exists()


def test_a_ready_made_topic_is_chosen_followed_and_left_when_it_is_changed(client, stamped):
    robots = ReadyTopic.objects.get(name="Robots")
    page = soup(client.get(f"/join/?ready={robots.pk}"))
    assert page.select_one("#q").get_text() == robots.text
    assert "From “Robots”" in text(page)
    sign_up(client, stamped, **fields(page))
    assert Topic.objects.get().ready == robots
    sign_up(client, stamped, **fields(page) | {"q": "robot*"}, email="other@example.org")
    assert Topic.objects.get(text="robot*").ready is None


@pytest.mark.parametrize("unknown", ["0", "-1", "x", "٣", "9" * 30, "999999999"])
def test_a_ready_made_topic_that_is_not_there_is_an_empty_form(client, unknown):
    assert not soup(client.get(f"/join/?ready={unknown}")).select_one("#q").get_text()


def test_boxes_that_were_filled_in_are_the_topic(client, stamped):
    sign_up(client, stamped, q="", all="LLM agents", none="surveys", upvotes="20", always="I Quorndal, T Marrash")
    assert Topic.objects.get().text == (
        '(LLM agents upvotes:>=20 -surveys) OR author:"I Quorndal" OR author:"T Marrash"'
    )


def test_when_both_sides_were_changed_nothing_is_sent_before_that_was_seen(client, stamped):
    page = soup(sign_up(client, stamped, q="moss", all="fern"))
    assert "the text was taken" in text(page)
    assert (page.select_one("#q").get_text(), page.select_one("#all")["value"]) == ("moss", "moss")
    assert not Subscriber.objects.exists()
    sign_up(client, stamped, **fields(page))
    assert Topic.objects.get().text == "moss"


def test_a_form_of_another_site_is_refused_and_ours_is_taken_though_pages_send_no_referer(stamped):
    careful = Client(enforce_csrf_checks=True)
    token = soup(careful.get("/join/")).select_one("[name=csrfmiddlewaretoken]")["value"]
    typed = {"q": "*", "email": "new@example.org", "made": stamped, "do": "join"}
    ours = {"csrfmiddlewaretoken": token}
    assert careful.post("/join/", typed).status_code == 403
    null = {"origin": "null", "sec-fetch-site": "cross-site"}
    assert careful.post("/join/", typed | ours, headers=null).status_code == 403
    assert careful.post("/join/", typed | ours, headers={"origin": "https://evil.example"}).status_code == 403
    assert not Subscriber.objects.exists()
    null = {"origin": "null", "sec-fetch-site": "same-origin"}
    assert careful.post("/join/", typed | ours, headers=null).status_code == 200
    assert Subscriber.objects.count() == 1


def test_confirming_later_works_with_the_topics_asked_for(client, stamped):
    sign_up(client, stamped)
    person = Subscriber.objects.get()
    membership.confirm(person.pk, at(NOW), confirmed_from={}, consent="x")
    assert list(person.topics.values_list("text", flat=True)) == ["robot*"]

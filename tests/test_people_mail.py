"""People's mail from the button that asks for it to the folder it arrives in, and what the operator sees of it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache

from digest.views.joining import made
from subscribers.links import address_hash
from subscribers.models import Event, Letter, Subscriber, Suppression
from tests.digest.views.pages import link_in, sign_up, soup, text, token
from tests.house import at, fetch, item, letters, mails, reader, run, serve

pytestmark = pytest.mark.django_db
R = "new@example.org"
NOON = at("2026-03-04 12:00")


@pytest.fixture(autouse=True)
def clock():
    """The pages' clock, which a test moves on."""
    cache.clear()
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock
    cache.clear()


def join(client, **typed):
    return sign_up(client, made(at("2026-03-04 11:59")), **typed)


def deliver(minutes: int) -> None:
    run("deliver", "--until-empty", now=NOON + timedelta(minutes=minutes))


def body(mail) -> str:
    return " ".join(mail.get_body(("plain",)).get_content().split())


def test_the_welcome_comes_first_and_then_in_the_same_minute_the_first_digest(client, clock, outbox):
    fetch([item("2603.00001", "A Robot That Folds Paper")], "2026-03-04", "2026-03-04 08:00")
    join(client, q="robot*", name="Robots")
    deliver(1)
    clock.shift(timedelta(minutes=2, microseconds=345))
    assert "Welcome" in text(soup(client.post(link_in(mails(outbox)[0], "confirm"))))
    serve(NOON + timedelta(minutes=2, seconds=30))
    confirmation, welcome, digest = mails(outbox)
    assert [mail["Subject"].split(",")[0] for mail in (confirmation, welcome, digest)] == [
        "Confirm your address for Daily Papers Digest",
        "Welcome to Daily Papers Digest",
        "Your first digest: 1 new",
    ]
    assert welcome["Date"].datetime < digest["Date"].datetime
    assert "Robots robot*" in body(welcome)
    assert "Monday and Friday, 07:30, Europe/Berlin Next time: Friday 6 March 2026, 07:30" in body(welcome)
    assert "Next: Friday 6 March 2026, 07:30" in body(digest)


def test_the_welcome_a_reminder_and_one_s_own_page_name_a_slot_that_is_not_passed_over(client, clock, outbox):
    fetch([item("2603.00001", "A Robot That Folds Paper")], "2026-03-04", "2026-03-04 08:00")
    times = {"days": ["mon", "wed", "fri"], "at": "13:30"}  # half an hour ahead in Berlin
    join(client, q="robot*", name="Robots", **times)
    deliver(1)
    client.post(link_in(mails(outbox)[0], "confirm"))
    serve(NOON + timedelta(minutes=2))
    clock.shift(timedelta(minutes=3))
    join(client, q="robot*", name="Robots", **times)
    deliver(4)
    assert len(mails(outbox)) == 4
    for mail in mails(outbox)[1:]:
        assert "Friday 6 March 2026, 13:30" in body(mail)
        assert "Wednesday 4 March 2026, 13:30" not in body(mail)
    own = text(soup(client.get(f"/me/{token('read', Subscriber.objects.get(), NOON)}")))
    assert "Friday 6 March 2026, 13:30" in own


def test_a_digest_says_who_asked_for_it(client, outbox):
    fetch([item("2603.00001", "A Robot That Folds Paper")], "2026-03-04", "2026-03-04 08:00")
    reader("added@example.org", now="2026-03-04 11:00")
    run("reader", "add", "phoned@example.org", "--topic", "All=*", now="2026-03-04 11:00")
    run("reader", "confirm", "phoned@example.org", "--reason", "said so on the phone", now="2026-03-04 11:30")
    join(client, q="robot*", name="Robots")
    deliver(1)
    client.post(link_in(next(mail for mail in mails(outbox) if mail["To"] == R), "confirm"))
    serve(NOON + timedelta(minutes=2))
    digests = {mail["To"]: body(mail) for mail in mails(outbox) if "digest" in mail["Subject"]}
    assert sorted(digests) == sorted([R, "added@example.org", "phoned@example.org"])
    assert f"{R} asked for it on 4 March 2026 and confirmed: 1 topic" in digests.pop(R)
    for address, said in digests.items():
        assert f"{address} was added by the operator on 4 March 2026: 1 topic" in said


def test_the_links_of_a_welcome_lead_to_one_s_topics_and_out(client, clock, outbox):
    join(client)
    deliver(1)
    client.post(link_in(mails(outbox)[0], "confirm"))
    deliver(2)
    welcome = mails(outbox)[1]
    assert "My digests" in text(soup(client.get(link_in(welcome, "me"))))
    assert [b["value"] for b in soup(client.get(link_in(welcome, "leave"))).select("main button")] == ["leave"]
    one_click = re.fullmatch(r"<https://papers\.example\.org(/leave/[\w-]+)>", welcome["List-Unsubscribe"])
    assert client.post(one_click[1], {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Subscriber.objects.get().state == "left"


def test_the_way_back_of_a_goodbye_asks_for_a_confirmation_and_keeps_the_topics(client, outbox):
    reader(R, "Moss=moss", now="2026-03-01 06:00")
    client.post(f"/leave/{token('leave', Subscriber.objects.get())}", {"do": "leave"})
    deliver(1)
    back = link_in(mails(outbox)[0], "leave")
    assert [b["value"] for b in soup(client.get(back)).select("main button")] == ["back"]
    assert Subscriber.objects.get().state == "left"
    client.post(back, {"do": "back"})
    deliver(2)
    client.post(link_in(mails(outbox)[1], "confirm"))
    person = Subscriber.objects.get()
    assert person.state == "active"
    assert [topic.text for topic in person.topics.all()] == ["moss"]


def test_a_button_sends_a_goodbye_also_on_one_s_own_page_and_one_click_sends_none(client):
    for n, address in enumerate(("page@example.org", "own@example.org", "click@example.org")):
        reader(address, now="2026-03-01 06:00")
        person = Subscriber.objects.get(address=address)
        own, leave = f"/me/{token('read', person, NOON)}", f"/leave/{token('leave', person)}"
        target, typed = [
            (leave, {"do": "leave"}), (own, {"do": "leave"}), (leave, {"List-Unsubscribe": "One-Click"}),
        ][n]  # fmt: skip
        for _ in range(2):
            client.post(target, typed)
    assert set(Subscriber.objects.values_list("state", flat=True)) == {"left"}
    sent = Letter.objects.filter(kind="goodbye").values_list("subscriber__address", flat=True)
    assert sorted(sent) == ["own@example.org", "page@example.org"]


def test_whoever_signs_up_reads_the_same_page_and_only_the_mail_says_what_we_know(client, outbox):
    for who in ("active", "paused", "barred"):
        reader(f"{who}@example.org", "Own=moss", now="2026-03-01 06:00")
    run("reader", "pause", "paused@example.org", now="2026-03-02 06:00")
    name = address_hash(settings.LINK_KEY.encode(), "barred@example.org")
    Suppression.objects.create(address_hash=name, reason="complaint", since=NOON)
    people = ("active", "ACTIVE", "paused", "barred", "new")
    pages = {
        join(client, email=f"{who}@example.org", q="secretword", name="Words of the form").content for who in people
    }
    assert len(pages) == 1
    deliver(1)
    found = {mail["To"]: mail for mail in mails(outbox)}
    assert sorted(found) == ["active@example.org", "new@example.org", "paused@example.org"]
    assert "You are a reader of Daily Papers Digest already" in found["active@example.org"]["Subject"]
    assert "Your digests are paused" in body(found["paused@example.org"])
    assert "Your digests are paused" not in body(found["active@example.org"])
    assert not [mail for mail in found.values() if re.search("secretword|Words of the form", mail.as_string())]
    assert "Go on" in text(soup(client.get(link_in(found["paused@example.org"], "me"))))


@pytest.mark.parametrize("kind", ["known", "welcome", "goodbye"])
def test_the_operator_lists_them_and_has_the_last_word_on_them(kind, client, outbox):
    name = letter_of(kind, client, outbox)
    assert letters(kind=kind, state="waiting")[0]["message_id"] == name
    assert run("letter", name, "cancel", now=NOON)["state"] == "cancelled"
    deliver(1)
    assert not [mail for mail in mails(outbox) if mail["Message-ID"] == name]


@pytest.mark.parametrize("kind", ["known", "welcome", "goodbye", "digest"])
def test_after_a_restore_they_are_in_doubt_and_not_sent_again(kind, client, outbox):
    name = letter_of(kind, client, outbox)
    arrived = len(mails(outbox))
    restored = run("restored", "--taken", "2026-03-04T12:05Z", now="2026-03-04 12:10")
    assert name in restored["unknown"]
    deliver(11)
    assert len(mails(outbox)) == arrived
    assert run("letter", name, "delivered", now="2026-03-04 12:12")["state"] == "accepted"


@pytest.mark.parametrize("kind", ["known", "welcome", "goodbye"])
def test_erasing_leaves_nothing_of_a_person_in_them(kind, client, outbox):
    letter_of(kind, client, outbox)
    assert kind in str(run("reader", "export", R)["letters"])
    run("reader", "forget", R, now=NOON)
    letter = Letter.objects.get(kind=kind)
    assert (letter.state, letter.content) == ("cancelled", {})
    deliver(1)
    assert not [mail for mail in mails(outbox) if f"<{kind}." in mail["Message-ID"]]


def letter_of(kind: str, client, outbox) -> str:
    """A letter of this kind waits for R; its Message-ID."""
    if kind == "welcome":
        join(client)
        deliver(0)
        client.post(link_in(mails(outbox)[-1], "confirm"))
    else:
        reader(R, now="2026-03-01 06:00")
        if kind == "digest":
            fetch([item("2603.00001")], "2026-03-04", "2026-03-04 08:00")
            run("publish", now=NOON)
        elif kind == "known":
            join(client)
        else:
            client.post(f"/leave/{token('leave', Subscriber.objects.get())}", {"do": "leave"})
    return Letter.objects.get(kind=kind).message_id


def test_the_operator_s_word_reaches_a_first_digest_too_whose_slot_is_no_whole_second(client, clock, outbox):
    fetch([item("2603.00001", "A Robot")], "2026-03-04", "2026-03-04 08:00")
    join(client)
    deliver(1)
    clock.shift(timedelta(minutes=2, microseconds=345))
    client.post(link_in(mails(outbox)[0], "confirm"))
    run("publish", now=NOON + timedelta(minutes=3))
    name = Letter.objects.get(kind="digest").message_id
    assert run("letter", name, "cancel", now=NOON)["state"] == "cancelled"


@pytest.mark.parametrize("kind", ["welcome", "farewell"])
def test_one_that_can_not_be_composed_is_cancelled_with_one_alert_and_the_others_go(kind, client, outbox):
    first = letter_of("goodbye", client, outbox)
    reader("other@example.org", now="2026-03-01 06:00")
    client.post(f"/leave/{token('leave', Subscriber.objects.get(address='other@example.org'))}", {"do": "leave"})
    Letter.objects.filter(message_id=first).update(kind=kind)  # a welcome without what it says; no kind of ours
    deliver(1)
    assert [mail["To"] for mail in mails(outbox)] == ["other@example.org"]
    assert Letter.objects.get(message_id=first).reason == "unrenderable"
    assert Event.objects.filter(kind="alert").count() == 1

"""What a sign-up and a confirmation bring into the queue."""

from datetime import datetime, timedelta

import pytest

from subscribers import joining, membership
from subscribers.joining import Standing
from subscribers.models import Batch, Letter, Subscriber
from tests.house import at, reader, run

pytestmark = pytest.mark.django_db
R = "reader@example.org"
NOW = at("2026-03-04 12:00")  # a Wednesday
BERLIN = {"zone": "Europe/Berlin", "times": "07:30", "days": "weekdays"}


def ask(now: datetime = NOW, **schedule: str) -> None:
    joining.ask(R, R, [], now, site_host="x.example", schedule={**BERLIN, **schedule}, asked_from={"ip": "192.0.2.1"})


def confirm(now: datetime) -> Standing:
    person = Subscriber.objects.get()
    asked = person.asked_at or now
    return joining.confirm(person.pk, asked, now, site_host="x.example", confirmed_from={}, consent="1")


def letters(kind: str) -> list[Letter]:
    return list(Letter.objects.filter(kind=kind).order_by("id"))


def test_confirming_posts_one_welcome_before_there_is_a_first_digest():
    ask()
    now = NOW + timedelta(minutes=5, microseconds=123)
    assert [confirm(now), confirm(now), confirm(now + timedelta(days=1))] == [Standing.OPEN, *[Standing.CONFIRMED] * 2]
    (letter,) = letters("welcome")
    assert letter.batch.lane == Batch.Lane.PEOPLE
    assert letter.message_id == f"<welcome.{Subscriber.objects.get().key}.20260304T120500@x.example>"
    assert letter.slot == NOW + timedelta(minutes=5)


def test_a_welcome_keeps_what_was_promised_whatever_changes_before_it_is_sent():
    ask()
    person = Subscriber.objects.get()
    run("reader", "add", R, "--topic", "Moss[weekly]=moss", "--topic", "Fern=fern", now=NOW)
    person.topics.create(name="Mute", text="x", filter=person.topics.first().filter, muted=True)
    confirm(NOW)
    membership.edit_topics(person, [], NOW)
    membership.reschedule(person.pk, NOW, zone="UTC", times="09:00", days="daily")
    (letter,) = letters("welcome")
    assert letter.content == {
        "topics": [
            {"name": "Moss", "text": "moss", "cadence": "weekly"},
            {"name": "Fern", "text": "fern", "cadence": "slot"},
        ],
        "schedule": "Monday to Friday, 07:30, Europe/Berlin",
        "next": "2026-03-05T07:30:00+01:00",
    }


def test_a_schedule_that_can_not_be_read_stops_nobody_from_joining():
    ask(zone="Nowhere/Else")
    assert confirm(NOW) is Standing.OPEN
    (letter,) = letters("welcome")
    assert (letter.content["schedule"], letter.content["next"]) == ("", "")


def test_one_whom_an_operator_adds_or_confirms_gets_no_welcome():
    reader("lab@example.org", now=NOW)
    ask()
    run("reader", "confirm", R, "--reason", "said so on the phone", now=NOW)
    assert letters("welcome") == []


def test_a_reader_is_told_that_they_are_one_and_nothing_of_theirs_changes():
    reader(R, "Moss=moss", now="2026-03-01 06:00", zone="Europe/Berlin", time="07:30")
    before = Subscriber.objects.values().get()
    ask(times="23:00")
    (letter,) = letters("known")
    assert letter.batch.lane == Batch.Lane.PEOPLE
    assert letter.content == {
        "paused": False,
        "schedule": "Every day, 07:30, Europe/Berlin",
        "next": "2026-03-05T07:30:00+01:00",
    }
    assert Subscriber.objects.values().get() == before
    assert letters("confirm") == []


def test_one_who_has_paused_is_told_so_and_stays_paused():
    reader(R, now="2026-03-01 06:00")
    run("reader", "pause", R, now="2026-03-02 06:00")
    ask()
    (letter,) = letters("known")
    assert (letter.content["paused"], letter.content["next"]) == (True, "")
    assert Subscriber.objects.get().state == "paused"


def test_a_reader_is_told_once_in_a_day_and_three_times_in_a_week():
    reader(R, now="2026-03-01 06:00")
    told = []
    for hour in range(0, 24 * 8, 6):
        ask(NOW + timedelta(hours=hour))
        told.append(len(letters("known")))
    assert (told[3], told[4], told[27], told[-1]) == (1, 2, 3, 4)


def test_one_who_was_told_and_then_leaves_can_come_back_the_same_day():
    reader(R, now="2026-03-01 06:00")
    ask()
    run("reader", "leave", R, now=NOW)
    ask(NOW + timedelta(hours=1))
    assert len(letters("confirm")) == 1

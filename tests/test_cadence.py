"""Weekly and monthly topics: once a week, once a month, whatever becomes of the schedule and the pace."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from subscribers import membership, pausing, topic_edits
from subscribers.models import Subscriber, Topic
from subscribers.topic_merge import as_it_is
from tests.house import at, copies, fetch, item, letters, papers, reader, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"
BEFORE = "2026-02-25 05:00"  # a Wednesday


def one_a_day(first: str, last: str, *, at_hours: tuple[str, ...] = ("07:01", "15:01", "22:01")) -> None:
    """A paper each morning, named by its day, and a look at who is due at these hours."""
    for day in map(
        date.fromordinal, range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1)
    ):
        fetch(papers(f"{day:%y%m}.{day:%d}001"), day, f"{day} 05:00")
        for hour in at_hours:
            serve(f"{day} {hour}")


def moves(now: str, zone: str = "UTC", times: str = "07:00", days: str = "daily") -> None:
    membership.reschedule(Subscriber.objects.get().pk, at(now), zone=zone, times=times, days=days)


def paces(cadence: str, now: str) -> None:
    topic = Topic.objects.get()
    topic_edits.change(topic.subscriber_id, topic.pk, replace(as_it_is(topic), cadence=cadence), at(now))


def begins(topic: str, *, zone: str = "UTC", time: str = "07:00") -> None:
    """A reader whose first digest is behind them."""
    fetch(papers("2602.25001"), "2026-02-25", "2026-02-25 04:30")
    reader(R, topic, now=BEFORE, zone=zone, time=time)
    serve("2026-02-25 05:01")
    one_a_day("2026-02-26", "2026-03-01")
    assert told(R) == ["2602.25001"]


def slots() -> list[str]:
    return [letter["slot"][:16] for letter in letters(R)][1:]


@pytest.mark.parametrize(("topic", "day"), [("W[weekly]=*", "2026-03-02"), ("M[monthly]=*", "2026-03-01")])
def test_whoever_moves_their_hour_on_the_very_day_misses_nothing(topic, day):
    fetch(papers("2602.25001"), "2026-02-25", "2026-02-25 04:30")
    reader(R, topic, now=BEFORE, time="18:00")
    serve("2026-02-25 05:01")
    one_a_day("2026-02-26", str(date.fromisoformat(day) - timedelta(days=1)), at_hours=("18:01",))
    assert slots() == []
    one_a_day(day, day, at_hours=("07:01",))
    moves(f"{day} 12:00")
    one_a_day(str(date.fromisoformat(day) + timedelta(days=1)), "2026-03-10", at_hours=("07:01", "18:01"))
    first, *others = slots()
    assert first == f"{date.fromisoformat(day) + timedelta(days=1)}T07:00"
    assert others == (["2026-03-09T07:00"] if "weekly" in topic else [])
    assert {"2602.26001", "2602.28001"} < set(letters(R)[1]["papers"])


def test_a_week_is_not_left_out_by_one_who_flies_east():
    begins("W[weekly]=*", zone="America/Los_Angeles")
    moves("2026-03-01 23:00", "Asia/Tokyo")  # Sunday there, Monday after 07:00 where they land
    one_a_day("2026-03-02", "2026-03-09")
    assert slots() == ["2026-03-02T22:00", "2026-03-08T22:00"]  # Tuesday, Monday


def test_a_week_is_not_served_twice_for_one_who_flies_west():
    fetch(papers("2602.25001"), "2026-02-25", "2026-02-25 04:30")
    reader(R, "W[weekly]=*", now=BEFORE, zone="Asia/Tokyo")
    serve("2026-02-25 05:01")
    one_a_day("2026-02-26", "2026-03-01")
    assert slots() == ["2026-03-01T22:00"]  # Monday in Tokyo
    moves("2026-03-01 23:00", "America/Los_Angeles")
    one_a_day("2026-03-02", "2026-03-10")
    assert slots() == ["2026-03-01T22:00", "2026-03-09T14:00"]


def test_other_days_in_the_same_week_bring_nothing_more():
    begins("W[weekly]=*")
    one_a_day("2026-03-02", "2026-03-02")
    moves("2026-03-02 12:00", days="tue,thu")
    one_a_day("2026-03-03", "2026-03-10")
    assert slots() == ["2026-03-02T07:00", "2026-03-10T07:00"]


@pytest.mark.parametrize("cadence", ["monthly", "slot"])
def test_what_waited_comes_at_the_new_pace(cadence):
    begins("W[weekly]=*")
    one_a_day("2026-03-02", "2026-03-05")
    paces(cadence, "2026-03-05 12:00")
    one_a_day("2026-03-06", "2026-03-10" if cadence == "slot" else "2026-04-01", at_hours=("07:01",))
    assert slots()[:2] == ["2026-03-02T07:00", "2026-03-06T07:00" if cadence == "slot" else "2026-04-01T07:00"]
    days = [*(f"2602.{day}001" for day in (25, 26, 27, 28)), *(f"2603.{day:02}001" for day in range(1, 11))]
    assert sorted(told(R))[: len(days)] == days
    assert Topic.objects.get().since is None or cadence == "monthly"


def test_a_pace_that_goes_back_and_forth_loses_and_repeats_nothing():
    begins("W[weekly]=*")
    one_a_day("2026-03-02", "2026-03-04")
    for cadence, now in (("slot", "2026-03-04 12:00"), ("weekly", "2026-03-04 12:01")):
        paces(cadence, now)
    one_a_day("2026-03-05", "2026-03-09")
    assert slots() == ["2026-03-02T07:00", "2026-03-09T07:00"]
    assert len(set(told(R))) == len(told(R)) == 4 + 9


def test_the_period_of_a_weekly_digest_begins_where_the_last_one_ended(outbox):
    fetch(papers("2603.01001"), "2026-03-01", "2026-03-01 04:30")
    reader(R, "W[weekly]=*", now="2026-03-01 05:00")  # a Sunday
    serve("2026-03-01 05:01")
    one_a_day("2026-03-02", "2026-03-02")
    (mail,) = [path.read_text() for path in outbox.glob("*.eml") if "20260302" in path.name]
    assert "since yesterday" in mail


def test_a_day_without_a_topic_that_is_due_says_so():
    begins("W[weekly]=*")
    assert copies(R)[-1] == ("silent", "no topic due")


def test_a_pause_ends_on_the_same_day_by_the_clocks_of_a_new_zone():
    number = reader(R, now="2026-03-02 06:00", zone="Europe/Berlin")["id"]
    pausing.pause_until(number, date(2026, 3, 10), at("2026-03-03 06:00"))
    moves("2026-03-04 06:00", "America/New_York")
    assert Subscriber.objects.get().paused_until == at("2026-03-10 04:00")


def test_a_reader_with_thirty_topics_gets_papers_too():
    names = [f"key{number:02}word" for number in range(30)]
    reader(R, *(f"Topic {name}={name}" for name in names), now="2026-03-02 04:00")
    serve("2026-03-02 04:01")
    found = [
        item(f"2603.{n:03}{k}1", f"A {name} study, part {k}", "Short.") for n, name in enumerate(names) for k in (1, 2)
    ]
    fetch(found, "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 07:01")
    (letter,) = letters(R)
    assert len(letter["papers"]) >= 8
    assert len(letter["papers"]) + len(letter["more"]) == 60

"""Once a night: requests nobody confirmed are forgotten, pauses that are over end."""

from datetime import timedelta

import pytest

from subscribers import housekeeping, membership, pausing
from subscribers.models import Subscriber, Topic
from subscribers.topics import read_topic
from tests.house import at, run

pytestmark = pytest.mark.django_db
ASKED = at("2026-03-02 08:00")
WEEK = timedelta(days=7)


def ask(address: str, now=ASKED) -> Subscriber:
    wishes = [read_topic("Robots=robot*")]
    return membership.sign_up(address, address, wishes, now, site_host="example.org", asked_from={"ip": "192.0.2.1"})


def test_a_request_that_was_never_confirmed_is_forgotten_after_a_week_with_everything_it_said(settings):
    person = ask("r@example.org")
    assert housekeeping.purge_pending(ASKED + WEEK - timedelta(seconds=1), settings.JOURNAL) == 0
    assert housekeeping.purge_pending(ASKED + WEEK, settings.JOURNAL) == 1
    person.refresh_from_db()
    assert (person.state, person.email, person.address, person.asked_from) == ("forgotten", "", None, {})
    assert not Topic.objects.exists()
    assert {event.kind for event in person.events.all() if event.data} == set()
    assert [letter.state for letter in person.letters.all()] == ["cancelled"]
    assert housekeeping.purge_pending(ASKED + WEEK, settings.JOURNAL) == 0


def test_the_address_can_ask_again_afterwards(settings):
    ask("r@example.org")
    housekeeping.purge_pending(ASKED + WEEK, settings.JOURNAL)
    again = ask("r@example.org", ASKED + WEEK)
    membership.confirm(again.pk, ASKED + WEEK, confirmed_from={}, consent="1")
    assert Subscriber.objects.get(address="r@example.org").state == "active"


def test_one_who_asked_anew_within_the_week_keeps_their_request(settings):
    ask("r@example.org")
    ask("r@example.org", ASKED + timedelta(days=6))
    assert housekeeping.purge_pending(ASKED + WEEK, settings.JOURNAL) == 0


def test_one_who_confirms_while_the_house_is_kept_stays(settings, monkeypatch):
    person = ask("r@example.org")
    listed = housekeeping._stale

    def confirmed_meanwhile(now):
        found = list(listed(now).values_list("pk", flat=True))
        if Subscriber.objects.get(pk=person.pk).state == "pending":
            membership.confirm(person.pk, now, confirmed_from={}, consent="1")
            return Subscriber.objects.filter(pk__in=found)
        return listed(now)

    monkeypatch.setattr(housekeeping, "_stale", confirmed_meanwhile)
    assert housekeeping.purge_pending(ASKED + WEEK, settings.JOURNAL) == 0
    assert Subscriber.objects.get().state == "active"


def test_active_paused_and_left_people_are_never_purged(settings):
    for address, action in (("a@example.org", ""), ("p@example.org", "pause"), ("l@example.org", "leave")):
        person = ask(address)
        membership.confirm(person.pk, ASKED, confirmed_from={}, consent="1")
        if action:
            run("reader", action, address, now=ASKED)
    assert housekeeping.purge_pending(ASKED + 60 * WEEK, settings.JOURNAL) == 0


def test_a_pause_that_is_over_ends_and_one_without_an_end_goes_on():
    for address, until in (("a@example.org", ASKED + WEEK), ("b@example.org", None)):
        person = ask(address)
        membership.confirm(person.pk, ASKED, confirmed_from={}, consent="1")
        pausing.pause(person.pk, ASKED, until)
    assert pausing.end_pauses(ASKED + WEEK - timedelta(seconds=1)) == 0
    assert pausing.end_pauses(ASKED + WEEK) == 1
    assert pausing.end_pauses(ASKED + WEEK) == 0
    assert dict(Subscriber.objects.values_list("email", "state")) == {
        "a@example.org": "active",
        "b@example.org": "paused",
    }
    assert Subscriber.objects.get(email="a@example.org").due > ASKED + WEEK


def test_a_reader_whose_schedule_is_broken_stays_paused_and_stops_nobody(caplog):
    for address in ("a@example.org", "b@example.org"):
        person = ask(address)
        membership.confirm(person.pk, ASKED, confirmed_from={}, consent="1")
        pausing.pause(person.pk, ASKED, ASKED + WEEK)
    Subscriber.objects.filter(email="a@example.org").update(zone="Nowhere/Else")
    assert pausing.end_pauses(ASKED + WEEK) == 1
    assert caplog.text.count("stays paused") == 1
    assert pausing.end_pauses(ASKED + WEEK + timedelta(hours=23)) == 0
    assert caplog.text.count("stays paused") == 1
    Subscriber.objects.filter(email="a@example.org").update(zone="UTC")
    assert pausing.end_pauses(ASKED + WEEK + timedelta(days=1)) == 1

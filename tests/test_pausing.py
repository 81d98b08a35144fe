"""What becomes of a digest that waits, or is under way, when its reader pauses."""

from datetime import date

import pytest

from subscribers import membership, pausing, roll, suppression
from subscribers.membership import NotPossible
from subscribers.models import Letter, Subscriber
from subscribers.outbox import queue
from subscribers.outbox.turns import Dot, Record, turn
from tests.house import at, fetch, letters, mails, papers, publish, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"


def test_a_digest_that_waits_when_its_reader_pauses_is_not_sent_and_the_first_one_afterwards_carries_it(outbox):
    reader(R, now="2026-03-02 06:00")
    fetch(papers("2603.00001", "2603.00002"), "2026-03-03", "2026-03-03 06:30")
    publish("2026-03-03 07:01")
    run("reader", "pause", R, now="2026-03-03 07:02")
    assert serve("2026-03-20 08:00")["accepted"] == 0
    assert [one["state"] for one in letters(R)] == ["cancelled"]
    assert Letter.objects.get().reason == "paused"
    run("reader", "resume", R, now="2026-03-21 06:00")
    fetch(papers("2603.00009"), "2026-03-21", "2026-03-21 06:30")
    assert serve("2026-03-21 07:00")["accepted"] == 1
    assert sorted(told(R)) == ["2603.00001", "2603.00002", "2603.00009"]
    assert len(mails(outbox)) == 1
    assert Letter.objects.get(state="cancelled").carried_in == Letter.objects.get(state="accepted").pk


def test_what_waited_for_one_who_pauses_and_then_leaves_is_never_carried():
    reader(R, now="2026-03-02 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:30")
    publish("2026-03-02 07:01")
    run("reader", "pause", R, now="2026-03-02 07:02")
    run("reader", "leave", R, now="2026-03-02 07:03")
    membership.sign_up(R, R, [], at("2026-03-20 06:00"), site_host="papers.example.org")
    run("reader", "confirm", R, "--reason", "said so", now="2026-03-20 06:01")
    fetch(papers("2603.00009"), "2026-03-20", "2026-03-20 06:02")
    serve("2026-03-20 06:03")
    assert told(R) == ["2603.00009"]


@pytest.mark.parametrize("reply", ["deferred", "accepted"])
def test_a_digest_under_way_when_its_reader_pauses_is_not_tried_again(reply):
    reader(R, now="2026-03-02 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:30")
    publish("2026-03-02 07:01")
    letter, now = Letter.objects.get(), at("2026-03-02 07:02")
    claimed = queue.claim(now)
    turn([], [Dot(claimed, letter.pk)], now)
    run("reader", "pause", R, now=now)
    turn([Record(claimed, letter.pk, reply, "", retry_at=now)], [], now)
    letter.refresh_from_db()
    assert (letter.state, letter.reason) == (("accepted", "") if reply == "accepted" else ("cancelled", "paused"))


def test_a_pause_until_a_day_ends_with_its_first_slot_and_one_digest_of_at_most_seven_days():
    reader(R, "Moss[cap=2]=moss", now="2026-03-02 06:00", zone="America/New_York", time="08:00")
    serve("2026-03-02 06:01")
    run("reader", "pause", R, "--until", "2026-03-25", now="2026-03-03 09:00")
    for day in range(4, 26):
        found = papers(*(f"2603.{day:02}{n:03}" for n in range(3)), title="On moss")
        fetch(found, f"2026-03-{day:02}", f"2026-03-{day:02} 06:00")
        serve(f"2026-03-{day:02} 11:59")
    assert told(R) == []
    serve("2026-03-25 12:01")
    sent = letters(R)
    assert [len(one["papers"]) for one in sent] == [2]
    assert {key[5:7] for key in sent[0]["papers"] + sent[0]["more"]} == {f"{day:02}" for day in range(19, 26)}
    serve("2026-03-26 12:01")
    assert len(letters(R)) == 1


def test_a_slot_missed_while_down_when_a_pause_ended_is_served_late_and_once():
    reader(R, now="2026-03-02 06:00")
    serve("2026-03-02 06:01")
    run("reader", "pause", R, "--until", "2026-03-05", now="2026-03-02 09:00")
    fetch(papers("2603.00004"), "2026-03-04", "2026-03-04 06:00")
    for moment in ("2026-03-06 05:00", "2026-03-06 05:01"):
        serve(moment)
    assert [one["slot"][:16] for one in letters(R)] == ["2026-03-05T07:00"]


def test_a_pause_does_not_end_while_nothing_may_be_mailed(caplog):
    person = Subscriber.objects.get(pk=reader(R, now="2026-03-02 06:00")["id"])
    run("reader", "pause", R, "--until", "2026-03-05", now="2026-03-02 09:00")
    until = at("2026-03-20 00:00")
    suppression.suppress(person, suppression.BOUNCES, at("2026-03-03 00:00"), until)
    assert pausing.end_pauses(at("2026-03-05 00:00")) == 0
    assert "stays paused" in caplog.text
    person.refresh_from_db()
    assert (person.state, person.paused_until) == ("paused", until)
    assert pausing.pause_until(person.pk, None, at("2026-03-06 00:00")).paused_until == until
    assert pausing.end_pauses(until) == 1


def test_the_day_of_a_pause_can_be_changed_and_must_be_ahead():
    number = reader(R, now="2026-03-02 06:00", zone="Pacific/Auckland")["id"]
    now = at("2026-03-02 12:00")  # there it is the 3rd
    for wrong in ("2026-03-02", "2026-03-03", "2027-03-05"):
        with pytest.raises(NotPossible, match="no day to pause until"):
            pausing.pause_until(number, date.fromisoformat(wrong), now)
    assert Subscriber.objects.get().state == "active"
    assert pausing.pause_until(number, date(2026, 3, 4), now).paused_until == at("2026-03-03 11:00")
    assert pausing.pause_until(number, date(2026, 3, 10), now).paused_until == at("2026-03-09 11:00")
    assert pausing.pause_until(number, None, now).paused_until is None


def test_who_paused_since_the_list_of_the_due_was_made_is_not_served_and_stops_nobody():
    number = reader(R, now="2026-03-02 06:00")["id"]
    other = reader("s@example.org", now="2026-03-02 06:00")["id"]
    run("reader", "pause", R, now="2026-03-02 06:01")
    assert [each.id for each in roll.due_readers([number, other], at("2026-03-02 07:00"))] == [other]

"""What becomes of a digest that waits, or is under way, when its reader pauses."""

import pytest

from subscribers import membership, roll
from subscribers.models import Letter
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


def test_who_paused_since_the_list_of_the_due_was_made_is_not_served_and_stops_nobody():
    number = reader(R, now="2026-03-02 06:00")["id"]
    other = reader("s@example.org", now="2026-03-02 06:00")["id"]
    run("reader", "pause", R, now="2026-03-02 06:01")
    assert [each.id for each in roll.due_readers([number, other])] == [other]

"""A sender whose leases have run out, since it was stopped or its clock was put forward or back: each mail once."""

from collections import Counter
from datetime import timedelta

import pytest

from digest.pipeline.sending import send
from subscribers import membership
from subscribers.models import Batch, Event, Letter, Subscriber
from subscribers.outbox import channel, hand, queue
from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.turns import Dot, Record, turn
from tests.house import at, fetch, letters, papers, publish, reader, run
from tests.sink import Sink

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 05:02")
R = "r@example.org"


def post(digests: int, confirmations: int) -> None:
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for n in range(digests):
        reader(f"d{n}@example.org", now="2026-03-02 05:00")
    publish("2026-03-02 05:01")
    for n in range(confirmations):
        run("reader", "add", f"c{n}@example.org", now="2026-03-02 05:01")


@pytest.mark.parametrize("step", [timedelta(seconds=61), timedelta(hours=1), -timedelta(hours=1)], ids=str)
@pytest.mark.parametrize("connections", [1, 2, 64])
def test_a_clock_that_steps_doubles_nothing(settings, monkeypatch, step, connections):
    post(12, 6)
    monkeypatch.setattr(hand, "RENDER_AT_ONCE", 4)
    monkeypatch.setattr(hand, "PEOPLE_EVERY", 0.0)
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5, connections=connections)
        done = send(lambda: NOW + step if len(sink.received) >= 3 else NOW, until_empty=True)
        sent = Counter(mail.recipient for mail in sink.received)
    assert (len(sent), set(sent.values())) == (18, {1})
    assert done.counts["accepted"] == 18
    assert Counter(letter["state"] for letter in letters()) == {"accepted": 18}
    assert not Batch.objects.filter(done_at=None).exists()


def test_a_claimer_does_not_claim_what_it_has():
    run("reader", "add", R, now="2026-03-02 05:00")
    mine = queue.claim(NOW)
    later = NOW + 2 * queue.LEASE
    assert queue.claim(later, mine=[mine]) is None
    assert queue.claim(later) == mine._replace(number=2)


def test_a_letter_that_is_recorded_is_not_let_go_in_the_same_turn():
    run("reader", "add", R, now="2026-03-02 05:00")
    first, letter = queue.claim(NOW), Letter.objects.get().pk
    assert turn([], [Dot(first, letter)], NOW) == {letter}
    assert turn([Record(first, letter, "accepted", "250 ok")], [Dot(first, letter)], NOW) == set()
    assert Letter.objects.get().state == "accepted"


def test_a_server_that_has_all_the_connections_it_wants_from_another_sender_is_no_trouble(settings):
    post(1, 1)
    theirs = queue.claim(NOW)
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
        sink.fault("CONNECT", "421")
        run("deliver", "--until-empty", now=NOW)
        assert (channel.rests_until(NOW), Event.objects.filter(kind="alert").count()) == (None, 0)
        queue.release(theirs, NOW)  # nobody else is at work: that is trouble
        run("deliver", "--until-empty", now=NOW)
        assert channel.rests_until(NOW) is not None


def test_a_confirmation_that_waited_until_its_link_expired_does_not_leave(settings):
    run("reader", "add", R, now="2026-03-02 05:00")
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
        run("deliver", "--until-empty", now="2026-03-05 05:00")
        assert not sink.received
    letter = Letter.objects.get()
    assert (letter.state, letter.reason) == ("cancelled", "expired")


def test_a_digest_deferred_just_when_its_reader_paused_is_not_tried_again(settings):
    post(1, 0)
    claimed, letter = queue.claim(NOW), Letter.objects.get()
    turn([], [Dot(claimed, letter.pk)], NOW)
    turn([Record(claimed, letter.pk, "deferred", "450 later", retry_at=NOW)], [], NOW)
    Subscriber.objects.update(state="paused", due=None)  # as if it had been committed since
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
        run("deliver", "--until-empty", now="2026-03-02 08:00")
        assert not sink.received
    letter.refresh_from_db()
    assert (letter.state, letter.reason) == ("cancelled", "paused")


def test_trouble_of_ours_found_just_when_a_reader_leaves_revives_nothing(tmp_path, monkeypatch):
    post(1, 0)
    claimed, letter = queue.claim(NOW), Letter.objects.get()
    turn([Record(claimed, letter.pk, "refused", "554 5.7.1 relay denied", R)], [], NOW)
    moving = queue.move

    def between(*args, **values):
        found = moving(*args, **values)
        if values.get("reason") == "left":
            channel._not_theirs([letter.pk], NOW)
        return found

    monkeypatch.setattr(queue, "move", between)
    membership.leave(letter.subscriber_id, NOW, how="one-click", journal_file=tmp_path / "journal")
    letter.refresh_from_db()
    assert (letter.state, letter.last) == ("refused", True)

"""Leaving by a button: the goodbye, which goes out although its reader has left, and nothing else does."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from digest.pipeline.sending import send
from subscribers import joining, membership, parting
from subscribers.models import Batch, Event, Letter, Subscriber
from subscribers.outbox import journal, queue, turns
from subscribers.outbox.turns import Dot, Record
from tests.house import at, fetch, letters, mails, papers, publish, reader, run

pytestmark = pytest.mark.django_db
R = "reader@example.org"
NOW = at("2026-03-04 12:00")
SOON, LATER = NOW + timedelta(seconds=1), NOW + timedelta(minutes=1)


def leave(now=NOW) -> Subscriber:
    person = Subscriber.objects.get()
    return parting.leave(
        person.pk, now, how="leave page", journal_file=Path(settings.JOURNAL), site_host="papers.example.org"
    )


def silently(how: str) -> Callable[[], object]:
    """Leaving in another way."""
    return lambda: membership.leave(
        Subscriber.objects.get().pk, LATER, how=how, journal_file=Path(settings.JOURNAL)
    )  # fmt: skip


def goodbyes() -> list[tuple[str, str]]:
    return list(Letter.objects.filter(kind="goodbye").order_by("id").values_list("state", "reason"))


def test_one_who_leaves_gets_a_goodbye_and_nothing_else_of_what_waited(outbox):
    fetch(papers("2603.00001"), "2026-03-04", "2026-03-04 04:00")
    reader(R, now="2026-03-04 05:00")
    publish("2026-03-04 05:01")
    joining.ask(R, R, [], NOW, site_host="papers.example.org", schedule={}, asked_from={})
    assert [letter["state"] for letter in letters(R)] == ["waiting", "waiting"]
    assert leave().state == "left"
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 1
    (mail,) = mails(outbox)
    assert mail["Subject"] == "You have left Daily Papers Digest, 4 Mar 2026, 12:00 UTC"
    assert mail["Message-ID"] == f"<goodbye.{Subscriber.objects.get().key}.20260304T120000@papers.example.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    states = dict(Letter.objects.values_list("kind", "state"))
    assert states == {"digest": "cancelled", "known": "cancelled", "goodbye": "accepted"}


def test_leaving_twice_sends_one_goodbye(outbox):
    reader(R, now="2026-03-01 06:00")
    leave()
    leave(LATER)
    run("deliver", "--until-empty", now=LATER)
    leave(LATER + timedelta(hours=1))
    assert goodbyes() == [("accepted", "")]
    assert len(mails(outbox)) == 1
    assert len(list(journal.read(settings.JOURNAL, at("2026-03-01 00:00")))) == 1


def test_one_who_has_paused_gets_one_too():
    reader(R, now="2026-03-01 06:00")
    run("reader", "pause", R, now="2026-03-02 06:00")
    leave()
    assert goodbyes() == [("waiting", "")]


def test_one_who_never_confirmed_gets_none():
    run("reader", "add", R, now="2026-03-04 06:00")
    leave()
    assert [(one.kind, one.state) for one in Letter.objects.all()] == [("confirm", "cancelled")]


def test_one_who_asked_again_and_changed_their_mind_gets_no_second_goodbye_and_keeps_the_first():
    reader(R, now="2026-03-01 06:00")
    leave()
    joining.ask_again(Subscriber.objects.get().pk, LATER, site_host="papers.example.org", asked_from={})
    leave(LATER)
    assert goodbyes() == [("waiting", "")]
    assert Letter.objects.get(kind="confirm").state == "cancelled"


@pytest.mark.parametrize("how", ["one-click", "operator"])
def test_any_other_way_of_leaving_is_silent_and_takes_back_a_goodbye_that_waits(how):
    reader(R, now="2026-03-01 06:00")
    leave()
    silently(how)()
    assert goodbyes() == [("cancelled", "left")]
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 0


@pytest.mark.parametrize("how", ["leave", "forget"])
def test_commands_send_no_goodbye(how):
    reader(R, now="2026-03-01 06:00")
    run("reader", how, R, now=NOW)
    assert goodbyes() == []


def test_one_who_is_erased_meanwhile_gets_none():
    reader(R, now="2026-03-01 06:00")
    leave()
    run("reader", "forget", R, now=LATER)
    assert goodbyes() == [("cancelled", "left")]
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 0


def test_one_who_is_erased_while_it_is_being_sent_gets_no_dot(monkeypatch, outbox):
    """Between claim and dot: the compare-and-set at the dot misses."""
    reader(R, now="2026-03-01 06:00")
    leave()
    turn = turns.turn

    def erased_first(records, dots, *more):
        if dots:
            run("reader", "forget", R, now=LATER)
        return turn(records, dots, *more)

    monkeypatch.setattr(turns, "turn", erased_first)
    send(lambda: LATER, until_empty=True)
    assert goodbyes() == [("cancelled", "left")]
    assert mails(outbox) == []


@pytest.mark.parametrize(("back", "after"), [(False, ("deferred", "")), (True, ("cancelled", "left"))])
def test_a_goodbye_is_tried_again_unless_they_came_back(back, after):
    reader(R, now="2026-03-01 06:00")
    leave()
    letter = Letter.objects.get()
    claimed = queue.claim(LATER)
    assert turns.turn([], [Dot(claimed, letter.pk)], LATER) == {letter.pk}
    if back:
        come_back()
    turns.turn([Record(claimed, letter.pk, "deferred", "451 later", retry_at=LATER)], [], LATER)
    assert goodbyes() == [after]


def come_back() -> None:
    person = Subscriber.objects.get()
    joining.ask_again(person.pk, LATER, site_host="papers.example.org", asked_from={})
    joining.confirm(person.pk, LATER, LATER, site_host="papers.example.org", confirmed_from={}, consent="1")


def test_one_who_is_back_before_it_was_sent_gets_a_welcome_and_no_goodbye():
    reader(R, now="2026-03-01 06:00")
    leave()
    come_back()
    assert goodbyes() == [("cancelled", "came back")]
    assert Letter.objects.get(kind="welcome").state == "waiting"
    leave(LATER + timedelta(hours=1))
    assert goodbyes()[1:] == [("waiting", "")]


def test_goodbye_and_leave_are_one_transaction(monkeypatch):
    reader(R, now="2026-03-01 06:00")

    def full(*arguments, **named):
        raise OSError("disk full")

    monkeypatch.setattr(queue, "post", full)
    with pytest.raises(OSError, match="disk full"):
        leave()
    assert Subscriber.objects.get().state == "active"
    assert not Letter.objects.exists()
    assert not Event.objects.filter(kind="left").exists()
    assert not Batch.objects.exists()


@pytest.fixture
def naps(monkeypatch) -> list[Callable[[], object]]:
    """What happens while one who leaves is waited for, nap after nap; none is slept."""
    happens: list[Callable[[], object]] = []

    def nap(seconds: float) -> None:
        assert 0 < seconds < 0.1
        happens.pop(0)()

    monkeypatch.setattr(parting.time, "sleep", nap)
    return happens


def dotted(when=NOW) -> tuple[queue.Claim, int]:
    """A reader's digest is between the mark of its dot and the reply."""
    fetch(papers("2603.00001"), "2026-03-04", "2026-03-04 04:00")
    reader(R, now="2026-03-04 05:00")
    publish("2026-03-04 05:01")
    claimed, letter = queue.claim(when), Letter.objects.get()
    assert turns.turn([], [Dot(claimed, letter.pk)], when) == {letter.pk}
    return claimed, letter.pk


def test_one_who_leaves_is_told_so_when_the_letter_whose_dot_was_marked_has_left(naps):
    claimed, letter = dotted()
    naps[:] = [lambda: None, lambda: turns.turn([Record(claimed, letter, "accepted")], [], SOON)]
    parting.see_out(leave(SOON), SOON)
    assert naps == []
    assert Letter.objects.get(pk=letter).state == "accepted"


def test_nobody_is_waited_for_when_nothing_is_under_way_or_what_is_was_marked_long_ago(naps):
    dotted()
    parting.see_out(leave(NOW + timedelta(minutes=2)), NOW + timedelta(minutes=2))
    assert naps == []


def test_a_server_that_never_answers_keeps_nobody_for_long(naps, monkeypatch):
    dotted()
    clock = iter([0.0, 0.5, 1.5, 2.5])
    monkeypatch.setattr(parting.time, "monotonic", lambda: next(clock))
    naps[:] = [lambda: None, lambda: None]
    parting.see_out(leave(SOON), SOON)
    assert naps == []

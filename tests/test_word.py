"""An operator has a letter sent once more: only to a reader who is to be mailed."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management.base import CommandError

from subscribers import joining, membership, pausing, suppression
from subscribers.models import Batch, Letter, Subscriber
from subscribers.outbox import queue, turns
from subscribers.outbox.turns import Dot, Record
from tests.house import at, fetch, papers, publish, reader, run

pytestmark = pytest.mark.django_db
R = "r@example.org"
NOW = at("2026-03-02 07:02")


def doubt(kind: str, *lanes: Batch.Lane) -> str:
    """The Message-ID of a letter whose last dot nobody answered."""
    claimed = queue.claim(NOW, lanes)
    assert claimed is not None
    (letter,) = [letter.pk for letter in queue.waiting_letters(claimed)]
    turns.turn([], [Dot(claimed, letter)], NOW)
    turns.turn([Record(claimed, letter, "unknown", "lost")], [], NOW)
    return Letter.objects.get(kind=kind, state="unknown").message_id


@pytest.fixture
def digest() -> str:
    reader(R, now="2026-03-02 05:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:30")
    publish("2026-03-02 07:01")
    return doubt("digest", Batch.Lane.EDITIONS)


def paused(number: int) -> None:
    pausing.pause(number, NOW)


def left(number: int) -> None:
    membership.leave(number, NOW, how="one-click", journal_file=settings.JOURNAL)


def bounced(number: int) -> None:
    suppression.suppress(Subscriber.objects.get(pk=number), suppression.BOUNCES, NOW, at("2026-05-02 07:00"))
    paused(number)


def complained(number: int) -> None:
    suppression.suppress(Subscriber.objects.get(pk=number), suppression.COMPLAINT, NOW, None)


def erased(number: int) -> None:
    membership.forget(number, NOW, journal_file=settings.JOURNAL)


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (paused, "has paused"),
        (left, "left"),
        (bounced, r"must not be mailed until 2026-05-02 \(bounces\)"),
        (complained, r"must not be mailed for ever \(complaint\)"),
        (erased, "was erased"),
    ],
)
def test_a_reader_who_is_not_to_be_mailed_gets_nothing_again(digest, happened, why):
    happened(Subscriber.objects.get().pk)
    with pytest.raises(CommandError, match=why):
        run("letter", digest, "again", now="2026-03-02 07:05")
    assert not Letter.objects.filter(state="waiting")


def test_when_the_pause_is_over_they_do(digest):
    paused(Subscriber.objects.get().pk)
    pausing.resume(Subscriber.objects.get().pk, NOW + timedelta(minutes=1))
    assert run("letter", digest, "again", now="2026-03-02 07:05")["state"] == "waiting"


def test_one_who_has_paused_still_gets_what_they_asked_for():
    reader(R, now="2026-03-01 05:00")
    run("reader", "pause", R, now="2026-03-01 06:00")
    joining.ask(R, R, [], NOW, site_host="papers.example.org", schedule={}, asked_from={})
    name = doubt("known", Batch.Lane.PEOPLE)
    assert run("letter", name, "again", now="2026-03-02 07:05")["state"] == "waiting"


@pytest.mark.parametrize("slot", ["20261399T250000", "99991231T235959", "00000000T000000"])
def test_a_message_id_with_a_time_that_is_none_is_none_of_ours(slot):
    with pytest.raises(CommandError, match="is no Message-ID of ours; `ledger --letters` lists them"):
        run("letter", f"<digest.{'0' * 32}.{slot}@example.org>", "cancel")

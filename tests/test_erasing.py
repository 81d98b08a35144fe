"""A reader is erased while a letter of theirs is under way: what the server says of it then brings nothing back."""

import pytest
from django.conf import settings

from subscribers import membership
from subscribers.models import Batch, Event, Letter, Subscriber
from subscribers.outbox import queue, turns
from subscribers.outbox.turns import Dot, Record
from tests.house import at, fetch, papers, publish, reader

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 07:02")
R = "r0@example.org"


@pytest.fixture
def under_way() -> list[Record]:
    """Two letters of readers who are erased after their dots; records of them, with nothing said as yet."""
    for n in range(2):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:30")
    publish("2026-03-02 07:01")
    claimed = queue.claim(NOW, [Batch.Lane.EDITIONS])
    assert claimed is not None
    letters = [letter.pk for letter in queue.waiting_letters(claimed)]
    assert turns.turn([], [Dot(claimed, letter) for letter in letters], NOW) == set(letters)
    for person in Subscriber.objects.all():
        membership.forget(person.pk, NOW, journal_file=settings.JOURNAL)
    return [Record(claimed, letter, "") for letter in letters]


@pytest.mark.parametrize(
    ("state", "reply", "kept"),
    [
        ("refused", "550 5.1.1 <r0@example.org>: user r0 unknown", "550 5.1.1"),
        ("deferred", "450 r0's mailbox is busy", "450"),
        ("unknown", "the connection was lost", ""),
        ("accepted", "250 2.1.5 queued for r0@example.org", "250 2.1.5"),
    ],
)
def test_nothing_but_the_figures_of_a_reply_is_kept(under_way, state, reply, kept):
    said = {"state": state, "reply": reply, "address": "" if state == "accepted" else R}
    turns.turn([record._replace(**said, retry_at=NOW) for record in under_way], [], NOW)
    ended = "cancelled" if state == "deferred" else state
    assert list(Letter.objects.values_list("state", "reply")) == [(ended, kept)] * 2
    everything = [*Letter.objects.values(), *Event.objects.values(), *Subscriber.objects.values()]
    assert "r0" not in str(everything)


def test_what_is_said_of_one_who_has_only_left_is_kept(under_way):
    Subscriber.objects.update(state="left")
    reply = "550 5.1.1 <r0@example.org>: user r0 unknown"
    turns.turn([record._replace(state="refused", reply=reply, address=R) for record in under_way], [], NOW)
    assert set(Letter.objects.values_list("state", "reply")) == {("refused", reply)}
    assert Event.objects.filter(kind="refused").values_list("data", flat=True)[0] == {"reply": reply, "address": R}

"""What a run has in hand: people's mail goes before all else, whenever and however it was claimed."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from subscribers.models import Batch, Letter, Subscriber
from subscribers.outbox import hand, queue
from subscribers.outbox.hand import Hand
from subscribers.outbox.message import Message, message_id
from subscribers.outbox.queue import Owed
from subscribers.outbox.rates import ALL, Pace, limit
from tests.house import at

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 07:01")


def post(lane: Batch.Lane, *names: str) -> None:
    people = [Subscriber.objects.create(email=f"{one}@example.org", address=f"{one}@example.org") for one in names]
    letters = [
        Letter(kind="confirm", subscriber=one, slot=NOW, message_id=message_id("confirm", one.key, NOW, "example.org"))
        for one in people
    ]
    queue.post(letters, lane, NOW - timedelta(days=1), NOW)


def render(letters: Sequence[Owed]) -> dict[int, Message | Exception]:
    return {
        one.pk: Message(one.message_id, "from@example.org", one.email, b"Subject: x\r\n\r\nx\r\n") for one in letters
    }


@pytest.fixture
def mine() -> Hand:
    return Hand(render, lambda: NOW, lambda letter, error: pytest.fail(str(error)), Pace([ALL]))


def always() -> bool:
    return True


def taken(mine: Hand, count: int) -> list[str]:
    found = [mine.take() for _ in range(count)]
    return [pair[0].email.partition("@")[0] for pair in found if pair is not None]


def test_what_was_claimed_with_digests_in_hand_goes_before_them(mine):
    post(Batch.Lane.EDITIONS, "a", "b", "c")
    mine.fill(2, always)
    assert taken(mine, 1) == ["a"]
    post(Batch.Lane.PEOPLE, "person")
    post(Batch.Lane.EDITIONS, "d")
    mine.fill(10, always)
    assert taken(mine, 5) == ["person", "b", "c", "d"]


def test_what_is_looked_for_goes_before_what_is_ready_the_oldest_first(mine, monkeypatch):
    monkeypatch.setattr(hand, "PEOPLE_EVERY", 0.0)
    post(Batch.Lane.EDITIONS, "a", "b")
    mine.fill(2, always)
    for name in ("first", "second"):
        post(Batch.Lane.PEOPLE, name)
        mine.look_for_people(always)
    assert taken(mine, 4) == ["first", "second", "a", "b"]


def test_a_person_s_letter_that_never_had_its_turn_is_the_next_one_again(mine):
    post(Batch.Lane.PEOPLE, "person")
    post(Batch.Lane.EDITIONS, "a")
    mine.fill(2, always)
    pair = mine.take()
    mine.put_back(*pair)
    assert taken(mine, 2) == ["person", "a"]


def test_people_wait_for_no_rate_and_digests_do(mine):
    limit(ALL, 0.001, "a test", NOW)
    post(Batch.Lane.EDITIONS, "a", "b")
    mine.fill(2, always)
    first = taken(mine, 2)
    assert len(first) <= 1
    post(Batch.Lane.PEOPLE, "one", "two")
    mine.fill(10, always)
    assert taken(mine, 3) == ["one", "two"]


def test_a_letter_that_never_had_its_turn_has_cost_none_of_the_rate(mine):
    limit(ALL, 0.001, "a test", NOW)
    post(Batch.Lane.EDITIONS, "a", "b")
    mine.fill(2, always)
    pair = mine.take()
    mine.put_back(*pair)
    assert taken(mine, 2) == ["a"]


def test_nobody_renders_all_of_a_long_line_of_people_at_once(mine):
    for n in range(30):
        post(Batch.Lane.PEOPLE, f"p{n}")
    mine.fill(10, always)
    assert len(mine) == 10


def test_what_is_dropped_waits_for_another_run(mine):
    post(Batch.Lane.PEOPLE, "person")
    post(Batch.Lane.EDITIONS, "a")
    mine.fill(2, always)
    mine.drop()
    assert len(mine) == 0
    assert Batch.objects.filter(lease=None, done_at=None).count() == 2

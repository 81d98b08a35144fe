"""Rates as a mail server sees them: four senders, each a process, one bucket, and a change while they run."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from subscribers.models import Batch, Letter, Subscriber
from subscribers.outbox import queue, rates
from subscribers.outbox.hand import PEOPLE_EVERY
from subscribers.outbox.message import message_id
from tests.house import at
from tests.sink import Sink

on_postgresql = pytest.mark.skipif(
    os.environ.get("TEST_DATABASE") != "postgres", reason="four writers at once are PostgreSQL's; see that run"
)
pytestmark = [on_postgresql, pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
ROOT = Path(__file__).resolve().parent.parent
NOW = at("2026-03-02 07:01")
SENDERS = 4
SECONDS = 4.0  # for which each rate is watched
PATIENCE = 60.0
numbers = count()


def post(letters: int, lane: Batch.Lane) -> list[str]:
    """Letters that ask to confirm, in batches of a hundred; their addresses."""
    addresses = [f"r{next(numbers)}@example.org" for _ in range(letters)]
    for start in range(0, letters, 100):
        people = Subscriber.objects.bulk_create(
            Subscriber(email=one, address=one, asked_at=NOW) for one in addresses[start : start + 100]
        )
        owed = [
            Letter(kind="confirm", subscriber=person, slot=NOW,
                   message_id=message_id("confirm", person.key, NOW, "papers.example.org"))
            for person in people
        ]  # fmt: skip
        queue.post(owed, lane, NOW - timedelta(days=1), NOW)
    return addresses


@contextmanager
def senders(sink: Sink) -> Iterator[None]:
    """Four of them at work."""
    name = str(settings.DATABASES["default"]["NAME"])
    if connection.vendor == "postgresql":
        url = f"postgres://digest@/{name}?host={settings.DATABASES['default']['HOST']}"
    else:
        url = f"sqlite:///{name}"
    env = {**os.environ, "EMAIL_URL": sink.url, "DATABASE_URL": url}
    command = [sys.executable, "manage.py", "deliver", "--until-empty", "--json", "--now", NOW.isoformat()]
    working = [subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL) for _ in range(SENDERS)]
    try:
        yield
    finally:
        for process in working:
            process.terminate()
        for process in working:
            process.wait(PATIENCE)


def until_all_work() -> None:
    end = time.monotonic() + PATIENCE
    while Batch.objects.filter(lease__isnull=False).count() < SENDERS:
        assert time.monotonic() < end, "not all senders have started"
        time.sleep(0.1)


def test_four_senders_together_never_send_more_than_the_rates_allow_so_far():
    """That they send as much is shown by `python -m tests.bench rates`, on a machine with nothing else to do."""
    post(1_000, Batch.Lane.EDITIONS)
    allowed, begun = 0.0, time.monotonic()
    rates.limit(rates.ALL, 5, "a test", NOW)
    with Sink() as sink, senders(sink):
        until_all_work()
        allowed += 5 * (time.monotonic() - begun)
        for rate in (20, 40, 10):
            rates.limit(rates.ALL, rate, "a test", NOW)
            begun, before = time.monotonic(), len(sink.received)
            time.sleep(SECONDS)
            came = len(sink.received)
            allowed += rate * (time.monotonic() - begun) + SENDERS * max(1, rate * rates.PART)
            assert before < came <= allowed
    assert not Batch.objects.filter(lease__isnull=False).exists()


def test_a_person_is_written_to_within_a_minute_while_thousands_of_digests_wait():
    post(3_000, Batch.Lane.EDITIONS)
    rates.limit(rates.ALL, 10, "a test", NOW)
    with Sink() as sink, senders(sink):
        until_all_work()
        before = len(sink.received)
        (person,) = post(1, Batch.Lane.PEOPLE)
        end = time.monotonic() + PATIENCE
        while person not in [mail.recipient for mail in sink.received]:
            assert time.monotonic() < end
            time.sleep(0.05)
        place = [mail.recipient for mail in sink.received].index(person)
    assert place - before <= 10 * 2 * PEOPLE_EVERY, "it waited behind more than the senders let go between two looks"
    assert Letter.objects.filter(state__in=["waiting", "accepted"]).count() == 3_001
    assert not Batch.objects.filter(lease__isnull=False).exists()

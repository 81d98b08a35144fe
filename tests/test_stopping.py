"""Asked to end in the middle of a run: what is under way ends first, the rest waits, and no lease is left."""

import multiprocessing
import signal
from collections import Counter

import pytest

from digest import celery
from digest.pipeline.sending import send
from subscribers.models import Batch
from subscribers.outbox.mailurl import MailServer
from tests.house import at, fetch, letters, papers, publish, reader, run
from tests.sink import Sink

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 05:02")


def post(number: int) -> None:
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for n in range(number):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    publish("2026-03-02 05:01")


def states() -> Counter[str]:
    return Counter(letter["state"] for letter in letters())


def test_what_is_under_way_ends_and_the_rest_waits_without_a_lease(settings):
    post(9)
    folder = settings.MAIL_TARGET
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5, connections=2)
        done = send(lambda: NOW, until_empty=True, stop=lambda: bool(sink.received))
        sent = len(sink.received)
    assert 1 <= sent < 9  # what two connections had, and behind their dots, when it was asked to end
    assert done.counts["accepted"] == sent
    assert states() == {"accepted": sent, "waiting": 9 - sent}
    assert list(Batch.objects.values_list("lease", "done_at")) == [(None, None)]
    settings.MAIL_TARGET = folder
    assert send(lambda: NOW, until_empty=True).counts["accepted"] == 9 - sent


def test_a_run_that_was_asked_before_it_began_sends_nothing(settings):
    post(2)
    assert not send(lambda: NOW, until_empty=True, stop=lambda: True).counts["accepted"]
    assert states() == {"waiting": 2}
    assert not Batch.objects.exclude(lease=None).exists()


def test_the_command_takes_sigterm_for_the_wish_to_end(settings, monkeypatch):
    post(9)
    before = signal.getsignal(signal.SIGTERM)
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5, connections=1)
        monkeypatch.setattr(sink, "received", Watched())
        assert 1 <= run("deliver", "--until-empty", now=NOW)["accepted"] < 9
    assert states()["unknown"] == states()["dotted"] == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_worker_knows_of_the_wish_to_end_before_it_waits_for_its_tasks(monkeypatch):
    monkeypatch.setattr(celery, "_stopping", multiprocessing.RawValue("b", 0))
    knew: list[bool] = []
    before = signal.signal(signal.SIGTERM, lambda *_: knew.append(celery.stopping()))
    try:
        celery._heed()
        assert not celery.stopping()
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert knew == [True]


class Watched(list):
    """Mails received; the first one makes somebody send SIGTERM."""

    def append(self, mail) -> None:
        super().append(mail)
        if len(self) == 1:
            signal.raise_signal(signal.SIGTERM)


def test_a_worker_that_is_asked_to_end_says_so_to_the_processes_of_its_pool(monkeypatch):
    monkeypatch.setattr(celery, "_stopping", multiprocessing.RawValue("b", 0))
    context = multiprocessing.get_context("fork")
    told, asked = context.Event(), context.Queue()
    child = context.Process(target=lambda: (told.wait(10), asked.put(celery.stopping())))
    child.start()
    assert not celery.stopping()
    celery._stop(sig="SIGTERM")
    told.set()
    assert asked.get(timeout=10) is True
    child.join(10)

"""Jobs are hints: the tick finds what is due in the rows, and every task may run twice or never."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from celery.app.task import Task
from django.db import InterfaceError, OperationalError

from digest import celery, tasks
from digest.models import Body, Edition, Snapshot, Source
from digest.pipeline import agenda, housekeeping, sampling, sending, visiting
from digest.pipeline.snapshots import Taken
from digest.sources.huggingface import day_of
from subscribers.models import Batch, Event, Letter, Subscriber
from subscribers.outbox import channel, queue
from subscribers.outbox.pending import deliver_in
from subscribers.outbox.policy import Outcome
from tests.house import at, fetch, letters, mails, papers, reader, run

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 07:01")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def given(monkeypatch) -> list[tuple[str, tuple[Any, ...], float | None]]:
    """The hints that were given: (task, arguments, countdown). Nothing is sent to a broker."""
    hints: list[tuple[str, tuple[Any, ...], float | None]] = []

    def note(self, args=None, kwargs=None, countdown=None, **more):
        hints.append((self.name.removeprefix("digest.tasks."), tuple(args or ()), countdown))

    monkeypatch.setattr(Task, "apply_async", note)
    return hints


@pytest.fixture
def quiet() -> None:
    """No source is due."""
    Source.objects.update(next_look=at("2036-01-01 00:00"))


def ticked(given, now=NOW):
    given.clear()
    with time_machine.travel(now, tick=False):
        tasks.tick()
    return list(given)


def test_the_tick_hands_out_every_due_source_once_a_task_each(given):
    run("source", "add", "mirror", "--kind", "hf", "--url", "https://mirror.example.org")
    run("source", "add", "off", "--kind", "hf", "--url", "https://off.example.org")
    Source.objects.filter(slug="off").update(enabled=False)
    due = sorted(Source.objects.filter(enabled=True).values_list("pk", flat=True))
    assert ticked(given) == [("look", (pk,), None) for pk in due]


def test_the_tick_hands_out_due_readers_as_ranges_and_nothing_when_nobody_is_due(given, quiet, monkeypatch):
    assert ticked(given) == []
    monkeypatch.setattr("digest.pipeline.publish.RANGE", 2)
    ids = [reader(f"r{n}@example.org", now="2026-03-02 06:00")["id"] for n in range(3)]
    assert ticked(given) == [("publish", (ids[0], ids[1]), None), ("publish", (ids[2], ids[2]), None)]


def test_publishing_a_range_serves_its_readers_alone_and_hints_that_there_is_mail(given, quiet):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    ids = [reader(f"r{n}@example.org", now="2026-03-02 06:00")["id"] for n in range(3)]
    given.clear()
    with time_machine.travel(NOW, tick=False):
        assert tasks.publish(ids[0], ids[1]) == 2
        assert tasks.publish(ids[0], ids[1]) == 0
        assert given == [("deliver", (), None)]
        assert tasks.publish(ids[2], ids[2]) == 1
    assert sorted(letter["to"] for letter in letters()) == [f"r{n}@example.org" for n in range(3)]


def test_delivering_sends_what_waits_once(given, quiet, outbox):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    reader("r@example.org", now="2026-03-02 06:00")
    run("publish", now=NOW)
    assert ticked(given) == [("deliver", (), 0)]
    with time_machine.travel(NOW, tick=False):
        assert tasks.deliver() == 1
        assert tasks.deliver() == 0
    assert len(mails(outbox)) == 1
    assert ticked(given) == []


@pytest.mark.parametrize("task", [tasks.deliver, tasks.tick])
def test_a_database_that_was_lost_is_asked_again_before_the_next_tick(quiet, monkeypatch, task):
    whole, lost = sending.deliver_in, iter([OperationalError("gone"), InterfaceError("closed")])

    def deliver_in(*arguments):
        for error in lost:
            raise error
        return whole(*arguments)

    monkeypatch.setattr(sending, "deliver_in", deliver_in)
    assert task.apply().get() == 0


def test_an_alert_is_mail_too_and_waits_for_no_letter(given, quiet, outbox, settings):
    settings.OPERATORS = ("boss@example.org",)
    Event.objects.create(kind="alert", at=NOW, data={"what": "something is odd"})
    assert ticked(given) == [("deliver", (), 0)]
    given.clear()
    with time_machine.travel(NOW, tick=False):
        tasks.deliver()
    assert given == []
    assert [mail["To"] for mail in mails(outbox)] == ["boss@example.org"]
    assert ticked(given, NOW + MINUTE) == []


def post(number: int = 1) -> list[Batch]:
    """Batches with a letter each."""
    made = []
    for n in range(number):
        person = Subscriber.objects.create(email=f"b{n}@example.org", address=f"b{n}@example.org")
        letter = Letter(kind="confirm", subscriber=person, slot=NOW, message_id=f"<{n}@x>")
        made.append(queue.post([letter], Batch.Lane.PEOPLE, NOW, NOW))
    return made


def test_while_all_batches_are_claimed_a_deliverer_is_asked_for_when_the_first_lease_runs_out():
    post()
    assert deliver_in(NOW, 2) == 0
    queue.claim(NOW)
    assert deliver_in(NOW + 20 * SECOND, 2) == 41
    assert deliver_in(NOW + 61 * SECOND, 2) == 0


def test_no_more_deliverers_are_asked_for_than_may_work_at_once():
    post(3)
    queue.claim(NOW)
    assert deliver_in(NOW, 2) == 0
    queue.claim(NOW + 5 * SECOND)
    assert deliver_in(NOW + 5 * SECOND, 2) == 56
    assert deliver_in(NOW + 5 * SECOND, 3) == 0


def test_a_resting_channel_and_an_empty_outbox_need_nobody():
    assert deliver_in(NOW, 2) is None
    post()
    channel.trouble(Outcome("channel", "CONNECT", None, "down"), NOW)
    assert deliver_in(NOW + SECOND, 2) is None
    assert deliver_in(NOW + 60 * MINUTE, 2) == 0


def test_when_the_channel_s_rest_is_over_a_deliverer_comes_and_waits_for_no_tick(given, quiet):
    post()
    channel.trouble(Outcome("channel", "CONNECT", None, "down"), NOW + 30 * SECOND)
    assert ticked(given, NOW + MINUTE) == [("deliver", (), 30)]
    channel.trouble(Outcome("channel", "CONNECT", None, "down"), NOW + 90 * SECOND)  # two minutes: the next tick's
    assert ticked(given, NOW + 2 * MINUTE) == []
    assert ticked(given, NOW + 3 * MINUTE) == [("deliver", (), 30)]
    Letter.objects.update(state="accepted", decided_at=NOW, dotted_at=NOW)
    Batch.objects.update(done_at=NOW)
    assert all(hint[0] != "deliver" for hint in ticked(given, NOW + 3 * MINUTE))


def test_a_deferred_letter_whose_retry_is_due_needs_a_deliverer():
    (batch,) = post()
    Batch.objects.update(done_at=NOW, retry_at=NOW + MINUTE)
    assert deliver_in(NOW, 2) is None
    assert deliver_in(NOW + MINUTE, 2) == 0
    assert batch.pk


@pytest.fixture
def looked(monkeypatch) -> list[date]:
    """The days that were looked at."""
    days: list[date] = []

    def look(source, day, now, **more):
        days.append(day)
        Source.objects.filter(pk=source.pk).update(next_look=now + 60 * MINUTE)
        return Taken(source.slug, day, "ok", "", 0, 0)

    monkeypatch.setattr(visiting, "look", look)
    return days


def source() -> Source:
    return Source.objects.get(slug="huggingface")


def test_a_visit_looks_at_each_due_day_once_and_a_second_visitor_at_none(looked):
    assert visiting.visit(source().pk, NOW) == 7
    assert looked == [date(2026, 2, 24) + timedelta(days=n) for n in range(7)]
    assert visiting.visit(source().pk, NOW) == 0


def test_two_visitors_at_the_same_time_look_once(monkeypatch, looked):
    inner = visiting.look

    def look(each, day, now, **more):
        if not looked:
            assert visiting.visit(each.pk, now) == 0
        return inner(each, day, now)

    monkeypatch.setattr(visiting, "look", look)
    assert visiting.visit(source().pk, NOW) == 7


def test_should_the_visitor_die_the_next_tick_after_a_while_tries_again(monkeypatch):
    class Killed(BaseException):
        pass

    def die(*_, **more):
        raise Killed

    monkeypatch.setattr(visiting, "look", die)
    with pytest.raises(Killed):
        visiting.visit(source().pk, NOW)
    assert agenda.due(NOW + MINUTE, 2).sources == []
    assert agenda.due(NOW + visiting.HELD, 2).sources == [source().pk]


def test_a_source_that_cannot_be_reached_costs_two_looks_and_is_written_down(monkeypatch):
    tried = []

    def look(each, day, now, **more):
        tried.append(day)
        raise TimeoutError("it took too long")

    monkeypatch.setattr(visiting, "look", look)
    assert visiting.visit(source().pk, NOW) == 2
    assert tried == [date(2026, 2, 24), date(2026, 3, 2)]
    assert set(Snapshot.objects.values_list("verdict", "reason")) == {("failed", "TimeoutError: it took too long")}
    assert agenda.due(NOW + 59 * MINUTE, 2).sources == []


def test_a_visit_settles_what_is_over_also_of_a_source_no_longer_looked_at(given):
    fetch(papers("2603.00001"), "2026-03-01", "2026-03-01 08:00")
    Source.objects.update(enabled=False)
    assert ticked(given, at("2026-03-02 04:59")) == []
    assert ticked(given, at("2026-03-02 05:00")) == [("look", (source().pk,), None)]
    with time_machine.travel(at("2026-03-02 05:00"), tick=False):
        assert tasks.look(source().pk) == 0
    assert ticked(given, at("2026-03-02 05:01")) == []


def test_papers_seen_late_on_a_days_last_evening_are_settled_a_day_later_even_without_more_looks(given):
    fetch(papers("2603.00001"), "2026-03-01", "2026-03-01 23:00")
    Source.objects.update(enabled=False)
    with time_machine.travel(at("2026-03-02 05:00"), tick=False):
        tasks.look(source().pk)
    assert ticked(given, at("2026-03-02 05:01")) == []
    assert ticked(given, at("2026-03-03 05:00")) == [("look", (source().pk,), None)]
    with time_machine.travel(at("2026-03-03 05:00"), tick=False):
        tasks.look(source().pk)
    assert ticked(given, at("2026-03-03 05:01")) == []


def test_the_night_closes_editions_forgets_stale_requests_and_drops_old_bodies(quiet):
    fetch(papers("2603.00001"), "2026-03-01", "2026-03-01 08:00")
    fetch(papers("2603.00002"), "2026-05-31", "2026-05-31 08:00")
    reader("r@example.org", now="2026-03-01 08:00")
    run("publish", now="2026-03-01 08:01")
    run("deliver", now="2026-03-01 08:01")
    run("reader", "leave", "r@example.org", now="2026-03-01 09:00")
    run("reader", "add", "p@example.org", now="2026-03-01 08:00")
    with time_machine.travel(at("2026-06-01 03:17"), tick=False):
        assert tasks.nightly() == 2
        assert tasks.nightly() == 0
    assert Edition.objects.get().closed_at is not None
    assert sorted(Subscriber.objects.values_list("state", flat=True)) == ["forgotten", "left"]
    assert Body.objects.count() == 1


def test_a_body_is_kept_while_any_snapshot_of_the_last_90_days_names_it():
    for when in ("2026-03-01 08:00", "2026-03-01 20:00"):
        fetch(papers("2603.00001"), "2026-03-01", when)
    assert Body.objects.count() == 1
    assert housekeeping.drop_bodies(at("2026-05-30 19:00")) == 0
    assert housekeeping.drop_bodies(at("2026-05-30 20:01")) == 1
    (replayed,) = run("fetch", "--replay", now="2026-06-01 00:00")["looks"]
    assert replayed["reason"] == "its bodies are no longer kept"


def test_bodies_are_kept_for_as_long_as_the_operator_says(settings):
    settings.BODIES_KEPT_DAYS = 365
    fetch(papers("2603.00001"), "2026-03-01", "2026-03-01 08:00")
    assert housekeeping.drop_bodies(at("2027-03-01 07:00")) == 0
    assert housekeeping.drop_bodies(at("2027-03-01 09:00")) == 1


def test_the_sample_reads_as_written_for_yesterday_and_today():
    days = list(sampling.looks(date(2027, 3, 1)))
    assert [day for day, _ in days] == [date(2027, 2, 28), date(2027, 2, 28), date(2027, 3, 1)]
    assert [day_of([body]) for _, body in days] == [day for day, _ in days]
    assert all(b"2026-11" not in body for _, body in days)
    assert all(json.loads(body) for _, body in days)


@pytest.mark.parametrize("now", ["2027-03-01 00:00", "2026-11-25 09:00", "2028-02-29 23:59"])
def test_the_sample_reader_has_their_first_digest_at_once_whatever_day_it_is(now, outbox):
    assert sampling.add_sample(lambda: at(now), "example.org")
    (mail,) = mails(outbox)
    assert mail["To"] == sampling.READER
    text = mail.get_body(("plain",)).get_content()
    assert "Robots" in text
    assert "Long context" in text
    assert not sampling.add_sample(lambda: at(now), "example.org")
    assert len(mails(outbox)) == 1


def test_the_sample_is_for_a_house_without_people(outbox):
    reader("r@example.org", now="2026-03-02 06:00")
    assert not sampling.add_sample(lambda: NOW, "example.org")
    assert not Source.objects.filter(slug="sample").exists()


def test_no_running_task_is_lost_and_only_delivering_may_take_its_time():
    conf = celery.app.conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (True, True, 1)
    assert conf.task_time_limit is None
    assert conf.broker_transport_options["visibility_timeout"] > tasks.HARD
    limits = {task.name: task.time_limit for task in celery.app.tasks.values() if task.name.startswith("digest.")}
    assert limits == {
        "digest.tasks.tick": 120,
        "digest.tasks.look": 120,
        "digest.tasks.publish": 120,
        "digest.tasks.deliver": None,
        "digest.tasks.nightly": 120,
        "digest.tasks.bounces": 120,
    }


def test_beat_knows_two_entries_and_both_are_tasks():
    entries = celery.app.conf.beat_schedule
    assert {entry["task"] for entry in entries.values()} == {"digest.tasks.tick", "digest.tasks.nightly"}
    assert all(entry["task"] in celery.app.tasks for entry in entries.values())

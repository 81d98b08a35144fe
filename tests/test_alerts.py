"""Alerts that reach the operators by mail: once each, by whoever comes first, and not before it is possible."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections

from digest.models import SourceDay
from digest.pipeline import alerting, sending
from digest.pipeline.sending import deliver_in
from subscribers.models import Bulletin, Channel, Event, Letter
from subscribers.outbox import bulletins, returns
from subscribers.outbox.bulletins import MAILS_AN_HOUR, PATIENCE
from subscribers.outbox.mailbox import Unreachable
from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.transport import Session
from tests.house import HF, at, fetch, mails, papers, reader, run, serve
from tests.imap import imap
from tests.sink import Sink

pytestmark = pytest.mark.django_db
ADA, BEN, R = "ada@example.org", "ben@example.org", "r@example.org"
DAY, T = "2026-03-02", at("2026-03-02 06:00")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MANY = [f"2603.{n:05}" for n in range(30)]


@pytest.fixture(autouse=True)
def operators(settings) -> None:
    settings.OPERATORS = (ADA,)


@pytest.fixture
def sink(settings):
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
        yield sink


def deliver(now) -> int:
    return int(run("deliver", "--until-empty", now=now)["alerts"])


def doubt(now=T) -> None:
    """A look that can't be believed."""
    fetch(papers(*MANY), DAY, now)
    fetch(papers("2603.00001", title="Moss <b>"), DAY, now + MINUTE)


def alert(now=T, what="something is odd", **data) -> Event:
    return Event.objects.create(kind="alert", at=now, data={"what": what, "error": "why", **data})


def subjects(folder: Path) -> list[str]:
    return [f"{mail['To']}: {mail['Subject']}" for mail in mails(folder)]


def told(sink: Sink) -> list[str]:
    """Whom the sink has a mail for."""
    return [mail.recipient for mail in sink.received]


def states() -> list[str]:
    return list(Bulletin.objects.order_by("pk").values_list("state", flat=True))


# What is told


def test_a_mailbox_that_can_t_be_read_is_told_the_third_time_and_once_more_when_it_is_over(settings, outbox):
    with imap() as box:
        for n in range(5):
            box.drop = "LOGIN"
            with pytest.raises(Unreachable):
                returns.collect(box.place, T + 5 * n * MINUTE, settings.JOURNAL)
            deliver(T + (5 * n + 1) * MINUTE)
            assert len(subjects(outbox)) == (n >= 2)
        assert subjects(outbox)[0].endswith(": returned mail can't be read")
        box.drop = ""
        returns.collect(box.place, T + HOUR, settings.JOURNAL)
    deliver(T + HOUR + MINUTE)
    assert [subject.partition(":")[2].split(",")[0].strip() for subject in subjects(outbox)] == ["Alert", "Over"]


def test_a_doubted_look_is_told_each_operator_once_with_the_evidence_and_once_when_it_is_over(settings, outbox):
    settings.OPERATORS = (ADA, BEN)
    doubt()
    assert deliver(T + 2 * MINUTE) == 2
    what = f"{HF}, {DAY}: a look that can't be believed"
    assert subjects(outbox) == [f"{one}: Alert, 2 Mar 2026, 06:02 UTC: {what}" for one in (ADA, BEN)]
    said = mails(outbox)[0].get_body(("plain",)).get_content()
    assert "less than half of the 30 known before" in " ".join(said.split())
    assert "Moss <b>" in said
    assert f"https://papers.example.org/admin/subscribers/event/{Event.objects.get(kind='alert').pk}/change/" in said
    fetch(papers("2603.00001"), DAY, T + 10 * MINUTE)
    assert deliver(T + 11 * MINUTE) == 0
    fetch(papers(*MANY), DAY, T + 20 * MINUTE)
    assert deliver(T + 21 * MINUTE) == 2
    assert subjects(outbox)[2:] == [f"{one}: Over, 2 Mar 2026, 06:21 UTC: {what}" for one in (ADA, BEN)]
    assert deliver(T + 40 * MINUTE) == 0


def test_what_comes_again_after_it_was_over_is_told_again(outbox):
    doubt()
    deliver(T + 2 * MINUTE)
    fetch(papers(*MANY), DAY, T + 20 * MINUTE)
    fetch(papers("2603.00001"), DAY, T + 25 * MINUTE)
    assert deliver(T + 30 * MINUTE) == 1
    text = mails(outbox)[-1].get_body(("plain",)).get_content()
    assert text.index("This asks for you") < text.index("And this is over")


def test_what_is_over_before_anybody_was_told_is_told_nobody(outbox):
    doubt()
    fetch(papers(*MANY), DAY, T + 2 * MINUTE)
    assert deliver(T + 3 * MINUTE) == 0
    assert not Bulletin.objects.exists()


def test_a_source_that_has_failed_for_a_day_is_told_and_so_is_its_answer(outbox):
    for hours in (0, 12, 24, 36):
        fetch(b"no listing", DAY, T + hours * HOUR)
        deliver(T + hours * HOUR + MINUTE)
    assert [subject.partition("UTC: ")[2] for subject in subjects(outbox)] == [
        f"{HF} has failed since 2026-03-02 06:00 UTC"
    ]
    fetch(papers(*MANY), DAY, T + 37 * HOUR)
    deliver(T + 37 * HOUR)
    assert "Over, 3 Mar 2026, 19:00 UTC" in subjects(outbox)[-1]


def test_days_that_share_an_alert_are_over_together(outbox):
    doubt()
    second = SourceDay.objects.create(source=SourceDay.objects.get().source, day=at("2026-03-01 00:00").date(),
                                      alert=SourceDay.objects.get().alert)  # fmt: skip
    deliver(T + 2 * MINUTE)
    fetch(papers(*MANY), DAY, T + 20 * MINUTE)
    assert deliver(T + 21 * MINUTE) == 0
    SourceDay.objects.filter(pk=second.pk).update(alert=None)
    assert deliver(T + 22 * MINUTE) == 1


def test_a_letter_that_can_not_be_composed_is_told_and_never_over(outbox):
    reader(R, now=T)
    fetch(papers(*MANY), DAY, T)
    run("publish", now=T + MINUTE)
    Letter.objects.update(content={"nothing": "of it"})
    deliver(T + MINUTE)
    assert deliver(T + 3 * MINUTE) == 1
    assert deliver(T + 3 * HOUR) == 0
    assert subjects(outbox) == [f"{ADA}: Alert, 2 Mar 2026, 06:03 UTC: a letter can't be composed"]


@pytest.mark.parametrize("data", [[], "broken", None, {"what": None, "titles": 7, "source": []}])
def test_an_alert_of_another_shape_is_told_all_the_same(data, outbox):
    Event.objects.create(kind="alert", at=T, data=data or [])
    reader(R, now=T)
    fetch(papers(*MANY), DAY, T)
    run("publish", now=T)
    assert run("deliver", "--until-empty", now=T)["accepted"] == 1
    assert len(mails(outbox)) == (1 if isinstance(data, dict) else 2)


def test_without_operators_nothing_is_owed_or_asked(settings, django_assert_num_queries):
    settings.OPERATORS = ()
    alert()
    with django_assert_num_queries(0):
        assert not alerting.owed(T)
        assert alerting.tell(lambda: T) == 0


def test_an_operator_who_is_added_hears_of_the_last_week_in_one_mail(settings, outbox):
    for days in (1, 6, 8):
        alert(T - timedelta(days=days))
    deliver(T)
    settings.OPERATORS = (ADA, BEN)
    deliver(T + MINUTE)
    assert [(mail["To"], mail["Subject"][-8:]) for mail in mails(outbox)] == [(ADA, "2 alerts"), (BEN, "2 alerts")]


def test_one_that_was_raised_by_a_clock_that_is_ahead_is_not_told_again_a_week_later(outbox):
    alert(T + 5 * MINUTE)
    assert deliver(T) == 1
    assert deliver(T + bulletins.SPAN + 2 * MINUTE) == 0


# Not too many


def test_a_burst_is_a_few_mails_and_then_one_that_counts_the_rest(outbox):
    for minute in range(60):
        alert(T + minute * MINUTE)
        deliver(T + minute * MINUTE)
    assert len(mails(outbox)) == MAILS_AN_HOUR
    deliver(T + HOUR + MINUTE)
    assert subjects(outbox)[-1].endswith(f": {60 - MAILS_AN_HOUR} alerts")
    assert len(set(subjects(outbox))) == MAILS_AN_HOUR + 1


def test_two_in_a_minute_are_told_a_minute_apart_and_no_deliverer_is_asked_for_in_between(outbox):
    alert()
    assert deliver_in(T, 2) == 0
    deliver(T)
    alert()
    assert deliver_in(T + MINUTE / 2, 2) is None
    assert deliver(T + MINUTE / 2) == 0
    assert deliver_in(T + MINUTE, 2) == 0
    assert deliver(T + MINUTE) == 1


def test_a_bulletin_of_the_future_holds_nobody_up(outbox):
    alert(T - MINUTE)
    deliver(T + timedelta(days=3))
    alert(T)
    assert deliver(T + MINUTE) == 1


# The mail server


def test_a_server_that_is_away_is_asked_when_the_rest_is_over_and_then_told_what_still_stands(sink):
    reader(R, now=T)
    fetch(papers(*MANY), DAY, T)
    sink.fault("MAIL", "5xx")
    serve(T + MINUTE)
    (paused,) = Event.objects.filter(kind="alert")
    asked = sink.connections
    assert deliver(T + MINUTE + MINUTE / 2) == 0
    assert sink.connections == asked
    assert deliver_in(T + MINUTE + MINUTE / 2, 2)  # at the end of the rest
    assert deliver(T + 4 * MINUTE) == 0
    assert sink.connections == asked + 1
    assert not Bulletin.objects.exists()
    sink.mend()
    assert deliver(T + HOUR) == 1
    assert told(sink) == [ADA, R]
    assert Bulletin.objects.get().raised == [paused.pk]
    assert deliver(T + HOUR + MINUTE) == 1
    assert Bulletin.objects.latest("pk").over == [paused.pk]
    assert Channel.objects.get().failures == 0


def test_an_outage_that_is_over_when_the_first_letter_goes_is_told_nobody(sink, settings):
    settings.OPERATORS = ()
    reader(R, now=T)
    fetch(papers(*MANY), DAY, T)
    sink.fault("CONNECT", "drop")
    serve(T + MINUTE)
    sink.mend()
    assert run("deliver", now=T + HOUR)["accepted"] == 1
    settings.OPERATORS = (ADA,)
    assert deliver(T + HOUR + MINUTE) == 0


def test_a_relay_that_takes_only_the_operators_mail_is_no_working_channel(sink):
    Channel.objects.create(name="smtp", failures=3, reason="RCPT 550 5.7.1 relaying denied")
    alert(what="mail channel paused")
    assert deliver(T + MINUTE) == 1
    assert Channel.objects.get().failures == 3
    assert deliver(T + 3 * MINUTE) == 0


def test_a_refused_or_deferred_one_holds_up_neither_letters_nor_other_operators_and_is_owed_again(settings, sink):
    settings.OPERATORS = (ADA, BEN)
    reader(R, now=T)
    fetch(papers(*MANY), DAY, T)
    alert()
    sink.fault("RCPT", "550 5.1.1 nobody", times=1)
    serve(T + MINUTE)
    assert told(sink) == [BEN, R]
    assert states() == ["refused", "accepted"]
    assert not Channel.objects.filter(failures__gt=0).exists()
    assert deliver(T + 3 * MINUTE) == 0
    assert deliver_in(T + 3 * MINUTE, 2) is None
    sink.fault("RCPT", "4xx", times=1)
    assert deliver(T + 7 * MINUTE) == 0
    assert deliver(T + 13 * MINUTE) == 0
    assert deliver(T + 18 * MINUTE) == 1
    assert states() == ["refused", "accepted", "deferred", "accepted"]
    assert told(sink) == [BEN, R, ADA]


def test_one_that_is_refused_at_the_dot_is_owed_again(sink):
    alert()
    sink.fault("DOT", "5xx", times=1)
    assert deliver(T) == 0
    assert deliver(T + 6 * MINUTE) == 1
    assert states() == ["refused", "accepted"]


def test_one_whose_fate_nobody_knows_is_not_sent_again(sink):
    alert()
    sink.fault("DOT", "drop", times=1)
    assert deliver(T) == 0
    assert states() == ["unknown"]
    assert deliver(T + 6 * HOUR) == 0
    assert deliver_in(T + 6 * HOUR, 2) is None


def test_a_wording_that_is_broken_holds_up_no_letter(monkeypatch, outbox):
    def broken(*_):
        raise ValueError("no such slot")

    alert()
    reader(R, now=T)
    fetch(papers(*MANY), DAY, T)
    monkeypatch.setattr(alerting, "compose", broken)
    serve(T + MINUTE)
    assert [mail["To"] for mail in mails(outbox)] == [R]
    assert Bulletin.objects.get().reply == "ValueError: no such slot"
    monkeypatch.undo()


# Dying, and two at once


class Killed(BaseException):
    """As by kill -9: nothing behind it runs."""


@pytest.mark.parametrize("step", ["open", "stage", "mark", "dot", "replied"])
def test_killed_at_any_step_it_is_told_later_or_may_have_arrived_never_twice(step, sink, monkeypatch):
    def die(*_, **__):
        raise Killed

    def replied(session):
        dot(session)
        raise Killed

    dot = Session.dot
    alert()
    with monkeypatch.context() as patched:
        patched.setattr(Session, "close", lambda self: self._line.cut())
        if step == "mark":
            patched.setattr(bulletins, "_mark", die)
        else:
            patched.setattr(Session, "dot" if step == "replied" else step, replied if step == "replied" else die)
        with pytest.raises(Killed):
            alerting.tell(lambda: T)
    sink.idle()
    died_behind_the_mark = step in ("dot", "replied")
    assert len(told(sink)) == (step == "replied")
    assert states() == ["dotted"] * died_behind_the_mark
    assert alerting.tell(lambda: T + 2 * MINUTE) == (not died_behind_the_mark)
    assert alerting.tell(lambda: T + PATIENCE + MINUTE) == 0
    assert states() == (["unknown"] if died_behind_the_mark else ["accepted"])
    assert len(told(sink)) == (step != "dot")


def test_a_late_reply_decides_what_was_taken_for_unknown(sink, monkeypatch):
    dot = Session.dot

    def slow(session):
        outcome = dot(session)
        bulletins._lose_track(T + HOUR)
        assert states() == ["unknown"]
        return outcome

    alert()
    monkeypatch.setattr(Session, "dot", slow)
    assert deliver(T) == 1
    assert states() == ["accepted"]


def test_of_two_that_have_staged_the_same_mail_one_sends_it(sink, monkeypatch):
    alert()
    mark, other = bulletins._mark, []

    def overtaken(*given, **more):
        if not other:
            other.append(None)
            other[0] = alerting.tell(lambda: T)
        return mark(*given, **more)

    monkeypatch.setattr(bulletins, "_mark", overtaken)
    assert alerting.tell(lambda: T) == 0
    assert other == [1]
    sink.idle()
    assert told(sink) == [ADA]
    assert states() == ["accepted"]


def test_one_that_is_told_between_reading_the_number_and_reading_what_was_told_is_not_told_again(sink):
    """The other order, what was told first, would take the next number for the same alerts."""
    alert()
    other: list[int] = []

    def overtaken(execute, sql, params, many, context):
        done = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "subscribers_bulletin" in sql and not other:
            other.append(0)
            other[0] = alerting.tell(lambda: T)
        return done

    with connection.execute_wrapper(overtaken):
        assert alerting.tell(lambda: T) == 0
    sink.idle()
    assert other == [1]
    assert told(sink) == [ADA]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.postgres
def test_six_at_once_send_one(sink):
    if connection.vendor != "postgresql":
        pytest.skip("several writers at once are PostgreSQL's (SQLite has one at a time); see the PostgreSQL run")
    alert()
    alerting.tell(lambda: T - HOUR)  # the wording's rows are made
    alert(T + HOUR)
    accepted: list[int] = []

    def work() -> None:
        try:
            accepted.append(alerting.tell(lambda: T + HOUR))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sink.idle()
    assert sorted(accepted) == [0, 0, 0, 0, 0, 1]
    assert told(sink) == [ADA, ADA]
    assert states() == ["accepted", "accepted"]


def test_no_transaction_is_open_while_the_server_is_talked_to(sink, monkeypatch):
    depths = []
    for name in ("open", "stage", "dot"):
        whole = getattr(Session, name)

        def noting(session, *given, whole=whole):
            depths.append(len(connection.savepoint_ids))
            return whole(session, *given)

        monkeypatch.setattr(Session, name, noting)
    alert()
    before = len(connection.savepoint_ids)
    sending.send(lambda: T)
    assert depths == [before] * 3

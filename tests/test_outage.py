"""Bad days: a mail server that is down, a reader whose data raises, letters that did not arrive."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db import OperationalError

from digest.pipeline import rendering
from digest.pipeline.sending import deliver_in
from subscribers.models import Channel, Event, Letter, Subscriber, Topic
from subscribers.outbox import channel as outbox
from subscribers.outbox import turns
from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.policy import Outcome
from tests.digest.sources.announced import channel, rss, rss_entry
from tests.digest.sources.announced import item as entry
from tests.house import at, copies, fetch, item, letters, papers, publish, reader, run, serve, told
from tests.sink import Sink

pytestmark = pytest.mark.django_db
R = "r@example.org"


def to_sink(settings, sink: Sink) -> None:
    settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)


def test_a_mail_server_down_for_thirty_hours_loses_nothing_and_doubles_nothing(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        readers = [f"r{n}@example.org" for n in range(5)]
        for address in readers:
            reader(address, now="2026-03-02 05:00")
        serve("2026-03-02 05:01")
        sink.fault("CONNECT", "drop")
        fetch(papers("2603.00001", "2603.00002"), "2026-03-02", "2026-03-02 05:30")
        down = at("2026-03-02 05:30")
        seen = {1: "2603.00003", 20: "2603.00004"}
        for hour in range(31):
            if hour in seen:
                fetch(papers(seen[hour]), "2026-03-02", down + timedelta(hours=hour))
            assert serve(down + timedelta(hours=hour, minutes=45))["accepted"] == 0
        sink.mend()
        assert run("deliver", "--until-empty", now="2026-03-03 13:30")["accepted"] == 5
        serve("2026-03-04 07:01")
        assert len(sink.received) == 5
        for address in readers:
            assert sorted(told(address)) == ["2603.00001", "2603.00002", "2603.00003", "2603.00004"]
            assert {x["state"] for x in letters(address)} == {"accepted", "cancelled"}
            assert [x["reason"] for x in letters(address, state="cancelled")] == ["carried"]


def test_an_outage_alerts_once_and_blames_nobody(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        reader(R, now="2026-03-02 05:00")
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:30")
        sink.fault("MAIL", "5xx")
        for minute in range(1, 120, 20):
            serve(at("2026-03-02 05:00") + timedelta(minutes=minute))
        assert Event.objects.filter(kind="alert").count() == 1
        assert [(x["state"], x["attempts"]) for x in letters(R)] == [("waiting", 0)]
        sink.mend()
        assert run("deliver", "--until-empty", now="2026-03-02 08:00")["accepted"] == 1
        assert Channel.objects.get().failures == 0


def test_an_outage_that_all_who_send_meet_is_one():
    begun, met = at("2026-03-02 05:00"), Outcome("channel", "CONNECT", None, "connection refused")
    for second in range(5):
        outbox.trouble(met, begun + timedelta(seconds=second))
    assert outbox.rests_until(begun) == begun + timedelta(minutes=1)
    outbox.trouble(met, begun + timedelta(minutes=1))
    assert outbox.rests_until(begun + timedelta(minutes=1)) == begun + timedelta(minutes=3)
    assert Channel.objects.get().failures == 2
    assert Event.objects.filter(kind="alert").count() == 1


def test_one_reader_whose_data_raises_stops_only_that_reader(django_assert_max_num_queries):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader("r0@example.org", "All=*", now="2026-03-02 05:00")
    template = Subscriber.objects.get()
    topic = template.topics.get()
    others = [
        Subscriber(email=f"r{n}@example.org", address=f"r{n}@example.org", state="active", due=template.due,
                   times="07:00", confirmed_at=template.confirmed_at, scheduled_at=template.scheduled_at)
        for n in range(1, 1000)
    ]  # fmt: skip
    others[500].zone = "Mars/Olympus"
    Subscriber.objects.bulk_create(others)
    Topic.objects.bulk_create(
        Topic(subscriber=s, name="All", text="*", filter=topic.filter)
        for s in Subscriber.objects.exclude(pk=template.pk)
    )
    with django_assert_max_num_queries(800):
        result = publish("2026-03-02 07:30")
    (edition,) = result["editions"]
    assert (edition["copies"], edition["letters"], edition["failed"]) == (1000, 999, 1)
    broken = Subscriber.objects.get(email="r501@example.org")
    assert "Mars/Olympus" in copies("r501@example.org")[0][1]
    assert broken.cursor is None
    assert broken.due > at("2026-03-02 07:30")


def test_a_filter_that_cannot_be_read_fails_its_reader_and_says_so():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, "Broken=moss", now="2026-03-02 05:00")
    reader("fine@example.org", "All=*", now="2026-03-02 05:00")
    topic = Topic.objects.get(name="Broken")
    topic.filter.canonical = "((("
    topic.filter.save()
    serve("2026-03-02 05:01")
    assert copies(R)[0][0] == "failed"
    assert told("fine@example.org") == ["2603.00001"]
    topic.filter.canonical = "paper"
    topic.filter.save()
    serve("2026-03-03 07:01")
    assert told(R) == ["2603.00001"]


def test_a_refused_digest_is_carried_into_the_next(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        reader(R, now="2026-03-02 05:00")
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        sink.fault("RCPT", "550 5.1.1 no such person", times=1)
        serve("2026-03-02 05:01")
        assert [x["state"] for x in letters(R)] == ["refused"]
        fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
        serve("2026-03-03 07:01")
        assert [x["papers"] for x in letters(R, state="accepted")] == [["2603.00001", "2603.00002"]]
        serve("2026-03-04 07:01")
        assert len(letters(R)) == 2


def test_what_is_carried_and_revised_under_another_key_comes_once(settings):
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    run("source", "add", "cs", "--kind", "arxiv", "--url", "https://rss.arxiv.org/rss/cs.AI")
    where = ("https://j.example/1", "Tue, 24 Nov 2026 06:00:00 GMT", "Moss 1")
    with Sink() as sink:
        to_sink(settings, sink)
        reader(R, "All[revisions]=*", now="2026-11-24 05:00")
        fetch(channel(entry("g", *where)), "2026-11-24", "2026-11-24 06:30", "j")
        sink.fault("RCPT", "550 5.1.1 no such person", times=1)
        serve("2026-11-24 07:01")
        assert [x["papers"] for x in letters(R, state="refused")] == [["j:g"]]
        named = entry("g", *where, "<dc:identifier>arXiv:2611.00001</dc:identifier>")
        fetch(channel(named), "2026-11-24", "2026-11-24 08:00", "j")
        for version, kind in ((1, "new"), (2, "replace")):
            batch = rss(rss_entry(1, version=version, kind=kind))
            fetch(batch, "2026-11-24", f"2026-11-24 1{version}:00", "cs")
        serve("2026-11-25 07:01")
        assert [x["papers"] for x in letters(R, state="accepted")] == [["2611.00001"]]


def test_a_digest_with_nothing_new_is_sent_for_what_did_not_arrive(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        reader(R, now="2026-03-02 05:00")
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        sink.fault("RCPT", "550 5.1.1 no such person", times=1)
        serve("2026-03-02 05:01")
        serve("2026-03-03 07:01")
        assert [x["papers"] for x in letters(R, state="accepted")] == [["2603.00001"]]
        (edition,) = [e for e in publish("2026-03-03 07:02")["editions"] if e["date"] == "2026-03-03"]
        assert (edition["letters"], edition["accepted"]) == (1, 1)


def test_a_deferred_letter_is_tried_again_and_then_accepted(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        reader(R, now="2026-03-02 05:00")
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        sink.fault("RCPT", "4xx", times=1)
        assert serve("2026-03-02 05:01")["deferred"] == 1
        assert run("deliver", "--until-empty", now="2026-03-02 05:02")["accepted"] == 0
        assert run("deliver", "--until-empty", now="2026-03-02 05:30")["accepted"] == 1
        assert len(sink.received) == 1


def test_a_confirmation_that_a_worker_put_off_by_a_clock_a_day_ahead_goes_out_today(settings):
    run("reader", "add", R, now="2026-03-02 07:00")
    with Sink() as sink:
        to_sink(settings, sink)
        sink.fault("RCPT", "4xx", times=1)
        assert run("deliver", "--until-empty", now="2026-03-03 07:01")["deferred"] == 1
        assert deliver_in(at("2026-03-02 07:02"), 2) == 60
        assert run("deliver", "--until-empty", now="2026-03-02 07:03")["accepted"] == 1
        assert [mail.recipient for mail in sink.received] == [R]


def test_no_server_puts_a_letter_off_for_longer_than_we_do_ourselves(settings, monkeypatch):
    run("reader", "add", R, now="2026-03-02 07:00")
    asked = Outcome("deferred", "DOT", 429, "slow down", wait=86_400)
    with Sink() as sink:
        to_sink(settings, sink)
        sink.fault("DOT", "4xx", times=1)
        with monkeypatch.context() as patch:
            patch.setattr("subscribers.outbox.dialogue.classify", lambda *_: asked)
            run("deliver", "--until-empty", now="2026-03-02 07:01")
        assert run("deliver", "--until-empty", now="2026-03-02 11:00")["accepted"] == 0
        assert run("deliver", "--until-empty", now="2026-03-02 11:02")["accepted"] == 1


def test_a_dropped_connection_at_the_dot_is_unknown_and_the_next_digest_names_it(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        reader(R, now="2026-03-02 05:00")
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        sink.fault("DOT", "drop", times=1)
        assert serve("2026-03-02 05:01")["unknown"] == 1
        fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
        serve("2026-03-03 07:01")
        fetch(papers("2603.00003"), "2026-03-04", "2026-03-04 05:00")
        serve("2026-03-04 07:01")
        first, second, third = letters(R)
        assert (first["state"], second["missing"], third["missing"]) == ("unknown", ["20260302T050000"], [])
        assert (second["papers"], third["papers"]) == (["2603.00002"], ["2603.00003"])

        run("letter", first["message_id"], "not-delivered", now="2026-03-04 10:00")
        serve("2026-03-05 07:01")
        assert letters(R)[-1]["papers"] == ["2603.00001"]


def test_a_dislike_of_us_told_at_rcpt_refuses_nobody(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        for n in range(8):
            reader(f"r{n}@example.org", now="2026-03-02 05:00")
        settings.MAIL_TARGET = replace(settings.MAIL_TARGET, connections=1)
        sink.fault("RCPT", "504 5.5.2 <h>: Helo command rejected")
        first = serve("2026-03-02 05:01")
        assert (first["refused"], first["deferred"], first["waiting"]) == (0, 5, 8)
        assert sum(line.startswith("RCPT") for line in sink.commands) == 5
        assert [e.data["reply"] for e in Event.objects.filter(kind="alert")] == [
            "RCPT 504 5.5.2 <h>: Helo command rejected"
        ]
        sink.mend()
        assert run("deliver", "--until-empty", now="2026-03-02 06:30")["accepted"] == 8
        assert run("ledger")["refused"] == 0


def test_those_who_hear_it_on_other_connections_meanwhile_are_refused_no_more_than_the_five(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        for n in range(30):
            reader(f"r{n}@example.org", now="2026-03-02 05:00")
        sink.fault("RCPT", "504 5.5.2 <h>: Helo command rejected")
        first = serve("2026-03-02 05:01")
        assert (first["refused"], first["waiting"]) == (0, 30)
        assert Channel.objects.get().failures == 1
        assert Event.objects.filter(kind="alert").count() == 1
        sink.mend()
        assert run("deliver", "--until-empty", now="2026-03-02 06:30")["accepted"] == 30


def test_leaving_while_a_letter_is_being_staged_stops_its_dot(settings):
    with Sink() as sink:
        to_sink(settings, sink)
        reader(R, now="2026-03-02 05:00")
        reader("stays@example.org", now="2026-03-02 05:00")
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        publish("2026-03-02 05:01")
        from digest.pipeline import rendering
        from subscribers.outbox.delivery import deliver
        from subscribers.outbox.fleet import open_fleet

        def leave_meanwhile(batch):
            messages = rendering.Renderer()(batch)
            run("reader", "leave", R, now="2026-03-02 05:02")
            return messages

        run_of_it = deliver(
            lambda: open_fleet(settings.MAIL_TARGET, "papers.example.org"),
            leave_meanwhile,
            lambda: at("2026-03-02 05:03"),
            until_empty=True,
        )
        assert run_of_it.counts["accepted"] == 1
        assert [mail.recipient for mail in sink.received] == ["stays@example.org"]


def test_a_letter_that_cannot_be_composed_is_carried_and_alerts_once():
    reader(R, now="2026-03-02 05:00")
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
    publish("2026-03-02 05:01")
    letter = Letter.objects.get()
    kept, letter.content["wording"] = letter.content["wording"], [999_999]
    letter.save()
    run("deliver", "--until-empty", now="2026-03-02 05:02")
    assert [(x["state"], x["reason"]) for x in letters(R)] == [("cancelled", "unrenderable")]
    assert Event.objects.filter(kind="alert").count() == 1
    Letter.objects.update(content={**letter.content, "wording": kept})
    serve("2026-03-03 07:01")
    assert told(R) == ["2603.00001"]


def test_an_error_that_no_database_can_store_stops_its_letter_alone(monkeypatch, settings):
    reader(R, now="2026-03-02 05:00")
    reader("fine@example.org", now="2026-03-02 05:00")
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
    publish("2026-03-02 05:01")
    whole = rendering.Renderer.digest

    def odd(self, letter, draft):
        if letter.email == R:
            raise ValueError("half a letter \ud800 and a \x00")
        return whole(self, letter, draft)

    monkeypatch.setattr(rendering.Renderer, "digest", odd)
    with Sink() as sink:
        to_sink(settings, sink)
        run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert [mail.recipient for mail in sink.received] == ["fine@example.org"]
    assert [(x["state"], x["reason"]) for x in letters(R)] == [("cancelled", "unrenderable")]
    assert Event.objects.get(kind="alert").data["error"] == "ValueError: half a letter ? and a"


def test_replies_that_a_commit_did_not_take_are_told_once_more_before_the_run_ends(monkeypatch, settings):
    for number in range(3):
        reader(f"r{number}@example.org", now="2026-03-02 05:00")
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
    publish("2026-03-02 05:01")
    whole, failed = turns.turn, []

    def once(records, *others):
        if records and not failed:
            failed.append(len(records))
            raise OperationalError("the database was started anew")
        return whole(records, *others)

    monkeypatch.setattr(turns, "turn", once)
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5, connections=1)
        with pytest.raises(CommandError, match="started anew"):
            run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert Counter(one["state"] for one in letters()) == {"accepted": 1, "waiting": 2}
        assert run("deliver", "--until-empty", now="2026-03-02 05:04")["accepted"] == 2
        assert len(sink.received) == 3

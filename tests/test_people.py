"""People: joining, leaving, coming back, being erased; a backup put back."""

import shutil
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from subscribers import membership
from subscribers.models import Event, Filter, Letter, Milestone, Subscriber, Topic
from subscribers.outbox import journal
from tests.house import at, copies, fetch, item, letters, mails, papers, publish, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"


def test_a_known_reader_gets_the_topics_they_lack_and_nothing_else():
    reader(R, "Moss=moss", now="2026-03-02 06:00", zone="Europe/Berlin", time="08:00")
    again = reader(R.upper(), "Moss=fern", "Fern=fern", now="2026-03-03 06:00", zone="UTC", time="09:00")
    assert [(t["name"], t["query"]) for t in again["topics"]] == [("Moss", "moss"), ("Fern", "fern")]
    person = Subscriber.objects.get()
    assert (person.zone, person.times, person.email) == ("Europe/Berlin", "08:00", R)


def test_topics_that_mean_the_same_share_one_filter():
    reader(R, "A=moss AND fern", now="2026-03-02 06:00")
    reader("other@example.org", "B=fern moss", "C=moss upvotes:>=25", now="2026-03-02 06:00")
    assert Topic.objects.count() == 3
    assert Filter.objects.filter(topics__isnull=False).distinct().count() == 2
    assert list(Milestone.objects.values_list("field", "number")) == [("upvotes", 25)]


def test_a_wrong_topic_adds_nobody():
    with pytest.raises(CommandError, match="character"):
        reader(R, "Fine=moss", "Broken=(moss", now="2026-03-02 06:00")
    assert Subscriber.objects.count() == Topic.objects.count() == 0


def test_an_unconfirmed_reader_gets_one_confirmation_with_a_link_and_nothing_else(outbox):
    run("reader", "add", R, "--topic", "All=*", now="2026-03-02 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:30")
    assert serve("2026-03-02 07:30")["accepted"] == 1
    (mail,) = mails(outbox)
    assert mail["To"] == R
    assert "https://papers.example.org/confirm/" in mail.get_body(("plain",)).get_content()
    serve("2026-03-03 07:30")
    assert len(mails(outbox)) == 1


def test_a_confirmation_goes_out_before_digests_that_wait(outbox):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for n in range(3):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    publish("2026-03-02 05:01")
    run("reader", "add", "new@example.org", now="2026-03-02 05:02")
    run("deliver", "--until-empty", now="2026-03-02 05:03")
    assert next(mail["To"] for mail in mails(outbox)) == "new@example.org"


def test_leaving_twice_is_leaving_once_and_is_in_the_journal(settings):
    reader(R, now="2026-03-02 06:00")
    run("reader", "leave", R, now="2026-03-02 07:00")
    run("reader", "leave", R, now="2026-03-02 08:00")
    assert Event.objects.filter(kind="left").count() == 1
    ((when, what, key),) = journal.read(Path(settings.JOURNAL), at("2026-03-01 00:00"))
    assert (when, what, key) == (at("2026-03-02 07:00"), "left", Subscriber.objects.get().key)


def test_an_old_confirmation_revives_nobody():
    reader(R, now="2026-03-02 06:00")
    run("reader", "leave", R, now="2026-03-02 07:00")
    person = Subscriber.objects.get()
    with pytest.raises(membership.NotPossible):
        membership.confirm(person.pk, at("2026-03-02 08:00"), confirmed_from={}, consent="x")
    again = reader(R, "New=moss", now="2026-03-02 09:00")
    assert again["state"] == "left"


def test_one_who_leaves_and_returns_hears_again_what_was_never_delivered_within_the_week():
    reader(R, now="2026-03-02 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 06:01")
    run("reader", "leave", R, now="2026-03-02 10:00")
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
    run("reader", "add", R, now="2026-03-03 10:00")
    run("reader", "confirm", R, "--reason", "phone", now="2026-03-03 10:05")
    serve("2026-03-03 10:06")
    assert told(R) == ["2603.00001", "2603.00002"]
    serve("2026-03-04 07:01")
    assert len(letters(R, kind="digest")) == 2


def test_a_new_schedule_counts_from_its_first_slot():
    reader(R, now="2026-03-02 06:00")
    serve("2026-03-02 06:01")
    person = Subscriber.objects.get()
    membership.reschedule(person.pk, at("2026-03-02 12:00"), zone="Asia/Tokyo", times="06:00,18:00", days="weekdays")
    assert run("reader", "show", R)["next"] == "2026-03-02T21:00:00+00:00"
    with pytest.raises(ValueError, match="Tokio"):
        membership.reschedule(person.pk, at("2026-03-02 12:00"), zone="Asia/Tokio", times="06:00", days="daily")


def test_erasing_blanks_a_person_and_keeps_the_books_balanced():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, now="2026-03-02 05:00")
    serve("2026-03-02 05:01")
    before = publish("2026-03-02 05:02")["editions"]
    run("reader", "forget", R, now="2026-03-02 06:00")
    assert publish("2026-03-02 06:01")["editions"] == before
    assert R not in str(
        list(Subscriber.objects.values()) + list(Letter.objects.values()) + list(Event.objects.values())
    )
    assert run("deliver", "--until-empty", now="2026-03-02 06:02")["accepted"] == 0


def test_everything_about_a_person_can_be_exported():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, "All=*", now="2026-03-02 05:00")
    serve("2026-03-02 05:01")
    exported = run("reader", "export", R)
    assert exported["email"] == R
    assert exported["topics"][0]["text"] == "*"
    assert [letter["state"] for letter in exported["letters"]] == ["accepted"]
    assert {event["kind"] for event in exported["events"]} == {"confirmed"}


def test_after_a_restore_what_may_have_been_sent_is_unknown_and_leavers_leave_again(settings):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for name in ("waits", "due", "leaver"):
        reader(f"{name}@example.org", now="2026-03-02 05:00")
    publish("2026-03-02 05:01")
    run("deliver", "--until-empty", now="2026-03-02 05:02")
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
    # the backup is of 07:00:30: one slot was published and not delivered; here that slot is what gets restored
    publish("2026-03-03 07:00")
    leaver = Subscriber.objects.get(address="leaver@example.org")
    journal.write(Path(settings.JOURNAL), "left", leaver.key, at("2026-03-03 09:00"))
    restored = run("restored", "--taken", "2026-03-03T07:00:30Z", now="2026-03-04 12:00")
    assert restored["reapplied"] == ["leaver@example.org"]
    states = {letter["message_id"]: letter["state"] for letter in letters()}
    assert all(states[message] == "unknown" for message in restored["unknown"])
    assert len(restored["unknown"]) == 2
    assert run("deliver", "--until-empty", now="2026-03-04 12:01")["accepted"] == 0
    again = run("restored", "--taken", "2026-03-03T07:00:30Z", now="2026-03-04 12:00")
    assert (again["unknown"], again["reapplied"]) == ([], [])
    fetch(papers("2603.00003"), "2026-03-04", "2026-03-04 13:00")
    serve("2026-03-05 07:01")
    assert letters("waits@example.org")[-1]["missing"] == ["20260303T070000"]


def test_slots_that_passed_since_the_backup_are_unknown_too():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, now="2026-03-02 05:00")
    serve("2026-03-02 05:01")
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
    restored = run("restored", "--taken", "2026-03-03T06:00Z", now="2026-03-03 12:00")
    assert [letter["message_id"] for letter in letters(R, state="unknown")] == restored["unknown"]
    assert letters(R)[-1]["slot"] == "2026-03-03T07:00:00+00:00"
    assert run("deliver", "--until-empty", now="2026-03-03 12:01")["accepted"] == 0


def test_preview_shows_the_mail_and_changes_nothing(tmp_path):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, "Paper=paper", now="2026-03-02 05:00")
    shown = run("preview", R, "--out", str(tmp_path / "out"), now="2026-03-02 05:01")
    assert shown["papers"] == ["2603.00001"]
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".eml", ".html", ".txt"]
    assert (letters(), copies(R)) == ([], [])
    shutil.rmtree(tmp_path / "out")
    serve("2026-03-02 05:01")
    assert told(R) == ["2603.00001"]


def test_why_answers_for_days_and_papers():
    fetch(papers("2603.00001", "2603.00002"), "2026-03-02", "2026-03-02 04:00")
    reader(R, "One[cap=1]=paper", now="2026-03-02 05:00")
    reader("moss@example.org", "Moss=moss", now="2026-03-02 05:00")
    serve("2026-03-02 05:01")
    assert run("why", R, "2026-03-02")["result"] == "letter"
    assert run("why", R, "2026-03-02", "--paper", "2603.00001")["result"] == "shown"
    assert run("why", R, "2026-03-02", "--paper", "2603.00002")["result"] == "more"
    assert run("why", R, "2026-03-02", "--paper", "9999.00001")["result"] == "unknown paper"
    silent = run("why", "moss@example.org", "2026-03-02")
    assert (silent["result"], silent["reason"]) == ("silent", "nothing matched")
    assert [miss["paper"] for miss in silent["closest"]] == ["2603.00001", "2603.00002"]
    assert "moss" in str(silent["closest"][0]["failed"])
    assert run("why", "moss@example.org", "2026-03-02", "--paper", "2603.00001")["result"] == "not matched"
    fetch(papers("2603.00001", upvotes=30), "2026-03-02", "2026-03-02 12:00")
    serve("2026-03-03 07:01")
    assert run("why", R, "2026-03-03")["reason"] in ("all told before",)
    assert run("why", R, "2026-03-03", "--paper", "2603.00001")["result"] == "told before"
    assert run("why", R, "2026-03-09")["result"] == "none"


def test_a_paper_that_a_topic_wanted_is_no_close_miss():
    reader(R, "Paper=paper", "Loved=upvotes:>=20", now="2026-03-02 03:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    serve("2026-03-02 05:01")
    fetch(
        [*papers("2603.00001", upvotes=30), item("2603.00002", "Fern", "Of ferns.")], "2026-03-02", "2026-03-02 20:00"
    )
    serve("2026-03-03 07:01")
    silent = run("why", R, "2026-03-03")
    assert (silent["reason"], [miss["paper"] for miss in silent["closest"]]) == ("all told before", ["2603.00002"])
    assert all(silent["closest"][0]["failed"].values())


def test_the_books_of_a_closed_edition_stay():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, now="2026-03-02 05:00")
    for day in range(2, 9):
        serve(f"2026-03-{day:02} 07:01")
    open_dates = [edition["date"] for edition in publish("2026-03-08 07:02")["editions"]]
    assert "2026-03-02" not in open_dates
    kept = run("ledger", "--edition", "2026-03-02")["edition"]
    assert (kept["copies"], kept["accepted"], kept["balanced"]) == (1, 1, True)
    run("reader", "forget", R, now="2026-03-08 08:00")
    assert run("ledger", "--edition", "2026-03-02")["edition"] == kept

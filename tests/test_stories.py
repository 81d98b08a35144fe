"""The stories of the design, told by commands: each test reads like the sentence it proves."""

import pytest

from digest.models import Copy
from digest.pipeline.publish import publish_range
from subscribers import roll
from subscribers.models import Letter
from tests.house import at, copies, fetch, item, letters, mails, papers, publish, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"


def test_a_paper_is_told_once_however_often_it_is_looked_at():
    fetch(papers("2603.00001", "2603.00002"), "2026-03-02", "2026-03-02 08:00")
    reader(R, now="2026-03-02 09:00")
    serve("2026-03-02 09:01")
    again = fetch(papers("2603.00001", "2603.00002", "2603.00003"), "2026-03-02", "2026-03-02 20:00")
    assert again["added"] == ["2603.00003"]
    serve("2026-03-03 07:01")
    assert sorted(told(R)) == ["2603.00001", "2603.00002", "2603.00003"]


def test_a_second_publish_at_the_same_time_posts_nothing():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 08:00")
    reader(R, now="2026-03-02 09:00")
    first = publish("2026-03-02 09:01")
    second = publish("2026-03-02 09:01")
    assert [e["letters"] for e in first["editions"]] == [e["letters"] for e in second["editions"]] == [1]
    assert second["served"] == 0


@pytest.mark.parametrize("by_range", [False, True])
def test_one_whom_another_publisher_has_just_served_is_not_served_their_next_slot_early(by_range, monkeypatch):
    number = reader(R, now="2026-03-01 06:00")["id"]
    publish("2026-03-01 06:01")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    listed = roll.due_ids

    def with_another_between(*asked):
        monkeypatch.setattr(roll, "due_ids", listed)
        due = listed(*asked)
        assert (due, publish("2026-03-02 07:01")["served"]) == ([number], 1)
        return due

    monkeypatch.setattr(roll, "due_ids", with_another_between)
    if by_range:
        publish_range(number, number, at("2026-03-02 07:01"), "example.org")
    else:
        publish("2026-03-02 07:01")
    assert list(Copy.objects.values_list("slot", flat=True).order_by("slot")) == [
        at("2026-03-01 06:00"),
        at("2026-03-02 07:00"),
    ]


def test_a_paper_that_a_daily_and_a_weekly_topic_match_is_told_at_the_first_slot():
    reader(R, "Daily=moss", "Weekly[weekly]=moss OR fern", now="2026-03-04 09:00")  # a Wednesday
    serve("2026-03-04 09:01")
    moss, fern = item("2603.00001", title="Moss grows"), item("2603.00002", title="Fern grows")
    fetch([moss, fern], "2026-03-05", "2026-03-05 05:00")
    for day in range(5, 10):
        serve(f"2026-03-{day:02} 07:01")
    found = {letter["slot"][:10]: letter["papers"] for letter in letters(R)}
    assert found == {"2026-03-05": ["2603.00001"], "2026-03-09": ["2603.00002"]}  # Thursday; Monday


def test_a_topic_added_on_tuesday_counts_from_the_last_digest():
    reader(R, "Moss=moss", now="2026-03-02 06:00")  # a Monday
    serve("2026-03-02 06:01")
    serve("2026-03-03 07:01")  # Tuesday's slot: the last digest
    fetch([item("2603.00001", title="Ferns at dawn")], "2026-03-03", "2026-03-03 08:00")
    run("reader", "add", R, "--topic", "Fern=fern", now="2026-03-03 12:00")
    run("reader", "add", R, "--topic", "Weekly fern[weekly]=fern", now="2026-03-03 12:00")
    serve("2026-03-04 07:01")
    assert told(R) == ["2603.00001"]


def test_a_weekly_topic_added_on_tuesday_hears_on_monday_what_came_since_the_last_digest():
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    serve("2026-03-02 06:01")
    serve("2026-03-03 07:01")
    fetch([item("2603.00001", title="Ferns at dawn")], "2026-03-03", "2026-03-03 08:00")
    run("reader", "add", R, "--topic", "Fern[weekly]=fern", now="2026-03-03 12:00")
    for day in range(4, 10):
        serve(f"2026-03-{day:02} 07:01")
    assert {letter["slot"][:10]: letter["papers"] for letter in letters(R)} == {"2026-03-09": ["2603.00001"]}


def test_a_paused_reader_gets_nothing_and_afterwards_the_last_seven_days():
    reader(R, now="2026-03-02 06:00")
    serve("2026-03-02 06:01")
    run("reader", "pause", R, now="2026-03-02 10:00")
    fetch(papers("2603.00001"), "2026-03-03", "2026-03-03 05:00")
    fetch(papers("2603.00002"), "2026-03-12", "2026-03-12 05:00")
    for day in range(3, 13):
        serve(f"2026-03-{day:02} 07:01")
    assert letters(R) == []
    run("reader", "resume", R, now="2026-03-12 12:00")
    assert run("reader", "show", R)["next"].startswith("2026-03-13T07:00")
    serve("2026-03-12 13:00")
    serve("2026-03-13 07:01")
    assert told(R) == ["2603.00002"]


def test_one_who_leaves_gets_nothing_more_and_comes_back_as_new():
    reader(R, now="2026-03-02 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    publish("2026-03-02 06:01")
    assert run("reader", "leave", R, now="2026-03-02 06:02")["state"] == "left"
    assert run("deliver", "--until-empty", now="2026-03-02 06:03")["accepted"] == 0
    assert [letter["reason"] for letter in letters(R)] == ["left"]
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
    serve("2026-03-03 07:01")
    assert told(R) == []

    run("reader", "add", R, now="2026-03-03 10:00")  # asks again: a confirmation goes out, nothing else
    assert run("reader", "show", R)["state"] == "left"
    assert serve("2026-03-03 10:01")["accepted"] == 1
    run("reader", "confirm", R, "--reason", "said so on the phone", now="2026-03-03 11:00")
    serve("2026-03-03 11:01")
    # what the cancelled letter would have told counts as told: coming back revives nothing
    assert told(R) == ["2603.00002"]


def test_a_slot_an_hour_after_the_first_digest_is_silent_and_its_papers_come_the_next_day():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    reader(R, now="2026-03-02 06:00")
    serve("2026-03-02 06:01")
    fetch(papers("2603.00001", "2603.00002"), "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 07:01")
    assert copies(R) == [("letter", ""), ("silent", "too soon after the first")]
    serve("2026-03-03 07:01")
    assert told(R) == ["2603.00001", "2603.00002"]


def test_a_first_digest_names_the_next_slot_that_will_not_be_passed_over(outbox):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    reader(R, now="2026-03-02 06:00")
    assert run("reader", "show", R)["next"].startswith("2026-03-02T06:00")  # the first comes at once
    serve("2026-03-02 06:01")
    assert "Next: Tuesday 3 March 2026, 07:00" in mails(outbox)[0].get_body(("plain",)).get_content()
    assert run("reader", "show", R)["next"].startswith("2026-03-03T07:00")
    serve("2026-03-02 07:01")
    assert copies(R)[1] == ("silent", "too soon after the first")
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
    serve("2026-03-03 07:01")
    assert [letter["slot"][:16] for letter in letters(R)] == ["2026-03-02T06:00", "2026-03-03T07:00"]


@pytest.mark.parametrize("failed", ["refused", "cancelled"])
def test_no_slot_is_too_soon_after_a_first_digest_that_did_not_arrive(failed):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    reader(R, now="2026-03-02 06:00", time="07:00,12:00")
    publish("2026-03-02 06:01")
    Letter.objects.update(state=failed, reason="not delivered", decided_at=at("2026-03-02 06:02"))
    assert run("reader", "show", R)["next"].startswith("2026-03-02T07:00")
    serve("2026-03-02 07:01")
    assert told(R) == ["2603.00001"]
    assert run("reader", "show", R)["next"].startswith("2026-03-02T12:00")
    fetch(papers("2603.00001", "2603.00002"), "2026-03-02", "2026-03-02 11:00")
    serve("2026-03-02 12:01")
    assert copies(R) == [("letter", "")] * 3
    assert told(R) == ["2603.00001", "2603.00002"]


def test_upvotes_are_told_on_the_first_slot_after_they_are_reached_and_once():
    reader(R, "Loved=upvotes:>=20", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    votes = {"02 05": 3, "02 20": 19, "03 09": 21, "03 20": 40, "04 09": 60}
    for day in range(2, 7):
        for hour in ("05", "07", "09", "20"):
            if hour == "07":
                serve(f"2026-03-{day:02} 07:01")
            elif f"{day:02} {hour}" in votes:
                count = votes[f"{day:02} {hour}"]
                fetch(papers("2603.00001", upvotes=count), "2026-03-02", f"2026-03-{day:02} {hour}:00")
    assert [(letter["slot"][:10], letter["papers"]) for letter in letters(R)] == [("2026-03-04", ["2603.00001"])]


def test_a_digest_counts_what_is_new_and_what_has_changed_and_calls_it_so(outbox):
    fetch(papers("2603.00001"), "2026-03-01", "2026-03-01 05:00")
    reader(R, "Loved=upvotes:>=20", "Second=second", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    fetch(papers("2603.00001", upvotes=30), "2026-03-01", "2026-03-01 20:00")  # listed before the period; rose in it
    fetch([item("2603.00002", "The Second"), item("2603.00003")], "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 07:01")
    said = " ".join(mails(outbox)[-1].get_body(("plain",)).get_content().split())
    assert "2 papers for you, of 3 new or changed since" in said
    assert "3 new or changed = 2 above + 0 more on the web + 0 told before + 1 outside your topics" in said


def test_a_trending_topic_is_judged_when_the_day_is_settled():
    reader(R, "Trending[settled,cap=1]=*", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    fetch([item("2603.00001", upvotes=3), item("2603.00002", upvotes=1)], "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 07:01")
    fetch([item("2603.00001", upvotes=3), item("2603.00002", upvotes=50)], "2026-03-02", "2026-03-02 22:00")
    settled = run("settle", now="2026-03-03 05:00")
    assert (settled["days"], sorted(settled["settled"])) == (["2026-03-02"], ["2603.00001", "2603.00002"])
    assert run("settle", now="2026-03-03 05:00")["settled"] == []
    serve("2026-03-03 07:01")
    assert [(x["papers"], x["more"]) for x in letters(R)] == [(["2603.00002"], ["2603.00001"])]


def test_a_paper_seen_late_in_the_day_is_settled_with_the_next_day():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    fetch(papers("2603.00001", "2603.00002"), "2026-03-02", "2026-03-02 20:00")
    assert run("settle", now="2026-03-03 05:00")["settled"] == ["2603.00001"]
    assert run("settle", now="2026-03-04 05:00")["settled"] == ["2603.00002"]


def test_a_second_source_is_told_to_those_who_ask_for_it_and_have_not_had_the_paper():
    run("source", "add", "mirror", "--kind", "hf", "--url", "https://mirror.example.org")
    reader("all@example.org", now="2026-03-01 06:00")
    reader("mirror@example.org", "Mirror=source:mirror", now="2026-03-01 06:00")
    reader("both@example.org", "All=*", "Mirror=source:mirror", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 07:01")
    serve("2026-03-03 07:01")
    seen = fetch(papers("2603.00001"), "2026-03-05", "2026-03-05 05:00", "mirror")
    assert (seen["added"], seen["listed_elsewhere"]) == ([], ["2603.00001"])
    for day in range(5, 8):
        serve(f"2026-03-{day:02} 07:01")
    assert {(x["to"][:4], x["slot"][:10]) for x in letters()} == {
        ("all@", "2026-03-02"),
        ("both", "2026-03-02"),
        ("mirr", "2026-03-05"),
    }


def test_what_the_cap_left_out_comes_back_only_with_a_new_change():
    reader(R, "Best[cap=1]=*", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    fetch([item("2603.00001", upvotes=9), item("2603.00002", upvotes=1)], "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 07:01")
    serve("2026-03-03 07:01")
    assert [(x["papers"], x["more"]) for x in letters(R)] == [(["2603.00001"], ["2603.00002"])]
    fetch([item("2603.00001", upvotes=9), item("2603.00002", upvotes=30)], "2026-03-02", "2026-03-03 10:00")
    serve("2026-03-04 07:01")
    assert [x["papers"] for x in letters(R)] == [["2603.00001"], ["2603.00002"]]


def test_back_fill_is_never_news_but_a_new_reader_gets_the_last_seven_days_of_it():
    reader("old@example.org", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    fetch(papers("2602.00001"), "2026-02-26", "2026-03-02 05:00", "huggingface", "--backfill")
    fetch(papers("2602.00002"), "2026-02-10", "2026-03-02 05:00", "huggingface", "--backfill")
    serve("2026-03-02 07:01")
    reader("new@example.org", now="2026-03-02 08:00")
    serve("2026-03-02 08:01")
    assert (told("old@example.org"), told("new@example.org")) == ([], ["2602.00001"])


def test_days_before_the_one_before_the_first_look_are_no_news():
    reader(R, now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    for day in ("2026-03-05", "2026-03-03", "2026-03-04"):
        fetch(papers(f"2603.000{day[-2:]}"), day, "2026-03-05 05:00")
    serve("2026-03-05 07:01")
    assert sorted(told(R)) == ["2603.00004", "2603.00005"]


def test_silence_has_its_reason():
    reader("none@example.org", "Never[weekly]=*", now="2026-03-03 06:00")
    reader("moss@example.org", "Moss=moss", now="2026-03-03 06:00")
    reader("high@example.org", "High[threshold=90]=*", now="2026-03-03 06:00")
    serve("2026-03-03 06:01")
    fetch(papers("2603.00001"), "2026-03-04", "2026-03-04 05:00")
    serve("2026-03-04 07:01")
    last = {name: copies(f"{name}@example.org")[-1] for name in ("none", "moss", "high")}
    assert last == {
        "none": ("silent", "no topic due"),
        "moss": ("silent", "nothing matched"),
        "high": ("silent", "below threshold"),
    }


def test_a_slot_missed_while_down_goes_out_once_and_late():
    reader(R, now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    for day in range(2, 6):
        fetch(papers(f"2603.0000{day}"), f"2026-03-{day:02}", f"2026-03-{day:02} 05:00")
    serve("2026-03-05 12:00")
    assert [(x["slot"][:16], len(x["papers"])) for x in letters(R)] == [("2026-03-05T07:00", 4)]
    assert run("reader", "show", R)["next"] == "2026-03-06T07:00:00+00:00"

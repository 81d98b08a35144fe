"""Why something came, or nothing: for whoever asks, and whatever has become of the reader since."""

from random import Random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from digest.models import Copy, Identity
from digest.pipeline import asking
from subscribers import membership
from subscribers.models import Subscriber, Topic
from subscribers.topics import read_topic
from tests.house import at as moment
from tests.house import days, fetch, item, reader, run, serve, told
from tests.test_reach import TITLES, TOPICS

pytestmark = pytest.mark.django_db
R = "r@example.org"


def change(topic: str, at: str) -> None:
    """This topic in place of all others."""
    person = Subscriber.objects.get()
    membership.edit_topics(person, [read_topic(topic)], moment(at))


class TestThoseWhoGetNothingNow:
    @pytest.fixture(autouse=True)
    def served(self) -> None:
        """A digest, then a day on which nothing matched."""
        fetch([item("2603.00001", "On moss")], "2026-03-02", "2026-03-02 05:00")
        reader(R, "Moss=moss", now="2026-03-02 06:00")
        serve("2026-03-02 06:01")
        fetch([item("2603.00002", "On ferns")], "2026-03-03", "2026-03-03 05:00")
        serve("2026-03-03 07:01")

    @pytest.mark.parametrize("act", ["pause", "leave"])
    def test_why_still_explains(self, act):
        run("reader", act, R, now="2026-03-03 09:00")
        said = run("why", R, "2026-03-03", now="2026-03-03 10:00")
        assert (said["result"], said["reason"]) == ("silent", "nothing matched")
        assert [miss["paper"] for miss in said["closest"]] == ["2603.00002"]
        missed = run("why", R, "2026-03-03", "--paper", "2603.00002", now="2026-03-03 10:00")
        assert missed["result"] == "not matched"
        assert "has no “moss”" in missed["reason"]

    def test_a_preview_for_one_who_has_paused_says_so_and_shows_what_going_on_would_bring(self):
        run("reader", "pause", R, now="2026-03-03 09:00")
        fetch([item("2603.00003", "More moss")], "2026-03-03", "2026-03-03 09:30")
        shown = run("preview", R, now="2026-03-03 10:00")
        assert shown["papers"] == ["2603.00003"]
        assert not shown["subject"].startswith("Your first digest")
        assert shown["note"] == f"{R} has paused: this is what a slot now would bring if they went on"
        run("reader", "resume", R, now="2026-03-03 11:00")
        assert "note" not in run("preview", R, now="2026-03-03 12:00")

    def test_the_end_of_a_pause_is_named(self):
        Subscriber.objects.update(state="paused", due=None, cursor=None, paused_until=moment("2026-03-10 00:00"))
        assert "has paused until 2026-03-10 00:00 UTC" in run("preview", R, now="2026-03-03 10:00")["note"]

    def test_a_preview_for_one_who_has_left_says_what_would_bring_them_back(self):
        run("reader", "leave", R, now="2026-03-03 09:00")
        with pytest.raises(CommandError) as refused:
            run("preview", R, now="2026-03-03 10:00")
        assert str(refused.value) == (
            f"{R} has left, so no slot brings anything: they come back by asking for digests again and confirming it"
        )


@pytest.mark.parametrize("left", [False, True])
def test_a_preview_for_one_who_has_not_confirmed_shows_their_first_digest(left):
    fetch([item("2603.00001", "On moss")], "2026-03-02", "2026-03-02 05:00")
    if left:
        reader(R, "Moss=moss", now="2026-03-02 05:10")
        run("reader", "leave", R, now="2026-03-02 05:20")
    membership.sign_up(R, R, [read_topic("Moss=moss")], moment("2026-03-02 06:00"), site_host="papers.example.org")
    shown = run("preview", R, now="2026-03-02 07:00")
    assert (shown["papers"], shown["subject"][:17]) == (["2603.00001"], "Your first digest")
    assert shown["note"] == f"{R} has not confirmed: this is what a slot now would bring if they had"


def test_a_preview_that_brings_nothing_says_who_has_paused_too():
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    run("reader", "pause", R, now="2026-03-02 06:30")
    shown = run("preview", R, now="2026-03-02 07:00")
    assert shown["subject"] is None
    assert "has paused" in shown["note"]


class TestBelowTheThreshold:
    """A paper that matched but had too low a score is the closest of all."""

    @pytest.fixture
    def served(self) -> None:
        fetch([item("2603.00001", "On moss")], "2026-03-02", "2026-03-02 05:00")
        reader(R, "Moss[threshold=90]=moss", "Zoo[weekly]=zebra", now="2026-03-02 06:00")
        serve("2026-03-02 06:01")
        serve("2026-03-02 07:01")
        close = [item("2603.00002", "Loved moss", upvotes=60), item("2603.00003", "Moss too", upvotes=2)]
        others = [item("2603.00004", "On ferns", upvotes=70), item("2603.00005", "A zebra", upvotes=80)]
        fetch([*close, *others], "2026-03-03", "2026-03-03 05:00")

    def test_it_is_named_first_with_both_numbers_and_what_another_topic_waits_for_is_no_miss(self, served):
        serve("2026-03-03 07:01")
        silent = run("why", R, "2026-03-03")
        assert silent["reason"] == "below threshold"
        assert [miss["paper"] for miss in silent["closest"]] == ["2603.00002", "2603.00003", "2603.00004"]
        first, *_, last = silent["closest"]
        assert first["failed"] == {"Moss": f"matches, with score {first['score']} of the 90 asked for"}
        assert 60 < first["score"] < 90
        assert "has no “moss”" in last["failed"]["Moss"]

    def test_a_mail_that_there_is_nothing_is_explained_too(self, served):
        Subscriber.objects.update(empty_too=True)
        serve("2026-03-03 07:01")
        said = run("why", R, "2026-03-03")
        reason = "a mail that there is nothing (below threshold) was posted at 2026-03-03 07:01 UTC: accepted"
        assert (said["result"], said["reason"]) == ("letter", reason)
        assert said["closest"][0]["paper"] == "2603.00002"

    def test_why_not_this_paper_says_so(self, served):
        serve("2026-03-03 07:01")
        said = run("why", R, "2026-03-03", "--paper", "2603.00002")
        assert said["result"] == "below threshold"
        assert said["reason"] == (
            "topic Moss: matches, with score 85 of the 90 asked for; topic Zoo: has no “zebra” in title or abstract"
        )

    def test_one_that_a_digest_had_before_is_none(self, served):
        change("Moss=moss", at="2026-03-03 06:00")
        serve("2026-03-03 07:01")
        assert told(R) == ["2603.00002", "2603.00003"]
        change("Moss[threshold=90]=moss", at="2026-03-03 08:00")
        more = [item("2603.00002", "Loved moss", upvotes=65), item("2603.00006", "On moss and more")]
        fetch(more, "2026-03-03", "2026-03-03 20:00")
        serve("2026-03-04 07:01")
        silent = run("why", R, "2026-03-04")
        assert (silent["reason"], [one["paper"] for one in silent["closest"]]) == ("below threshold", ["2603.00006"])


def test_boosts_count_in_the_score_that_is_named():
    reader(R, "Moss[threshold=90]=moss", now="2026-03-02 03:00")
    Topic.objects.update(boosts=["5 loved"])
    fetch([item("2603.00001", "Loved moss"), item("2603.00002", "Moss")], "2026-03-02", "2026-03-02 04:00")
    serve("2026-03-02 05:01")
    closest = run("why", R, "2026-03-02")["closest"]
    assert [(one["paper"], one["score"]) for one in closest] == [("2603.00001", 43), ("2603.00002", 3)]


class TestWaiting:
    """A paper that matched a topic which is served another time."""

    @pytest.fixture(autouse=True)
    def served(self) -> None:
        reader(R, "Zoo[weekly]=zebra", "Late[settled]=lichen", now="2026-03-02 06:00")
        fetch([item("2603.00001", "On moss")], "2026-03-02", "2026-03-02 05:00")
        serve("2026-03-02 06:01")
        serve("2026-03-02 07:01")
        fetch([item("2603.00002", "A zebra"), item("2603.00003", "Lichen")], "2026-03-03", "2026-03-03 05:00")
        serve("2026-03-03 07:01")

    def test_it_waits_for_the_weekly_digest(self):
        said = run("why", R, "2026-03-03", "--paper", "2603.00002")
        assert said["result"] == "waiting"
        assert "topic Zoo: matches, and waits for the first digest of the week" in said["reason"]

    def test_it_waits_until_its_votes_are_settled(self):
        said = run("why", R, "2026-03-03", "--paper", "2603.00003")
        assert said["result"] == "waiting"
        assert "topic Late: matches, and waits until its votes are settled" in said["reason"]

    def test_afterwards_it_is_told_when_it_came(self):
        serve("2026-03-09 07:01")
        assert told(R) == ["2603.00002"]
        said = run("why", R, "2026-03-03", "--paper", "2603.00002")
        assert said["result"] == "waiting"
        assert said["reason"].endswith("it came later, in the digest of 2026-03-09 (07:00 UTC)")
        again = run("why", R, "2026-03-09", "--paper", "2603.00003")
        assert again["result"] == "waiting"

    def test_the_weekly_digest_looks_back_over_its_week(self):
        change("Zoo[weekly,threshold=90]=zebra", at="2026-03-03 08:00")
        serve("2026-03-09 07:01")
        silent = run("why", R, "2026-03-09")
        assert (silent["result"], silent["reason"]) == ("silent", "below threshold")
        assert [one["paper"] for one in silent["closest"]] == ["2603.00002"]
        assert run("why", R, "2026-03-09", "--paper", "2603.00002")["result"] == "below threshold"


def test_topics_that_were_changed_since_are_said_to_be():
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    fetch([item("2603.00001", "A zebra"), item("2603.00002", "Lichen")], "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 06:01")
    change("Zoo=zebra", at="2026-03-02 12:00")
    said = run("why", R, "2026-03-02", "--paper", "2603.00001")
    assert said["result"] == "changed since"
    assert said["reason"] == (
        "topic Zoo: matches as it is now: it was added or changed after this digest was made; "
        "these are the topics of now: they were changed at 2026-03-02 12:00 UTC"
    )
    assert [one["paper"] for one in run("why", R, "2026-03-02")["closest"]] == ["2603.00002"]


def test_a_paper_of_a_slot_that_failed_comes_with_the_next_one():
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    fetch([item("2603.00001", "On moss")], "2026-03-02", "2026-03-02 05:00")
    Subscriber.objects.update(days="never")
    serve("2026-03-02 06:01")
    said = run("why", R, "2026-03-02", "--paper", "2603.00001")
    assert said["result"] == "failed"
    assert "the next one covers this time" in said["reason"]


def test_one_with_no_topic_at_all_has_no_closest():
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    fetch([item("2603.00001", "On moss")], "2026-03-02", "2026-03-02 05:00")
    Topic.objects.all().delete()
    serve("2026-03-02 06:01")
    assert run("why", R, "2026-03-02")["closest"] == []
    assert run("why", R, "2026-03-02", "--paper", "2603.00001")["reason"] == "the reader has no topics"


class TestSeveralSlotsADay:
    @pytest.fixture(autouse=True)
    def served(self) -> None:
        """A morning on which nothing matched, an evening that brought something, and one that did not."""
        reader(R, "Moss=moss", now="2026-03-01 06:00", time="07:00,18:00")
        serve("2026-03-01 06:01")
        serve("2026-03-01 18:01")
        fetch([item("2603.00001", "On ferns")], "2026-03-02", "2026-03-02 05:00")
        serve("2026-03-02 07:01")
        fetch([item("2603.00002", "On moss"), item("2603.00003", "A zebra")], "2026-03-02", "2026-03-02 12:00")
        serve("2026-03-02 18:01")

    def test_each_is_explained(self):
        said = run("why", R, "2026-03-02")
        assert [(one["slot"], one["result"]) for one in said["slots"]] == [
            ("2026-03-02T07:00:00+00:00", "silent"),
            ("2026-03-02T18:00:00+00:00", "letter"),
        ]
        assert [one["paper"] for one in said["slots"][0]["closest"]] == ["2603.00001"]
        assert said["result"] == "letter"

    def test_one_can_be_asked_for(self):
        said = run("why", R, "2026-03-02T07:00Z")
        assert (said["result"], len(said["slots"])) == ("silent", 1)
        assert run("why", R, "2026-03-02T09:00Z")["result"] == "none"

    def test_a_paper_is_where_it_was_told(self):
        said = run("why", R, "2026-03-02", "--paper", "2603.00002")
        assert said["result"] == "shown"
        assert [one["result"] for one in said["slots"]] == ["not listed", "shown"]
        serve("2026-03-03 07:01")
        again = run("why", R, "2026-03-03", "--paper", "2603.00002")
        assert (again["result"], again["reason"]) == ("told before", "it was in the digest of 2026-03-02 (18:00 UTC)")

    def test_people_read_them_one_after_the_other(self, capsys):
        call_command("why", R, "2026-03-02")
        first, second = capsys.readouterr().out.strip().split("\n\n")
        assert "2026-03-02T07:00:00+00:00" in first
        assert "nothing matched" in first
        assert "a digest was posted" in second


def test_a_topic_that_does_not_wait_for_settled_votes_has_no_news_when_they_are():
    reader(R, "Moss[threshold=90]=moss", "Late[settled]=lichen", now="2026-03-02 03:00")
    fetch([item("2603.00001", "On moss")], "2026-03-02", "2026-03-02 05:00")
    serve("2026-03-02 05:30")
    serve("2026-03-03 07:01")
    run("settle", now="2026-03-03 23:30")
    serve("2026-03-04 07:01")
    said = run("why", R, "2026-03-04", "--paper", "2603.00001")["reason"]
    assert "topic Moss: matches, and all that was new is that its votes were settled: no news for this topic" in said


def some_weeks(chance: Random) -> None:
    """Papers, readers who join, slots that are missed, pauses: over two Mondays and the first of a month."""
    for number, day in enumerate(days("2026-02-26 00:00", 12)):
        date = f"{day:%Y-%m-%d}"
        keys = [f"26{day:%m}.{number}{k:03}" for k in range(chance.randint(0, 3))]
        votes = [chance.choice((0, 9, 40)) for _ in keys]
        listed = [item(key, chance.choice(TITLES), upvotes=some) for key, some in zip(keys, votes, strict=True)]
        fetch(listed, date, f"{date} 05:00")
        for k in range(3 * (number < 4)):
            wanted = chance.sample(TOPICS, chance.randint(1, 3))
            when = {
                "time": chance.choice(("06:00", "12:00", "06:00,23:00")),
                "days": chance.choice(("daily", "weekdays")),
            }
            reader(f"r{number}.{k}@example.org", *wanted, now=f"{date} 05:30", **when)
        Subscriber.objects.filter(email__contains=".2@").update(empty_too=True)
        for clock in ("06:30", "12:30", "23:10"):
            if chance.random() < 0.8:
                serve(f"{date} {clock}")
        run("settle", now=f"{date} 23:30")
        for email in Subscriber.objects.filter(email__contains=".1@").values_list("email", flat=True):
            if number in (6, 8):
                run("reader", "pause" if number == 6 else "resume", email, now=f"{date} 23:40")


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_while_nobody_changes_a_topic_nothing_is_explained_by_that(seed):
    chance = Random(seed)
    some_weeks(chance)
    keys, results = list(Identity.objects.values_list("key", flat=True)), set()
    for copy in Copy.objects.select_related("subscriber", "letter"):
        if copy.reason == "below threshold":
            assert "matches, with score" in str(asking.why(copy.subscriber, copy).closest[0]["failed"])
        for key in chance.sample(keys, 4):
            said = asking.why_paper(copy.subscriber, copy, key)
            results.add(said.result)
            assert said.result != "changed since"
            assert not said.reason.endswith((": ", ";"))
    assert results > {"shown", "told before", "not matched", "below threshold", "waiting", "no news"}

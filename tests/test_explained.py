"""Why something came, or nothing: for whoever asks, and whatever has become of the reader since."""

import pytest
from django.core.management.base import CommandError

from subscribers import membership
from subscribers.models import Subscriber
from subscribers.topics import read_topic
from tests.house import at, fetch, item, reader, run, serve

pytestmark = pytest.mark.django_db
R = "r@example.org"


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
        Subscriber.objects.update(state="paused", due=None, cursor=None, paused_until=at("2026-03-10 00:00"))
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
    membership.sign_up(R, R, [read_topic("Moss=moss")], at("2026-03-02 06:00"), site_host="papers.example.org")
    shown = run("preview", R, now="2026-03-02 07:00")
    assert (shown["papers"], shown["subject"][:17]) == (["2603.00001"], "Your first digest")
    assert shown["note"] == f"{R} has not confirmed: this is what a slot now would bring if they had"


def test_a_preview_that_brings_nothing_says_who_has_paused_too():
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    run("reader", "pause", R, now="2026-03-02 06:30")
    shown = run("preview", R, now="2026-03-02 07:00")
    assert shown["subject"] is None
    assert "has paused" in shown["note"]

"""Boosts and thresholds, told by commands and the digests that come of them."""

from pathlib import Path

import pytest

from subscribers.models import Topic
from tests.house import fetch, item, letters, papers, reader, run, serve

pytestmark = pytest.mark.django_db
R = "r@example.org"


def test_a_boost_makes_a_paper_stand_higher_and_a_pinned_author_first():
    listed = [
        item("2603.00001", title="Moss everywhere", upvotes=40),
        item("2603.00002", title="Fern in the cache", upvotes=25),
        item("2603.00003", title="Of stones", authors=[{"name": "Ben Reed"}]),
    ]
    fetch(listed, "2026-03-02", "2026-03-02 08:00")
    reader(R, "All=*", now="2026-03-02 09:00")
    Topic.objects.update(boosts=["+3 cache", "pin author:reed"])
    serve("2026-03-02 09:01")
    assert letters(R)[0]["papers"] == ["2603.00003", "2603.00002", "2603.00001"]


def test_the_threshold_is_on_the_scale_of_the_score_with_its_boosts():
    fetch(papers("2603.00001", "2603.00002", upvotes=3), "2026-03-02", "2026-03-02 08:00")
    reader(R, "All[threshold=40]=*", now="2026-03-02 09:00")
    Topic.objects.update(boosts=["+5 about"])
    serve("2026-03-02 09:01")
    assert (letters(R)[0]["papers"], letters(R)[0]["more"]) == (["2603.00001", "2603.00002"], [])


def test_topics_with_different_boosts_share_their_filter():
    reader(R, "One=moss", "Two=moss", now="2026-03-02 09:00")
    one, two = Topic.objects.order_by("id")
    two.boosts = ["+3 cache"]
    two.save()
    assert one.filter_id == two.filter_id


def test_the_score_stands_beside_the_paper(tmp_path: Path):
    fetch(papers("2603.00001", upvotes=25), "2026-03-02", "2026-03-02 08:00")
    reader(R, "All=*", now="2026-03-02 09:00")
    run("preview", R, "--out", str(tmp_path), now="2026-03-02 09:01")
    (text,) = tmp_path.glob("*.txt")
    assert "   Score: 66 of 100\n" in text.read_text(encoding="utf-8")

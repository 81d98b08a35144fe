"""A filter tried as a topic brings what it would bring: the counts add up, and agree with search and digests."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from digest import sample
from digest.editions import rank
from digest.mail.paper import page_url
from digest.matching.why import is_true, why_not
from digest.models import Paper
from digest.pipeline import browsing, one_paper, trying
from digest.pipeline.nearness import miss, whole_miss
from digest.pipeline.spelling import spellings
from digest.pipeline.trying import BELOW, BEYOND, Ranking, a_week, tried
from digest.sources.listing import Facts
from subscribers.models import Subscriber, Topic
from subscribers.query.boosts import read_boosts
from subscribers.query.canonical import normal
from subscribers.query.nodes import Prefix, Word
from subscribers.query.parser import parse
from tests.house import at, fetch, item, letters, reader, run, serve
from tests.listings import need_listings

NOW = at("2026-11-25 21:00")
BOOSTS = ("+3 cache", "-2 benchmark", "+1 author:marrash", "pin org:lindenfjord")
QUERIES = (
    "*", "robot*", "model OR agent", "* -model", '(agents upvotes:>=20 -benchmark) OR author:"A Crestwell"',
    '("long context" OR cache) (robot* OR model)', "=training", "published:P3D", "has:code -title:code", "-robot",
    "nothingofthekind",
)  # fmt: skip


@pytest.fixture
def sampled(db) -> None:
    folder = Path(sample.__file__).parent
    for file, day in (("day-1-morning", "24"), ("day-1-evening", "24"), ("day-2", "25")):
        fetch((folder / f"{file}.json").read_bytes(), f"2026-11-{day}", f"2026-11-{day} 20:00")


def agree(text: str, now=NOW, ranking: Ranking | None = None) -> trying.Trial:
    """Everything that a trial says, told another way."""
    query, ranking = parse(text).query, ranking or Ranking()
    trial, today = tried(query, ranking, now), now.date()
    for days, count in trial.counts:
        assert count == browsing.search(query, today, within=timedelta(days=days), most=0).kept
    week = browsing.search(query, today, within=browsing.PREVIEWED, most=10_000)
    assert (trial.kept, trial.listed) == (week.kept, week.of)
    assert sum(count for _, count in trial.daily) == trial.counts[-1][1]
    assert trial.daily[-1] == (today, trial.counts[0][1])
    lines = tuple(boost.line for boost in ranking.boosts)
    scores = {one.facts.key: rank.boosted(lines, one.facts, rank.hours_listed(one.facts, now)) for one in week.best}
    ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    passing = [key for key, score in ranked if score >= ranking.threshold]
    mailed = passing[: ranking.cap]
    assert trial.mailed == len(mailed)
    assert [one.facts.key for one in trial.best if not one.behind] == mailed[: trying.BEST]
    for one in trial.best:
        assert one.score == scores[one.facts.key]
        assert one.marks == next(found.marks for found in week.best if found.facts.key == one.facts.key)
        assert one.behind == ("" if one.facts.key in mailed else BEYOND if one.facts.key in passing else BELOW)
    assert len(trial.closest) == min(trying.CLOSEST, trial.listed - trial.kept)
    assert all(one.failed and not is_true(query, one.facts.judged_on(today)) for one in trial.closest)
    return trial


@pytest.mark.parametrize("text", QUERIES)
def test_on_the_sample_a_trial_agrees_with_search_and_scores(sampled, text):
    agree(text)
    agree(text, ranking=Ranking(read_boosts(BOOSTS), 40, 3))


@pytest.mark.slow
@pytest.mark.listings
@pytest.mark.django_db
def test_on_real_listings_a_trial_agrees_with_search_and_scores():
    for file in sorted((need_listings() / "huggingface" / "api").glob("2026-04-*.json"))[-15:]:
        fetch(file.read_bytes(), file.stem, f"{file.stem} 13:00")
    for text in (*QUERIES, "agents OR reasoning -survey", "LLM agents upvotes:>=20"):
        agree(text, at("2026-04-30 15:00"), Ranking(read_boosts(BOOSTS), 30, 10))


def test_the_closest_fail_the_fewest_clauses_and_then_are_the_best(sampled):
    query = parse("robots cache benchmark model upvotes:>=10 -reasoning").query
    closest = [one.facts for one in tried(query, Ranking(), NOW).closest]
    fails = [len(why_not(query, facts).split("; ")) for facts in closest]
    assert fails == sorted(fails)
    assert fails[0] < fails[-1]


def test_what_is_always_welcome_is_not_what_a_paper_comes_near_to():
    facts = Facts("1", "Agents", "LLM", upvotes=6, authors=("Ada Moss",))
    meant = normal(parse('(agents llm upvotes:>=20) OR author:"B Reed" OR author:"C Fern"').query)
    assert miss(meant, facts) == "has 6 upvotes, not at least 20 upvotes"
    assert whole_miss(meant, facts) == (
        "has 6 upvotes, not at least 20 upvotes; and has none of these: an author “b reed” or an author “c fern”"
    )
    one = normal(parse('(agents llm upvotes:>=20) OR author:"B Reed"').query)
    assert whole_miss(one, facts) == "has 6 upvotes, not at least 20 upvotes; and has no author “b reed”"


def test_of_many_alternatives_the_number_is_said_and_of_two_their_names():
    facts = Facts("1", "Moss")
    assert miss(normal(parse("a OR b OR c").query), facts) == "any of: none of the 3"
    assert (
        miss(normal(parse("fern OR kelp").query), facts) == "has none of these: “fern” or “kelp” in title or abstract"
    )
    assert miss(normal(parse("(a OR b OR c) fern -moss").query), facts) == (
        "any of: none of the 3; has no “fern” in title or abstract; left out: has “Moss” in the title"
    )


@pytest.mark.django_db
def test_what_a_trial_keeps_is_what_a_first_digest_brings():
    listed = [item(f"2603.{n:05}", "Robots" if n % 3 else "Moss", upvotes=n) for n in range(30)]
    fetch(listed, "2026-03-02", "2026-03-02 08:00")
    now = "2026-03-02 09:01"
    reader("ada@example.org", "Robots[cap=6,threshold=20]=robot*", now="2026-03-02 09:00")
    Topic.objects.update(boosts=["-1 moss"])
    trial = tried(parse("robot*").query, Ranking(read_boosts(["-1 moss"]), 20, 6), at(now))
    serve(now)
    (letter,) = letters("ada@example.org")
    assert [one.facts.key for one in trial.best if not one.behind] == letter["papers"]
    assert trial.kept - trial.mailed == len(letter["more"])
    assert Subscriber.objects.count() == 1


@pytest.mark.django_db
def test_a_word_that_no_paper_has_is_spelled_as_most_papers_spell_it():
    titles = ("Evicting caches", "Eviction", "Evictions of old", "Evidence", "A survey", "Edict")
    fetch([item(f"2603.{n:05}", title) for n, title in enumerate(titles)], "2026-03-02", "2026-03-02 08:00")
    notes = tried(parse("evikt* OR survay OR zzzz OR survey").query, Ranking(), at("2026-03-02 09:00")).notes
    assert [(note.old, note.new, note.papers) for note in notes] == [
        (Prefix("evikt"), Prefix("evict"), 3),
        (Word("survay"), Word("survey"), 1),
        (Word("zzzz"), None, 0),
    ]


def test_spellings_keep_the_first_letter_and_nearly_the_length():
    words = ["transformer", "transform", "trainer", "platform", "transformations"]
    found = spellings(Word("transfromer"), lambda first: [word for word in words if word.startswith(first)])
    assert found[0] == Word("transformer")
    assert Word("transformations") not in found
    assert spellings(parse("author:moss").query, lambda _: words) == []


@pytest.mark.parametrize(
    ("days", "matched", "expected"),
    [
        ((), 0, 0), ((2,), 3, 3), (range(2, 7), 10, 10), (range(2, 9), 14, 14), ((*range(2, 7), *range(9, 14)), 20, 10),
        (range(1, 29), 40, 10),
    ],
)  # fmt: skip
def test_papers_a_week_are_told_by_the_weeks_that_were_listed(days, matched, expected):
    papers = [Facts(str(day), "x", listed=date(2026, 2, day).isoformat()) for day in days]
    assert a_week(papers, matched) == pytest.approx(expected, abs=0.01)


@pytest.mark.django_db
def test_the_filter_command_estimates_the_same(sampled):
    estimate = run("filter", "robot*", "--estimate", now=NOW)["estimate"]
    trial = tried(parse("robot*").query, Ranking(), NOW)
    assert (estimate["papers_a_week"], estimate["papers"]) == (round(trial.a_week, 1), trial.of)


@pytest.mark.parametrize(
    "name",
    ["2611.91207", "2611.91207v3", "arXiv:2611.91207", " https://arxiv.org/pdf/2611.91207v1.pdf ",
     "https://huggingface.co/papers/2611.91207", "https://papers.example.org/p/2611.91207",
     "https://papers.example.org/p/2611.91207?utm_source=mail#top", "https://papers.example.org/p/2611.91207#cite",
     "papers.example.org/p/2611%2E91207", "/p/2611.91207", "https://doi.org/10.48550/arXiv.2611.91207"],
)  # fmt: skip
def test_a_paper_is_found_by_any_of_its_names(sampled, name):
    assert one_paper.named(name) == Paper.objects.get(key="2611.91207")


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["blog:example.org/p/12", "blog:example.org/x?id=3&y=50%25#a", "10.5555/p/7"])
def test_a_paper_with_signs_of_an_address_in_its_key_is_found_by_it_and_by_its_page(key):
    paper = Paper.objects.create(key=key, facts={}, first_day=NOW.date(), first_seen=NOW)
    address = page_url("https://papers.example.org", key)
    assert one_paper.named(key) == one_paper.named(address) == one_paper.named(f"{address}?from=mail#top") == paper


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["https://papers.example.org/p/", "/p/?", "/p/%00", "?", "#", "https://[/p/1"])
def test_an_address_without_a_paper_names_none(name):
    assert one_paper.named(name) is None


def test_one_paper_is_judged_as_the_filter_command_explains_it(sampled):
    for text in QUERIES:
        query = parse(text).query
        for key in ("2611.91207", "2611.92033", "2611.91120"):
            found = one_paper.judged(one_paper.named(key), query, (), NOW)
            said = run("filter", f"({text})", "--explain", key, now=NOW)["why"]  # a dash would begin an option
            assert (not found.failed) == said.startswith("matches"), (text, key)
            assert re.sub("; and .*", "", found.failed) in said or "OR" in text

"""Stored papers as people look through them: of a day, by a filter, one alone. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from digest.editions.rank import score
from digest.matching.mark import Mark
from digest.matching.why import why
from digest.models import Appearance, Identity, Paper, Source
from digest.pipeline import kept
from digest.sources.listing import Facts, arxiv_key
from subscribers.query.nodes import Query

SEARCHED = timedelta(days=90)
PREVIEWED = timedelta(days=7)  # what a first digest brings
KEY_MOST = 300  # characters of a paper's key
NAMES = {"huggingface": "Hugging Face Daily Papers"}  # sources that come with the service; others by their slug


@dataclass(frozen=True, slots=True)
class Day:
    """A day's papers, the most noticed first, and how many of them each source brought (they add up)."""

    day: date
    papers: tuple[Facts, ...]
    sources: tuple[tuple[str, int], ...]
    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True)
class Found:
    """A paper that a filter matches, and why."""

    facts: Facts
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a filter finds: some of the papers that match, how many do, and of how many listed since when."""

    best: tuple[Found, ...]
    kept: int
    of: int
    since: str  # ISO date; "" when there are none


def newest_day() -> date | None:
    """The newest day that any source has a paper for."""
    return max(_nearest(list(_sources()), "-day"), default=None)


def day(when: date) -> Day:
    """What is listed for a day; a paper of two sources counts for the one we have known longer."""
    sources = _sources()
    rows = Appearance.objects.filter(source__in=sources, day=when, gone_at=None).order_by("-source_id")
    first = dict(rows.values_list("paper_id", "source_id"))  # the last one wins: the oldest source
    roots = _roots(first)
    by_root = {root: first[paper] for paper, root in roots.items()}
    counts = Counter(by_root.values())
    return Day(
        day=when,
        papers=ranked(_facts(by_root)),
        sources=tuple((sources[number], counts[number]) for number in sorted(counts)),
        before=max(_nearest(list(sources), "-day", day__lt=when), default=None),
        after=min(_nearest(list(sources), "day", day__gt=when), default=None),
    )


def paper(key: str) -> Paper | None:
    """The paper with this public key, or any other name it has: another key, an arXiv id with its version."""
    if "\x00" in key or len(key) > KEY_MOST:
        return None
    found = Paper.objects.filter(key=key).select_related("merged_into").first()
    if found is None:
        names = (key, f"doi:{key.lower()}", f"guid:{key}", arxiv_key(key))
        known = Identity.objects.filter(key__in=[name for name in names if name])
        found = next((row.paper for row in known.select_related("paper__merged_into")), None)
    return found.merged_into or found if found else None


def listings(shown: Paper) -> list[tuple[str, date]]:
    """Where and when a paper is listed: (source, day), the oldest first."""
    sources = _sources()
    rows = Appearance.objects.filter(paper=shown, gone_at=None).order_by("day", "source_id")
    return [(sources[source], when) for source, when in rows.values_list("source_id", "day")]


def search(query: Query, today: date, *, within: timedelta = SEARCHED, most: int, start: int = 0) -> Search:
    """The stored papers of the last days that a filter matches, the newest day first, in it the most noticed.

    Of these `most` from place `start` on are read closely, for the words to mark.
    """
    found = kept.matches(query, today - within, today)
    ordered = sorted(ranked(found.kept), key=lambda facts: facts.listed, reverse=True)[start : start + most]
    best = tuple(Found(facts, why(query, facts.judged_on(today))) for facts in ordered)
    return Search(best, len(found.kept), found.of, found.since)


def ranked(papers: Iterable[Facts]) -> tuple[Facts, ...]:
    """The most noticed first, ties by key: the same order as in a mail."""
    return tuple(sorted(papers, key=lambda facts: (-score(facts), facts.key)))


def _sources() -> dict[int, str]:
    """Each source by id, under the name that people know it by."""
    return {source.pk: NAMES.get(source.slug, source.slug) for source in Source.objects.order_by("id")}


def _nearest(sources: Iterable[int], order: str, **wanted: date) -> list[date]:
    """The first day of each source in this order: one step in the index a source, however long its history."""
    listed = Appearance.objects.filter(gone_at=None, **wanted)
    days = (listed.filter(source=number).order_by(order).values_list("day", flat=True).first() for number in sources)
    return [found for found in days if found is not None]


def _roots(papers: Iterable[int]) -> dict[int, int]:
    rows = Paper.objects.filter(pk__in=list(papers)).order_by("pk").values_list("pk", "merged_into")
    return {number: into or number for number, into in rows}


def _facts(papers: Iterable[int]) -> list[Facts]:
    rows = Paper.objects.filter(pk__in=list(papers)).values_list("facts", flat=True)
    return [Facts.from_json(facts) for facts in rows]

"""Kept bodies parsed again, after a parser was mended: what differs is appended as `corrected`, never as news."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from django.db.models import Max

from digest.models import Change, Paper, Snapshot, Source
from digest.pipeline import numbers
from digest.pipeline.known import known_by_key
from digest.pipeline.snapshots import Taken, repeated
from digest.pipeline.storing import kept_bodies
from digest.sources import reader
from digest.sources.listing import Listing, merged
from digest.sources.untrusted import UnreadableListing


def replay(source: Source, day: date | None, now: datetime) -> Iterator[Taken]:
    """Parse again the newest believed look of each day (or of one)."""
    believed = Snapshot.objects.filter(source=source, verdict__in=["ok", "partial"])
    if day is not None:
        believed = believed.filter(day=day)
    newest = believed.values("day").annotate(newest=Max("id")).values("newest")
    for snapshot in Snapshot.objects.filter(pk__in=newest).order_by("day"):
        yield _again(source, snapshot, now)


def _again(source: Source, snapshot: Snapshot, now: datetime) -> Taken:
    taken = Taken(source.slug, snapshot.day, "ok", "", 0, numbers.head())
    bodies = kept_bodies(snapshot.bodies)
    if not bodies:
        return replace(taken, verdict="failed", reason="its bodies are no longer kept")
    try:
        listing = reader.read(bodies, snapshot.day, source.slug, source.kind)
    except UnreadableListing as unreadable:
        return replace(taken, verdict="failed", reason=str(unreadable))
    taken.entries = len(listing.entries)
    taken.keys = {"corrected": repeated(lambda: _correct(source, snapshot.day, listing, now))}
    taken.head = numbers.head()
    return taken


def _correct(source: Source, day: date, listing: Listing, now: datetime) -> list[str]:
    """Bring the texts of known papers in line with the listing; the keys of those that differed."""
    Source.objects.select_for_update().get(pk=source.pk)
    known = known_by_key(listing)
    changes: list[Change] = []
    for entry in listing.entries:
        paper = next((known[key] for key in entry.keys if key in known), None)
        if paper is None:
            continue
        facts = merged(paper.facts, entry, own=source.short == paper.facts.sources[0])
        if facts != paper.facts:
            Paper.objects.filter(pk=paper.paper).update(facts=facts.to_json())
            changes.append(
                Change(
                    paper_id=paper.paper,
                    source=source,
                    kind="corrected",
                    day=day,
                    at=now,
                    news=False,
                    facts=facts.to_json(),
                )
            )
    numbers.append(changes)
    return [change.facts["key"] for change in changes]

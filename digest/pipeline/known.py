"""What is stored about the papers of a listing, as the values that `sources.changes` compares with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from digest.models import Appearance, Identity, Paper, Source
from digest.sources.changes import Known, Seen
from digest.sources.listing import Facts, Listing


def known_by_key(listing: Listing) -> dict[str, Known]:
    """The stored papers that have one of the listing's keys. A merged paper counts as the one it is merged into."""
    keys = [key for entry in listing.entries for key in entry.keys]
    rows = Identity.objects.filter(key__in=keys).values_list("key", "paper_id")
    papers = known_papers(paper for _, paper in rows)
    return {key: papers[paper] for key, paper in rows}


def known_here(source: Source, day: date) -> list[Known]:
    """The papers that this source lists on this day."""
    rows = Appearance.objects.filter(source=source, day=day, gone_at=None)
    return list(known_papers(rows.values_list("paper_id", flat=True)).values())


def known_papers(numbers: Iterable[int]) -> dict[int, Known]:
    """Papers by id."""
    wanted = sorted(set(numbers))
    seen: dict[int, list[Seen]] = defaultdict(list)
    appearances = Appearance.objects.filter(paper__in=wanted).select_related("source").order_by("id")
    for row in appearances:
        gone = row.gone_at is not None
        seen[row.paper_id].append(Seen(row.source.short, row.day, row.upvotes, row.comments, gone))
    return {
        paper.pk: Known(paper.pk, Facts.from_json(paper.facts), paper.first_day, tuple(seen[paper.pk]))
        for paper in Paper.objects.filter(pk__in=wanted)
    }

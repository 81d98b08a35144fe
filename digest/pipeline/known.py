"""What is stored about the papers of a listing, as the values that `sources.changes` compares with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from digest.models import Appearance, Identity, Paper, Source
from digest.sources.listing import Facts, Listing
from digest.sources.recognise import Known, Seen, names


def lock_papers(numbers: Iterable[int]) -> None:
    """Lock papers until the transaction ends, before their facts are read: two sources may look at one at once.

    Always in one order, so that two looks never wait for each other in a circle.
    """
    list(Paper.objects.select_for_update().filter(pk__in=sorted(set(numbers))).order_by("pk").values_list("pk"))


def known_of(listing: Listing, source: Source, day: date) -> tuple[dict[str, Known], list[Known]]:
    """The stored papers that may be one of the listing's entries, by key; and those listed on the day.

    They are locked. A merged paper counts as the one it is merged into.
    """
    keys = [key for entry in listing.entries for key in names(entry)]
    named = Identity.objects.filter(key__in=keys).values_list("key", "paper_id")
    here = Appearance.objects.filter(source=source, day=day, gone_at=None).values_list("paper_id", flat=True)
    lock_papers([*(paper for _, paper in named), *here])
    rows = list(named.all())  # read again: a look that held the lock before may have merged papers
    papers = known_papers([*(paper for _, paper in rows), *here])
    return {key: papers[paper] for key, paper in rows}, [papers[paper] for paper in here]


def known_papers(numbers: Iterable[int]) -> dict[int, Known]:
    """Papers by id."""
    wanted = sorted(set(numbers))
    seen: dict[int, list[Seen]] = defaultdict(list)
    appearances = Appearance.objects.filter(paper__in=wanted).select_related("source").order_by("id")
    for row in appearances:
        gone = row.gone_at is not None
        seen[row.paper_id].append(Seen(row.source.short, row.day, row.upvotes, row.comments, gone, row.news))
    return {
        paper.pk: Known(paper.pk, Facts.from_json(paper.facts), paper.first_day, tuple(seen[paper.pk]))
        for paper in Paper.objects.filter(pk__in=wanted)
    }

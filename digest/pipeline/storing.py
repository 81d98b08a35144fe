"""Writing what a look found: papers, identities, appearances. Part of transaction 1; the changes get no number here."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime

from digest.models import Appearance, Body, Change, Identity, Paper, Source
from digest.sources.changes import SETTLED, Finding, Found
from digest.sources.recognise import Known
from digest.sources.rising import grown


def keep_bodies(bodies: Sequence[bytes], digests: Sequence[str]) -> None:
    """Store the bodies that are not there yet; `digests` are their names."""
    known = set(Body.objects.filter(digest__in=digests).values_list("digest", flat=True))
    fresh = {digest: body for digest, body in zip(digests, bodies, strict=True) if digest not in known}
    rows = [Body(digest=digest, data=zlib.compress(body)) for digest, body in fresh.items()]
    Body.objects.bulk_create(rows, ignore_conflicts=True)


def kept_bodies(digests: Sequence[str]) -> list[bytes]:
    """The bodies of these names as they came; those no longer kept are left out."""
    rows = {row.digest: row.data for row in Body.objects.filter(digest__in=digests)}
    return [zlib.decompress(rows[digest]) for digest in digests if digest in rows]


def store(source: Source, found: list[Found], now: datetime) -> list[tuple[Change, str]]:
    """Write papers, identities and appearances; the changes that are still without a number."""
    papers = _store_papers(found, now)
    _store_identities(found, papers)
    for item, paper in zip(found, papers, strict=True):
        for younger in item.merges:
            _merge(younger, paper.pk)
        if item.merges:
            Paper.objects.filter(pk=paper.pk).update(first_day=date.fromisoformat(item.facts.listed))
        if item.former:
            _rename(paper.pk, item.facts.key, item.former)
    _store_appearances(source, found, papers, now)
    return [
        (_change(source, paper.pk, finding, now), item.facts.key)
        for item, paper in zip(found, papers, strict=True)
        for finding in item.findings
    ]


def _store_papers(found: list[Found], now: datetime) -> list[Paper]:
    papers = [
        Paper(pk=item.paper, key=item.facts.key, facts=item.facts.to_json(), first_day=item.day, first_seen=now)
        for item in found
    ]
    Paper.objects.bulk_create(
        sorted((paper for paper, item in zip(papers, found, strict=True) if item.paper is None), key=lambda p: p.key),
        batch_size=500,
    )
    Paper.objects.bulk_update(
        [paper for paper, item in zip(papers, found, strict=True) if item.paper is not None], ["facts"], batch_size=200
    )
    return papers


def _store_identities(found: list[Found], papers: list[Paper]) -> None:
    pairs = {key: paper for item, paper in zip(found, papers, strict=True) for key in item.entry.keys}
    known = set(Identity.objects.filter(key__in=pairs).values_list("key", flat=True))
    # in one order everywhere, so that two looks at the same papers don't wait for each other in a circle
    Identity.objects.bulk_create([Identity(key=k, paper=pairs[k]) for k in sorted(pairs) if k not in known])


def _merge(younger: int, older: int) -> None:
    """One paper after all: its keys and appearances move; Told of the younger is read through `merged_into`."""
    Identity.objects.filter(paper=younger).update(paper=older)
    taken = {(row.source_id, row.day): row for row in Appearance.objects.filter(paper=older)}
    for row in Appearance.objects.filter(paper=younger):
        same = taken.get((row.source_id, row.day))
        if same is None:
            Appearance.objects.filter(pk=row.pk).update(paper=older)
        else:
            _join(same, row)
    Paper.objects.filter(merged_into=younger).update(merged_into=older)
    Paper.objects.filter(pk=younger).update(merged_into=older)


def _join(row: Appearance, other: Appearance) -> None:
    """Two listings of a day were of one paper: it was news if either was, and is gone if both are."""
    row.news |= other.news
    row.gone_at = row.gone_at and other.gone_at and max(row.gone_at, other.gone_at)
    row.first_seen, row.last_seen = min(row.first_seen, other.first_seen), max(row.last_seen, other.last_seen)
    row.save(update_fields=["news", "gone_at", "first_seen", "last_seen"])
    other.delete()


def _rename(paper: int, key: str, former: str) -> None:
    """Give a paper a stronger key. A merged paper that has that key gets the former one: so both lead here still."""
    halfway = f"merged:{paper}"  # keys are unique at every step
    Paper.objects.filter(key=key).exclude(pk=paper).update(key=halfway)
    Paper.objects.filter(pk=paper).update(key=key)
    Paper.objects.filter(key=halfway).update(key=former)


def _store_appearances(source: Source, found: list[Found], papers: list[Paper], now: datetime) -> None:
    stored = {
        (row.paper_id, row.day): row
        for row in Appearance.objects.filter(source=source, paper__in=[paper.pk for paper in papers])
    }
    fresh, again, moved = [], [], []
    for item, paper in zip(found, papers, strict=True):
        row = stored.get((paper.pk, item.day))
        if row is None:
            news = item.findings[0].news
            row = Appearance(paper=paper, source=source, day=item.day, first_seen=now, last_seen=now, news=news)
            fresh.append(row)
        else:
            again.append(row)
        if _seen(row, item, now) and row.pk is not None:
            moved.append(row)
    Appearance.objects.bulk_create(fresh, batch_size=500)
    Appearance.objects.bulk_update(again, ["last_seen", "gone_at", "upvotes", "comments"], batch_size=200)
    Appearance.objects.bulk_update(moved, ["points"], batch_size=200)


def _seen(row: Appearance, item: Found, now: datetime) -> bool:
    """Put into the row what the entry shows; whether its series of counts has grown."""
    row.last_seen = max(row.last_seen, now)
    row.gone_at = None
    if item.entry.upvotes is not None:
        row.upvotes = item.entry.upvotes
    if item.entry.comments is not None:
        row.comments = item.entry.comments
    before = [(at, upvotes, comments) for at, upvotes, comments in row.points]
    row.points = list(grown(before, now, item.entry.upvotes, item.entry.comments))
    return bool(row.points != before)


def store_missing(source: Source, missing: list[tuple[Known, Finding]], now: datetime) -> list[tuple[Change, str]]:
    """Mark what is gone; its changes."""
    papers = [known.paper for known, _ in missing]
    for known, finding in missing:
        Appearance.objects.filter(source=source, day=finding.day, paper=known.paper).update(gone_at=now)
    return [
        (_change(source, paper, finding, now), finding.facts.key)
        for paper, (_, finding) in zip(papers, missing, strict=True)
    ]


def _change(source: Source, paper: int, finding: Finding, now: datetime) -> Change:
    return Change(
        paper_id=paper,
        source=source,
        kind=finding.kind,
        day=finding.day,
        at=now,
        news=finding.news,
        facts=finding.facts.to_json(),
    )


def mark_settled(rows: list[tuple[Change, str]]) -> None:
    """An appearance on a day that is settled already is settled at once."""
    for change, _ in rows:
        if change.kind == SETTLED:
            mine = Appearance.objects.filter(paper=change.paper_id, source=change.source_id, day=change.day)
            mine.update(settled=change.number)

"""A look that can't be believed, a source that fails for a day: one alert each, which stands until it clears.

The alert is an event with the evidence. Whether it stands is written at the source or its day, in the transaction
of the look; so it is raised once however often the look is repeated, and again only after it had cleared.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from digest.models import Appearance, Source, SourceDay
from digest.sources.listing import Listing
from digest.sources.verdict import NO_LISTING, Verdict
from subscribers.models import Event

LONG = timedelta(days=1)  # a source that fails for so long asks for an operator
TITLES = 3  # of the listing, as evidence


def note(source: Source, source_day: SourceDay, verdict: Verdict, listing: Listing | None, now: datetime) -> None:
    """Raise or clear what this look is about."""
    if verdict.kind == "failed":
        _failed(source, verdict, now)
        return
    if source.failing_since is not None:
        source.failing_since, source.alert = None, None
        source.save(update_fields=["failing_since", "alert"])
    if verdict.kind == "suspect":
        _doubted(source, source_day, verdict, listing, now)
    else:
        _believed(source, source_day)


def _failed(source: Source, verdict: Verdict, now: datetime) -> None:
    since = source.failing_since
    if since is None:
        source.failing_since = now
        source.save(update_fields=["failing_since"])
    elif source.alert_id is None and now - since >= LONG:
        what = f"{source} has failed since {since:%Y-%m-%d %H:%M} UTC"
        source.alert = _raised(now, what, verdict.reason, source=source.slug, since=since.isoformat())
        source.save(update_fields=["alert"])


def _doubted(source: Source, source_day: SourceDay, verdict: Verdict, listing: Listing | None, now: datetime) -> None:
    """One alert a day of the source; days that are doubted for one thing (a challenge page) share theirs."""
    if source_day.alert_id is not None:
        return
    sort, colon, _ = verdict.reason.partition(":")
    standing = SourceDay.objects.filter(source=source, alert__isnull=False).select_related("alert")
    shared = [row.alert for row in standing if colon and row.alert is not None and row.alert.data.get("sort") == sort]
    entries = listing.entries if listing is not None else ()
    known = Appearance.objects.filter(source=source, day=source_day.day, gone_at=None).count()
    source_day.alert = shared[0] if shared else _raised(
        now,
        f"{source}, {source_day.day}: a look that can't be believed",
        verdict.reason,
        source=source.slug,
        day=source_day.day.isoformat(),
        sort=sort,
        seen=len(entries),
        known=known,
        titles=[entry.title[:200] for entry in entries[:TITLES]],
    )  # fmt: skip
    source_day.save(update_fields=["alert"])


def _believed(source: Source, source_day: SourceDay) -> None:
    """Clear the day's alert, and those of earlier days that this look leaves behind.

    Hugging Face shows each day for itself, so a doubted one stays so until it is looked at again; what other sources
    show is their newest only, and a list that had not come yet is a quiet day once the next has come.
    """
    standing = SourceDay.objects.filter(source=source, alert__isnull=False).select_related("alert")
    for row in standing.filter(day__lte=source_day.day):
        late = row.alert is not None and str(row.alert.data.get("sort", "")).startswith(NO_LISTING)
        if row.pk == source_day.pk or source.kind != Source.Kind.HF or late:
            SourceDay.objects.filter(pk=row.pk).update(alert=None)


def _raised(now: datetime, what: str, said: str, **evidence: Any) -> Event:
    return Event.objects.create(kind="alert", at=now, data={"what": what, "error": said, **evidence})

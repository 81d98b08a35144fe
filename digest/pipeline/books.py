"""The books: each edition balances, and something independent finds every copy that should be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from digest.models import Copy, Edition
from subscribers import roll
from subscribers.models import Letter, Subscriber
from subscribers.schedule import newest_slot

OPEN = ("waiting", "dotted", "deferred")
LAST_ZONE = timedelta(hours=36)  # a date is over everywhere 36 h after its 00:00 UTC


def open_editions() -> list[dict[str, Any]]:
    """The totals to date of all editions that are not closed, by date."""
    return [totals(edition) for edition in Edition.objects.filter(closed_at=None).order_by("date")]


def totals(edition: Edition) -> dict[str, Any]:
    """One edition's sums, and whether they hold: copies = letters + silent + failed, letters = their states."""
    if edition.totals is not None:
        return {"date": edition.date.isoformat(), **edition.totals}
    count = _counted(edition)
    silent, cancelled = count.reasons["silent"], count.reasons["cancelled"]
    by_state = {name: count.letters[name] for name in ("accepted", "refused", "unknown")}
    still_open = sum(count.letters[name] for name in OPEN)
    decided = sum(by_state.values()) + sum(cancelled.values())
    total, letters, failed = count.copies.total(), count.copies["letter"], count.copies["failed"]
    return {
        "date": edition.date.isoformat(),
        "copies": total,
        "letters": letters,
        "silent": dict(silent),
        "failed": failed,
        "open": still_open,
        **by_state,
        "cancelled": dict(cancelled),
        "balanced": (total, letters) == (letters + silent.total() + failed, still_open + decided),
    }


@dataclass(frozen=True, slots=True)
class _Count:
    """Copies by result, letters by state, and both by reason where there is one."""

    copies: Counter[str]
    letters: Counter[str]
    reasons: Mapping[str, Counter[str]]  # of silent copies, of cancelled letters


def _counted(edition: Edition) -> _Count:
    """Copies by what is written on them, and letters by what is written on those.

    In one statement: between two of them a publisher or a deliverer may commit, and the books would not balance.
    """
    mine = Copy.objects.filter(edition=edition).values_list("result", "reason", "letter__state", "letter__reason")
    count = _Count(Counter(), Counter(), {"silent": Counter(), "cancelled": Counter()})
    for result, why_silent, state, why_cancelled, n in mine.annotate(n=Count("id")).order_by():
        count.copies[result] += n
        if result == Copy.Result.SILENT:
            count.reasons["silent"][why_silent] += n
        if state is not None:
            count.letters[state] += n
        if state == "cancelled":
            count.reasons["cancelled"][why_cancelled] += n
    return count


def close_editions(now: datetime) -> int:
    """Close the editions to which no copy can be added and in which no letter is open; how many."""
    closed = 0
    for edition in Edition.objects.filter(closed_at=None, date__lt=(now - LAST_ZONE).date()):
        if _may_close(edition):
            kept = totals(edition)
            kept.pop("date")
            closed += Edition.objects.filter(pk=edition.pk, closed_at=None).update(closed_at=now, totals=kept)
    return closed


def _may_close(edition: Edition) -> bool:
    over = datetime.combine(edition.date, time(), UTC) + LAST_ZONE
    behind = Subscriber.objects.filter(state="active", due__lte=over).exists()
    undecided = Letter.objects.filter(copies__edition=edition, state__in=OPEN).exists()
    return not behind and not undecided


def missing(now: datetime) -> Iterator[tuple[int, datetime]]:
    """Active readers (by id) for whose newest slot there is no copy, computed anew from their schedules.

    Independent of due times and cursors: `schedule` says which slot should have been served since they joined
    or last changed it; a copy of that slot or a later one must be there.
    """
    newest = _newest_slots()
    for reader, schedule, since in roll.active():
        wanted = newest_slot(schedule, since, now - roll.LATE)
        if wanted is not None and newest.get(reader, since - timedelta(days=1)) < wanted:
            yield reader, wanted


def _newest_slots() -> dict[int, datetime]:
    """Until when each active reader has been served, by the newest copy; without those who have none."""
    mine = Copy.objects.filter(subscriber=OuterRef("pk")).order_by("-slot")
    newest = (Subquery(mine.values(name)[:1]) for name in ("slot", "low", "at"))
    rows = Subscriber.objects.filter(state="active").values_list("pk", *newest).iterator()
    # without a cursor it serves all until then
    return {reader: slot if low is not None else max(slot, at) for reader, slot, low, at in rows if slot is not None}


def ledger(day: date | None = None) -> dict[str, int]:
    """Letters by state: of all, or of one edition."""
    letters = Letter.objects.all() if day is None else Letter.objects.filter(copies__edition__date=day)
    counted = dict(letters.values_list("state").annotate(n=Count("id")))
    return {state: counted.get(state, 0) for state in Letter.State.values}


def totals_of(day: date) -> dict[str, Any] | None:
    """One date's totals, or None when nothing was published for it."""
    edition = Edition.objects.filter(date=day).first()
    return totals(edition) if edition else None


def letters(day: date | None = None) -> list[Letter]:
    """All letters, or those of one edition, in the order they were posted."""
    mine = Letter.objects.all() if day is None else Letter.objects.filter(copies__edition__date=day)
    return list(mine.select_related("subscriber").order_by("id"))


def reopen(letters: Iterable[int]) -> None:
    """Editions of whose letters one was decided anew are open again, until they are closed with new totals."""
    mine = Copy.objects.filter(letter__in=list(letters)).values("edition")
    Edition.objects.filter(pk__in=mine, closed_at__isnull=False).update(closed_at=None, totals=None)

"""The books: each edition balances, and something independent finds every copy that should be there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count

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
    copies, silent = _copies(edition)
    states, cancelled = _letters(edition)
    letters = copies.get("letter", 0)
    by_state = {name: states.get(name, 0) for name in ("accepted", "refused", "unknown")}
    still_open = sum(states.get(name, 0) for name in OPEN)
    decided = sum(by_state.values()) + sum(cancelled.values())
    total = Copy.objects.filter(edition=edition).count()
    return {
        "date": edition.date.isoformat(),
        "copies": total,
        "letters": letters,
        "silent": silent,
        "failed": copies.get("failed", 0),
        "open": still_open,
        **by_state,
        "cancelled": cancelled,
        "balanced": (total, letters)
        == (letters + sum(silent.values()) + copies.get("failed", 0), still_open + decided),
    }


def _copies(edition: Edition) -> tuple[dict[str, int], dict[str, int]]:
    """Copies by result, and the silent ones by reason."""
    rows = Copy.objects.filter(edition=edition).values_list("result").annotate(n=Count("id"))
    reasons = Copy.objects.filter(edition=edition, result="silent").values_list("reason").annotate(n=Count("id"))
    return dict(rows), dict(reasons)


def _letters(edition: Edition) -> tuple[dict[str, int], dict[str, int]]:
    """Letters by state, and the cancelled ones by reason. Counted from the letters, not from the copies."""
    mine = Letter.objects.filter(copies__edition=edition)
    states: dict[str, int] = defaultdict(int)
    reasons: dict[str, int] = {}
    for state, reason, n in mine.values_list("state", "reason").annotate(n=Count("id")):
        if state == "cancelled":
            reasons[reason] = reasons.get(reason, 0) + n
        else:
            states[state] += n
    return states, reasons


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
    newest: dict[int, datetime] = {}
    copies = Copy.objects.filter(subscriber__state="active").order_by("slot")
    for reader, slot, low, at in copies.values_list("subscriber_id", "slot", "low", "at"):
        newest[reader] = slot if low is not None else max(slot, at)  # without a cursor it serves all until then
    for reader, schedule, since in roll.active():
        wanted = newest_slot(schedule, since, now - roll.LATE)
        if wanted is not None and newest.get(reader, since - timedelta(days=1)) < wanted:
            yield reader, wanted


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

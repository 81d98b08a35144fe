"""Once a night: requests never confirmed are forgotten, refused addresses are disabled."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from subscribers import membership
from subscribers.models import Subscriber
from subscribers.outbox import feedback

PENDING_KEPT = timedelta(days=7)


def keep_house(now: datetime, journal_file: Path) -> int:
    """All of it; how many people it was about."""
    return purge_pending(now, journal_file) + feedback.judge_refusals(now)


def purge_pending(now: datetime, journal_file: Path) -> int:
    """Erase the people who asked a week ago or longer and never confirmed; how many.

    As with everyone who is erased the rows stay, blanked: their letters are in the books.
    """
    return sum(_purge(number, now, journal_file) for number in list(_stale(now).values_list("pk", flat=True)))


def _stale(now: datetime) -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(state="pending", asked_at__lte=now - PENDING_KEPT)


@transaction.atomic
def _purge(number: int, now: datetime, journal_file: Path) -> bool:
    """Asked again under the lock: they may have confirmed, or asked anew, since they were listed."""
    if not _stale(now).select_for_update().filter(pk=number).exists():
        return False
    membership.forget(number, now, journal_file=journal_file)
    return True

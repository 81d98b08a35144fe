"""Once a night: requests never confirmed are forgotten, pauses that are over end, refused addresses are disabled."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from subscribers import membership
from subscribers.models import Subscriber
from subscribers.outbox import feedback

PENDING_KEPT = timedelta(days=7)
log = logging.getLogger(__name__)


def keep_house(now: datetime, journal_file: Path) -> int:
    """All of it; how many people it was about."""
    return purge_pending(now, journal_file) + end_pauses(now) + feedback.judge_refusals(now)


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


def end_pauses(now: datetime) -> int:
    """Resume the readers who paused until a time that has come; how many. One who can't be stops only themselves."""
    over = Subscriber.objects.filter(state="paused", paused_until__lte=now)
    return sum(_resume(number, now) for number in list(over.values_list("pk", flat=True)))


def _resume(number: int, now: datetime) -> bool:
    try:
        membership.resume(number, now)
    except (membership.NotPossible, ValueError) as reason:
        log.error("reader %d stays paused: %s", number, reason)
        return False
    return True

"""After a backup was put back: what happened since it was taken is not in it.

Letters that are open in it, and slots that have passed since, may have been sent: they become `unknown`, are
listed, and the next digest names them. Who has left or complained since then leaves again, from the journal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction

from digest.pipeline.publish import publish
from subscribers import membership
from subscribers.models import Batch, Event, Letter, Subscriber, Suppression
from subscribers.outbox import feedback, journal, queue
from subscribers.suppression import COMPLAINT

OPEN = ("waiting", "dotted", "deferred")
DONE = "restored"  # the event that says so of one backup
SAID = "a backup was put back: it may have been sent after the backup was taken"


def restored(taken: datetime, now: datetime, site_host: str, journal_file: Path) -> tuple[list[str], list[str]]:
    """The Message-IDs that became unknown, and the addresses that left again. Harmless when repeated.

    Run it before the service starts, and look at the sources first (`fetch`): papers that are only found
    later can't be part of the digests that may have been sent.
    """
    reapplied = _leave_again(taken, now, journal_file)
    doubtful, first = _doubt_open_letters(taken, now)
    before = set(Letter.objects.filter(state="unknown").values_list("pk", flat=True))
    publish(first, site_host, unknown=True)
    since = Letter.objects.filter(state="unknown").exclude(pk__in=before).order_by("pk")
    return [*doubtful, *since.values_list("message_id", flat=True)], reapplied


def _leave_again(taken: datetime, now: datetime, journal_file: Path) -> list[str]:
    again = []
    for at, what, key in list(journal.read(journal_file, taken)):
        person = Subscriber.objects.filter(key=key).exclude(state="forgotten").first()
        if person is None or (person.confirmed_at is not None and person.confirmed_at > at):
            continue
        if _once_more(person, at, what, now, journal_file):
            again.append(person.email)
    return again


def _once_more(person: Subscriber, at: datetime, what: str, now: datetime, journal_file: Path) -> bool:
    """Do again what a line of the journal says, and say whether it was needed.

    A complaint that is known is left alone, also when an operator has lifted it since.
    """
    if what == "complained":
        known = Suppression.objects.filter(subscriber=person, reason=COMPLAINT, since__gte=at)
        if known.exists():
            return False
        feedback.complain(person.pk, at, now, journal_file)
        return True
    if person.state == "left":
        return False
    membership.leave(person.pk, now, how=f"{what}, again after a restore", journal_file=journal_file)
    return True


@transaction.atomic
def _doubt_open_letters(taken: datetime, now: datetime) -> tuple[list[str], datetime]:
    """The Message-IDs of the open letters, all of which become unknown; and when that was done first.

    No clock says which of them the backup holds: T may be cut to the minute, and who posted them may have been ahead.
    So all do, and a row that is written with it says that it was done: what is open later was posted since, or let go.
    """
    backup = taken.astimezone(UTC).isoformat()
    first = Event.objects.filter(kind=DONE, data__taken=backup).order_by("pk").first()
    if first is not None:
        return [], first.at
    Event.objects.create(kind=DONE, at=now, data={"taken": backup})
    letters = Letter.objects.filter(state__in=OPEN).order_by("pk")
    rows = list(letters.values_list("pk", "subscriber_id", "message_id", "batch_id"))
    mine = Letter.objects.filter(pk__in=[row[0] for row in rows])
    queue.move(mine, OPEN, "unknown", decided_at=now, reply=SAID, retry_at=None)
    Batch.objects.filter(pk__in={row[3] for row in rows}).update(done_at=now, lease=None, retry_at=None)
    Event.objects.bulk_create(
        Event(kind="unknown", at=now, subscriber_id=row[1], letter_id=row[0], data={"why": SAID}) for row in rows
    )
    return [row[2] for row in rows], now

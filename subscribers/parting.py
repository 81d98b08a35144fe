"""Leaving by a button that a person pressed, as the pages do: the one way of leaving that is answered by a mail."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.db import transaction

from subscribers import membership, notices
from subscribers.models import Subscriber

GOODBYE = "goodbye"


@transaction.atomic
def leave(number: int, now: datetime, *, how: str, journal_file: Path, site_host: str) -> Subscriber:
    """As `membership.leave`, and a goodbye to one who was a reader: once, however often they press.

    Whoever never confirmed gets none: they were promised that without their word nothing more is sent. The row is
    locked before its state is read, so that of two buttons pressed at once one finds a reader.
    """
    was_reader = Subscriber.objects.select_for_update().get(pk=number).state in ("active", "paused")
    person = membership.leave(number, now, how=how, journal_file=journal_file, spared=GOODBYE)
    if was_reader:
        notices.post(person, GOODBYE, now, now, site_host=site_host)
    return person

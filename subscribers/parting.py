"""Leaving as a person does it: by a button, the one way that is answered by a mail; and what both are told, when."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from subscribers import membership, notices
from subscribers.models import Subscriber

GOODBYE = "goodbye"
UNDER_WAY = timedelta(minutes=1)  # a dot that was marked before has left, or never will
PATIENCE, LOOK_UP = 2.0, 0.02  # seconds


@transaction.atomic
def leave(number: int, now: datetime, *, how: str, journal_file: Path, site_host: str) -> Subscriber:
    """As `membership.leave`, and a goodbye to one who was a reader: once, however often they press.

    Whoever never confirmed gets none: they were promised that without their word nothing more is sent. The row is
    locked before its state is read, so that of two buttons pressed at once one finds a reader.
    """
    was_reader = Subscriber.objects.select_for_update(no_key=True).get(pk=number).state in ("active", "paused")
    person = membership.leave(number, now, how=how, journal_file=journal_file, spared=GOODBYE)
    if was_reader:
        notices.post(person, GOODBYE, now, now, site_host=site_host)
    return person


def see_out(person: Subscriber, now: datetime) -> None:
    """Wait until no letter of one who has left is between the mark of its dot and the reply, two seconds at most: so
    that nothing leaves after they were told that nothing does. Nearly always there is none, and nothing to wait for.
    """
    until = time.monotonic() + PATIENCE
    going = person.letters.filter(state="dotted", last=True, dotted_at__gt=now - UNDER_WAY)
    while going.exists() and time.monotonic() < until:
        time.sleep(LOOK_UP)

"""Emptying the mailbox that returned mail comes to."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from subscribers.outbox import feedback, mailbox, reports, watch
from subscribers.outbox.mailboxurl import Mailbox

MOST = 500  # mails a turn; the next turn goes on


def collect(place: Mailbox, now: datetime, journal_file: Path, most: int = MOST) -> Counter[str]:
    """Read what is new, and record what it reports; how many mails by what they were and by what came of them.

    A mail that is understood is removed: what it says of a person stands in their timeline, and is erased with them.
    What can't be read, or names nobody of ours, is marked as seen and left to a person. Unreachable when the server
    is: the operators are told when that lasts.
    """
    try:
        counts = _collected(place, now, journal_file, most)
    except mailbox.Unreachable as away:
        watch.failed(str(away), now)
        raise
    watch.worked()
    return counts


def _collected(place: Mailbox, now: datetime, journal_file: Path, most: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    with mailbox.opened(place) as folder:
        for uid in folder.unseen(most):
            what, came = feedback.returned(folder.beginning(uid, reports.READ_MOST), now, journal_file)
            counts.update((what, came))
            if what == "unread" or came == "unknown":
                folder.keep(uid)
            else:
                folder.remove(uid)
    return counts

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
    What can't be read, or names nobody of ours, is marked as seen and left to a person. One that the server doesn't
    hand over, or mark, is left as it is. Unreachable when the server is. The operators are told when either lasts.
    """
    try:
        counts, stuck = _collected(place, now, journal_file, most)
    except mailbox.Unreachable as away:
        watch.failed(f"BOUNCES_URL: {away}", now)
        raise
    watch.worked()
    if stuck:
        watch.failed(stuck, now, watch.ONE_MAIL)
    else:
        watch.worked(watch.ONE_MAIL)
    return counts


def _collected(place: Mailbox, now: datetime, journal_file: Path, most: int) -> tuple[Counter[str], str]:
    """The counts, and what the server said of the first mail that it did not hand over, or ""."""
    counts: Counter[str] = Counter()
    stuck = ""
    with mailbox.opened(place) as folder:
        for uid in folder.unseen(most):
            try:
                counts.update(_one(folder, uid, now, journal_file))
            except mailbox.Refused as no:
                counts.update(("stuck", "nothing"))
                stuck = stuck or f"mail {uid}: {no}"
    return counts, stuck


def _one(folder: mailbox.Folder, uid: str, now: datetime, journal_file: Path) -> tuple[str, str]:
    what, came = feedback.returned(folder.beginning(uid, reports.READ_MOST), now, journal_file)
    if what == "unread" or came == "unknown":
        folder.keep(uid)
    else:
        folder.remove(uid)
    return what, came

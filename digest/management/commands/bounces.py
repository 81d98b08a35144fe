"""Read the mails that came back: from the mailbox of BOUNCES_URL, or from files."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door
from subscribers.outbox import feedback, returns
from subscribers.outbox.mailbox import Unreachable

KINDS = ("hard", "soft", "delayed", "arrived", "complaint", "automatic", "unread", "stuck")
RESULTS = ("recorded", "suppressed", "repeated", "stale", "unknown", "nothing")


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="files", nargs="+", type=Path, metavar="FILE", help="mails, one a file")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        if not settings.BOUNCE_ADDRESS:
            raise CommandError("BOUNCE_ADDRESS is not set: without it no mail names its letter when it comes back")
        counts = _read(options["files"], now) if options["files"] else _collect(now)
        return {name: counts[name] for name in (*KINDS, *RESULTS)}


def _read(files: list[Path], now: datetime) -> Counter[str]:
    counts: Counter[str] = Counter()
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        counts.update(feedback.returned(data, now, settings.JOURNAL))
    return counts


def _collect(now: datetime) -> Counter[str]:
    if settings.BOUNCES is None:
        raise CommandError("BOUNCES_URL is not set; set it, or name files with --from")
    try:
        return returns.collect(settings.BOUNCES, now, settings.JOURNAL)
    except Unreachable as error:
        raise CommandError(f"BOUNCES_URL: {error}") from None

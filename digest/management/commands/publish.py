"""Write the copies and letters of all readers who are due."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from digest.management.door import Door
from digest.pipeline import books
from digest.pipeline.publish import publish
from subscribers import pausing, roll


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be written, write nothing")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        dry = bool(options["dry_run"])
        if not dry:
            pausing.end_pauses(now)
        done = publish(now, settings.SITE_HOST, dry_run=dry, progress=self.progress("readers"))
        if not dry:
            books.close_editions(now)
        return {
            "head": done.head,
            "served": done.served,
            "results": dict(done.results),
            "editions": books.open_editions(),
            "overdue": roll.overdue(now),
        }

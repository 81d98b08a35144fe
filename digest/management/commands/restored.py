"""After a backup was put back: doubt what may have been sent since, and let those leave who have left."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from digest.management.door import Door, Usage, instant
from digest.pipeline.restoring import restored


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--taken", type=instant, required=True, metavar="T", help="when the backup was taken")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        taken: datetime = options["taken"]
        if taken > now:
            raise Usage(f"--taken {taken.isoformat()} is after now ({now.isoformat()}): no backup is from then")
        unknown, reapplied = restored(taken, now, settings.SITE_HOST, settings.JOURNAL)
        return {"unknown": unknown, "reapplied": reapplied}

"""Send what the outbox owes, and to the operators what they are to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from digest.management.door import Door
from digest.pipeline.sending import send
from subscribers.outbox import channel, queue


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="until nothing may be claimed (else a minute)")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        done = send(self.clock, until_empty=bool(options["until_empty"]))
        resting = channel.state(self.clock())
        if resting:
            self.stderr.write(resting)
        kinds = ("accepted", "deferred", "refused", "unknown", "cancelled")
        counts = {kind: done.counts.get(kind, 0) for kind in (*kinds, "alerts")}
        return {**counts, "waiting": queue.waiting()}

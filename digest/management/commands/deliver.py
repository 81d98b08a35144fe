"""Send what the outbox owes."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from digest.management.door import Door
from digest.pipeline import books
from digest.pipeline.rendering import Renderer
from subscribers.outbox import channel, queue
from subscribers.outbox.delivery import deliver
from subscribers.outbox.transport import open_session


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="until nothing may be claimed (else a minute)")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        connect = partial(open_session, settings.MAIL_TARGET, settings.HELO_NAME)
        done = deliver(connect, Renderer(), self.clock, until_empty=bool(options["until_empty"]))
        books.reopen(done.revived)
        resting = channel.state(self.clock())
        if resting:
            self.stderr.write(resting)
        kinds = ("accepted", "deferred", "refused", "unknown", "cancelled")
        return {**{kind: done.counts.get(kind, 0) for kind in kinds}, "waiting": queue.waiting()}

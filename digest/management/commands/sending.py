"""How fast letters leave, and what is paused: shows it; `pause`, `resume`, `cancel`, `rate`."""

from __future__ import annotations

import getpass
import math
import os
from datetime import date, datetime
from typing import Any

from django.core.management.base import CommandParser

from digest.management.door import Door, Usage, day
from digest.pipeline import holding
from subscribers.models import Rate
from subscribers.outbox import holds, queue, rates

DO = ("pause", "resume", "cancel", "rate")


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("do", nargs="?", choices=DO, help="without it: shows what is set")
        parser.add_argument("per_second", nargs="?", metavar="NUMBER|none", help="rate: letters a second at most")
        parser.add_argument("--edition", type=day, metavar="D", help="pause, resume, cancel: only that date's digests")
        parser.add_argument(
            "--channel",
            choices=(rates.ALL, *rates.CHANNELS),
            default=rates.ALL,
            help="rate: of one channel (else of all)",
        )

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        return {**self._do(options["do"], options["edition"], options, now), **state()}

    def _do(self, do: str | None, edition: date | None, options: dict[str, Any], now: datetime) -> dict[str, Any]:
        by = f"{_who()} by command"
        if do == "rate":
            rates.limit(options["channel"], _number(options["per_second"] or ""), by, now)
        elif do == "cancel":
            if edition is None:
                raise Usage("name the edition whose letters are taken back: sending cancel --edition 2026-11-25")
            return {"cancelled": holding.cancel(edition, by, now)}
        elif do == "pause":
            holding.hold(edition, by, now) if edition else holds.hold(holds.EVERYTHING, by, now)
        elif do == "resume":
            holding.let_go(edition, by, now) if edition else holds.let_go(holds.EVERYTHING, by, now)
        return {}


def _who() -> str:
    """The user of the machine; in a container they may have a number and no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def state() -> dict[str, Any]:
    """Rates, what is paused, and how long what waits will take."""
    set_now = {row.name: row.per_second for row in Rate.objects.order_by("name")}
    waiting = queue.waiting()
    paused = sorted(label or "everything" for label in holds.labels())
    return {"rates": set_now, "paused": paused, "waiting": waiting, "seconds": rates.seconds_for(waiting)}


def _number(text: str) -> float | None:
    if text == "none":
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not rates.SLOWEST <= number <= rates.FASTEST:
        bounds = f"{rates.SLOWEST:g} at least and {rates.FASTEST:,} at most"
        raise Usage(f"{text!r} is no number of letters a second, {bounds}; write 10 or none (to stop: sending pause)")
    return number

"""Settle the source days that are over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from digest.management.door import Door, source_named
from digest.models import Source
from digest.pipeline import numbers
from digest.pipeline.settling import settle


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--source", metavar="SLUG", help="slug or short name; without it: all")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        sources = [source_named(options["source"])] if options["source"] else list(Source.objects.order_by("id"))
        done = [settle(source, now) for source in sources]
        days = sorted({day.isoformat() for one in done for day in one.days})
        return {"days": days, "settled": [key for one in done for key in one.keys], "head": numbers.head()}

"""Why a reader got what they got on a day; with --paper: why this paper, or why not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door, day
from digest.pipeline.asking import why_day, why_paper
from subscribers import membership
from subscribers.address import check_address


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("day", type=day, help="the date of the digest: 2026-11-25")
        parser.add_argument("--paper", metavar="KEY", help="arXiv id, DOI or source:guid")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        try:
            person = membership.find(check_address(options["email"])[1])
        except ValueError as wrong:
            raise CommandError(str(wrong)) from None
        if person is None:
            raise CommandError(f"there is no reader {options['email']}")
        if options["paper"]:
            answer = why_paper(person, options["day"], options["paper"], now)
        else:
            answer = why_day(person, options["day"], now)
        return {"result": answer.result, "reason": answer.reason, "closest": list(answer.closest)}

"""Why a reader got what they got on a day; with --paper: why this paper, or why not.

Of a day with several digests it tells of each; the first lines are of the one that says most.
"""

from __future__ import annotations

import argparse
from datetime import date, datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door, day, instant
from digest.pipeline import asking
from digest.pipeline.asking import Answer
from subscribers import membership
from subscribers.address import check_address

SAYING = ("shown", "more", "letter", "failed")  # what outweighs a later slot of the day


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "day", type=_when, help="the date of the digest, 2026-11-25, or its slot, 2026-11-25T07:30Z"
        )
        parser.add_argument("--paper", metavar="KEY", help="arXiv id, DOI or source:guid")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        try:
            person = membership.find(check_address(options["email"])[1])
        except ValueError as wrong:
            raise CommandError(str(wrong)) from None
        if person is None:
            raise CommandError(f"there is no reader {options['email']}")
        key = options["paper"]
        if key and not asking.known(key):
            return {**_plain(asking.unknown(key)), "slots": []}
        copies = asking.copies(person, options["day"])
        answers = [asking.why_paper(person, copy, key) if key else asking.why(person, copy) for copy in copies]
        slots = [{"slot": copy.slot.isoformat(), **_plain(one)} for copy, one in zip(copies, answers, strict=True)]
        if not slots:
            return {**_plain(asking.why_none(person, options["day"])), "slots": []}
        return {**_plain(_most(answers)), "slots": slots}

    def say(self, result: dict[str, Any]) -> str:
        """Each slot by itself, where there are several."""
        slots = result.pop("slots", ())
        return "\n\n".join(map(super().say, slots)) if len(slots) > 1 else super().say(result)


def _when(text: str) -> date | datetime:
    try:
        return day(text)
    except argparse.ArgumentTypeError:
        return instant(text)


def _most(answers: list[Answer]) -> Answer:
    """The one that brought something, or else the newest."""
    ranked = [one for kind in SAYING for one in reversed(answers) if one.result == kind]
    return (ranked or answers[::-1])[0]


def _plain(answer: Answer) -> dict[str, Any]:
    return {"result": answer.result, "reason": answer.reason, "closest": list(answer.closest)}

"""The books: letters by state, or one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from digest.editions.draft import Draft
from digest.management.door import Door, day
from digest.pipeline import books
from digest.pipeline.facts import ChangeFacts
from subscribers.models import Letter
from subscribers.outbox import rates


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--letters", action="store_true", help="every letter with its papers")
        parser.add_argument("--edition", type=day, metavar="D", help="only that date's digests")
        parser.add_argument("--check", action="store_true", help="also look for copies that should be there")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        edition = options["edition"]
        result: dict[str, Any] = dict(books.ledger(edition))
        if edition is None:
            result["seconds"] = rates.seconds_for(result["waiting"] + result["deferred"])
        if edition is not None:
            result["edition"] = books.totals_of(edition)
        if options["check"]:
            result["missing"] = [{"reader": reader, "slot": slot.isoformat()} for reader, slot in books.missing(now)]
        if options["letters"]:
            result["letters"] = _letters(books.letters(edition))
        return result


def _letters(letters: list[Letter]) -> list[dict[str, Any]]:
    facts = ChangeFacts()
    drafts = {letter.pk: _draft(letter) for letter in letters}
    facts.load(number for draft in drafts.values() if draft for number in draft.changes())
    return [
        {
            "message_id": letter.message_id,
            "to": letter.subscriber.email,
            "kind": letter.kind,
            "slot": letter.slot.isoformat(),
            "state": letter.state,
            "reason": letter.reason,
            "attempts": letter.attempts,
            "reply": letter.reply,
            **_papers(drafts[letter.pk], facts),
        }
        for letter in letters
    ]


def _draft(letter: Letter) -> Draft | None:
    return Draft.from_json(letter.content) if letter.kind == "digest" and letter.content else None


def _papers(draft: Draft | None, facts: ChangeFacts) -> dict[str, Any]:
    sections = draft.sections if draft else ()
    return {
        "papers": [facts[hit.change].key for section in sections for hit in section.hits],
        "more": [facts[number].key for section in sections for number in section.more],
        "missing": [missing.key for missing in draft.missing] if draft else [],
    }
